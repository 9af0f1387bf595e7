"""The sound files that are mutated: every kind that is read, in each of its formats, small and large.

Small ones are read hundreds of times a second; large ones, of about a megabyte of text, show what grows faster than
the file.
"""

from __future__ import annotations

import gzip
import itertools
import json
import random
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from benchmarks.reliability import inputs
from hla_match.choice.policies import POLICIES
from hla_match.loci import LOCI
from hla_match.synthetic import chinese_haplotypes
from registry_io.store.frequency_store import FrequencyStore
from registry_io.store.nomenclature_store import NomenclatureStore

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "donors.csv": "donors",
        "patients.csv": "patients",
        "text.txt": "text",
        "frequencies.csv": "frequencies",
        "codes.zip": "codes",
        "policy.toml": "policy",
        "release.zip": "release",
        "identifiers.txt": "identifiers",
        "installed.hlanom": "installed",
        "donors.parquet": "donors",
        "donors.xlsx": "donors",
        "frequencies.json": "frequencies",
        "installed.parquet": "installed",
        "codes.txt": "codes",
        "release": "release",
        "donors.csv.gz": "donors",
        "patients.xlsx": "patients",
        "frequencies.parquet": "frequencies",
        "donors_gl.csv": "donors",
        "donors.tsv": "donors",
        "frequencies.csv.gz": "frequencies",
        "donors_gb18030.csv": "donors",
        "patients.parquet": "patients",
        "frequencies.txt": "frequencies",
        "donors_utf16.csv": "donors",
        "frequencies.xlsx": "frequencies",
        "donors_plain.parquet": "donors",
        "codes.txt.gz": "codes",
    }
)
"""File, or folder, and the reader that it is given to."""

SMALL, LARGE = "small", "large"
_ROWS = {SMALL: 25, LARGE: 6_000}
_LOCI = chinese_haplotypes.LOCI


def write_originals(folder: Path, sources: Path) -> None:
    """Write the sound files of `KINDS`, into a folder for each size.

    Args:
        folder: a new one.
        sources: folder of the inputs.
    """
    for size, n_rows in _ROWS.items():
        place = folder / size
        place.mkdir(parents=True)
        rng = random.Random(size)
        for name in (inputs.DONORS, inputs.PATIENTS):
            _write_table(place / name, _more_rows((sources / name).read_text(encoding="utf-8"), n_rows))
        _write_haplotypes(place, n_rows, rng)
        _write_encodings(place)
        _write_codes(place, n_rows)
        (place / "identifiers.txt").write_text("".join(f"D{n:04}\n" for n in range(n_rows)), encoding="utf-8")
        (place / "text.txt").write_text(_gl_string(n_rows), encoding="utf-8")
        (place / "policy.toml").write_text(_policy(), encoding="utf-8")
        _write_release(place, sources, n_rows)
        _install(place)


def _more_rows(text: str, n_rows: int) -> str:
    """Return a table of some rows, with an identifier of its own each."""
    header, *rows = text.splitlines()
    chosen = itertools.islice(itertools.cycle(rows), n_rows)
    return "\n".join([header, *(f"D{n:04},{row.partition(',')[2]}" for n, row in enumerate(chosen))]) + "\n"


def _write_table(path: Path, text: str) -> None:
    """Write a table as CSV, TSV, Parquet, workbook, and packed."""
    path.write_text(text, encoding="utf-8", newline="")
    frame = pl.read_csv(path, infer_schema=False)
    if "frequency" in frame.columns:
        frame = frame.with_columns(pl.col("frequency").cast(pl.Float64))
    frame.write_parquet(path.with_suffix(".parquet"))
    frame.write_parquet(path.with_name(f"{path.stem}_plain.parquet"), compression="uncompressed")
    frame.write_excel(path.with_suffix(".xlsx"))
    frame.write_csv(path.with_suffix(".tsv"), separator="\t")
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))


def _write_haplotypes(place: Path, n_rows: int, rng: random.Random) -> None:
    """Write haplotypes as a table, as NMDP's table of two populations, and as Atlas's JSON."""
    alleles = inputs.alleles()
    found = dict.fromkeys(tuple(rng.choice(alleles[locus]) for locus in _LOCI) for _ in range(2 * n_rows))
    haplotypes = list(found)[:n_rows]
    share = f"{0.9 / n_rows:.9f}"
    named = ("~".join(f"{locus}*{allele}" for locus, allele in zip(_LOCI, one, strict=True)) for one in haplotypes)
    _write_table(place / inputs.FREQUENCIES, "haplotype,frequency\n" + "".join(f"{one},{share}\n" for one in named))
    rows = ["\t".join([*_LOCI, "CAU_freq", "API_freq"]), *("\t".join([*one, share, share]) for one in haplotypes)]
    (place / "frequencies.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    entries = [{**{locus.lower(): a for locus, a in zip(_LOCI, one, strict=True)}, "frequency": float(share)}
               for one in haplotypes]  # fmt: skip
    atlas = {"nomenclatureVersion": "3.58", "ethn": ["X"], "frequencies": entries}
    (place / "frequencies.json").write_text(json.dumps(atlas), encoding="utf-8")


def _write_encodings(place: Path) -> None:
    """Write the donors with a city in Chinese, in other encodings, and with GL Strings in place of columns."""
    text = (place / inputs.DONORS).read_text(encoding="utf-8").replace("Hangzhou", "杭州")
    (place / "donors_gb18030.csv").write_text(text, encoding="gb18030", newline="")
    (place / "donors_utf16.csv").write_text(text, encoding="utf-16", newline="")
    rows = [f"{row.split(',')[0]},{inputs.patient_text()},F" for row in text.splitlines()[1:]]
    (place / "donors_gl.csv").write_text("\n".join(["donor_id,gl_string,sex", *rows]) + "\n", encoding="utf-8")


def _write_codes(place: Path, n_rows: int) -> None:
    names = itertools.islice(map("".join, itertools.product("ABCDEFGHJK", repeat=4)), n_rows)
    rows = [f"\t{name}\t0{n % 8 + 1}/0{n % 8 + 2}" for n, name in enumerate(names)]
    text = "\n".join(["Last Updated: synthetic", "", "*\tCODE\tSUBTYPE", *rows]) + "\n"
    (place / inputs.CODES).write_text(text, encoding="utf-8", newline="")
    (place / "codes.txt.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(place / "codes.zip", "w") as archive:
        archive.writestr(inputs.CODES, text)


def _gl_string(n_rows: int) -> str:
    """Return the typing of a patient with as many alternative genotypes at A."""
    _, others = inputs.patient_text().split("^", 1)
    pairs = itertools.cycle(itertools.product(inputs.alleles()["A"], repeat=2))
    genotypes = "|".join(f"A*{first}+A*{second}" for first, second in itertools.islice(pairs, n_rows))
    return f"{genotypes}^{others}^DPB1*01:01/DPB1*01:XX+DPB1*01:01"


def _policy() -> str:
    """Return a policy as TOML, with every entry that a key can have."""
    names = [key.feature for key in next(iter(POLICIES.values())).keys]
    table = '{feature = "age", bands = [31, 41], direction = "ascending", unknown = "last"}'
    keys = ", ".join(f'"{name}"' if name != "age" else table for name in names)
    return f'name = "mine"\nkeys = [{{feature = "p0", bands = 10, unknown = "before-worst"}}, {keys}]\n'


def _write_release(place: Path, sources: Path, n_rows: int) -> None:
    if n_rows == _ROWS[SMALL]:
        shutil.copytree(sources / inputs.RELEASE_FOLDER, place / "release")
    else:
        names = [*(f"02:{n + 1:02}" for n in range(n_rows // len(LOCI))), "46:01"]
        inputs.write_release(place / "release", inputs.RELEASE, dict.fromkeys(LOCI, names))
    shutil.make_archive(str(place / "release"), "zip", place / "release")


def _install(place: Path) -> None:
    home = place / "home"
    NomenclatureStore(home).install(place / "release")
    FrequencyStore(home).install(place / inputs.FREQUENCIES, "set")
    shutil.copy(next((home / "nomenclature").glob("*.hlanom")), place / "installed.hlanom")
    shutil.copy(home / "frequencies" / "set.parquet", place / "installed.parquet")
