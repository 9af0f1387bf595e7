"""Mutated input files of every kind and format, from sound ones and a random number."""

from __future__ import annotations

import gzip
import random
import shutil
import zipfile
from pathlib import Path

import polars as pl

from benchmarks.reliability import inputs
from registry_io.store.frequency_store import FrequencyStore
from registry_io.store.nomenclature_store import NomenclatureStore

KINDS = (
    "donors.csv", "patients.csv", "text.txt", "frequencies.csv", "codes.zip", "donors.parquet", "release.zip",
    "identifiers.txt", "donors.xlsx", "installed.parquet", "installed.hlanom", "codes.txt", "release", "donors.csv.gz",
    "frequencies.parquet", "patients.xlsx", "text.txt", "donors.tsv", "donors.csv", "frequencies.csv.gz",
)  # fmt: skip
"""What is mutated: kind and format."""

INSTALLED = {"installed.hlanom": "home/nomenclature/1.1.hlanom", "installed.parquet": "home/frequencies/set.parquet"}
"""Where installed files must lie to be read."""

_ROWS = 25
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


def write_originals(folder: Path, sources: Path) -> None:
    """Write the sound files: those of the inputs, shortened, in each format.

    Args:
        folder: a new one.
        sources: folder of the inputs.
    """
    folder.mkdir()
    for name in (inputs.DONORS, inputs.PATIENTS, inputs.FREQUENCIES, inputs.CODES, inputs.IDENTIFIERS):
        rows = (sources / name).read_text(encoding="utf-8").splitlines(keepends=True)[:_ROWS]
        (folder / name).write_text("".join(rows), encoding="utf-8", newline="")
    for name in (inputs.DONORS, inputs.PATIENTS, inputs.FREQUENCIES):
        frame = pl.read_csv(folder / name, infer_schema=False)
        if name == inputs.FREQUENCIES:
            frame = frame.with_columns(pl.col("frequency").cast(pl.Float64))
        frame.write_parquet(folder / Path(name).with_suffix(".parquet"))
        frame.write_excel(folder / Path(name).with_suffix(".xlsx"))
        frame.write_csv(folder / Path(name).with_suffix(".tsv"), separator="\t")
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
    with zipfile.ZipFile(folder / "codes.zip", "w") as archive:
        archive.write(folder / inputs.CODES, inputs.CODES)
    shutil.copytree(sources / inputs.RELEASE_FOLDER, folder / "release")
    (folder / "text.txt").write_text(inputs.patient_text(), encoding="utf-8")
    home = folder / "home"
    NomenclatureStore(home).install(sources / inputs.RELEASE_FOLDER)
    FrequencyStore(home).install(folder / inputs.FREQUENCIES, "set")
    shutil.copy(next((home / "nomenclature").glob("*.hlanom")), folder / "installed.hlanom")
    shutil.copy(home / "frequencies" / "set.parquet", folder / "installed.parquet")


def write_mutation(kind: str, originals: Path, place: Path, rng: random.Random) -> Path:
    """Write a mutation of a kind below a place, and return its path.

    Args:
        kind: of `KINDS`.
        originals: the folder of the sound files.
        place: an existing folder; the mutation replaces the last one of its kind.
        rng: decides.
    """
    if kind.startswith("release"):
        return _write_release(originals / "release", place, rng, is_zip=kind.endswith("zip"))
    path = place / INSTALLED.get(kind, f"mutated.{kind.partition('.')[2]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    data = (originals / kind).read_bytes()
    if kind.endswith(".gz") and rng.random() < 0.7:  # else the packed bytes are mutated
        data = gzip.compress(mutated(gzip.decompress(data), rng), 1)
    else:
        data = mutated(data, rng)
    path.write_bytes(data)
    return path


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
