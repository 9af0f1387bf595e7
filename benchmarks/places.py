"""Where cases are run: the shared registry and synthetic ones of any size, with patients and frequencies."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from benchmarks.findings import SHARED, NotRun
from benchmarks.worker_process import run_module
from hla_match import HaplotypeFrequencies, ImputedRegistry, Matcher, Nomenclature, Patient, Registry
from hla_match.imputation.imputed_registry import DonorImputation
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.synthetic import chinese_haplotypes
from hla_match.synthetic.volunteers import POOL_SEED, haplotype_pool, patients, volunteers
from registry_io import open_frequencies, open_imputation, open_registry
from registry_io.formats.imgt_release import read_release
from registry_io.formats.mac_file import read_codes
from registry_io.persons.patient_file import read_patients
from registry_io.store.donor_import import import_donors
from registry_io.store.snapshot_manifest import FORMAT_VERSION
from registry_io.tables.results_file import write_frame

SEED = 1
AS_OF = datetime.date(2026, 11, 1)
DATA_VARIABLE = "HLA_MATCH_TEST_DATA"
_HAN = ("data", "frequencies", "synthetic_han_5locus.csv")
_COMPLETE = "benchmark.json"
_FROM_A_FILE = 2_000_000
"""Donors up to whom a synthetic registry is imported from a file; larger ones are streamed to disk part by part."""
_QUICK_FROM_A_FILE = 500
"""The same in a quick run, so that it does both."""
_QUICK_DONORS = 400
"""Donors of the shared registry that a quick run takes."""


@dataclass(frozen=True)
class Settings:
    """What the options of a run ask for.

    Attributes:
        folder: where registries lie; those of millions of donors are built once and kept there.
        sizes: of the synthetic registries.
        quick: tiny: few donors, few patients, one repetition.
        workers: threads.
        most_predicted: donors up to which probabilities are computed.
        peer_python: an interpreter that has the peers, or None for this one.
    """

    folder: Path
    sizes: tuple[int, ...]
    quick: bool = False
    workers: int = os.cpu_count() or 1
    most_predicted: int = 100_000_000
    peer_python: Path | None = None

    @property
    def repeats(self) -> int:
        """Passes of a measurement."""
        return 1 if self.quick else 3

    @property
    def n_patients(self) -> int:
        """Patients to search for."""
        return 3 if self.quick else 100


def registry_of_size(n_donors: int, folder: Path, *, from_a_file: bool) -> Path:
    """Return the folder of a synthetic registry of so many donors, built where it is not yet complete.

    Args:
        n_donors: the size.
        folder: an existing one; the registry is kept in it.
        from_a_file: import the donors from a file; else they are streamed to disk.
    """
    place = folder / f"synthetic-{n_donors}"
    registry = place / "registry"
    if not _is_complete(place):
        place.mkdir(exist_ok=True)
        built: dict[str, Any] = {}
        if from_a_file:
            donors, _ = volunteers(n_donors, seed=SEED, as_of=AS_OF)
            donor_file = place / "donors.parquet"
            write_frame(donors, donor_file)
            import_donors(registry, donor_file, Nomenclature.builtin(), today=AS_OF, replace=True, allow_shrink=True)
        else:
            built = run_module("benchmarks.stream_worker", str(n_donors), str(registry))
        _mark_complete(place, built)
    return registry


def _is_complete(place: Path) -> bool:
    """Say whether the registry of a place was built to its end, in the present format and from the present seed."""
    return _mark(place).items() >= _made_with().items()


def _mark(place: Path) -> dict[str, Any]:
    mark = place / _COMPLETE
    found: dict[str, Any] = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else {}
    return found


def _mark_complete(place: Path, built: Mapping[str, Any] = MappingProxyType({})) -> None:
    (place / _COMPLETE).write_text(json.dumps({**_made_with(), **built}), encoding="utf-8")


def _made_with() -> dict[str, int | str]:
    return {"format_version": FORMAT_VERSION, "seed": SEED, "as_of": AS_OF.isoformat()}


class Place:
    """A registry, its patients and the frequencies for it; each part is made when it is first used.

    Attributes:
        label: "shared", or the number of donors.
        settings: of the run.
        folder: of the registry and what is written beside it.
    """

    label: str
    donor_file: Path
    nomenclature: Nomenclature
    codes: MacTable | None = None
    frequency_file: Path
    patient_file: Path

    def __init__(self, label: str, settings: Settings, folder: Path) -> None:
        self.label = label
        self.settings = settings
        self.folder = folder

    @property
    def registry_folder(self) -> Path:
        """The folder of the registry."""
        return self.folder / "registry"

    @property
    def n_donors(self) -> int:
        """Number of donors."""
        return self.registry.n_donors

    @property
    def built(self) -> tuple[float, float]:
        """Seconds and peak memory in bytes of the process that streamed the registry to disk.

        Raises:
            NotRun: it was not streamed.
        """
        mark = _mark(self.folder)
        if "peak" not in mark:
            raise NotRun("the registry is not streamed to disk")
        return mark["seconds"], mark["peak"]

    @cached_property
    def registry(self) -> Registry:
        """The registry, opened."""
        return open_registry(self.registry_folder)

    @cached_property
    def frequencies(self) -> HaplotypeFrequencies:
        """The haplotype frequencies that its donors are drawn from."""
        return open_frequencies(str(self.frequency_file), self.registry)

    @cached_property
    def imputed(self) -> DonorImputation:
        """The donors under the frequencies."""
        return open_imputation(self.registry_folder, self.registry, self.frequencies, workers=self.settings.workers)

    @cached_property
    def counting(self) -> Matcher:
        """A matcher without probabilities."""
        return Matcher(self.registry)

    @cached_property
    def predicting(self) -> Matcher:
        """A matcher with probabilities."""
        return Matcher(self.registry, self.imputed, workers=self.settings.workers)

    @cached_property
    def patients(self) -> list[Patient]:
        """The patients."""
        read = read_patients(self.patient_file, self.registry.nomenclature, self.registry.codes)
        return [patient for _, patient in read.patients][: self.settings.n_patients]

    @cached_property
    def barely_typed(self) -> list[Patient]:
        """The patients as they would be typed at A, B and DRB1 by the first field only."""
        return [first_fields_only(patient) for patient in self.patients]

    def discard_imputations(self) -> None:
        """Delete what was imputed, so that it is as at the first search with a set."""
        for kept in self.registry_folder.glob("snapshot-*/imputed-*"):
            shutil.rmtree(kept)


class SyntheticPlace(Place):
    """A synthetic registry under the built-in nomenclature."""

    def __init__(self, n_donors: int, settings: Settings) -> None:
        most = _QUICK_FROM_A_FILE if settings.quick else _FROM_A_FILE
        registry = registry_of_size(n_donors, settings.folder, from_a_file=n_donors <= most)
        super().__init__(str(n_donors), settings, registry.parent)
        self.donor_file = self.folder / "donors.parquet"
        self.nomenclature = Nomenclature.builtin()
        self.frequency_file = self.folder / "frequencies.csv"
        haplotypes, frequency = haplotype_pool(POOL_SEED)
        names = [
            "~".join(f"{locus}*{allele}" for locus, allele in zip(chinese_haplotypes.LOCI, haplotype, strict=True))
            for haplotype in haplotypes
        ]
        write_frame(pl.DataFrame({"haplotype": names, "frequency": frequency}), self.frequency_file)
        self.patient_file = self.folder / "patients.csv"
        write_frame(patients(settings.n_patients, seed=SEED, as_of=AS_OF)[0], self.patient_file)


class SharedPlace(Place):
    """The shared simulated registry under a release of IPD-IMGT/HLA.

    Raises:
        NotRun: the environment does not name the folder of shared data.
    """

    def __init__(self, settings: Settings) -> None:
        named = os.environ.get(DATA_VARIABLE)
        if not named:
            raise NotRun(f"{DATA_VARIABLE} is not set; tests/README.md says what it names")
        data = Path(named)
        folder = settings.folder / ("shared-quick" if settings.quick else SHARED)
        super().__init__(SHARED, settings, folder)
        folder.mkdir(exist_ok=True)
        source = data / "data" / "registry_103k"
        self.data = data
        self.source = source
        self.nomenclature = Nomenclature(read_release(data / "imgt" / "3.58.0"))
        self.codes = read_codes(source / "mac.txt")
        self.frequency_file = data.joinpath(*_HAN)
        self.donor_file = source / "donors.csv.gz"
        self.patient_file = source / "patients.csv"
        if settings.quick:
            self.donor_file = folder / "donors.csv"
            rows = pl.read_csv(source / "donors.csv.gz", infer_schema=False)
            write_frame(rows.gather_every(rows.height // _QUICK_DONORS), self.donor_file)
        if not _is_complete(folder):
            import_shared_donors(data, self.registry_folder, self.donor_file)
            _mark_complete(folder)

    @cached_property
    def many_patients(self) -> Path:
        """The shared patients and, of the volunteers of the last years, as many as make a thousand."""
        own = pl.read_csv(self.patient_file, infer_schema=False)
        donors = pl.read_csv(self.source / "donors.csv.gz", infer_schema=False).rename({"donor_id": "patient_id"})
        wanted = 20 if self.settings.quick else 1000
        recent = donors.filter(pl.col("C_1").is_not_null() & pl.col("DQB1_1").is_not_null()).tail(20 * wanted)
        columns = [name for name in own.columns if name in donors.columns]
        chosen = recent.gather_every(20).select(columns).head(max(wanted - own.height, 0))
        path = self.folder / "many_patients.csv"
        write_frame(pl.concat([own.select(columns).head(wanted), chosen]), path)
        return path


def kept_imputation(place: Place) -> ImputedRegistry:
    """Return the donors as they are imputed and kept.

    Raises:
        NotRun: so large a registry is imputed on demand.
    """
    found = open_imputation(place.registry_folder, place.registry, place.frequencies, workers=place.settings.workers)
    if not isinstance(found, ImputedRegistry):
        raise NotRun("so large a registry is imputed on demand")
    return found


def shared(place: Place) -> SharedPlace:
    """Return a place that is the shared registry.

    Raises:
        NotRun: it is not.
    """
    if not isinstance(place, SharedPlace):
        raise NotRun("it needs the shared registry")
    return place


def import_shared_donors(data: Path, folder: Path, donor_file: Path | None = None) -> None:
    """Import the shared registry with its multiple allele codes.

    Args:
        data: the folder of shared data.
        folder: of the registry to make.
        donor_file: a part of its donors, or None for all.
    """
    source = data / "data" / "registry_103k"
    import_donors(
        folder,
        donor_file or source / "donors.csv.gz",
        Nomenclature(read_release(data / "imgt" / "3.58.0")),
        today=AS_OF,
        codes=read_codes(source / "mac.txt"),
        replace=True,
        allow_shrink=True,
    )


def first_fields_only(patient: Patient) -> Patient:
    """Return a patient with A, B and DRB1 typed by the first field only, and nothing else.

    >>> first_fields_only(Patient(typings={"A": ("02:01", "24:02:01"), "C": ("01:02", "")})).typings
    {'A': ('02:XX', '24:XX')}
    """
    typings = {
        locus: tuple(f"{text.partition(':')[0]}:XX" if ":" in text else text for text in pair)
        for locus, pair in patient.typings.items()
        if locus in ("A", "B", "DRB1")
    }
    return Patient.model_validate({**patient.model_dump(), "typings": typings})
