"""The compiled nomenclature: one file that loads in milliseconds.

A line of JSON (format version, SHA-256 of the rest), then a line of JSON with every column joined by line feeds.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from hla_match.errors import ErrorCode, NomenclatureError
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tables import AntigenRelation, Deletion, LocusTables, NomenclatureTables
from registry_io.disk.durable_files import atomic_write

FORMAT = "hla-match nomenclature"
FORMAT_VERSION = 2
_COLUMNS = ("allele", "g_group", "p_group", "antigen", "possible_antigen", "expert_antigen", "tce_group")
# Columns that not every release has: empty there, and not written.
_OPTIONAL_COLUMNS = ("tce_group_v3", "computed_antigen", "leader", "kir_ligand", "expression")


def dumps(tables: NomenclatureTables) -> bytes:
    """Return the compiled form."""
    body = json.dumps(
        {
            "release": tables.release,
            "title": tables.title,
            "source": tables.source,
            "checksum": tables.checksum,
            "limits": tables.limits,
            "closed": tables.closed,
            "unverified": tables.unverified,
            "mismatched": tables.mismatched,
            "cautions": tables.cautions,
            "antigens": dict(tables.antigens),
            "relations": [(r.prefix, r.antigen, r.splits, r.associated) for r in tables.antigen_relations],
            "loci": {
                locus: {
                    **{name: "\n".join(getattr(columns, name)) for name in _COLUMNS},
                    **{name: "\n".join(column) for name in _OPTIONAL_COLUMNS if (column := getattr(columns, name))},
                    "deleted": {name: (d.replacement, d.reason) for name, d in columns.deleted.items()},
                    "old_name": dict(columns.old_name),
                }
                for locus, columns in tables.loci.items()
            },
        }
    ).encode()
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return json.dumps(header).encode() + b"\n" + body


def loads(data: bytes, path: str) -> NomenclatureTables:
    """Read the compiled form; `path` is named in errors.

    Raises:
        NomenclatureError: the data are damaged or of another format version.
    """
    first, _, body = data.partition(b"\n")
    try:
        header = json.loads(first)
        kind, version, checksum = header["format"], header["format_version"], header["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NomenclatureError(
            path, found="another kind of file", expected="a compiled nomenclature", code=ErrorCode.NOMENCLATURE_DAMAGED
        ) from None
    if kind != FORMAT or version != FORMAT_VERSION:
        raise NomenclatureError(
            path,
            found=f"{kind!r}, format version {version!r}",
            expected=f"{FORMAT!r}, format version {FORMAT_VERSION}",
            hint="install the release again with this version of hla-match",
            code=ErrorCode.NOMENCLATURE_DAMAGED,
        )
    found = hashlib.sha256(body).hexdigest()
    if found != checksum:
        raise NomenclatureError(
            path,
            found=f"a damaged file: {len(body)} bytes with SHA-256 {found}",
            expected=f"SHA-256 {checksum}",
            hint="install the release again",
            code=ErrorCode.NOMENCLATURE_DAMAGED,
        )
    try:
        return _sound(_tables(json.loads(body)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NomenclatureError(
            path,
            found="other tables",
            expected="those of a compiled nomenclature",
            hint="install the release again",
            code=ErrorCode.NOMENCLATURE_DAMAGED,
        ) from None


def nomenclature_of(data: bytes, path: str) -> Nomenclature:
    """Return what reads typings under the tables of a compiled form; `path` is named in errors.

    Of the same bytes a process has one at a time: what it has looked up so far need not be looked up again by who opens
    the next snapshot of a registry.

    Raises:
        NomenclatureError: as `loads`.
    """
    key = hashlib.sha256(data).digest()
    found = _in_use.get(key)
    if found is None:
        found = _in_use[key] = Nomenclature(loads(data, path))
    return found


_in_use: WeakValueDictionary[bytes, Nomenclature] = WeakValueDictionary()


def _sound(tables: NomenclatureTables) -> NomenclatureTables:
    """Return tables that are what `NomenclatureTables` says.

    Raises:
        ValueError: they are not.
    """
    texts = [tables.release, tables.title, tables.source, tables.checksum, *tables.limits]
    texts += (*tables.unverified, *tables.mismatched, *tables.cautions)
    for locus, columns in tables.loci.items():
        given = [getattr(columns, name) for name in _COLUMNS]
        given += [column for name in _OPTIONAL_COLUMNS if (column := getattr(columns, name))]
        if len(set(map(len, given))) > 1:
            raise ValueError(f"{locus}: columns of different lengths")
        for name, deletion in columns.deleted.items():
            texts += (name, deletion.replacement, deletion.reason)
        texts += (*columns.old_name, *columns.old_name.values())
    for relation in tables.antigen_relations:
        texts += (relation.prefix, relation.antigen, *relation.splits, *relation.associated)
    for names in tables.antigens.values():
        texts += names
    if not all(isinstance(text, str) for text in texts) or not isinstance(tables.closed, bool):
        raise ValueError("another type than a text")
    return tables


def _tables(content: dict[str, Any]) -> NomenclatureTables:
    return NomenclatureTables(
        release=content["release"],
        title=content["title"],
        source=content["source"],
        checksum=content["checksum"],
        loci={
            locus: LocusTables(
                locus=locus,
                deleted={name: Deletion(*pair) for name, pair in columns["deleted"].items()},
                old_name=columns["old_name"],
                # Splitting nothing gives one empty text; a locus without alleles has none.
                **{name: tuple(columns[name].split("\n") if columns["allele"] else ()) for name in _COLUMNS},
                **{name: tuple(columns[name].split("\n")) for name in _OPTIONAL_COLUMNS if name in columns},
            )
            for locus, columns in content["loci"].items()
        },
        antigen_relations=tuple(AntigenRelation(p, a, tuple(s), tuple(x)) for p, a, s, x in content["relations"]),
        antigens={prefix: tuple(names) for prefix, names in content["antigens"].items()},
        limits=tuple(content["limits"]),
        closed=content["closed"],
        # Files of earlier versions do not say.
        unverified=tuple(content.get("unverified", ())),
        mismatched=tuple(content.get("mismatched", ())),
        cautions=tuple(content.get("cautions", ())),
    )


def write_nomenclature(tables: NomenclatureTables, path: Path) -> None:
    """Write the compiled form, aside first.

    Raises:
        FileError: the folder is missing, or cannot be written to.
    """
    with atomic_write(path) as aside:
        aside.write(dumps(tables))


def read_nomenclature(path: Path) -> NomenclatureTables:
    """Read a compiled nomenclature.

    Raises:
        NomenclatureError: the file is missing, damaged or of another format version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NomenclatureError(
            str(path),
            found=error.strerror or str(error),
            expected="a compiled nomenclature",
            code=ErrorCode.NOMENCLATURE_DAMAGED,
        ) from error
    return loads(data, str(path))
