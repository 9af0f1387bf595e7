"""The fasta files of a release: read where they are there, refused where they are damaged or of another release."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hla_match.errors import ErrorCode, NomenclatureError
from registry_io.formats.imgt_release import read_release
from registry_io.store.nomenclature_file import dumps, loads
from tests.tiny_release import edit, make_release, write

SIGNAL = "MRVMAPRTLLLLLSGALALTETWA"
MATURE = "GSHSMRYFYTAVSRPGRGEPRFIAVGYVDDTQFVRFDSDAASPRGEPRAPWIEQEGPEYWDRETQKYKRQAQTDR"
BEHIND = "YYNQSEAGSHTLQ"
CODING = list("ATG" + "A" * 774)
for position, base in zip((374, 381, 406, 441, 588, 596, 624), "GTTGTCT", strict=True):
    CODING[position - 1] = base


def fasta(locus: str, **sequences: str) -> str:
    """A file of sequences, each allele written with underlines for colons."""
    text = ""
    for number, (name, sequence) in enumerate(sequences.items(), start=1):
        lines = [sequence[at : at + 60] for at in range(0, len(sequence), 60)]
        text += (
            f">HLA:HLA{number:05} {locus}*{name[1:].replace('_', ':')} {len(sequence)} bp\n" + "\n".join(lines) + "\n"
        )
    return text


def with_sequences(root: Path) -> Path:
    """A tiny release with the sequences of C and DPB1."""
    make_release(root)
    write(root / "fasta/C_prot.fasta", fasta("C", _01_02=SIGNAL + MATURE + "VSLRNLRG" + BEHIND))
    names = {name: "".join(CODING) for name in ("_01_01", "_02_01", "_08_01", "_61_01N")}
    write(root / "fasta/DPB1_nuc.fasta", fasta("DPB1", **{**names, "_08_01": "AGAATTA" + "A" * 257}))
    return root


def test_facts_are_read_where_the_files_are_there(tmp_path: Path) -> None:
    tables = read_release(with_sequences(tmp_path))
    assert tables.loci["C"].kir_ligand == ("C1",)
    assert tables.loci["DPB1"].expression == ("low", "low", "", "low")
    assert (tables.loci["C"].leader, tables.loci["A"].kir_ligand) == ((), ())
    assert loads(dumps(tables), "x") == tables


def test_a_release_without_sequences_has_no_columns_of_them(tmp_path: Path) -> None:
    tables = read_release(make_release(tmp_path))
    assert all(one.leader == one.kir_ligand == one.expression == () for one in tables.loci.values())
    assert b"kir_ligand" not in dumps(tables)


def test_sequences_are_part_of_the_checksum(tmp_path: Path) -> None:
    plain = read_release(make_release(tmp_path)).checksum
    first = read_release(with_sequences(tmp_path)).checksum
    edit(tmp_path / "fasta/C_prot.fasta", "VSLRN", "VSLRK")
    assert len({plain, first, read_release(tmp_path).checksum}) == 3


def test_sequences_in_a_zip_are_read(tmp_path: Path) -> None:
    root = with_sequences(tmp_path / "release")
    with zipfile.ZipFile(tmp_path / "release.zip", "w") as target:
        for path in root.rglob("*.*"):
            target.write(path, f"IMGTHLA/{path.relative_to(root).as_posix()}")
    assert read_release(tmp_path / "release.zip").loci == read_release(root).loci


def test_line_ends_of_windows_change_nothing(tmp_path: Path) -> None:
    expected = read_release(with_sequences(tmp_path))
    path = tmp_path / "fasta/C_prot.fasta"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_release(tmp_path) == expected


@pytest.mark.parametrize(
    ("change", "found", "code"),
    [
        (lambda text: text[:-20], "letters of C*01:02", ErrorCode.NOMENCLATURE_CONTENT),
        (lambda text: text + text, "C*01:02 twice", ErrorCode.NOMENCLATURE_CONTENT),
        (lambda text: text.replace(">HLA:HLA00001 C*", ">HLA:HLA00001 B*"), "B*01:02", ErrorCode.NOMENCLATURE_CONTENT),
        (lambda text: text.replace("MRVM", "MR#M"), "'MR#MAPRT", ErrorCode.NOMENCLATURE_CONTENT),
        (lambda text: text.partition("\n")[2], "'MRVMAPRT", ErrorCode.NOMENCLATURE_CONTENT),
        (lambda text: text[:0], "no sequence of C*01:02", ErrorCode.NOMENCLATURE_INCOMPLETE),
        (lambda text: text + fasta("C", _99_01="M"), "a sequence of C*99:01", ErrorCode.NOMENCLATURE_RELEASE),
    ],
)
def test_damage_is_refused(tmp_path: Path, change: Callable[[str], str], found: str, code: ErrorCode) -> None:
    path = with_sequences(tmp_path) / "fasta/C_prot.fasta"
    write(path, change(path.read_text(encoding="utf-8")))
    with pytest.raises(NomenclatureError) as caught:
        read_release(tmp_path)
    assert found in str(caught.value)
    assert "C_prot.fasta" in str(caught.value)
    assert caught.value.code == code


def test_a_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    root = with_sequences(tmp_path)
    many = {f"_{number}_01": "".join(CODING) for number in range(1001, 1101)}
    names = [name[1:].replace("_", ":") for name in many]
    edit(root / "wmda/rel_dna_ser.txt", "TAP1*;", "".join(f"DPB1*;{name};?;;;\n" for name in names) + "TAP1*;")
    for file in ("wmda/hla_nom_g.txt", "wmda/hla_nom_p.txt"):
        edit(root / file, "DPB1*;08:01;\n", "DPB1*;08:01;\n" + "".join(f"DPB1*;{name};\n" for name in names))
    lines = "".join(f"DPB1*;{name};19990101;;;\n" for name in names)
    edit(root / "wmda/hla_nom.txt", "DPB1*;61:01N;19990101;;;\n", f"DPB1*;61:01N;19990101;;;\n{lines}")
    lines = "".join(f"DPB1*{name},DPB1*{name},3,3,\n" for name in names)
    edit(root / "tce/dpb_tce.csv", "DPB1*61:01N,DPB1*61:01N,,,\n", f"DPB1*61:01N,DPB1*61:01N,,,\n{lines}")
    path = root / "fasta/DPB1_nuc.fasta"
    whole = path.read_text(encoding="utf-8") + fasta("DPB1", **many)
    write(path, whole)
    assert read_release(root).loci["DPB1"].expression.count("low") == 103
    # One that the file leaves out in its midst is a lag, the last one a cut.
    write(path, whole.replace(fasta("DPB1", _1001_01="".join(CODING)), ""))
    assert read_release(root).loci["DPB1"].expression.count("low") == 102
    write(path, whole.rpartition(">")[0])
    with pytest.raises(NomenclatureError, match="no sequence of DPB1\\*1100:01") as caught:
        read_release(root)
    assert caught.value.code == ErrorCode.NOMENCLATURE_INCOMPLETE


def test_null_alleles_may_be_without_a_sequence(tmp_path: Path) -> None:
    path = with_sequences(tmp_path) / "fasta/DPB1_nuc.fasta"
    write(path, path.read_text(encoding="utf-8").partition(">HLA:HLA00004")[0])
    assert read_release(tmp_path).loci["DPB1"].expression == ("low", "low", "", "")
