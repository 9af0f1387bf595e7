"""Reads a release of IPD-IMGT/HLA, from a folder or a zip, into nomenclature tables.

Source of the layouts: the read-me of the release's ``wmda`` folder. Since release 3.64 three files have a new layout
and the old one moved to ``wmda/pre2026``; the old layout is taken where both are there.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from hla_match.errors import NomenclatureError
from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.tables import AntigenRelation, Deletion, LocusTables, NomenclatureTables

_REQUIRED = ("hla_nom.txt", "hla_nom_g.txt", "hla_nom_p.txt", "rel_dna_ser.txt", "rel_ser_ser.txt", "dpb_tce.csv")
_OPTIONAL = ("Nomenclature_2009.txt", "md5checksum.txt")
_VERSION = re.compile(r"# version:\s*(IPD-IMGT/HLA\s+([0-9.]+))")


class _ReleaseFiles:
    """The files of a release by name, wherever they lie in the folder or zip."""

    def __init__(self, path: Path) -> None:
        self.path = path
        wanted = {*_REQUIRED, *_OPTIONAL}
        candidates: dict[str, list[str]] = {}
        if path.is_dir():
            listed = [str(found.relative_to(path)) for found in path.rglob("*") if found.name in wanted]
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                listed = [name for name in archive.namelist() if name.rpartition("/")[2] in wanted]
        else:
            raise NomenclatureError(
                str(path),
                found="neither folder nor zip",
                expected="a release of IPD-IMGT/HLA",
                hint="unpack the release, or give its zip",
            )
        for name in listed:
            candidates.setdefault(name.rpartition("/")[2], []).append(name)
        missing = [name for name in _REQUIRED if name not in candidates]
        if missing:
            raise NomenclatureError(
                str(path),
                found=f"no {', '.join(missing)}",
                expected="the wmda and tce folders of a release",
                hint="give the folder that holds wmda/ and tce/",
            )
        # The old layout first, then the shortest path.
        self.members = {
            name: min(paths, key=lambda member: ("pre2026" not in member, len(member)))
            for name, paths in candidates.items()
        }
        self.data = {name: self._read(member) for name, member in sorted(self.members.items())}

    def _read(self, member: str) -> bytes:
        if self.path.is_dir():
            return (self.path / member).read_bytes()
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(member)

    def lines(self, name: str) -> Iterator[tuple[int, str]]:
        """Yield row number and text of each line that is not a comment."""
        try:
            text = self.data[name].decode("utf-8")
        except UnicodeDecodeError as error:
            raise NomenclatureError(
                f"{self.path}/{self.members[name]}", found=f"byte {error.start} is not UTF-8", expected="UTF-8 text"
            ) from None
        for row, line in enumerate(text.splitlines(), start=1):
            if line.strip() and not line.startswith("#"):
                yield row, line

    def rows(self, name: str, width: int) -> Iterator[list[str]]:
        """Yield the semicolon-separated cells of a file with at least `width` of them."""
        for row, line in self.lines(name):
            cells = line.split(";")
            if len(cells) < width:
                raise NomenclatureError(
                    f"{self.path}/{self.members[name]}",
                    row=row,
                    found=f"{len(cells)} fields",
                    expected=f"{width} fields separated by semicolons",
                    hint="the file may be truncated",
                )
            yield cells


def read_release(path: Path) -> NomenclatureTables:
    """Read a release.

    Raises:
        NomenclatureError: a file is missing, damaged, or of another release than the others.
    """
    files = _ReleaseFiles(path)
    title, release = _version(files)
    _check_md5(files)
    groups = {kind: _groups(files, f"hla_nom_{kind.lower()}.txt") for kind in "GP"}
    tce = _tce_groups(files)
    old_names = _old_names(files)
    deletions, antigens = _names(files)
    alleles: dict[str, list[tuple[str, str, str]]] = {locus: [] for locus in LOCI}
    for locus, name, *columns in files.rows("rel_dna_ser.txt", 6):
        if locus.rstrip("*") in alleles:
            known = [a for cell in columns[:3] for a in cell.split("/") if a not in ("", "0", "?")]
            expert = columns[3].strip() if len(columns) > 3 else ""
            alleles[locus.rstrip("*")].append((name, "/".join(dict.fromkeys(known)), expert))
    loci = {
        locus: LocusTables(
            locus=locus,
            allele=tuple(name for name, _, _ in rows),
            g_group=tuple(groups["G"].get((locus, name), "") for name, _, _ in rows),
            p_group=tuple(groups["P"].get((locus, name), "") for name, _, _ in rows),
            antigen=tuple("" if name.endswith("N") else antigen for name, antigen, _ in rows),
            expert_antigen=tuple(expert for _, _, expert in rows),
            tce_group=tuple(tce.get(name, "") if locus == "DPB1" else "" for name, _, _ in rows),
            deleted=deletions.get(locus, {}),
            old_name=old_names.get(locus, {}),
        )
        for locus, rows in alleles.items()
    }
    relations = tuple(_relations(files))
    for relation in relations:
        names = {relation.antigen, *relation.splits, *relation.associated}
        antigens[relation.prefix] = antigens.get(relation.prefix, set()) | names
    digest = hashlib.sha256()
    for name in _REQUIRED:
        digest.update(files.data[name])
    return NomenclatureTables(
        release=release,
        title=title,
        source=path.name,
        checksum=digest.hexdigest(),
        loci=loci,
        antigen_relations=relations,
        antigens={prefix: tuple(sorted(names, key=int)) for prefix, names in antigens.items()},
    )


def _version(files: _ReleaseFiles) -> tuple[str, str]:
    found: dict[str, str] = {}
    for name in _REQUIRED:
        match = _VERSION.search(files.data[name][:2000].decode("utf-8", "replace"))
        if match is None:
            raise NomenclatureError(
                f"{files.path}/{files.members[name]}", found="no version", expected="# version: IPD-IMGT/HLA ..."
            )
        found[name] = match[2]
    if len(set(found.values())) > 1:
        text = ", ".join(f"{name} {version}" for name, version in found.items())
        raise NomenclatureError(str(files.path), found=f"files of several releases: {text}", expected="one release")
    release = found[_REQUIRED[0]]
    return f"IPD-IMGT/HLA {release}", release


def _check_md5(files: _ReleaseFiles) -> None:
    """Compare the files with the release's own fingerprints, where it brings them."""
    if "md5checksum.txt" not in files.data:
        return
    text = files.data["md5checksum.txt"].decode("utf-8", "replace")
    expected = {match[2].rpartition("/")[2]: match[1] for match in re.finditer(r"\b([0-9a-f]{32})\s+\*?(\S+)", text)}
    for name in _REQUIRED:
        if name in expected and "pre2026" not in files.members[name]:
            found = hashlib.md5(files.data[name], usedforsecurity=False).hexdigest()
            if found != expected[name]:
                raise NomenclatureError(
                    f"{files.path}/{files.members[name]}",
                    found=f"MD5 {found}",
                    expected=expected[name],
                    hint="fetch the file again",
                )


def _groups(files: _ReleaseFiles, name: str) -> dict[tuple[str, str], str]:
    group: dict[tuple[str, str], str] = {}
    for locus, members, label, *_ in files.rows(name, 3):
        if label:
            group.update(((locus.rstrip("*"), member), label) for member in members.split("/"))
    return group


def _tce_groups(files: _ReleaseFiles) -> dict[str, str]:
    groups: dict[str, str] = {}
    for _, line in files.lines("dpb_tce.csv"):
        allele, _, _, version2, *_ = [*line.split(","), "", "", ""]
        digits = "".join(character for character in version2 if character in "123")
        if allele.startswith("DPB1*"):
            groups[allele.removeprefix("DPB1*")] = digits
    return groups


def _old_names(files: _ReleaseFiles) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = {}
    if "Nomenclature_2009.txt" not in files.data:
        return names
    for _, line in files.lines("Nomenclature_2009.txt"):
        old, _, new = line.partition(" ")
        locus, star, digits = old.partition("*")
        new = new.strip()
        if star and "*" in new:
            names.setdefault("C" if locus == "Cw" else locus, {})[digits] = new.partition("*")[2]
    return names


def _names(files: _ReleaseFiles) -> tuple[dict[str, dict[str, Deletion]], dict[str, set[str]]]:
    """Return deleted names by locus and antigens by prefix."""
    deletions: dict[str, dict[str, Deletion]] = {}
    antigens: dict[str, set[str]] = {}
    prefixes = set(SEROLOGY_PREFIX.values())
    for locus, name, _, deleted, replacement, reason, *_ in files.rows("hla_nom.txt", 6):
        if locus in prefixes:
            if not deleted:
                antigens.setdefault(locus, set()).add(name)
        elif deleted:
            key = locus.rstrip("*")
            deletions.setdefault("C" if key == "Cw" else key, {})[name] = Deletion(replacement, reason)
    return deletions, antigens


def _relations(files: _ReleaseFiles) -> Iterator[AntigenRelation]:
    for prefix, antigen, splits, associated, *_ in files.rows("rel_ser_ser.txt", 4):
        if prefix in SEROLOGY_PREFIX.values():
            yield AntigenRelation(
                prefix, antigen, tuple(filter(None, splits.split("/"))), tuple(filter(None, associated.split("/")))
            )
