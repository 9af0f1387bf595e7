"""What a release's sequences tell of its alleles: leader and KIR ligand from proteins, expression of DPB1 from bases.

Source of the layout: the read-me of the release's ``fasta`` folder. A record is a line such as
``>HLA:HLA00132 B*07:02:01:01 362 bp`` and the sequence in lines of sixty letters. Proteins have an asterisk or X for a
stop. The files are optional: without one the facts of its locus rest on families.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from hla_match.errors import ErrorCode
from hla_match.nomenclature.allele_facts import AlleleFact
from hla_match.nomenclature.dpb1_expression import expression_level
from hla_match.nomenclature.kir_ligands import kir_ligand
from hla_match.nomenclature.leader import leader_residue
from registry_io.formats.release_files import SEQUENCES, TRUNCATED, ReleaseFiles

_HEADER = re.compile(r">\S+ ([A-Z0-9]{1,9})\*([0-9]{1,9}(?::[0-9]{1,9})+[A-Z]?) ([0-9]{1,9}) bp")
_LETTERS = re.compile(r"[A-Z*]+")
_TOLERATED_GAP = 0.02
"""The share of a locus' expressed alleles that a file may lack, or have more of than the tables."""


def _of_protein(locus: str) -> dict[AlleleFact, Callable[[str], str]]:
    facts: dict[AlleleFact, Callable[[str], str]] = {"kir_ligand": lambda protein: kir_ligand(locus, protein)}
    return {"leader": leader_residue, **facts} if locus == "B" else facts


_RULES: Mapping[str, Mapping[AlleleFact, Callable[[str], str]]] = {
    **{locus: _of_protein(locus) for locus in "ABC"},
    "DPB1": {"expression": expression_level},
}
"""By locus the facts that its sequences tell."""


def sequence_facts(
    files: ReleaseFiles, columns: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return by locus the columns of `LocusTables` that the sequences give; none of a locus without its file.

    Args:
        files: the files.
        columns: by locus the columns of the tables, of which `allele` is read.

    Raises:
        NomenclatureError: a file is damaged, cut short, or of another release.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for file in filter(files.__contains__, SEQUENCES):
        locus = file.partition("_")[0]
        alleles = columns[locus]["allele"]
        sequence = _sequences(files, file, locus)
        _check_names(files, file, sequence, alleles)
        for fact, rule in _RULES[locus].items():
            # Half of the alleles have the protein of another one.
            value = {text: rule(text) for text in set(sequence.values())}
            column = tuple(value[sequence[name]] if name in sequence else "" for name in alleles)
            found.setdefault(locus, {})[fact] = column
    return found


def _sequences(files: ReleaseFiles, file: str, locus: str) -> dict[str, str]:
    """Return the sequence of each allele of a file, by its name without locus."""
    found: dict[str, str] = {}
    for row, name, length, sequence in _records(files, file, locus):
        if len(sequence) != length or name in found:
            raise files.error(
                file,
                row=row,
                found=f"{locus}*{name} twice" if name in found else f"{len(sequence)} letters of {locus}*{name}",
                expected="every allele once" if name in found else f"{length}, as its first line says",
                hint=TRUNCATED,
            )
        found[name] = sequence
    return found


def _records(files: ReleaseFiles, file: str, locus: str) -> Iterator[tuple[int, str, int, str]]:
    """Yield row, allele, stated length and sequence of each record."""
    at, name, length, parts = 0, "", 0, list[str]()
    for row, line in files.lines(file):
        text = line.strip()
        header = _HEADER.fullmatch(text)
        if header is not None and header[1] == locus:
            if at:
                yield at, name, length, "".join(parts)
            at, name, length, parts = row, header[2], int(header[3]), []
        elif at and _LETTERS.fullmatch(text):
            parts.append(text)
        else:
            raise files.error(
                file,
                row=row,
                found=repr(text[:60]),
                expected=f"a line such as '>HLA:HLA00001 {locus}*01:01 365 bp', or letters of a sequence",
                hint=TRUNCATED,
            )
    if at:
        yield at, name, length, "".join(parts)


def _check_names(files: ReleaseFiles, file: str, found: Mapping[str, str], alleles: Sequence[str]) -> None:
    """Refuse a file that was cut, lacks more alleles than a lag explains, or has many that the tables do not have."""
    listed = set(alleles)
    missing = sorted({name for name in listed if not name.endswith("N")} - found.keys(), key=_number)
    unknown = sorted(found.keys() - listed, key=_number)
    most = _TOLERATED_GAP * len(listed)
    is_cut = bool(missing) and _number(missing[0]) > max(map(_number, found), default=[])
    locus = file.partition("_")[0]
    for names, is_wrong, code, what, expected in (
        (missing, is_cut, ErrorCode.NOMENCLATURE_INCOMPLETE, "no sequence of", "one of every allele"),
        (unknown, False, ErrorCode.NOMENCLATURE_RELEASE, "a sequence of", "those of the release's alleles"),
    ):
        if is_wrong or len(names) > most:
            more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            raise files.error(
                file,
                found=f"{what} {locus}*{names[0]}{more}",
                expected=expected,
                hint="fetch the fasta folder of the same release again, or leave it away",
                code=code,
            )


def _number(name: str) -> list[int]:
    """Return the fields of a name as numbers, by which the files are sorted."""
    return [int(field) for field in re.findall("[0-9]{1,9}", name)]
