"""Reads a release of IPD-IMGT/HLA, from a folder or a zip, into nomenclature tables.

Source of the layouts: the read-me of the release's ``wmda`` folder. ``rel_dna_ser.txt`` has a seventh field since
release 3.64: the antigen that HATS computed from the sequence. It is no observation, and kept apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from hla_match.errors import ErrorCode
from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.antigen_names import RENAMED
from hla_match.nomenclature.tables import LocusTables, NomenclatureTables
from registry_io.formats.release_completeness import check_completeness
from registry_io.formats.release_files import OPTIONAL, REQUIRED, TRUNCATED, ReleaseFiles
from registry_io.formats.release_integrity import check_integrity
from registry_io.formats.release_names import abandoned_names, antigen_names, antigen_relations, old_names
from registry_io.formats.release_sequences import sequence_facts
from registry_io.formats.tce_table import divided_groups, read_tce_groups
from registry_io.tables.budgets import Budgets

_ALLELE = re.compile(r"[0-9]{1,9}(:[0-9]{1,9})+[A-Z]?")


def read_release(
    path: Path, *, budgets: Budgets | None = None, accept_checksum_mismatch: bool = False
) -> NomenclatureTables:
    """Read a release from a folder or zip that holds ``wmda``, ``tce`` and perhaps ``fasta``, at its top or deeper.

    `unverified`, `mismatched` and `cautions` of the tables say what is wrong with the release.

    Args:
        path: the folder or zip.
        budgets: what a zip may take; without them those of the environment hold.
        accept_checksum_mismatch: go on where a file differs from its checksum in the release.

    Raises:
        NomenclatureError: a file is missing, damaged, cut short, or of another release than the others.
        BudgetError: the zip takes more than its budget.
    """
    files = ReleaseFiles(path, budgets)
    integrity = check_integrity(files, accept_checksum_mismatch=accept_checksum_mismatch)
    alleles = _alleles(files)
    current = {locus: set(columns["allele"]) for locus, columns in alleles.items()}
    deletions = abandoned_names(files, current)
    g_group, p_group = _groups(files, "hla_nom_g.txt", "G"), _groups(files, "hla_nom_p.txt", "P")
    tce, names_before_2010 = read_tce_groups(files), old_names(files)
    relations = antigen_relations(files)
    antigens = antigen_names(files, relations)
    _follow_renaming(alleles, antigens)
    completeness = tuple(check_completeness(files, integrity.verified))
    of_sequences = sequence_facts(files, alleles)
    loci = {
        locus: LocusTables(
            locus=locus,
            allele=tuple(columns["allele"]),
            g_group=tuple(g_group[locus].get(name, "") for name in columns["allele"]),
            p_group=tuple(p_group[locus].get(name, "") for name in columns["allele"]),
            antigen=tuple(columns["antigen"]),
            possible_antigen=tuple(columns["possible_antigen"]),
            expert_antigen=tuple(columns["expert_antigen"]),
            tce_group=tuple(tce.version_2.get(name, "") if locus == "DPB1" else "" for name in columns["allele"]),
            deleted=deletions[locus],
            old_name=names_before_2010[locus],
            tce_group_v3=tuple(tce.version_3.get(name, "") for name in columns["allele"])
            if locus == "DPB1" and tce.version_3
            else (),
            computed_antigen=tuple(columns["computed_antigen"]) if any(columns["computed_antigen"]) else (),
            **of_sequences.get(locus, {}),
        )
        for locus, columns in alleles.items()
    }
    return NomenclatureTables(
        release=integrity.release,
        title=f"IPD-IMGT/HLA {integrity.release}",
        source=path.resolve().name,
        checksum=_checksum(files),
        loci=loci,
        antigen_relations=relations,
        antigens=antigens,
        unverified=integrity.unverified,
        mismatched=integrity.mismatched,
        cautions=(*integrity.cautions, *completeness, *divided_groups(loci["DPB1"], tce)),
    )


def _checksum(files: ReleaseFiles) -> str:
    """Return the SHA-256 of all that tables are made of."""
    digest = hashlib.sha256()
    for name in filter(files.__contains__, (*REQUIRED, *OPTIONAL)):
        digest.update(f"{name} {len(files.data(name))}\n".encode() + files.data(name))
    return digest.hexdigest()


def _alleles(files: ReleaseFiles) -> dict[str, dict[str, list[str]]]:
    """Return the columns allele, antigen, possible_antigen, expert_antigen and computed_antigen of each locus."""
    name_of_file = "rel_dna_ser.txt"
    names = ("allele", "antigen", "possible_antigen", "expert_antigen", "computed_antigen")
    alleles: dict[str, dict[str, list[str]]] = {locus: {column: [] for column in names} for locus in LOCI}
    for row, (written, name, unambiguous, possible, assumed, expert, *computed) in files.rows(name_of_file, 6):
        columns = alleles.get(written.rstrip("*"))
        if columns is None:
            continue
        if _ALLELE.fullmatch(name) is None:
            raise files.error(name_of_file, row=row, found=repr(name), expected="an allele name such as 01:01:01:01")
        columns["allele"].append(name)
        # A null allele has no antigen, even where one is written beside it.
        is_null = name.endswith("N")
        for column, cells in zip(names[1:], ([unambiguous], [possible, assumed], [expert], computed[:1]), strict=True):
            columns[column].append(_antigens([] if is_null else cells))
    for locus, columns in alleles.items():
        if not columns["allele"]:
            raise files.error(
                name_of_file,
                found=f"no allele of {locus}",
                expected=f"every locus of {', '.join(LOCI)}",
                hint=TRUNCATED,
                code=ErrorCode.NOMENCLATURE_INCOMPLETE,
            )
        if len(set(columns["allele"])) < len(columns["allele"]):
            raise files.error(name_of_file, found=f"an allele of {locus} twice", expected="every allele once")
    return alleles


def _antigens(cells: Iterable[str]) -> str:
    """Join the antigens of several cells; "0" is none and "?" unknown."""
    antigens = (antigen.strip() for cell in cells for antigen in cell.split("/"))
    return "/".join(dict.fromkeys(antigen for antigen in antigens if antigen not in ("", "0", "?")))


def _follow_renaming(alleles: Mapping[str, dict[str, list[str]]], antigens: Mapping[str, tuple[str, ...]]) -> None:
    """Write the antigens of alleles by the names that the release lists, where it renamed them and not there."""
    for locus, columns in alleles.items():
        prefix = SEROLOGY_PREFIX.get(locus, "")
        renamed = {old: new for old, new in RENAMED.get(prefix, {}).items() if new in antigens[prefix]}
        for name, cells in columns.items():
            if renamed and name != "allele":
                cells[:] = ["/".join(renamed.get(one, one) for one in cell.split("/")) for cell in cells]


def _groups(files: ReleaseFiles, name: str, suffix: str) -> dict[str, dict[str, str]]:
    """Return the group of each allele by locus, "" for an allele alone."""
    groups: dict[str, dict[str, str]] = {locus: {} for locus in LOCI}
    for row, (written, members, label, *_) in files.rows(name, 3):
        if label and not (label.endswith(suffix) and _ALLELE.fullmatch(label)):
            raise files.error(name, row=row, found=repr(label), expected=f"a {suffix} group or nothing", hint=TRUNCATED)
        if written.rstrip("*") in groups:
            groups[written.rstrip("*")].update(dict.fromkeys(members.split("/"), label))
    return groups
