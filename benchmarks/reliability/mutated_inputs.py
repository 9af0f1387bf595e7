"""Mutated input files of every kind and format, from sound ones and a random number."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

from benchmarks.reliability.originals import LARGE, SMALL

INSTALLED = {"installed.hlanom": "home/nomenclature/1.1.hlanom", "installed.parquet": "home/frequencies/set.parquet"}
"""Where installed files must lie to be read."""

_LARGE_SHARE = 0.04
_BELOW_PACKING = 0.7
"""Of mutations of a packed file, those of what it unpacks to; the others are of the packed bytes."""

_TOKENS = (
    b'"', b'""', b"'", b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\xed\xa0\x80", b"\x1b[31m", b"/", b"+", b"^", b"~", b"|", b"?", b"*", b":", b":XX", b"-", b"=1+1", b"@x",
    b"1e400", b"nan", b"inf", b"-1", b"0", b"9" * 5000, b"\xd9\xa3", "男".encode(), b"\xef\xbc\x91", b"HLA-",
    b"DR*09:01", b"[x]", b"{}", b"A*", b"NEW", b"2024-02-30", b"9999-99-99", b"1990/5/1", b"None", b"null", b"true",
    b"N", b"02:01N", b"02:01:01:01Q", b"ABCDE",
)  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with one to four changes: bits, tokens, pieces cut out, doubled, moved or overwritten."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = _changed(data, rng)
    return data


def _changed(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    stop = min(len(data), at + int(2 ** (rng.random() * 10)))
    before, piece, after = data[:at], data[at:stop], data[stop:]
    way = rng.randrange(9)
    if way == 0 and piece:
        return before + bytes([piece[0] ^ 1 << rng.randrange(8)]) + piece[1:] + after
    if way == 1:
        return before + after
    if way == 2:
        return before + piece + piece + after
    if way == 3:
        return before
    if way == 4:
        to = rng.randrange(len(data) + 1)
        return data[:to] + piece + data[to:]
    if way == 5:
        return before + rng.randbytes(len(piece)) + after
    token = rng.choice(_TOKENS) * rng.choice((1, 1, 1, 2, 50))
    return before + token + data[at + rng.choice((0, 1, len(token))) :]


def write_mutation(kind: str, originals: Path, place: Path, rng: random.Random) -> Path:
    """Write a mutation of a kind below a place, and return its path.

    Args:
        kind: of `originals.KINDS`.
        originals: the folder of the sound files, small and large.
        place: an existing folder; the mutation replaces the last one of its kind.
        rng: decides.
    """
    whole = originals / (LARGE if rng.random() < _LARGE_SHARE else SMALL)
    if kind.startswith("release"):
        return _write_release(whole / "release", place, rng, is_zip=kind.endswith("zip"))
    path = place / INSTALLED.get(kind, f"mutated.{kind.partition('.')[2]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_mutated_file((whole / kind).read_bytes(), rng))
    return path


def _mutated_file(data: bytes, rng: random.Random) -> bytes:
    if data.startswith(b"\x1f\x8b") and rng.random() < _BELOW_PACKING:
        return gzip.compress(mutated(gzip.decompress(data), rng), 1)
    if data.startswith(b"PK") and rng.random() < _BELOW_PACKING:
        return _mutated_member(data, rng)
    return mutated(data, rng)


def _mutated_member(data: bytes, rng: random.Random) -> bytes:
    """Return a zip of which one member is mutated."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as archive,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, True, 1) as to,
    ):
        names = archive.namelist()
        chosen = rng.choice(names)
        for name in names:
            content = archive.read(name)
            to.writestr(name, mutated(content, rng) if name == chosen else content)
    return packed.getvalue()


def _write_release(whole: Path, place: Path, rng: random.Random, *, is_zip: bool) -> Path:
    path, packed = place / "mutated_release", place / "mutated.zip"
    files = sorted(one.relative_to(whole) for one in whole.rglob("*") if one.is_file())
    chosen = rng.choice(files)
    for name in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        data = (whole / name).read_bytes()
        (path / name).write_bytes(mutated(data, rng) if name == chosen else data)
    if not is_zip:
        return path
    with zipfile.ZipFile(packed, "w") as archive:
        for name in files:
            archive.write(path / name, name)
    if rng.random() < 0.5:
        packed.write_bytes(mutated(packed.read_bytes(), rng))
    return packed
