"""Small files that ask for much: each below 10 MB, each with the command that reads it.

A *bomb* is well-formed, or nearly so, and tiny beside what it unpacks or expands to. A command that meets one may
refuse it in one line or read it; it may not take more than `MOST_MEMORY_MB` or `MOST_SECONDS`, nor end by a
traceback or a signal. `python -m benchmarks.reliability.bombs FOLDER [NAME ...]` makes them, runs the commands and
prints a table.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

LARGEST_FILE = 10_000_000
"""Bytes of a bomb."""

MOST_MEMORY_MB = 1000
MOST_SECONDS = 20

HEADER = "donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2"
TYPED = "02:01,24:02,40:01,46:01,09:01,15:01"
DONORS = f"{HEADER}\nD1,{TYPED}\nD2,{TYPED}\n"
"""A donor file to make the registry `REGISTRY` from, in which searches and batches are run."""

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
REGISTRY = "registry"
NEW = "new"
HOME = "home"
FREQUENCIES = "haplotype,frequency\nA*02:01~B*40:01~DRB1*09:01,0.5\n"

_MB = 1_000_000
_IMPORT = ("registry", "import", NEW, "{bomb}")
_BATCH = ("batch", REGISTRY, "{bomb}", "--out", "out.csv")
_FREQUENCIES = ("frequencies", "show", "{bomb}")
_SEARCH = ("search", REGISTRY, "--hla", "{text}")
_RELEASE = ("nomenclature", "install", "--from", "{bomb}")
_REDUCE = ("reduce", "--to", "P")
_CODES = (*_REDUCE, "A*02:AB", "--codes", "{bomb}")


@dataclass(frozen=True)
class Bomb:
    """A file and the command that reads it.

    Attributes:
        name: what it is called.
        file: the file's name, or its place below the folder of the run, as ``home/nomenclature/9.9.0.hlanom``.
        command: arguments of ``hla-match``, run in the folder that holds the file, `REGISTRY` and, as
            ``HLA_MATCH_HOME``, `HOME`; ``{bomb}`` stands for the file's name, ``{text}`` for its content.
        write: writes the file.
        is_input: whether the command reads the file as its standard input.
    """

    name: str
    file: str
    command: tuple[str, ...]
    write: Callable[[Path], None]
    is_input: bool = False

    def arguments(self, folder: Path) -> list[str]:
        """Return the arguments of the command for the file written below `folder`."""
        text = (folder / self.file).read_text("utf-8") if "{text}" in self.command else ""
        return [part.replace("{bomb}", self.file).replace("{text}", text) for part in self.command]


def _plain(*parts: bytes) -> Callable[[Path], None]:
    return lambda path: _save(path, b"".join(parts))


def _save(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _packed(head: bytes, repeated: bytes, unpacked_mb: int) -> Callable[[Path], None]:
    """Return a writer of gzip data: a head, then one member of 16 MB again and again."""

    def write(path: Path) -> None:
        block = repeated * max(1, 16 * _MB // len(repeated))
        member = gzip.compress(block, 9)
        with path.open("wb") as file:
            file.write(gzip.compress(head))
            for _ in range(max(1, unpacked_mb * _MB // len(block))):
                file.write(member)

    return write


def _numbered(row: str, n_rows: int, *, header: str = HEADER) -> Callable[[Path], None]:
    """Return a writer of gzip data with a number in every row, in place of ``{}``."""

    def write(path: Path) -> None:
        with gzip.open(path, "wt", compresslevel=9, encoding="utf-8") as file:
            file.write(header + "\n")
            for first in range(0, n_rows, 100_000):
                file.write("".join(row.format(number) + "\n" for number in range(first, min(first + 100_000, n_rows))))

    return write


def _rows(head: str, rows: Iterable[str]) -> Callable[[Path], None]:
    """Return a writer of a head and as many of some rows as fit below `LARGEST_FILE`."""

    def write(path: Path) -> None:
        size = 0
        with path.open("w", encoding="utf-8", newline="") as file:
            size += file.write(head)
            for row in rows:
                size += len(row)
                if size >= LARGEST_FILE:
                    break
                file.write(row)

    return write


def _frame(make: Callable[[], pl.DataFrame]) -> Callable[[Path], None]:
    return lambda path: make().write_parquet(path, compression="zstd", compression_level=9)


def _donor_frame(n_rows: int, **columns: pl.Expr | str) -> pl.DataFrame:
    frame = pl.select(pl.int_range(n_rows).cast(pl.String).alias("donor_id")).lazy()
    typed = dict(zip(HEADER.split(",")[1:], TYPED.split(","), strict=True))
    values = {name: pl.lit(value) if isinstance(value, str) else value for name, value in {**typed, **columns}.items()}
    return frame.with_columns(**values).collect()


def _zip_of(
    *members: tuple[str, bytes, bytes, int], also: dict[str, bytes] | None = None, n_empty: int = 0
) -> Callable[[Path], None]:
    """Return a writer of a zip: members of a head and a block repeated to so many MB, and others as they are."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9, allowZip64=True) as archive:
            for name, data in (also or {}).items():
                archive.writestr(name, data)
            for name, head, block, unpacked_mb in members:
                data = block * max(1, 4 * _MB // len(block))
                with archive.open(name, "w", force_zip64=True) as member:
                    member.write(head)
                    for _ in range(max(1, unpacked_mb * _MB // len(data))):
                        member.write(data)
            for number in range(n_empty):
                archive.writestr(zipfile.ZipInfo(f"{number}"), b"")

    return write


_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORKBOOK = {
    "[Content_Types].xml": (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook {_MAIN} xmlns:r="{_RELATIONS}"><sheets><sheet name="donors" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>"
    ),
}


def _text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _far_row(row: int) -> str:
    """Return a row whose only cell is in the last column that a sheet can have."""
    return f'<row r="{row}">{_text_cell(f"XFD{row}", "x")}</row>'


_HEAD_CELLS = "".join(_text_cell(f"{chr(65 + at)}1", name) for at, name in enumerate(HEADER.split(",")))
_HEAD_ROW = f'<row r="1">{_HEAD_CELLS}</row>'
_WHOLE_SHEET = '<dimension ref="A1:XFD1048576"/>'
_NO_STRINGS = f"<sst {_MAIN}></sst>"


def _workbook(
    sheet: str,
    *,
    strings: str = _NO_STRINGS,
    dimension: str = "",
    repeated: Iterable[tuple[str, bytes, bytes, int]] = (),
) -> Callable[[Path], None]:
    also = {name: text.encode() for name, text in _WORKBOOK.items()}
    names = {name for name, *_ in repeated}
    own = {
        _SHEET: f"<worksheet {_MAIN}>{dimension}<sheetData>{sheet}</sheetData></worksheet>".encode(),
        _STRINGS: strings.encode(),
    }
    return _zip_of(*repeated, also=also | {name: data for name, data in own.items() if name not in names})


def _many_cells(n_rows: int, n_columns: int) -> str:
    """Return rows of cells that all name the first shared string."""
    return ("<row>" + '<c t="s"><v>0</v></c>' * n_columns + "</row>") * n_rows


_SHOWN_CELL = b'<row><c t="inlineStr"><is><t>02:01</t></is></c></row>'
_OPEN_SHEET = f"<worksheet {_MAIN}><sheetData>".encode()


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
    Bomb("donors-gzip-blank", "b.csv.gz", _IMPORT, _packed(DONORS.encode(), b"\n", 3_000)),
    Bomb("donors-gzip-short", "b.csv.gz", _IMPORT, _packed(DONORS.encode(), b"x\n", 90)),
    Bomb("donors-gzip-same", "b.csv.gz", _IMPORT, _packed(DONORS.encode(), f"D1,{TYPED}\n".encode(), 1_000)),
    Bomb("donors-gzip-untyped", "b.csv.gz", _IMPORT, _packed(DONORS.encode(), b"D3,,,,,,\n", 90)),
    Bomb("donors-gzip-numbered", "b.csv.gz", _IMPORT, _numbered(f"{{}},{TYPED}", 3_600_000)),
    Bomb("donors-gzip-bad", "b.csv.gz", _IMPORT, _numbered("{},99:99,,,,,", 3_000_000)),
    Bomb("donors-gzip-cells", "b.csv.gz", _IMPORT, _packed(DONORS.encode(), b"1" * 900_000 + b",,,,,,\n", 4_000)),
    Bomb("donors-gzip-quoted", "b.csv.gz", _IMPORT, _packed(DONORS.encode(), b'"x","y",,,,,\n', 300)),
    Bomb("donors-gzip-open", "b.csv.gz", _IMPORT, _packed(f'{DONORS}"'.encode(), b"x\n", 3_000)),
    Bomb("donors-short", "b.csv", _IMPORT, _plain(DONORS.encode(), b"x\n" * 4_900_000)),
    Bomb("donors-returns", "b.csv", _IMPORT, _plain(DONORS.replace("\n", "\r").encode(), b"x\r" * 4_900_000)),
    Bomb("donors-untyped", "b.csv", _IMPORT, _rows(DONORS, (f"{number},,,,,,\n" for number in range(_MB)))),
    Bomb("donors-columns", "b.csv", _IMPORT, _plain(_wide_header(100_000))),
    Bomb("donors-commas", "b.csv", _IMPORT, _plain(HEADER.encode(), b"," * 900_000, b"\n")),
    Bomb(
        "donors-gzip-columns",
        "b.csv.gz",
        _IMPORT,
        _packed(_wide_header(9_000), b"x" + b"," * 9_006 + b"\n", 900),
    ),
    Bomb("donors-families", "b.csv", _IMPORT, _rows(HEADER + "\n", _family_lists())),
    Bomb(
        "donors-lists",
        "b.csv",
        _IMPORT,
        _rows(HEADER + "\n", (f"D{n},{'/'.join([_LISTED] * 150)}/02:{n},,,,,\n" for n in range(100))),
    ),
    Bomb(
        "donors-genotypes",
        "b.csv",
        _IMPORT,
        _rows("donor_id,gl_string\n", (f"D{n},{_genotypes(n, 40_000)}\n" for n in range(100))),
    ),
    Bomb("donors-depth", "b.csv", _IMPORT, _rows("donor_id,gl_string\n", [f"D1,{'?^|+~/' * 150_000}\n"])),
    Bomb("patients-short", "b.csv", _BATCH, _plain(DONORS.encode(), b"x\n" * 4_900_000)),
    Bomb("patients-gzip-same", "b.csv.gz", _BATCH, _packed(DONORS.encode(), f"D1,{TYPED}\n".encode(), 1_000)),
    # Donors as Parquet
    Bomb("parquet-same", "b.parquet", _IMPORT, _frame(lambda: _donor_frame(5_000_000, donor_id="D1"))),
    Bomb("parquet-long", "b.parquet", _IMPORT, _frame(lambda: _donor_frame(2_000, city="x" * 900_000))),
    Bomb("parquet-list", "b.parquet", _IMPORT, _frame(lambda: _donor_frame(100_000, c=pl.lit([1] * 4_000)))),
    Bomb(
        "parquet-columns",
        "b.parquet",
        _IMPORT,
        _frame(lambda: _donor_frame(2, **{f"c{number}": "1" for number in range(20_000)})),
    ),
    # Donors as workbooks
    Bomb("xlsx-far", "b.xlsx", _IMPORT, _workbook(_HEAD_ROW + _far_row(1_048_576))),
    Bomb("xlsx-dimension", "b.xlsx", _IMPORT, _workbook(_HEAD_ROW, dimension=_WHOLE_SHEET)),
    Bomb("xlsx-columns", "b.xlsx", _IMPORT, _workbook(_HEAD_ROW + _far_row(60_000))),
    Bomb("xlsx-sheet", "b.xlsx", _IMPORT, _workbook("", repeated=[(_SHEET, _OPEN_SHEET, _SHOWN_CELL, 3_000)])),
    Bomb(
        "xlsx-strings",
        "b.xlsx",
        _IMPORT,
        _workbook(_HEAD_ROW, repeated=[(_STRINGS, f"<sst {_MAIN}>".encode(), b"<si><t>x</t></si>", 3_000)]),
    ),
    Bomb(
        "xlsx-same-string",
        "b.xlsx",
        _IMPORT,
        _workbook(_HEAD_ROW + _many_cells(20_000, 7), strings=f"<sst {_MAIN}><si><t>{'x' * 32_000}</t></si></sst>"),
    ),
    Bomb("xlsx-members", "b.xlsx", _IMPORT, _zip_of(n_empty=90_000)),
    # Frequencies
    Bomb("frequencies-gzip", "b.csv.gz", _FREQUENCIES, _packed(FREQUENCIES.encode(), b"A*01:01~B*08:01,0\n", 4_000)),
    Bomb("frequencies-gzip-zeros", "b.csv.gz", _FREQUENCIES, _packed(FREQUENCIES.encode(), b"0", 4_400)),
    Bomb("frequencies-keys", "b.json", _FREQUENCIES, _plain(_json_keys(20_000))),
    Bomb(
        "frequencies-empty-keys",
        "b.json",
        _FREQUENCIES,
        _plain(b'{"frequencies":[' + b"{}," * 3_000_000 + b"{}]}"),
    ),
    Bomb("frequencies-depth", "b.json", _FREQUENCIES, _plain(b"[" * 9_000_000)),
    Bomb(
        "frequencies-columns",
        "b.csv",
        _FREQUENCIES,
        _plain(
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
        _rows(
            "haplotype,frequency,population\n",
            (f"A*02:01~B*40:01~DRB1*09:01,0.5,P{number}\n" for number in range(_POPULATIONS)),
        ),
    ),
    Bomb(
        "frequencies-parquet",
        "b.parquet",
        _FREQUENCIES,
        _frame(
            lambda: pl.select(haplotype=pl.lit("A*02:01~B*40:01~DRB1*09:01"), frequency=pl.lit(0.0)).select(
                pl.all().repeat_by(50_000_000).explode(empty_as_null=True, keep_nulls=True)
            )
        ),
    ),
    Bomb(
        "frequencies-xlsx",
        "b.xlsx",
        _FREQUENCIES,
        _workbook(_HEAD_ROW, dimension=_WHOLE_SHEET),
    ),
    # Codes, releases, identifiers
    Bomb("codes-gzip", "b.txt.gz", _CODES, _packed(_CODE_HEAD, b"\tAB\t01/02\n", 4_000)),
    Bomb("codes-gzip-below", "b.txt.gz", _CODES, _packed(_CODE_HEAD, b"\tAB\t01/02\n", 450)),
    Bomb("codes-zip", "b.zip", _CODES, _zip_of(("b.txt", _CODE_HEAD, b"\tAB\t01/02\n", 4_000))),
    Bomb("codes-lines", "b.txt", _CODES, _plain(_CODE_HEAD, b"\tAB\t01/02\n" * 800_000, b"\n" * 1_000_000)),
    Bomb("release-zip", "b.zip", _RELEASE, _zip_of(("wmda/hla_nom.txt", _RELEASE_HEAD, b"A*;1;2;;;\n", 4_500))),
    Bomb(
        "release-zip-six",
        "b.zip",
        _RELEASE,
        _zip_of(
            *(
                (f"wmda/{name}.txt", _RELEASE_HEAD, b"A*;1;2;;;\n", 450)
                for name in ("hla_nom", "hla_nom_g", "hla_nom_p", "rel_dna_ser", "rel_ser_ser")
            ),
            ("tce/dpb_tce.csv", _RELEASE_HEAD, b"#\n", 450),
        ),
    ),
    Bomb("release-members", "b.zip", _RELEASE, _zip_of(n_empty=90_000)),
    Bomb(
        "identifiers",
        "b.txt",
        ("search", REGISTRY, "--hla", PATIENT, "--scope", "6/6", "--only-donors", "{bomb}"),
        _rows("", (f"{number:x}\n" for number in range(3_000_000))),
    ),
    # GL Strings and standard input
    Bomb("text-list", "b.txt", _SEARCH, _plain(b"A*01:XX" + b"/A*02:XX" * 15_000)),
    Bomb("text-genotypes", "b.txt", _SEARCH, _plain(_genotypes(1, 7_000).encode())),
    Bomb("text-families", "b.txt", _SEARCH, _plain(b"|".join([b"A*01:XX/A*02:XX+A*03:XX/A*24:XX"] * 4_000))),
    Bomb("input-line", "b.txt", _REDUCE, _plain(b"A*02:01" + b"/A*02:01" * 1_200_000, b"\n"), is_input=True),
    Bomb("input-lines", "b.txt", _REDUCE, _plain(b"x\n" * 1_000_000), is_input=True),
    Bomb("input-digits", "b.txt", _REDUCE, _plain(b"A*" + b"9" * 9_000_000, b"\n"), is_input=True),
    # Installed files
    Bomb("hlanom-depth", f"{HOME}/nomenclature/9.9.0.hlanom", (*_REDUCE, "A*02:01"), _plain(b"[" * 9_000_000)),
    Bomb(
        "installed-frequencies",
        f"{HOME}/frequencies/b.parquet",
        ("frequencies", "show", "b"),
        _frame(lambda: _donor_frame(50_000_000, donor_id="D1")),
    ),
)


# A process of its own, so that the peak is the command's and not this program's before it became the command.
COMMAND = [sys.executable, "-c", "from hla_match.cli.main import main; main()"]
"""The command of this interpreter and these sources, installed or not."""

_MEASURE = f"""
import resource, subprocess, sys
try:
    status = subprocess.run([*{COMMAND}, *sys.argv[1:]], timeout={10 * MOST_SECONDS}).returncode
except subprocess.TimeoutExpired:
    status = -9
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("PEAK", used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr)
sys.exit(status if status >= 0 else 128 - status)
"""


def prepare(folder: Path) -> None:
    """Make the registry that the commands of some bombs search."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "good.csv").write_text(DONORS, encoding="utf-8")
    if not (folder / REGISTRY).exists():
        subprocess.run(
            [*COMMAND, "registry", "import", REGISTRY, "good.csv"],
            cwd=folder,
            env=_environment(folder),
            check=True,
            capture_output=True,
        )


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"HLA_MATCH_HOME": str(folder / HOME), "PYTHONPATH": os.pathsep.join(sys.path)}


@dataclass(frozen=True)
class Outcome:
    """How a command ended that met a bomb.

    Attributes:
        status: its exit status; 128 and the signal's number where a signal ended it.
        seconds: time that passed.
        cpu_seconds: time of all processors together; where others use them too, less may be the truer figure.
        peak_mb: greatest resident memory.
        said: the last line of standard error.
        has_traceback: whether it ended by a traceback.
    """

    status: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    said: str
    has_traceback: bool

    @property
    def is_within(self) -> bool:
        """Whether it kept within memory and time, and ended as it should."""
        orderly = self.status in (0, 1, 2) and not self.has_traceback
        return orderly and self.peak_mb <= MOST_MEMORY_MB and min(self.seconds, self.cpu_seconds) <= MOST_SECONDS


def run(bomb: Bomb, folder: Path) -> Outcome:
    """Write a bomb into a prepared folder and run its command."""
    place = folder / bomb.file
    place.parent.mkdir(parents=True, exist_ok=True)
    bomb.write(place)
    if place.stat().st_size >= LARGEST_FILE:
        raise ValueError(f"{bomb.name} has {place.stat().st_size} bytes")
    source = place.read_bytes() if bomb.is_input else b""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *bomb.arguments(folder)],
        cwd=folder,
        env=_environment(folder),
        input=source,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30)),
    )
    seconds = time.perf_counter() - began
    place.unlink()
    # A registry is not replaced without being asked to.
    shutil.rmtree(folder / NEW, ignore_errors=True)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    _, peak, cpu_seconds = next(line for line in reversed(lines) if line.startswith("PEAK ")).split()
    said = [line for line in lines if not line.startswith(("PEAK ", "Nomenclature: "))]
    has_traceback = any(line.startswith("Traceback ") or "panicked at" in line for line in said)
    last = said[-1] if said else ""
    return Outcome(done.returncode, seconds, float(cpu_seconds), int(peak) / 1000, last, has_traceback)


def main(folder: Path, names: list[str]) -> int:
    """Run bombs, all of them where none is named, print a line for each, and return how many exceed the bounds."""
    prepare(folder)
    n_over = 0
    for bomb in BOMBS:
        if names and bomb.name not in names:
            continue
        found = run(bomb, folder)
        n_over += not found.is_within
        verdict = "ok" if found.is_within else "OVER"
        print(
            f"{bomb.name:24} {found.status:4} {found.seconds:6.1f} s {found.cpu_seconds:6.1f} s "
            f"{found.peak_mb:6.0f} MB {verdict:5} {found.said[:150]}",
            flush=True,
        )
    return n_over


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]) > 0)
