"""The readers of each kind of input, called thousands of times in one process on mutations of it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import random
import signal
import time
import tomllib
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from benchmarks.reliability.mutated_inputs import write_mutation
from benchmarks.reliability.originals import KINDS, SMALL
from hla_match.choice.policies import RankingPolicy
from hla_match.donors.registry import build_registry
from hla_match.errors import HlaMatchError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.matching.criteria import Patient
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import LocusEncoder
from registry_io.formats.frequency_file import read_frequencies
from registry_io.formats.imgt_release import read_release
from registry_io.formats.mac_file import read_codes
from registry_io.persons.patient_file import read_patients
from registry_io.persons.person_table import person_slices
from registry_io.persons.typing_conflicts import reconcile
from registry_io.store.frequency_store import FrequencyStore
from registry_io.store.nomenclature_store import NomenclatureStore
from registry_io.tables.identifier_file import read_identifiers

PROGRESS = "progress"
"""The file that tells which mutation is being read."""

_MB = 1_000_000
_SECONDS_A_MB = 1.0
"""Seconds of the processor that a reader may take for each megabyte that a file holds, unpacked; of any file, one."""

_MOST_MEMORY_MB = 250
_MEMORY_A_BYTE = 40
"""Bytes of memory for each byte of a file, where that is more."""

_HANGS = 30.0
"""Seconds of the processor after which one reading hangs."""

_REFUSALS = (HlaMatchError, OSError)
"""What a command turns into one line."""

_originals: list[Path] = []


def read_mutations(kind: str, seed: str, first: int, stop: int, originals: str) -> list[str]:
    """Read mutations of one kind in the present folder, and return what went wrong, by number of the mutation."""
    _originals[:] = [Path(originals) / SMALL]
    read = _READERS[KINDS[kind]]
    if KINDS[kind] != "installed":  # which must lie where it is installed
        read(_originals[0] / kind)
    problems = []
    for number in range(first, stop):
        signal.setitimer(signal.ITIMER_PROF, _HANGS)
        Path(PROGRESS).write_text(str(number), encoding="ascii")
        path = write_mutation(kind, Path(originals), Path(), random.Random(f"{seed} {number}"))
        problems += [f"{number}: {problem}" for problem in _problems(read, path)]
    return problems


def _problems(read: Callable[[Path], object], path: Path) -> list[str]:
    """Read a file, and return what went wrong."""
    found = []
    resident = _memory("VmRSS")
    # Linux forgets the peak.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    began = time.process_time()
    try:
        read(path)
    except _REFUSALS:
        pass
    except BaseException as error:
        found.append(f"{type(error).__name__}{_place(error.__traceback__)}: {str(error)[:100]!r}")
    seconds, taken = time.process_time() - began, _memory("VmHWM") - resident
    size = _unpacked_size(path)
    if seconds > max(1.0, size / _MB) * _SECONDS_A_MB:
        found.append(f"{seconds:.1f} s for {size / _MB:.2f} MB")
    if taken > max(_MOST_MEMORY_MB * _MB, _MEMORY_A_BYTE * size):
        found.append(f"{taken / _MB:.0f} MB of memory for {size / _MB:.2f} MB")
    return found


def _memory(name: str) -> int:
    """Return bytes of this process, by their name in its status."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def _unpacked_size(path: Path) -> int:
    """Return the bytes that a file holds, unpacked where it can be."""
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    size = path.stat().st_size
    with contextlib.suppress(OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError):
        if path.suffix == ".gz":
            size = max(size, len(gzip.decompress(path.read_bytes())))
        elif path.suffix in (".zip", ".xlsx"):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(one.file_size for one in archive.infolist()))
    return size


def _place(trace: TracebackType | None) -> str:
    """Return the last line of the product that a traceback leads through."""
    found = ""
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if "/hla_match/" in path or "/registry_io/" in path:
            found = f" in {Path(path).name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


@functools.cache
def _nomenclature() -> Nomenclature:
    return Nomenclature(read_release(_originals[0] / "release"))


@functools.cache
def _encoder(locus: str) -> LocusEncoder:
    return LocusEncoder(_nomenclature(), locus, None)


def _expand(typing: dict[str, tuple[str, str]]) -> None:
    for locus, pair in typing.items():
        _encoder(locus).with_nulls(*pair)


def _donors(path: Path) -> None:
    for part in person_slices(path, kind="donor"):
        build_registry(reconcile(part, _nomenclature(), None).frame, _nomenclature(), name="x", provenance={})


def _patients(path: Path) -> None:
    for _, patient in read_patients(path, _nomenclature()).patients:
        with contextlib.suppress(*_REFUSALS):
            _expand(patient.typings)


def _frequencies(path: Path) -> None:
    content = read_frequencies(path)
    code_haplotypes(content.frame, _nomenclature(), name="x", checksum=content.checksum)


def _codes(path: Path) -> None:
    codes: MacTable = read_codes(path)
    encoder = LocusEncoder(_nomenclature(), "A", codes)
    for name in ("AAAA", "AAAB", "AAAC"):
        with contextlib.suppress(*_REFUSALS):
            encoder.with_nulls(f"02:{name}", "")


def _text(path: Path) -> None:
    # As the interpreter decodes arguments.
    _expand(Patient.from_gl_string("patient", path.read_bytes().decode("utf-8", "surrogateescape")).typings)


def _policy(path: Path) -> None:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return  # no TOML: no policy comes of it
    policy = RankingPolicy.from_dict(table)
    if RankingPolicy.from_dict(policy.to_dict()) != policy or not str(policy):
        raise AssertionError("a policy is another one after it was written")


def _installed(path: Path) -> None:
    if path.suffix == ".hlanom":
        NomenclatureStore(Path("home")).load(path.stem)
    else:
        FrequencyStore(Path("home")).load(path.stem)


_READERS: dict[str, Callable[[Path], object]] = {
    "donors": _donors,
    "patients": _patients,
    "frequencies": _frequencies,
    "codes": _codes,
    "policy": _policy,
    "release": lambda path: Nomenclature(read_release(path)),
    "identifiers": read_identifiers,
    "text": _text,
    "installed": _installed,
}
