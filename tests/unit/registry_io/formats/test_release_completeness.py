"""A table that ends too early is found, whatever else the release holds; one that lags is said."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from hla_match.errors import NomenclatureError
from registry_io.formats.imgt_release import read_release
from tests.tiny_release import HEAD, edit, make_release, write

TABLES = ("hla_nom.txt", "hla_nom_g.txt", "hla_nom_p.txt", "rel_dna_ser.txt", "rel_ser_ser.txt", "dpb_tce.csv")
MANY = 200


def _many(root: Path) -> Path:
    """Write a release with so many alleles of DPA1, the last locus, that one is no share of them."""
    make_release(root)
    numbers = [f"01:{number:02}" for number in range(2, MANY)]
    for name, line in (
        ("hla_nom.txt", "DPA1*;{};19990101;;;\n"),
        ("hla_nom_g.txt", "DPA1*;{};\n"),
        ("hla_nom_p.txt", "DPA1*;{};\n"),
        ("rel_dna_ser.txt", "DPA1*;{};?;;;\n"),
    ):
        path = root / "wmda" / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        first = [one for one in lines if one.startswith("DPA1*")]
        others = [one for one in lines if not one.startswith("DPA1*")]
        write(path, "".join([*others, *first, *(line.format(number) for number in numbers)]))
    return root


def _lists(root: Path, *, without_sequence: str = "") -> None:
    names = ["A*02:01:01:01", "A*02:01:02L", "A*24:02", "A*24:09N", *(f"DPA1*01:{n:02}" for n in range(1, MANY))]
    write(root / "Allelelist.txt", HEAD + "AlleleID,Allele\n" + "".join(f"HLA1,{name}\n" for name in names))
    sequenced = [name for name in names if name != without_sequence]
    write(root / "Allele_status.txt", HEAD + "Allele,Cells\n" + "".join(f"{name},8\n" for name in sequenced))


@pytest.mark.parametrize("with_lists", [False, True])
@pytest.mark.parametrize("n_lines", [1, 2])
@pytest.mark.parametrize("name", ["hla_nom.txt", "hla_nom_g.txt", "hla_nom_p.txt", "rel_dna_ser.txt"])
def test_a_cut_table_is_refused(tmp_path: Path, name: str, n_lines: int, with_lists: bool) -> None:
    root = _many(tmp_path)
    if with_lists:
        _lists(root)
    assert read_release(root).cautions == ()
    path = root / "wmda" / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-n_lines]))
    with pytest.raises(NomenclatureError, match=rf"{name}: found no DPA1\*01:{MANY - n_lines}.*truncated"):
        read_release(root)
    # Neither is it installed because checksums may differ.
    write(root / "wmda/md5checksum.txt", f"MD5 ({name}) = {'0' * 32}\n")
    with pytest.raises(NomenclatureError, match="truncated"):
        read_release(root, accept_checksum_mismatch=True)
    # What fits its checksum was published so.
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    write(root / "wmda/md5checksum.txt", f"MD5 ({name}) = {digest}\n")
    assert f"{name} lacks DPA1*01:" in read_release(root).cautions[0]


def test_groups_that_both_end_too_early_are_refused_by_the_lists(tmp_path: Path) -> None:
    root = _many(tmp_path)
    _lists(root)
    for name in ("hla_nom_g.txt", "hla_nom_p.txt"):
        path = root / "wmda" / name
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(NomenclatureError, match=rf"hla_nom_g\.txt: found no DPA1\*01:{MANY - 1}"):
        read_release(root)


def test_a_table_that_lags_is_said(tmp_path: Path) -> None:
    root = _many(tmp_path)
    _lists(root)
    for name in ("hla_nom_g.txt", "hla_nom_p.txt"):
        edit(root / "wmda" / name, "DPA1*;01:50;\n", "")
    assert read_release(root).cautions == (
        "hla_nom_g.txt lacks DPA1*01:50, which other files of the release list",
        "hla_nom_p.txt lacks DPA1*01:50, which other files of the release list",
    )
    # An allele without a sequence is in no group.
    _lists(root, without_sequence="DPA1*01:50")
    assert read_release(root).cautions == ()


@pytest.mark.parametrize("name", ["hla_nom.txt", "hla_nom_g.txt", "hla_nom_p.txt", "rel_dna_ser.txt"])
def test_a_table_that_was_cut_between_two_loci_is_refused(tmp_path: Path, name: str) -> None:
    root = _many(tmp_path)
    _lists(root)
    with (root / "Allelelist.txt").open("a", encoding="utf-8") as listed:
        listed.write("HLA1,Y*01:01\n")
    for table in ("hla_nom.txt", "hla_nom_g.txt", "hla_nom_p.txt", "rel_dna_ser.txt"):
        fields = ";?;;;" if table == "rel_dna_ser.txt" else ";19990101;;;" if table == "hla_nom.txt" else ";"
        if table != name:
            with (root / "wmda" / table).open("a", encoding="utf-8") as lines:
                lines.write(f"Y*;01:01{fields}\n")
    with pytest.raises(NomenclatureError, match=rf"{name}: found no allele of Y.*truncated"):
        read_release(root)


def test_relations_that_end_too_early_are_refused(tmp_path: Path) -> None:
    root = make_release(tmp_path)
    edit(root / "wmda/hla_nom.txt", "A;24;", "DR;5;19770101;;;\nDR;11;19840101;;;\nA;24;")
    with pytest.raises(NomenclatureError, match=r"rel_ser_ser\.txt: found no splits of DR5"):
        read_release(root)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("release", ["3.42.0", "3.58.0"])
def test_a_table_of_a_published_release_without_its_last_line(
    tmp_path: Path, shared_data: Path, release: str, name: str
) -> None:
    shutil.copytree(
        shared_data / "imgt" / release,
        tmp_path / "release",
        copy_function=shutil.copyfile,
        ignore=shutil.ignore_patterns("fasta", "md5checksum.txt"),
    )
    path = next((tmp_path / "release").rglob(name))
    path.parent.chmod(0o755)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(NomenclatureError, match="truncated") as caught:
        read_release(tmp_path / "release")
    assert caught.value.path.endswith(name)


@pytest.mark.parametrize("name", ["Allelelist.txt", "Allele_status.txt", *TABLES[:4]])
def test_an_allele_without_a_name_is_refused(tmp_path: Path, name: str) -> None:
    root = _many(tmp_path)
    _lists(root)
    path = next(root.rglob(name))
    lines = {"Allelelist.txt": "HLA1,A*\n", "Allele_status.txt": "A*,8\n", "hla_nom.txt": "A*;;19990101;;;\n"}
    write(path, path.read_text(encoding="utf-8") + lines.get(name, "A*;;\n"))
    with pytest.raises(NomenclatureError, match=rf"{name}, row \d+: found"):
        read_release(root)
