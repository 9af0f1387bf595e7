from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hla_match.errors import FileError
from registry_io.formats import mac_file
from registry_io.formats.mac_file import read_codes

ALPHA = "Last Updated: 01/01/2025\n\n*\tCODE\tSUBTYPE\n\tAB\t01/02\n*\tZAAB\t24:02/25:01N\n"
NUMER = "CODE\tSUBTYPES\nAB\t01/02\nZAAB\t24:02/25:01N\n"


@pytest.mark.parametrize(
    "text", [ALPHA, NUMER, NUMER.partition("\n")[2], ALPHA.replace("\n", "\r\n"), "\ufeff" + ALPHA]
)
@pytest.mark.parametrize("packing", ["txt", "gz", "zip"])
def test_every_layout_and_packing_is_read(tmp_path: Path, text: str, packing: str) -> None:
    path = tmp_path / f"codes.{packing}"
    if packing == "txt":
        path.write_bytes(text.encode())
    elif packing == "gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.md", "not this one")
            archive.writestr("alpha.v3.txt", text.encode())
    book = read_codes(path)
    assert len(book) == 2
    assert book.lookup("AB") == "01/02"
    assert book.lookup("ZAAB") == "24:02/25:01N"
    assert book.lookup("ZZ") is None


@pytest.mark.parametrize(
    "line", ["\tab\t01/02", "\tAB\t", "\tAB", "AB 01/02", "\tAB\t01\t02", "x\tAB\t01", "\tAB\t01/"]
)
def test_malformed_row_is_an_error_with_its_row(tmp_path: Path, line: str) -> None:
    path = tmp_path / "codes.txt"
    path.write_text(f"{ALPHA}\n{line}\n\tAC\t01\n", encoding="utf-8")
    with pytest.raises(FileError) as caught:
        read_codes(path)
    assert (caught.value.path, caught.value.row) == (str(path), 7)


def test_malformed_first_row_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "codes.txt").write_text("\tAB\tx\n\tAC\t01\n", encoding="utf-8")
    with pytest.raises(FileError, match="row 1"):
        read_codes(tmp_path / "codes.txt")


@pytest.mark.parametrize("text", ["", "Last Updated: today\n", "*\tCODE\tSUBTYPE\n"])
def test_file_without_codes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "codes.txt").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match="no codes"):
        read_codes(tmp_path / "codes.txt")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    path.write_bytes(gzip.compress(ALPHA.encode())[:-12])
    with pytest.raises(FileError, match="damaged"):
        read_codes(path)
    path.write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(FileError, match="damaged"):
        read_codes(path)
    path.write_bytes(ALPHA.encode() + b"\tAC\t\xff\n")
    with pytest.raises(FileError, match="row 6: found byte 0xff"):
        read_codes(path)
    with pytest.raises(FileError, match="No such file"):
        read_codes(tmp_path / "absent")


@pytest.mark.parametrize("packing", ["txt", "gz", "zip"])
def test_text_without_end_is_refused_before_it_is_unpacked(
    tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mac_file, "LARGEST", 100_000)
    text = ALPHA.encode() + b"\n" * 20_000_000
    path = tmp_path / f"codes.{packing}"
    if packing == "txt":
        path.write_bytes(text)
    elif packing == "gz":
        path.write_bytes(gzip.compress(text, 1))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("alpha.v3.txt", text)
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="more than 100,000 bytes"):
            read_codes(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_zip_of_several_texts_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "codes.zip", "w") as archive:
        archive.writestr("a.txt", ALPHA)
        archive.writestr("b.txt", ALPHA)
    with pytest.raises(FileError, match=r"2 \.txt files"):
        read_codes(tmp_path / "codes.zip")


def test_codes_of_the_shared_registry(shared_data: Path) -> None:
    book = read_codes(shared_data / "data" / "registry_103k" / "mac.txt")
    assert book.lookup("ZAAB") == "01/02"


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gzip"])
def test_a_file_that_was_cut_in_its_last_row_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "codes"
    path.write_bytes(pack(b"\tAB\t01/02\n\tAC\t01/02/03"))
    with pytest.raises(FileError, match=r"row 2: found a last row without a line end.*fetch it again"):
        read_codes(path)
    path.write_bytes(pack(b"\tAB\t01/02\n\tAC\t01/02/03\n"))
    assert read_codes(path).lookup("AC") == "01/02/03"


def test_a_code_with_two_meanings_is_refused_with_both_rows(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    path.write_text("\tAB\t01/02\n\tAC\t01/02\n\tAB\t01/02\n\tAB\t01/03\n", encoding="utf-8")
    with pytest.raises(FileError, match="row 4: found code AB with other alleles than in row 3"):
        read_codes(path)
    path.write_text("\tAB\t01/02\n\tAC\t01/02\n\tAB\t01/02\n", encoding="utf-8")
    assert len(read_codes(path)) == 2


def _zip_with(data: bytes, **entry: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("c.txt", data)
    changed = bytearray(buffer.getvalue())
    central = changed.rindex(b"PK\x01\x02")
    places = {"method": (10, 2), "flags": (8, 2), "offset": (42, 4)}
    for name, value in entry.items():
        at, size = places[name]
        changed[central + at : central + at + size] = value.to_bytes(size, "little")
    return bytes(changed)


@pytest.mark.parametrize(
    "entry",
    [{"method": 9}, {"method": 12}, {"method": 14}, {"flags": 1}, {"flags": 32}, {"offset": 0xFFFFFFFE}],
    ids=str,
)
def test_whatever_zip_files_can_have_is_a_damaged_file(tmp_path: Path, entry: dict[str, int]) -> None:
    path = tmp_path / "codes.zip"
    path.write_bytes(_zip_with(b"\tAB\t01/02\n", **entry))
    with pytest.raises(FileError, match="a damaged file"):
        read_codes(path)


def test_a_zip_that_leads_before_its_own_start(tmp_path: Path) -> None:
    data = _zip_with(b"\tAB\t01/02\n")
    end = data.rindex(b"PK\x05\x06")
    path = tmp_path / "codes.zip"
    path.write_bytes(data[: end + 16] + (0xFFFFFF).to_bytes(4, "little") + data[end + 20 :])
    with pytest.raises(FileError, match="a damaged file"):
        read_codes(path)
