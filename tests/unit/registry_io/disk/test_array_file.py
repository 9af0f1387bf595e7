"""An array is mapped where its file is as NumPy writes it, and refused in every other form that NumPy would read."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from registry_io.disk import array_file
from registry_io.disk.array_file import map_array

ARRAYS = {
    "numbers": np.arange(7, dtype=np.uint16),
    "rows of numbers": np.arange(12, dtype=np.int32).reshape(3, 4),
    "fractions": np.array([0.5, np.nan, -1.0]),
    "codes": np.array([b"AB", b"CDEFG"]),
    "bytes": np.arange(256, dtype=np.uint8),
    "nothing": np.zeros(0, np.uint8),
    "no rows": np.zeros((0, 2), np.uint64),
    "many": np.arange(100_000, dtype=np.int64),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.npy"


@pytest.mark.parametrize("small", [0, 1 << 16], ids=["mapped", "read"])
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_what_numpy_writes_is_mapped(path: Path, monkeypatch, array: NDArray[Any], small: int) -> None:
    monkeypatch.setattr(array_file, "_SMALL", small)
    np.save(path, array)
    before = path.read_bytes()
    found = map_array(path)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert found.flags.c_contiguous
    assert found.flags.aligned
    if found.size:
        found.reshape(-1)[0] = 0
    assert path.read_bytes() == before, "what is written stays in the process"
    assert not map_array(path, writable=False).flags.writeable


def saved(array: NDArray[Any], version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


PLAIN = saved(np.arange(6, dtype=np.uint32).reshape(2, 3))

OTHER_FILES: dict[str, bytes] = {
    "empty": b"",
    "short header": PLAIN[:60],
    "header alone": PLAIN[:128],
    "a byte less": PLAIN[:-1],
    "a byte more": PLAIN + b"\0",
    "another magic": b"\x93NUMPX" + PLAIN[6:],
    "another version": saved(np.arange(6), (2, 0)),
    "bytes in another order": saved(np.arange(6, dtype=">u4")),
    "dimensions in another order": saved(np.asfortranarray(np.arange(6).reshape(2, 3))),
    "truths": saved(np.ones(6, np.bool_)),
    "halves of numbers": saved(np.ones(6, np.complex128)),
    "texts": saved(np.array(["a", "b"])),
    "a single number": saved(np.array(7)),
    "named fields": saved(np.zeros(2, [("a", "<u4"), ("b", "<u4")])),
    "more rows than there are": PLAIN.replace(b"(2, 3)", b"(9, 3)"),
    "a negative size": PLAIN.replace(b"(2, 3), }", b"(-2, 3),}"),
    "more than any memory": PLAIN.replace(b"(2, 3), }         ", b"(2000000000, 3), }"),
    "code in the header": PLAIN.replace(b"'shape': (2, 3)", b"'shape': eval(0)"),
    "numbers at an odd place": PLAIN[:8] + (117).to_bytes(2, "little") + PLAIN[10:126] + b"\n" + PLAIN[128:],
}


@pytest.mark.parametrize("content", OTHER_FILES.values(), ids=OTHER_FILES)
@pytest.mark.parametrize("small", [0, 1 << 16], ids=["mapped", "read"])
def test_every_other_form_is_refused(path: Path, monkeypatch, content: bytes, small: int) -> None:
    monkeypatch.setattr(array_file, "_SMALL", small if content else 1)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.npy: found"):
        map_array(path)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    with pytest.raises(ValueError, match="no regular file"):
        map_array(path)


def test_a_missing_file_is_told(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        map_array(path)
