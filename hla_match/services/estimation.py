"""``estimate``: a registry in; haplotype frequencies and a report out."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_type
from hla_match.estimation.settings import EstimationSettings
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.loci import typed_loci
from hla_match.services.executors import n_processors
from hla_match.services.outputs import refuse_overwriting
from hla_match.services.searched_registry import source_files
from registry_io.disk.given_path import given_path
from registry_io.disk.joint_files import lock_files, write_together
from registry_io.store.frequency_store import FrequencyInput, open_frequencies
from registry_io.store.registry_store import open_registry
from registry_io.tables.results_file import check_writable_ending, put_rows
from registry_io.tables.spreadsheet_text import neutral_file

if TYPE_CHECKING:
    import polars as pl

    from hla_match.estimation.estimated_frequencies import Estimation, Progress


@dataclass(frozen=True, slots=True)
class EstimateReport:
    """What an estimation has written.

    Attributes:
        out: the file of frequencies, which `registry_io.open_frequencies` reads.
        report: the file of the report: the course and the quality of the estimate.
        n_frequencies: rows of the file of frequencies.
        estimation: the same in memory.
    """

    out: Path
    report: Path
    n_frequencies: int
    estimation: Estimation


def estimate(
    registry: str | Path,
    out: str | Path,
    *,
    loci: str = "10/10",
    populations: Sequence[str] = (),
    by_population: bool = False,
    start: FrequencyInput | None = None,
    settings: EstimationSettings | None = None,
    raw_text: bool = False,
    on_iteration: Progress | None = None,
) -> EstimateReport:
    r"""Estimate haplotype frequencies from the donors of a registry, and write them and a report.

    Args:
        registry: folder of the registry.
        out: file of the frequencies: CSV, Parquet, JSON lines or Excel, by its ending.
        loci: ``6/6``, ``8/8``, ``10/10``, ``12/12``, or loci separated by commas.
        populations: the populations of donors to estimate, each by itself; without them all donors are one.
        by_population: whether each population of the registry is estimated by itself, where none is named.
        start: frequencies to start from, as `registry_io.open_frequencies` takes them.
        settings: how it is done; by default all processors compute.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.
        on_iteration: is called after every iteration.

    Raises:
        CriteriaError: a locus, population or number that cannot be, a start that is coded by another nomenclature, no
            donor to estimate from, or a file that is read would be replaced.
        FileError: a file cannot be read or written.
        RegistryError: there is no registry in the folder, or it is damaged.
        LockedError: another process writes the same files.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,01:01,01:01\nD2,01:01,02:01\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> done = estimate(folder / "registry", folder / "own.csv", loci="A")
    >>> done.estimation.frequencies.frequency.round(2).tolist(), done.report.name
    ([[0.75, 0.25]], 'own.report.json')
    """
    registry, out = given_path("registry", registry), given_path("out", out)
    settings = settings if settings is not None else EstimationSettings(workers=n_processors())
    check_type("settings", settings, EstimationSettings, expected="EstimationSettings")
    written = (out, report_path(out))
    refuse_overwriting(written, registry, source_files(start))
    with lock_files(*written):
        from hla_match.estimation.estimate import estimate_frequencies

        opened = open_registry(registry)
        estimation = estimate_frequencies(
            opened,
            typed_loci(loci),
            populations=populations or (_populations(opened) if by_population else None),
            start=_opened_start(start, opened),
            settings=settings,
            on_iteration=on_iteration,
        )
        frame = neutral_file(estimation.to_polars(opened.nomenclature), out, raw_text=raw_text)
        _write(out, frame, _report(opened, estimation, start, settings))
    return EstimateReport(out, report_path(out), frame.height, estimation)


def _opened_start(start: FrequencyInput | None, registry: Registry) -> HaplotypeFrequencies | None:
    """Return the frequencies to start from; the estimation itself refuses open ones of another nomenclature."""
    if start is None or isinstance(start, HaplotypeFrequencies):
        return start
    return open_frequencies(start, registry)


def _write(out: Path, frame: pl.DataFrame, report: dict[str, Any]) -> None:
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    # The frequencies are renamed last: where they are, the report is, too.
    with write_together(report_path(out), out) as (beside, file):
        beside.write(f"{text}\n".encode())
        put_rows(frame.lazy(), frame.height, file, out)


def report_path(out: Path) -> Path:
    """Return the path of the report: beside the frequencies, under the same name but for the ending.

    >>> report_path(Path("own.1.csv.gz")).name
    'own.1.report.json'
    """
    return out.with_name(out.name[: -len(check_writable_ending(out))] + ".report.json")


@dataclass(frozen=True, slots=True)
class Growth:
    """The donors of a registry beside those that frequencies were estimated from.

    Attributes:
        n_before: donors of the registry that the frequencies were estimated from.
        n_donors: donors that it has now.
    """

    n_before: int
    n_donors: int

    @property
    def share(self) -> float:
        """The donors who came, as a share of those before; below 0 where there are fewer now."""
        return self.n_donors / self.n_before - 1


def growth_since_estimate(registry: str | Path, out: str | Path) -> Growth | None:
    r"""Return how far a registry has grown since frequencies were estimated from it.

    Args:
        registry: folder of the registry.
        out: file of the frequencies, with its report beside it.

    Returns:
        None where one of the two files is missing, or the report does not say how many donors there were.

    Raises:
        CriteriaError: the file has another ending than those of `estimate`.
        RegistryError: there is no registry in the folder, or it is damaged.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,01:01,01:01\nD2,01:01,02:01\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> _ = estimate(folder / "registry", folder / "own.csv", loci="A")
    >>> _ = registry_io.add_donor(folder / "registry", "D3", {"A": "02:01,24:02"})
    >>> growth_since_estimate(folder / "registry", folder / "own.csv").share
    0.5
    """
    folder, file = given_path("registry", registry), given_path("out", out)
    report = report_path(file)
    if not file.exists() or not report.exists():
        return None
    try:
        told = json.loads(report.read_bytes())
        n_before = told["n_donors"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Growth(n_before, open_registry(folder).n_donors) if isinstance(n_before, int) and n_before > 0 else None


def _populations(registry: Registry) -> tuple[str, ...]:
    column = registry.attributes.get_column("population", default=None)
    known = tuple(column.drop_nulls().unique().sort()) if column is not None else ()
    if not known:
        raise CriteriaError(
            "by-population", found=registry.name, expected="donors with a population", code=ErrorCode.ESTIMATION_DONORS
        )
    return known


def _report(
    registry: Registry, estimation: Estimation, start: FrequencyInput | None, settings: EstimationSettings
) -> dict[str, Any]:
    named = start if start is None or isinstance(start, str | Path) else "frequencies given in memory"
    # The number of workers does not change the result.
    decisive = ("restarts", "seed", "bootstrap", "tolerance", "max_iterations", "floor")
    return {
        "registry": registry.name,
        "n_donors": registry.n_donors,
        "nomenclature": registry.nomenclature.title,
        "provenance": registry.provenance.entries(),
        "loci": list(estimation.frequencies.loci),
        "settings": {
            "start": None if named is None else str(named),
            **{name: getattr(settings, name) for name in decisive},
        },
        "populations": [
            {**dataclasses.asdict(one), "iterations": one.iterations, "n_excluded": one.n_excluded}
            for one in estimation.populations
        ],
    }
