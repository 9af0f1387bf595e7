"""``batch``: a file of patients in; results, statuses and a manifest out."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from hla_match.errors.arguments import check_type
from hla_match.matching.criteria import SearchCriteria
from hla_match.services.batch_outputs import batch_outputs, lock_name, manifest_path, refuse_existing, status_path
from hla_match.services.executors import ExecutorConfig
from hla_match.services.notices import Notice, Notices, OnNotice, OnProgress
from hla_match.services.outputs import refuse_overwriting
from hla_match.services.person_statuses import n_persons
from hla_match.services.search_logging import log_patients
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest, check_folder
from registry_io.disk.given_path import given_path
from registry_io.disk.joint_files import lock_files
from registry_io.store.frequency_store import FrequencyInput
from registry_io.tables.frame_table import FrameTable, file_or_frame

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

    from hla_match.estimation.estimated_frequencies import Progress
    from hla_match.services.policy_files import PolicyInput


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch has written.

    Attributes:
        out: the file of results; each row is a donor of a patient.
        statuses: the file of statuses; each row is a patient of the file.
        manifest: the file that says what the results were made from.
        n_patients: patients of the file, readable or not, each once however many rows it has.
        n_failed: patients without a search.
        n_rows: rows of results.
        nomenclature: title of the nomenclature that the typings were read with.
        frequencies: the sets of frequencies in one line, or None.
        notices: what was to be said, in its order.
    """

    out: Path
    statuses: Path
    manifest: Path
    n_patients: int
    n_failed: int
    n_rows: int
    nomenclature: str
    frequencies: str | None
    notices: tuple[Notice, ...]


def batch(
    registry: str | Path,
    patients: str | Path | IntoDataFrame | pl.LazyFrame,
    out: str | Path,
    criteria: SearchCriteria | None = None,
    *,
    policy: PolicyInput | None = None,
    frequencies: FrequencyInput | None = None,
    global_frequencies: FrequencyInput | None = None,
    executor: ExecutorConfig | None = None,
    raw_text: bool = False,
    overwrite: bool = False,
    actor: str | None = None,
    at: int | datetime.date | None = None,
    on_notice: OnNotice | None = None,
    on_progress: OnProgress | None = None,
) -> BatchReport:
    r"""Search a registry for every patient of a file, and write the results.

    Beside it stand statuses and a manifest. A batch that was interrupted goes on when it is started again likewise.

    Args:
        registry: folder of the registry.
        patients: their file, CSV, TSV, Excel or Parquet, or a frame with its columns, whose first row is row 2.
        out: file of the results: CSV, Parquet, JSON lines or Excel, by its ending.
        criteria: which donors.
        policy: the order, its name or its TOML file; its filters hold where the criteria do not set them.
        frequencies: as `registry_io.open_frequencies` takes them; None for the registry's own; ``"none"`` for none.
        global_frequencies: those that are tried for persons whom the first do not explain.
        executor: who searches, and how much memory is used; by default threads, one for each processor.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.
        overwrite: whether a result of that name may be replaced.
        actor: who searches, for the log of searches beside the registry; without it nothing is logged.
        at: the registry as it was: number of a transaction of its record, or a day, up to the end of which, in UTC.
        on_notice, on_progress: are called with each notice; with the number of patients that are done, and of all.

    Raises:
        CriteriaError: an option has a value that it cannot have, or a file that is read would be replaced.
        FileError: a file cannot be read or written, or a result of that name is there already.
        RegistryError: there is no registry in the folder, it is damaged, or it has no such transaction.
        LockedError: another batch writes the same files.
        BrokenPartsError: what was finished was changed from outside; the files of an earlier batch are as they were.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\nD2,11:01,24:02\n")
    >>> _ = (folder / "patients.csv").write_text("patient_id,A_1,A_2\nP1,02:01,24:02\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> report = batch(folder / "registry", folder / "patients.csv", folder / "found.csv", SearchCriteria(scope="A"))
    >>> report.n_patients, report.n_failed, report.n_rows
    (1, 0, 2)
    """
    asked = criteria if criteria is not None else SearchCriteria()
    request = SearchRequest(
        criteria=asked, policy=policy, frequencies=frequencies, global_frequencies=global_frequencies, at=at
    ).checked()
    config = executor if executor is not None else ExecutorConfig()
    check_type("executor", config, ExecutorConfig, expected="an ExecutorConfig")
    with open_batch(registry, patients, out, request, overwrite=overwrite, on_notice=on_notice) as opened:
        return opened.run(config, raw_text=raw_text, actor=actor, on_progress=on_progress)


@contextmanager
def open_batch(
    registry: str | Path,
    patients: str | Path | IntoDataFrame | pl.LazyFrame,
    out: str | Path,
    request: SearchRequest,
    *,
    overwrite: bool = False,
    on_notice: OnNotice | None = None,
) -> Iterator[OpenBatch]:
    """Yield a batch whose registry and frequencies are opened, and whose files no other process writes meanwhile.

    What can be seen to be wrong is said here, before any kernel is compiled or imported.

    Args:
        registry: folder of the registry.
        patients: file or frame of the patients.
        out: file of the results.
        request: which donors, in which order, under which frequencies.
        overwrite: whether a result of that name may be replaced.
        on_notice: is called with each notice as soon as there is one.

    Raises:
        CriteriaError: a file that is read would be replaced.
        FileError: a file cannot be read, the folder of the results cannot be written to, or a result is there already.
        RegistryError: there is no registry in the folder, or it is damaged.
        LockedError: another batch writes the same files.
    """
    check_folder(registry)
    registry, source, out = Path(registry), file_or_frame(patients, "patients"), given_path("out", out)
    written = batch_outputs(out)
    refuse_overwriting(written, registry, (source, *request.files))
    with lock_files(*written, lock_name(out)):
        if not overwrite:
            refuse_existing(out)
        yield OpenBatch(SearchedRegistry.open(registry, request, Notices(on_notice)), source, out, overwrite)


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that can be run; `open_batch` makes it.

    Attributes:
        searched: the registry with its frequencies.
        patients: file or frame of the patients.
        out: file of the results.
        overwrite: whether a result of that name may be replaced.
    """

    searched: SearchedRegistry
    patients: Path | FrameTable
    out: Path
    overwrite: bool = False

    @property
    def has_probabilities(self) -> bool:
        """Whether there are frequencies, or will be, so that matches are predicted."""
        return self.searched.will_predict

    def ready(self, on_iteration: Progress | None = None) -> OpenBatch:
        """Return the batch with the registry's own frequencies, estimated where that is needed; `run` does so, too.

        Args:
            on_iteration: is called after every iteration of an estimation.

        Raises:
            CriteriaError: the policy needs probabilities, and the typings say too little to estimate frequencies.
        """
        return replace(self, searched=self.searched.ready(on_iteration))

    def run(
        self,
        executor: ExecutorConfig,
        *,
        raw_text: bool,
        on_progress: OnProgress | None,
        actor: str | None = None,
    ) -> BatchReport:
        """Search every patient and write the files, as `batch` does.

        Args:
            executor: who searches.
            raw_text: as in `batch`.
            on_progress: is called with the number of patients that are done, and of all.
            actor: who searches, for the log.

        Raises:
            KeyboardInterrupt: with a note that the same batch goes on, where it does.
            CriteriaError: a criterion or option has a value that it cannot have.
            FileError: a file cannot be read or written.
            BrokenPartsError: what was finished was changed from outside.
        """
        from hla_match.services.batch_run import BatchRun

        searched = self.searched.ready()
        run = BatchRun(
            searched,
            self.patients,
            self.out,
            executor,
            raw_text=raw_text,
            overwrite=self.overwrite,
            on_progress=on_progress,
        )
        if actor is not None:
            log_patients(searched, self.patients.name, run.checksum, actor)
        statuses = run.run()
        searched.note_without()
        n_patients = n_persons(statuses)
        return BatchReport(
            out=self.out,
            statuses=status_path(self.out),
            manifest=manifest_path(self.out),
            n_patients=n_patients,
            n_failed=n_patients - n_persons(statuses.filter(pl.col("status") == "ok")),
            n_rows=int(statuses["donors"].sum()),
            nomenclature=searched.registry.nomenclature.title,
            frequencies=None if searched.sets is None else str(searched.sets),
            notices=searched.notices.all,
        )
