"""The readers of each kind of input, called thousands of times in one process on mutations of it."""

from __future__ import annotations

import functools
import random
import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from benchmarks.reliability.mutated_inputs import write_mutation
from hla_match.donors.registry import build_registry
from hla_match.errors import HlaMatchError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.matching.criteria import Patient
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

_HANGS = 30
"""Seconds after which one reading hangs."""

_REFUSALS = (HlaMatchError, OSError)
"""What a command turns into one line."""

_originals: list[Path] = []


def read_mutations(kind: str, seed: str, first: int, stop: int, originals: str) -> list[str]:
    """Read mutations of one kind in the present folder, and return what went wrong, by number of the mutation."""
    _originals[:] = [Path(originals)]
    problems = []
    read = _READERS[kind.partition(".")[0]]
    for number in range(first, stop):
        signal.alarm(_HANGS)
        Path(PROGRESS).write_text(str(number), encoding="ascii")
        path = write_mutation(kind, Path(originals), Path(), random.Random(f"{seed} {number}"))
        try:
            read(path)
        except _REFUSALS:
            pass
        except BaseException as error:
            problems.append(f"{number}: {type(error).__name__}{_place(error.__traceback__)}: {str(error)[:100]!r}")
    return problems


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


def _donors(path: Path) -> None:
    for part in person_slices(path, kind="donor"):
        build_registry(reconcile(part, _nomenclature(), None).frame, _nomenclature(), name="x", provenance={})


def _frequencies(path: Path) -> None:
    content = read_frequencies(path)
    code_haplotypes(content.frame, _nomenclature(), name="x", checksum=content.checksum)


def _text(path: Path) -> None:
    # As the interpreter decodes arguments.
    patient = Patient.from_gl_string("patient", path.read_bytes().decode("utf-8", "surrogateescape"))
    for locus, pair in patient.typings.items():
        _encoder(locus).with_nulls(*pair)


def _installed(path: Path) -> None:
    if path.suffix == ".hlanom":
        NomenclatureStore(Path("home")).load(path.stem)
    else:
        FrequencyStore(Path("home")).load(path.stem)


_READERS: dict[str, Callable[[Path], object]] = {
    "donors": _donors,
    "patients": read_patients,
    "frequencies": _frequencies,
    "codes": read_codes,
    "release": read_release,
    "identifiers": read_identifiers,
    "text": _text,
    "installed": _installed,
}
