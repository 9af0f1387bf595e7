"""Versions and checksums of a release, with the errors that publishers make."""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from hla_match.errors import NomenclatureError
from registry_io.formats.imgt_release import read_release
from registry_io.store.nomenclature_file import dumps, loads
from tests.tiny_release import HEAD, edit, make_release, write

TABLES = (
    "wmda/hla_nom.txt", "wmda/hla_nom_g.txt", "wmda/hla_nom_p.txt", "wmda/rel_dna_ser.txt", "wmda/rel_ser_ser.txt",
    "tce/dpb_tce.csv",
)  # fmt: skip


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _list(root: Path, *, at: str = "wmda", named: str = "{file.name}", windows: bool = False) -> None:
    """Write a list of the checksums of the tables in wmda."""
    lines = []
    for file in sorted((root / "wmda").glob("*.txt")):
        data = file.read_bytes()
        digest = _md5(data.replace(b"\n", b"\r\n") if windows else data)
        lines.append(f"MD5 ({named.format(file=file)}) = {digest}\n")
    write(root / at / "md5checksum.txt", "".join(lines))


@pytest.mark.parametrize(
    ("at", "named"), [("wmda", "{file.name}"), ("wmda", "wmda/{file.name}"), (".", "wmda/{file.name}")]
)
@pytest.mark.parametrize("inside", ["", "IMGTHLA-3580/"])
def test_lists_name_files_from_their_folder_or_from_the_root(tmp_path: Path, at: str, named: str, inside: str) -> None:
    root = make_release(tmp_path / inside)
    _list(root, at=at, named=named)
    tables = read_release(tmp_path)
    assert sorted(tables.unverified) == [
        "Deleted_alleles.txt", "Nomenclature_2009.txt", "dpb_tce.csv", "release_version.txt"
    ]  # fmt: skip
    assert (tables.mismatched, tables.cautions) == ((), ())
    edit(root / "wmda/hla_nom_p.txt", "02:01P", "02:02P")
    with pytest.raises(NomenclatureError, match=r"hla_nom_p\.txt: found MD5 .*accept the mismatch"):
        read_release(tmp_path)


def test_files_of_the_root_are_compared_with_the_list_of_the_root(tmp_path: Path) -> None:
    path = make_release(tmp_path) / "Deleted_alleles.txt"
    write(tmp_path / "md5checksum.txt", f"MD5 ({path.name}) = {_md5(path.read_bytes())}\n")
    assert path.name not in read_release(tmp_path).unverified
    edit(path, "identical", "not identical")
    with pytest.raises(NomenclatureError, match=r"Deleted_alleles\.txt: found MD5"):
        read_release(tmp_path)


@pytest.mark.parametrize("windows_list", [False, True])
@pytest.mark.parametrize("windows_files", [False, True])
def test_line_ends_are_no_difference_and_are_said(tmp_path: Path, windows_list: bool, windows_files: bool) -> None:
    root = make_release(tmp_path)
    _list(root, windows=windows_list)
    if windows_files:
        for name in TABLES:
            (root / name).write_bytes((root / name).read_bytes().replace(b"\n", b"\r\n"))
    tables = read_release(root)
    said = ("hla_nom.txt, hla_nom_g.txt, hla_nom_p.txt, rel_dna_ser.txt, rel_ser_ser.txt: ",)
    expected = said if windows_list != windows_files else ()
    assert tuple(caution.partition("as in")[0] for caution in tables.cautions) == expected
    assert tables.mismatched == ()


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_the_end_of_the_last_line_is_no_difference(tmp_path: Path, end: bytes) -> None:
    root = make_release(tmp_path)
    _list(root)
    path = root / "wmda/rel_ser_ser.txt"
    path.write_bytes(path.read_bytes().rstrip(b"\n") + end)
    assert read_release(root).mismatched == ()


def test_line_ends_of_old_macs_are_read(tmp_path: Path) -> None:
    expected = read_release(make_release(tmp_path))
    for name in TABLES:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes().replace(b"\n", b"\r"))
    assert read_release(tmp_path) == expected


def test_a_list_of_another_release_is_said(tmp_path: Path) -> None:
    root = make_release(tmp_path)
    lines = [f"MD5 ({Path(name).name}) = {number:032}\n" for number, name in enumerate(TABLES)]
    write(root / "wmda/md5checksum.txt", "".join(lines))
    with pytest.raises(NomenclatureError, match="no file fits the list, which may be of another release"):
        read_release(root)


def test_accepted_mismatches_are_recorded(tmp_path: Path) -> None:
    root = make_release(tmp_path)
    _list(root)
    edit(root / "wmda/hla_nom_p.txt", "02:01P", "02:02P")
    edit(root / "wmda/rel_ser_ser.txt", "203/210", "203")
    with pytest.raises(NomenclatureError) as caught:
        read_release(root)
    assert caught.value.path.endswith("wmda/hla_nom_p.txt")
    assert caught.value.hint.startswith("rel_ser_ser.txt differs too; fetch the release again; ")
    tables = read_release(root, accept_checksum_mismatch=True)
    assert tables.mismatched == ("hla_nom_p.txt", "rel_ser_ser.txt")
    assert "hla_nom_p.txt" not in tables.unverified
    assert loads(dumps(tables), "x") == tables


def test_what_is_accepted_is_still_read_with_care(tmp_path: Path) -> None:
    root = make_release(tmp_path)
    _list(root)
    edit(root / "wmda/hla_nom_p.txt", "A*;24:02;\n", "")
    with pytest.raises(NomenclatureError, match="truncated"):
        read_release(root, accept_checksum_mismatch=True)


@pytest.mark.parametrize("patch", ["3.58.0.1", "3.58.1"])
@pytest.mark.parametrize("name", ["release_version.txt", "wmda/rel_dna_ser.txt"])
def test_a_patch_is_of_the_release_it_patches(tmp_path: Path, patch: str, name: str) -> None:
    root = make_release(tmp_path)
    edit(root / name, "3.58.0", patch)
    tables = read_release(root)
    assert (tables.release, tables.title) == ("3.58.0", "IPD-IMGT/HLA 3.58.0")
    assert tables.cautions == (f"tables of 3.58.0 with patch {patch}, which {Path(name).name} names",)


def test_a_list_older_than_a_patch_is_a_warning(tmp_path: Path) -> None:
    root = make_release(tmp_path)
    _list(root)
    edit(root / "wmda/rel_ser_ser.txt", "203/210", "203")
    edit(root / "release_version.txt", "3.58.0", "3.58.0.1")
    assert read_release(root).mismatched == ("rel_ser_ser.txt",)


def test_tables_need_no_comments(tmp_path: Path) -> None:
    root = make_release(tmp_path)
    expected = read_release(root)
    for name in TABLES:
        edit(root / name, HEAD, "")
    tables = read_release(root)
    assert (tables.release, tables.loci) == ("3.58.0", expected.loci)
    (root / "release_version.txt").unlink()
    edit(root / "Deleted_alleles.txt", HEAD, "")
    with pytest.raises(NomenclatureError, match=r"no line that names the release.*release_version\.txt"):
        read_release(root)
    write(root / "version_report.txt", HEAD + "Status,Alleles,AlleleID,Comments\n")
    assert read_release(root).release == "3.58.0"


@pytest.mark.parametrize("is_zip", [False, True])
@pytest.mark.parametrize(
    ("release", "n_alleles", "mismatched"),
    [("3.33.0", 18_497, ()), ("3.42.0", 27_663, ("hla_nom.txt", "rel_dna_ser.txt")), ("3.58.0", 39_083, ())],
)
def test_published_releases_are_read(
    tmp_path: Path, shared_data: Path, release: str, n_alleles: int, mismatched: tuple[str, ...], is_zip: bool
) -> None:
    place = shared_data / "imgt" / release
    if is_zip:
        with zipfile.ZipFile(tmp_path / "release.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file in (*place.glob("*.txt"), *place.glob("wmda/*"), *place.glob("tce/*")):
                archive.write(file, f"IMGTHLA/{file.relative_to(place)}")
        place = tmp_path / "release.zip"
    tables = read_release(place)
    assert tables.release == release
    assert sum(len(locus.allele) for locus in tables.loci.values()) == n_alleles
    assert tables.mismatched == mismatched
    assert [bool(re.search(r"patch 3\.42\.0\.1", caution)) for caution in tables.cautions] == [True] * bool(mismatched)
    assert not any(name.startswith(("hla_nom", "rel_")) for name in tables.unverified) or release == "3.58.0"


def test_a_damaged_table_of_a_published_release_is_refused(tmp_path: Path, shared_data: Path) -> None:
    place = tmp_path / "release"
    shutil.copytree(shared_data / "imgt/3.33.0", place, copy_function=shutil.copyfile)
    for folder in (place, place / "wmda"):
        folder.chmod(0o755)
    edit(place / "wmda/hla_nom_g.txt", "A*;01:01:02;", "A*;01:01:03;")
    with pytest.raises(NomenclatureError, match=r"hla_nom_g\.txt: found MD5"):
        read_release(place)


def test_lists_of_alleles_are_of_the_release_and_vouch_for_nothing(tmp_path: Path) -> None:
    root = make_release(tmp_path)
    expected = read_release(root)
    write(root / "Allelelist.txt", HEAD.replace("3.58.0", "3.58.1") + "AlleleID,Allele\nHLA1,A*24:02\n")
    write(root / "md5checksum.txt", f"MD5 (Allelelist.txt) = {'0' * 32}\n")
    assert read_release(root) == expected
    edit(root / "Allelelist.txt", "3.58.1", "3.57.0")
    with pytest.raises(NomenclatureError, match=r"several releases.*Allelelist\.txt 3\.57\.0"):
        read_release(root)
