"""Memory: of the typings a donor, and of a process that opens a registry and searches it with probabilities."""

from __future__ import annotations

import gc
import hashlib
import json
import tempfile
import tracemalloc
from dataclasses import dataclass

from benchmarks.case import Figure, Measured
from benchmarks.findings import Disagreement
from benchmarks.places import Place
from benchmarks.searches import CRITERIA, first_of_all
from benchmarks.worker_process import run_module
from hla_match import Matcher, MatchList, Patient, SearchCriteria
from registry_io import open_registry

_TYPINGS = ("donor_typing.npy", "order_*.npy")
"""The files of typings that grow with the donors."""

_WORKER = "benchmarks.memory_worker"


def digest(lists: list[MatchList]) -> str:
    """Return the SHA-256 of who was found for whom, in order."""
    content = hashlib.sha256()
    for found in lists:
        content.update(json.dumps([found.patient.patient_id, found.to_polars()["donor_id"].to_list()]).encode())
    return content.hexdigest()


@dataclass(frozen=True)
class Process:
    """A process of its own that opens a registry, imputed before, and searches it.

    Attributes:
        place: the registry.
        patients: some.
        predicts: with probabilities.
        criteria: of the searches.
    """

    place: Place
    patients: list[Patient]
    predicts: bool
    criteria: SearchCriteria = CRITERIA

    def run(self) -> dict[str, str | int]:
        """Return what the process found, as a digest, and its peak memory in bytes.

        Raises:
            Disagreement: it failed.
        """
        job = {
            "registry": str(self.place.registry_folder),
            "frequencies": str(self.place.frequency_file) if self.predicts else None,
            "patients": [patient.model_dump(mode="json") for patient in self.patients],
            "criteria": self.criteria.model_dump(mode="json"),
            "workers": self.place.settings.workers,
        }
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(job, file)
            file.flush()
            return run_module(_WORKER, file.name)


def counting_process(place: Place) -> Process:
    """Return a process that searches without probabilities."""
    return Process(place, first_of_all(place.patients), predicts=False)


def predicting_process(place: Place) -> Process:
    """Return a process that searches with probabilities; the donors are imputed here, before it starts."""
    _ = place.imputed
    return Process(place, first_of_all(place.patients), predicts=True)


def check_process(process: Process) -> str:
    """Compare what it finds with this process."""
    matcher = process.place.predicting if process.predicts else process.place.counting
    if process.run()["digest"] != digest([matcher.search(patient, process.criteria) for patient in process.patients]):
        raise Disagreement("the process finds other donors")
    return f"the lists of {len(process.patients)} patients are those of this process"


def run_process(process: Process) -> Measured:
    """Measure the peak of the whole process, libraries included."""
    found = process.run()
    peak, libraries = float(found["peak"]), float(found["libraries"])
    figures = {"median": Figure(peak, "bytes"), "libraries alone": Figure(libraries, "bytes")}
    return Measured(figures, {"peak": [[peak]]}, ("mapped pages that were read count as resident",))


def check_typings(place: Place) -> str:
    """See that every donor has a typing code at every locus."""
    registry = place.registry
    if registry.donor_typing.shape != (len(registry.loci), place.n_donors):
        raise Disagreement(f"typings of shape {registry.donor_typing.shape}")
    return f"{len(registry.loci)} loci of {place.n_donors:,} donors"


def run_typings(place: Place) -> Measured:
    """Measure the typings of the donors with their orders, and what a matcher holds after a search."""
    snapshot = next(place.registry_folder.glob("snapshot-*"))
    stored = sum(path.stat().st_size for name in _TYPINGS for path in snapshot.glob(name))
    patient = place.patients[0]
    # Compiling leaves objects behind that are no donors'.
    place.counting.search(patient, CRITERIA)
    registry = open_registry(place.registry_folder)
    gc.collect()
    tracemalloc.start()
    matcher = Matcher(registry)
    matcher.search(patient, CRITERIA)
    gc.collect()
    traces = tracemalloc.take_snapshot().traces
    tracemalloc.stop()
    # A bit for each donor, and tables as long as the distinct typings: what was counted for the patients before.
    held = sum(trace.size for trace in traces if trace.size >= place.n_donors // 8)
    figures = {
        "median": Figure(stored / matcher.registry.n_donors, "bytes"),
        "held by a matcher after a search": Figure(held / place.n_donors, "bytes"),
    }
    return Measured(
        figures, notes=("bytes a donor: typings and orders, mapped from files; attributes are not among them",)
    )
