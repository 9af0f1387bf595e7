"""One way to cause each error, and the page `docs/errors.md` that lists their codes.

python -m tests.error_codes      # writes the page
"""

from __future__ import annotations

import dataclasses
import datetime
import errno
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest

import registry_io
from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import (
    BrokenPartsError,
    BudgetError,
    CriteriaError,
    DonorNotListedError,
    ErrorCode,
    FileError,
    HlaMatchError,
    LockedError,
    NomenclatureError,
    Reason,
    RegistryError,
    SeveralCriteriaError,
)
from hla_match.estimation.estimate import estimate_frequencies
from hla_match.loci import scope_loci
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.reduction import reduce_typing
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher
from hla_match.services.batch_outputs import refuse_existing
from hla_match.services.cases import open_case
from registry_io.disk.durable_files import atomic_write, listening
from registry_io.disk.writer_lock import writer_lock
from registry_io.formats.frequency_file import read_frequencies
from registry_io.formats.imgt_release import read_release
from registry_io.formats.mac_file import read_codes
from registry_io.persons.patient_file import read_patients
from registry_io.store.compaction import compact_registry
from registry_io.store.donor_changes import add_donor, update_donor, withdraw_donor
from registry_io.store.donor_erasure import erase_donors
from registry_io.store.donor_export import export_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_records import show_donor
from registry_io.store.frequency_store import FrequencyStore, load_frequencies
from registry_io.store.journal.journal import Journal
from registry_io.store.nomenclature_file import loads
from registry_io.store.nomenclature_store import NomenclatureStore
from registry_io.store.record_encryption import encrypt_record
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_folder import CURRENT, JOURNAL
from registry_io.store.registry_store import open_registry
from registry_io.store.rollback import roll_back
from registry_io.tables.budgets import Budgets
from registry_io.tables.results_file import check_writable_ending
from registry_io.tables.sealed_parts import SealedParts
from registry_io.tables.source_file import SourceFile
from tests.tiny_release import edit, make_release

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"
NOMENCLATURE = Nomenclature.builtin()
TODAY = datetime.date(2026, 1, 1)
HEADER = "ID,A_1,A_2\n"
DONORS = "X1,02:01,24:02\nX2,02:01,11:01\n"
PATIENT = Patient(typings={"A": ("02:01", "24:02")})


def registry(**columns: str) -> Registry:
    frame = pl.DataFrame(
        {"person_id": ["X1"], "A_1": ["02:01"], "A_2": ["24:02"], **{n: [v] for n, v in columns.items()}}
    )
    return build_registry(frame, NOMENCLATURE, name="r", provenance={"imported_on": "2026-01-01"})[0]


def table(folder: Path, content: str | bytes = HEADER + DONORS, name: str = "donors.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def imported(folder: Path, content: str | bytes = HEADER + DONORS, name: str = "donors.csv", **options: bool) -> Path:
    import_donors(folder / "registry", table(folder, content, name), NOMENCLATURE, today=TODAY, **options)
    return folder / "registry"


def frequencies(folder: Path, content: str | bytes, name: str = "f.csv") -> None:
    read_frequencies(table(folder, content, name))


def release(folder: Path, name: str, old: str, new: str) -> None:
    root = make_release(folder / "release")
    edit(root / name, old, new)
    read_release(root)


def emptied(folder: Path, name: str) -> Path:
    """The folder, after a file below it was emptied."""
    next(iter(sorted(folder.rglob(name)))).write_bytes(b"")
    return folder


def damaged_set(folder: Path) -> None:
    store = FrequencyStore(folder)
    store.install(table(folder, "haplotype,frequency\nA*02:01~B*40:01,0.5\n", "f.csv"), "han")
    for path in folder.rglob("han*"):
        if path.is_file():
            path.write_bytes(b"{}")
    load_frequencies("han", NOMENCLATURE, folder)


def other_format(folder: Path) -> None:
    manifest = next(iter(sorted(imported(folder).rglob("manifest.json"))))
    edit(manifest, '"format_version": 3', '"format_version": 99')
    open_registry(folder / "registry")


def found_donors() -> MatchList:
    return Matcher(registry()).search(PATIENT, SearchCriteria(scope="A"))


def plot_without_matplotlib() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        found_donors().plot()


def no_room_to_publish(folder: Path) -> None:
    """Withdraw a donor where the disk is full when the change is recorded."""
    registry = imported(folder)

    def full(action: str, path: Path) -> None:
        if (action, path.name) == ("rename", CURRENT):
            raise OSError(errno.ENOSPC, "no room")

    with listening(full):
        withdraw_donor(registry, "X1")


def just_erased(folder: Path) -> None:
    """A registry is compacted whose snapshot from before an erasure was valid a moment ago."""
    erase_donors(imported(folder), ["X1"], today=TODAY)
    compact_registry(folder / "registry")


def no_transaction(folder: Path) -> None:
    with Journal.writing(folder) as journal:
        journal.transaction_at(1)


def out_of_order(folder: Path) -> None:
    update_donor(imported(folder), "X1", {"A_2": "11:01"})
    imported(folder, update=True)


def full_disk(folder: Path) -> None:
    def fail(action: str, path: Path) -> None:
        raise OSError(28, os.strerror(28), str(path))

    with listening(fail), atomic_write(folder / "x"):
        pass


def not_kept(folder: Path) -> None:
    from registry_io.disk import aside_folder

    sound = aside_folder.sum_of_file
    aside_folder.sum_of_file = lambda path: dataclasses.replace(sound(path), n_bytes=1)
    try:
        imported(folder)
    finally:
        aside_folder.sum_of_file = sound


def busy(folder: Path) -> None:
    with writer_lock(folder / "lock", "the registry"), writer_lock(folder / "lock", "the registry"):
        pass


def other_checksum(folder: Path) -> None:
    root = make_release(folder / "release")
    (root / "wmda" / "md5checksum.txt").write_text(f"MD5 (hla_nom_p.txt) = {'0' * 32}\n", encoding="utf-8")
    read_release(root)


def closed_twice(folder: Path) -> None:
    registry = imported(folder)
    open_case(registry, Patient(typings={"A": ("02:01", "24:02")}), SearchCriteria(scope="A"), frequencies="none")
    for _ in range(2):
        registry_io.close_case(registry, 1)


def written_meanwhile(folder: Path) -> None:
    path = table(folder)
    with SourceFile.open(path) as opened:
        path.write_bytes(b"other")
        opened.check_unchanged()


def broken_parts(folder: Path) -> None:
    parts = SealedParts(folder / "parts", ("results",))
    parts.write((0, 1), {"results": pl.DataFrame({"n": [1]})})
    for path in (folder / "parts").iterdir():
        path.unlink()
    parts.read((0, 1), "results")


def source(folder: Path, **changes: str) -> None:
    dataclasses.replace(registry_io.registry_source(imported(folder)), **changes)()


Cause = tuple[type[HlaMatchError], Callable[[Path], object]]

CAUSES: Mapping[ErrorCode, Cause] = {
    ErrorCode.CRITERIA_VALUE: (CriteriaError, lambda _: SearchCriteria(max_mismatches=9)),
    ErrorCode.CRITERIA_TYPE: (CriteriaError, lambda _: SearchCriteria.model_validate(None)),
    ErrorCode.CRITERIA_UNKNOWN: (CriteriaError, lambda _: scope_loci("9/9")),
    ErrorCode.CRITERIA_CONFLICT: (CriteriaError, lambda _: reduce_typing(NOMENCLATURE, "A*02:01", "G")),
    ErrorCode.CRITERIA_SEVERAL: (SeveralCriteriaError, lambda _: SearchCriteria(max_mismatches=9, limit=0)),
    ErrorCode.CRITERIA_COLUMN: (
        CriteriaError,
        lambda _: build_registry(pl.DataFrame(), NOMENCLATURE, name="r", provenance={}),
    ),
    ErrorCode.CRITERIA_OUTPUT: (CriteriaError, lambda folder: check_writable_ending(folder / "p.pdf")),
    ErrorCode.CRITERIA_FREQUENCIES: (CriteriaError, lambda _: Matcher(registry()).impute(PATIENT)),
    ErrorCode.CRITERIA_DONOR: (DonorNotListedError, lambda _: found_donors()["X9"]),
    ErrorCode.CRITERIA_PACKAGE: (CriteriaError, lambda _: plot_without_matplotlib()),
    ErrorCode.ESTIMATION_DONORS: (
        CriteriaError,
        lambda _: estimate_frequencies(registry(A_1="NEW", A_2="NEW"), loci=("A",)),
    ),
    ErrorCode.FILE_MISSING: (FileError, lambda folder: read_patients(folder / "none.csv")),
    ErrorCode.FILE_UNREADABLE: (
        FileError,
        lambda folder: (folder / "p.csv").mkdir() or read_patients(folder / "p.csv"),
    ),
    ErrorCode.FILE_CHANGED: (FileError, written_meanwhile),
    ErrorCode.FILE_FORMAT: (FileError, lambda folder: imported(folder, name="donors.pdf")),
    ErrorCode.FILE_DAMAGED: (FileError, lambda folder: imported(folder, name="donors.csv.gz")),
    ErrorCode.FILE_ENCODING: (
        FileError,
        lambda folder: imported(folder, f"{HEADER}X1,Z\xfcrich,24:02\n".encode("latin-1")),
    ),
    ErrorCode.FILE_NO_HEADER: (FileError, lambda folder: imported(folder, "")),
    ErrorCode.FILE_MISSING_COLUMN: (FileError, lambda folder: imported(folder, "A_1,A_2\n02:01,24:02\n")),
    ErrorCode.FILE_DUPLICATE_COLUMN: (FileError, lambda folder: imported(folder, "ID,A_1,A_2,A_1\n")),
    ErrorCode.FILE_UNNAMED_COLUMN: (FileError, lambda folder: imported(folder, "ID,A_1,A_2,\nX1,02:01,24:02,x\n")),
    ErrorCode.FILE_QUOTES: (FileError, lambda folder: imported(folder, f'{HEADER}X1,02:01,24:02\n"X2,02:01,24:02\n')),
    ErrorCode.FILE_NOTHING: (FileError, lambda folder: imported(folder, HEADER)),
    ErrorCode.FILE_BUDGET: (
        BudgetError,
        lambda folder: read_patients(table(folder, "ID,A_1,A_2" + ",x" * 9), budgets=Budgets(columns=5)),
    ),
    ErrorCode.FILE_WRONG_COLUMNS: (FileError, lambda folder: frequencies(folder, "a,b\n1,2\n")),
    ErrorCode.FILE_ROW_WIDTH: (
        FileError,
        lambda folder: frequencies(folder, "haplotype,frequency\nA*02:01~B*40:01,0,5\n"),
    ),
    ErrorCode.FILE_VALUE: (
        FileError,
        lambda folder: frequencies(folder, "haplotype,frequency\nA*02:01~B*40:01,often\n"),
    ),
    ErrorCode.FILE_CONTRADICTION: (
        FileError,
        lambda folder: read_codes(table(folder, "AB\t01/02\nAB\t01/03\n", "mac.txt")),
    ),
    ErrorCode.FREQUENCIES_SUM: (
        FileError,
        lambda folder: frequencies(folder, "haplotype,frequency\nA*02:01~B*40:01,1\nA*24:02~B*40:01,1\n"),
    ),
    ErrorCode.FREQUENCIES_NOT_INSTALLED: (FileError, lambda folder: load_frequencies("none", NOMENCLATURE, folder)),
    ErrorCode.FREQUENCIES_DAMAGED: (FileError, damaged_set),
    ErrorCode.FILE_EXISTS: (FileError, lambda folder: export_donors(imported(folder), table(folder))),
    ErrorCode.FILE_RESULT_EXISTS: (FileError, lambda folder: refuse_existing(table(folder))),
    ErrorCode.FILE_NOT_WRITTEN: (FileError, lambda folder: atomic_write(folder / "none" / "x").__enter__()),
    ErrorCode.FILE_NO_ROOM: (FileError, full_disk),
    ErrorCode.FILE_NOT_KEPT: (FileError, not_kept),
    ErrorCode.NOMENCLATURE_NOT_INSTALLED: (NomenclatureError, lambda folder: NomenclatureStore(folder).load("3.58.0")),
    ErrorCode.NOMENCLATURE_MISSING_FILE: (NomenclatureError, lambda folder: read_release(folder)),
    ErrorCode.NOMENCLATURE_INCOMPLETE: (
        NomenclatureError,
        lambda folder: release(folder, "wmda/hla_nom_p.txt", "DQB1*;01:01;\n", ""),
    ),
    ErrorCode.NOMENCLATURE_CONTENT: (
        NomenclatureError,
        lambda folder: release(folder, "wmda/rel_ser_ser.txt", "A;2;;203/210", "A;2"),
    ),
    ErrorCode.NOMENCLATURE_CHECKSUM: (NomenclatureError, other_checksum),
    ErrorCode.NOMENCLATURE_RELEASE: (
        NomenclatureError,
        lambda folder: release(folder, "wmda/hla_nom_p.txt", "3.58.0", "3.59.0"),
    ),
    ErrorCode.NOMENCLATURE_DAMAGED: (NomenclatureError, lambda _: loads(b"{}", "x")),
    ErrorCode.REGISTRY_MISSING: (RegistryError, open_registry),
    ErrorCode.REGISTRY_FOLDER: (RegistryError, lambda folder: write_registry(registry(), table(folder))),
    ErrorCode.REGISTRY_EXISTS: (
        RegistryError,
        lambda folder: (imported(folder), imported(folder, HEADER + "X9,02:01,\n")),
    ),
    ErrorCode.REGISTRY_SHRINKS: (
        RegistryError,
        lambda folder: (imported(folder), imported(folder, f"{HEADER}X1,02:01,24:02\n", replace=True)),
    ),
    ErrorCode.REGISTRY_DAMAGED: (RegistryError, lambda folder: open_registry(emptied(imported(folder), "status.npy"))),
    ErrorCode.REGISTRY_FORMAT: (RegistryError, other_format),
    ErrorCode.REGISTRY_CHANGED: (RegistryError, lambda folder: source(folder, snapshot="snapshot-0")),
    ErrorCode.REGISTRY_NO_TRANSACTION: (RegistryError, no_transaction),
    ErrorCode.REGISTRY_RECORD: (RegistryError, lambda folder: show_donor(emptied(imported(folder), JOURNAL), "X1")),
    ErrorCode.REGISTRY_KNOWN_DONOR: (RegistryError, lambda folder: add_donor(imported(folder), "X1", {"A_1": "02:01"})),
    ErrorCode.REGISTRY_UNKNOWN_DONOR: (RegistryError, lambda folder: withdraw_donor(imported(folder), "X9")),
    ErrorCode.REGISTRY_OUT_OF_ORDER: (FileError, out_of_order),
    ErrorCode.REGISTRY_IN_USE: (FileError, just_erased),
    ErrorCode.REGISTRY_UNPUBLISHED: (RegistryError, no_room_to_publish),
    ErrorCode.REGISTRY_KEY: (RegistryError, lambda folder: encrypt_record(imported(folder))),
    ErrorCode.REGISTRY_NO_EARLIER: (RegistryError, lambda folder: roll_back(imported(folder))),
    ErrorCode.CASE_UNKNOWN: (RegistryError, lambda folder: registry_io.show_case(imported(folder), 1)),
    ErrorCode.CASE_STEP: (RegistryError, closed_twice),
    ErrorCode.WRITER_BUSY: (LockedError, busy),
    ErrorCode.BATCH_BROKEN: (BrokenPartsError, broken_parts),
    ErrorCode.WORKER_VERSION: (HlaMatchError, lambda folder: source(folder, program_version="0")),
}
"""By code the class that is raised with it, and what raises it in an empty folder."""

NOT_CAUSED = {
    ErrorCode.PROGRAM_ENDED: (HlaMatchError, "a machine without memory, or a cluster that is lost"),
}
"""Codes that need more than a test may do, and what causes them."""


def page() -> str:
    """Return the page of errors: the codes, then the reasons of typings and records."""
    caused = {code: kind for causes in (CAUSES, NOT_CAUSED) for code, (kind, _) in causes.items()}
    codes = [(f"`{code}`", f"`{caused[code].__name__}`", code.means, code.to_do) for code in ErrorCode]
    reasons = [(f"`{reason}`", f"`{reason.code}`", reason.means, reason.to_do) for reason in Reason]
    parts = [
        "# Errors",
        "Every error that input, arguments, files, or the machine cause is an `HlaMatchError`. It has `code`,"
        " a short name that stays from version to version, and `to_do`, what helps; `str(error)` says where, "
        "what was found, what was expected, and what to do here, and may become clearer in a later version. "
        "The command prints it in one line and ends with exit code 2, or with 1 where finished work broke. No"
        " message names a person.",
        "A `FileError` has `path`, `row`, `column`, `found`, `expected`, and `hint`; rows are counted from 1,"
        " which is the header. A `CriteriaError` has `name`, `found`, `expected`, `hint`, and `faults`, one "
        "error a value where several are wrong at once. A `TypingError` has `text`, `position`, `expected`, "
        "`reason`, and `hint`. `NomenclatureError`, `RegistryError`, `BudgetError`, and `BrokenPartsError` "
        "are a `FileError`, too; `TypingError` and `CriteriaError` are a `ValueError`.",
        "## Codes",
        _table(("code", "class", "what it means", "what to do"), codes),
        "## Reasons of typings and records",
        "Reasons stand in `quarantine.csv` and `warnings.csv` beside a registry, and in the status file of a batch; a "
        "`TypingError` carries them as `reason`.",
        _table(("reason", "code of a `TypingError`", "what it means", "what to do"), reasons),
    ]
    return "\n\n".join(parts) + "\n"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ("---",) * len(columns), *rows))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
