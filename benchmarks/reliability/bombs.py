"""Small files that ask for much: each below 10 MB, each with the command that reads it.

A *bomb* is well-formed, or nearly so, and tiny beside what it unpacks or expands to. A command that meets one may
refuse it in one line or read it; it may not take more than `MOST_MEMORY_MB` or `MOST_SECONDS`, nor end by a
traceback or a signal. `python -m benchmarks.reliability.bomb_runs FOLDER [NAME ...]` makes them, runs the commands and
prints a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import polars as pl

from benchmarks.reliability.bomb_files import (
    BATCH,
    CODES,
    DONORS,
    FREQUENCIES,
    HEADER,
    HOME,
    IMPORT,
    MB,
    PATIENT,
    REDUCE,
    REGISTRY,
    RELEASE,
    SEARCH,
    SHOW_FREQUENCIES,
    TYPED,
    Bomb,
    donor_frame,
    frame_file,
    numbered_rows,
    packed_file,
    plain_file,
    rows_file,
    zip_of,
)
from benchmarks.reliability.bomb_workbooks import (
    HEAD_ROW,
    MAIN,
    OPEN_SHEET,
    SHEET,
    SHOWN_CELL,
    STRINGS,
    WHOLE_SHEET,
    far_row,
    many_cells,
    workbook_of,
)


def _json_keys(n_entries: int) -> bytes:
    """Return a frequency set of Atlas whose every haplotype has a key of its own."""
    entries = [{"a": "01:01", "b": "08:01", "drb1": "03:01", "frequency": 1e-6, f"k{n}": 1} for n in range(n_entries)]
    return json.dumps({"frequencies": entries}).encode()


def _wide_header(n_columns: int) -> bytes:
    return (HEADER + "".join(f",c{number}" for number in range(n_columns)) + "\n").encode()


_FAMILIES = "01 02 03 11 23 24 25 26 29 30 31 32 33 34 36 66 68 69 74 80".split()


def _family_lists() -> Iterable[str]:
    """Yield rows whose typing is another list of whole families each time."""
    for number in range(1 << len(_FAMILIES)):
        chosen = [name for at, name in enumerate(_FAMILIES) if number >> at & 1] or ["01"]
        yield f"D{number},{'/'.join(f'{name}:XX' for name in chosen)},24:02,40:01,46:01,09:01,15:01\n"


def _genotypes(first: int, n: int) -> str:
    pairs = ((first + number, number) for number in range(n))
    return "|".join(f"A*02:{a % 900 + 1:02}+A*24:{b % 500 + 1:02}" for a, b in pairs)


_CODE_HEAD = b"*\tCODE\tSUBTYPE\n\n"
_RELEASE_HEAD = b"# file: hla_nom.txt\n# version: IPD-IMGT/HLA 3.58.0\n"
_POPULATIONS = 20_000
_LISTED = "/".join(f"02:{number:02}" for number in range(1, 900))

BOMBS = (
    # Donors and patients as text
    Bomb("donors-gzip-blank", "b.csv.gz", IMPORT, packed_file(DONORS.encode(), b"\n", 3_000)),
    Bomb("donors-gzip-short", "b.csv.gz", IMPORT, packed_file(DONORS.encode(), b"x\n", 90)),
    Bomb("donors-gzip-same", "b.csv.gz", IMPORT, packed_file(DONORS.encode(), f"D1,{TYPED}\n".encode(), 1_000)),
    Bomb("donors-gzip-untyped", "b.csv.gz", IMPORT, packed_file(DONORS.encode(), b"D3,,,,,,\n", 90)),
    Bomb("donors-gzip-numbered", "b.csv.gz", IMPORT, numbered_rows(f"{{}},{TYPED}", 3_600_000)),
    Bomb("donors-gzip-bad", "b.csv.gz", IMPORT, numbered_rows("{},99:99,,,,,", 3_000_000)),
    Bomb("donors-gzip-cells", "b.csv.gz", IMPORT, packed_file(DONORS.encode(), b"1" * 900_000 + b",,,,,,\n", 4_000)),
    Bomb("donors-gzip-quoted", "b.csv.gz", IMPORT, packed_file(DONORS.encode(), b'"x","y",,,,,\n', 300)),
    Bomb("donors-gzip-open", "b.csv.gz", IMPORT, packed_file(f'{DONORS}"'.encode(), b"x\n", 3_000)),
    Bomb("donors-short", "b.csv", IMPORT, plain_file(DONORS.encode(), b"x\n" * 4_900_000)),
    Bomb("donors-returns", "b.csv", IMPORT, plain_file(DONORS.replace("\n", "\r").encode(), b"x\r" * 4_900_000)),
    Bomb("donors-untyped", "b.csv", IMPORT, rows_file(DONORS, (f"{number},,,,,,\n" for number in range(MB)))),
    Bomb("donors-columns", "b.csv", IMPORT, plain_file(_wide_header(100_000))),
    Bomb("donors-commas", "b.csv", IMPORT, plain_file(HEADER.encode(), b"," * 900_000, b"\n")),
    Bomb(
        "donors-gzip-columns",
        "b.csv.gz",
        IMPORT,
        packed_file(_wide_header(9_000), b"x" + b"," * 9_006 + b"\n", 900),
    ),
    Bomb("donors-families", "b.csv", IMPORT, rows_file(HEADER + "\n", _family_lists())),
    Bomb(
        "donors-lists",
        "b.csv",
        IMPORT,
        rows_file(HEADER + "\n", (f"D{n},{'/'.join([_LISTED] * 150)}/02:{n},,,,,\n" for n in range(100))),
    ),
    Bomb(
        "donors-genotypes",
        "b.csv",
        IMPORT,
        rows_file("donor_id,gl_string\n", (f"D{n},{_genotypes(n, 40_000)}\n" for n in range(100))),
    ),
    Bomb("donors-depth", "b.csv", IMPORT, rows_file("donor_id,gl_string\n", [f"D1,{'?^|+~/' * 150_000}\n"])),
    Bomb("patients-short", "b.csv", BATCH, plain_file(DONORS.encode(), b"x\n" * 4_900_000)),
    Bomb("patients-gzip-same", "b.csv.gz", BATCH, packed_file(DONORS.encode(), f"D1,{TYPED}\n".encode(), 1_000)),
    # Donors as Parquet
    Bomb("parquet-same", "b.parquet", IMPORT, frame_file(lambda: donor_frame(5_000_000, donor_id="D1"))),
    Bomb("parquet-long", "b.parquet", IMPORT, frame_file(lambda: donor_frame(2_000, city="x" * 900_000))),
    Bomb("parquet-list", "b.parquet", IMPORT, frame_file(lambda: donor_frame(100_000, c=pl.lit([1] * 4_000)))),
    Bomb(
        "parquet-columns",
        "b.parquet",
        IMPORT,
        frame_file(lambda: donor_frame(2, **{f"c{number}": "1" for number in range(20_000)})),
    ),
    # Donors as workbooks
    Bomb("xlsx-far", "b.xlsx", IMPORT, workbook_of(HEAD_ROW + far_row(1_048_576))),
    Bomb("xlsx-dimension", "b.xlsx", IMPORT, workbook_of(HEAD_ROW, dimension=WHOLE_SHEET)),
    Bomb("xlsx-columns", "b.xlsx", IMPORT, workbook_of(HEAD_ROW + far_row(60_000))),
    Bomb("xlsx-sheet", "b.xlsx", IMPORT, workbook_of("", repeated=[(SHEET, OPEN_SHEET, SHOWN_CELL, 3_000)])),
    Bomb(
        "xlsx-strings",
        "b.xlsx",
        IMPORT,
        workbook_of(HEAD_ROW, repeated=[(STRINGS, f"<sst {MAIN}>".encode(), b"<si><t>x</t></si>", 3_000)]),
    ),
    Bomb(
        "xlsx-same-string",
        "b.xlsx",
        IMPORT,
        workbook_of(HEAD_ROW + many_cells(20_000, 7), strings=f"<sst {MAIN}><si><t>{'x' * 32_000}</t></si></sst>"),
    ),
    Bomb("xlsx-members", "b.xlsx", IMPORT, zip_of(n_empty=90_000)),
    # Frequencies
    Bomb(
        "frequencies-gzip",
        "b.csv.gz",
        SHOW_FREQUENCIES,
        packed_file(FREQUENCIES.encode(), b"A*01:01~B*08:01,0\n", 4_000),
    ),
    Bomb("frequencies-gzip-zeros", "b.csv.gz", SHOW_FREQUENCIES, packed_file(FREQUENCIES.encode(), b"0", 4_400)),
    Bomb("frequencies-keys", "b.json", SHOW_FREQUENCIES, plain_file(_json_keys(20_000))),
    Bomb(
        "frequencies-empty-keys",
        "b.json",
        SHOW_FREQUENCIES,
        plain_file(b'{"frequencies":[' + b"{}," * 3_000_000 + b"{}]}"),
    ),
    Bomb("frequencies-depth", "b.json", SHOW_FREQUENCIES, plain_file(b"[" * 9_000_000)),
    Bomb(
        "frequencies-columns",
        "b.csv",
        SHOW_FREQUENCIES,
        plain_file(
            ("A,B,DRB1" + "".join(f",P{n}_freq" for n in range(_POPULATIONS)) + "\n").encode(),
            b"01:01,08:01,03:01" + b",0.1" * _POPULATIONS + b"\n",
        ),
    ),
    Bomb(
        "frequencies-populations",
        "b.csv",
        (
            "search",
            REGISTRY,
            "--hla",
            "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01",
            "--frequencies",
            "{bomb}",
        ),
        rows_file(
            "haplotype,frequency,population\n",
            (f"A*02:01~B*40:01~DRB1*09:01,0.5,P{number}\n" for number in range(_POPULATIONS)),
        ),
    ),
    Bomb(
        "frequencies-parquet",
        "b.parquet",
        SHOW_FREQUENCIES,
        frame_file(
            lambda: pl.select(haplotype=pl.lit("A*02:01~B*40:01~DRB1*09:01"), frequency=pl.lit(0.0)).select(
                pl.all().repeat_by(50_000_000).explode(empty_as_null=True, keep_nulls=True)
            )
        ),
    ),
    Bomb(
        "frequencies-xlsx",
        "b.xlsx",
        SHOW_FREQUENCIES,
        workbook_of(HEAD_ROW, dimension=WHOLE_SHEET),
    ),
    # Codes, releases, identifiers
    Bomb("codes-gzip", "b.txt.gz", CODES, packed_file(_CODE_HEAD, b"\tAB\t01/02\n", 4_000)),
    Bomb("codes-gzip-below", "b.txt.gz", CODES, packed_file(_CODE_HEAD, b"\tAB\t01/02\n", 450)),
    Bomb("codes-zip", "b.zip", CODES, zip_of(("b.txt", _CODE_HEAD, b"\tAB\t01/02\n", 4_000))),
    Bomb("codes-lines", "b.txt", CODES, plain_file(_CODE_HEAD, b"\tAB\t01/02\n" * 800_000, b"\n" * 1_000_000)),
    Bomb("release-zip", "b.zip", RELEASE, zip_of(("wmda/hla_nom.txt", _RELEASE_HEAD, b"A*;1;2;;;\n", 4_500))),
    Bomb(
        "release-zip-six",
        "b.zip",
        RELEASE,
        zip_of(
            *(
                (f"wmda/{name}.txt", _RELEASE_HEAD, b"A*;1;2;;;\n", 450)
                for name in ("hla_nom", "hla_nom_g", "hla_nom_p", "rel_dna_ser", "rel_ser_ser")
            ),
            ("tce/dpb_tce.csv", _RELEASE_HEAD, b"#\n", 450),
        ),
    ),
    Bomb("release-members", "b.zip", RELEASE, zip_of(n_empty=90_000)),
    Bomb(
        "identifiers",
        "b.txt",
        ("search", REGISTRY, "--hla", PATIENT, "--scope", "6/6", "--only-donors", "{bomb}"),
        rows_file("", (f"{number:x}\n" for number in range(3_000_000))),
    ),
    # GL Strings and standard input
    Bomb("text-list", "b.txt", SEARCH, plain_file(b"A*01:XX" + b"/A*02:XX" * 15_000)),
    Bomb("text-genotypes", "b.txt", SEARCH, plain_file(_genotypes(1, 7_000).encode())),
    Bomb("text-families", "b.txt", SEARCH, plain_file(b"|".join([b"A*01:XX/A*02:XX+A*03:XX/A*24:XX"] * 4_000))),
    Bomb("input-line", "b.txt", REDUCE, plain_file(b"A*02:01" + b"/A*02:01" * 1_200_000, b"\n"), is_input=True),
    Bomb("input-lines", "b.txt", REDUCE, plain_file(b"x\n" * 1_000_000), is_input=True),
    Bomb("input-digits", "b.txt", REDUCE, plain_file(b"A*" + b"9" * 9_000_000, b"\n"), is_input=True),
    # Installed files
    Bomb("hlanom-depth", f"{HOME}/nomenclature/9.9.0.hlanom", (*REDUCE, "A*02:01"), plain_file(b"[" * 9_000_000)),
    Bomb(
        "installed-frequencies",
        f"{HOME}/frequencies/b.parquet",
        ("frequencies", "show", "b"),
        frame_file(lambda: donor_frame(50_000_000, donor_id="D1")),
    ),
)


# A process of its own, so that the peak is the command's and not this program's before it became the command.
