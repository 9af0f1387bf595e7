"""A batch of the past gives the bytes that it gave, whatever became of the registry since."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import registry_io
from hla_match import Nomenclature, SearchCriteria, rebase
from hla_match.services.batch import BatchReport, batch
from registry_io.store.registry_folder import current_snapshot
from registry_io.store.registry_versions import collect_garbage
from registry_io.store.rollback import roll_back
from registry_io.store.snapshot_store import snapshot_chain
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
PAIRS = ("02:01,24:02", "11:01,24:02", "02:01,11:01", "02:01/02:06,24:02")
ATTRIBUTES = "AV,1990-02-03"
FREQUENCIES = "haplotype,frequency\nA*02:01,0.4\nA*24:02,0.3\nA*11:01,0.2\nA*02:06,0.1\n"
NOMENCLATURE = tiny_nomenclature(
    {"A": {f"{name}:01:01": (f"{name}P", f"{name}:01G") for name in ("02:01", "02:06", "11:01", "24:02", "33:03")}}
)
OTHER = Nomenclature(dataclasses.replace(NOMENCLATURE.tables, title="another release", checksum="another"))
CRITERIA = SearchCriteria(scope="A", max_mismatches=1, as_of=DAY, max_age=40)


def donors(first: int, stop: int) -> str:
    rows = (f"D{number:03},{PAIRS[number % 4]},{ATTRIBUTES}\n" for number in range(first, stop))
    return "donor_id,A_1,A_2,status,birth_date\n" + "".join(rows)


def later(folder: Path) -> list[Callable[[], Any]]:
    """Twenty transactions: of every kind, and many enough for snapshots to be merged."""
    file = folder.parent / "later.csv"

    def put(text: str, **how: bool) -> Callable[[], Any]:
        def write() -> None:
            file.write_text(text, encoding="utf-8")
            registry_io.import_donors(folder, file, today=DAY, **how)

        return write

    added = [put(donors(100 + 3 * number, 103 + 3 * number), add=True) for number in range(9)]
    updated = [put(donors(number, number + 2).replace("24:02", "33:03"), update=True) for number in range(0, 12, 3)]
    return [
        *added[:4],
        lambda: roll_back(folder),
        *updated,
        *added[4:],
        lambda: registry_io.withdraw_donor(folder, "D001"),
        lambda: rebase(folder, OTHER),
        lambda: registry_io.reinstate_donor(folder, "D001"),
        lambda: roll_back(folder),
        put(donors(0, 60), replace=True, allow_shrink=True, again=True),
        lambda: registry_io.add_donor(folder, "LAST", {"A": "02:01,24:02"}),
    ]


def test_a_batch_before_twenty_transactions_is_repeated_to_the_byte(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    for name, text in (("donors.csv", donors(0, 60)), ("more.csv", donors(60, 62)), ("han.csv", FREQUENCIES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    patients = "".join(f"P{number},{pair}\n" for number, pair in enumerate(PAIRS))
    (tmp_path / "patients.csv").write_text(f"patient_id,A_1,A_2\n{patients}P9,99:99,\n", encoding="utf-8")

    def run(out: str, **options: Any) -> BatchReport:
        given = {"frequencies": tmp_path / "han.csv", **options}
        return batch(folder, tmp_path / "patients.csv", tmp_path / out, CRITERIA, **given)

    registry_io.import_donors(folder, tmp_path / "donors.csv", NOMENCLATURE, today=DAY)
    registry_io.import_donors(folder, tmp_path / "more.csv", add=True, today=DAY)
    first = run("out.csv")
    n_merged = 0
    for change in later(folder):
        n_before = len(snapshot_chain(current_snapshot(folder)))
        change()
        n_merged += n_before > len(snapshot_chain(current_snapshot(folder))) == 1
    collect_garbage(folder, grace=datetime.timedelta(0))
    assert n_merged >= 2
    log = registry_io.registry_log(folder)
    assert len(log) == 22
    assert {one.action for one in log[2:]} == {
        "add",
        "update",
        "replace",
        "rollback",
        "withdraw",
        "reinstate",
        "rebase",
    }
    again = run("again.csv", at=2)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "again.csv").read_bytes() != b""
    assert first.n_rows == again.n_rows > 0
    assert first.statuses.read_bytes() == again.statuses.read_bytes()
    manifests = [json.loads(one.manifest.read_text()) for one in (first, again)]
    assert [one["registry"].pop("snapshot") != "" for one in manifests] == [True, False]
    assert manifests[0] == manifests[1]
    assert manifests[0]["registry"]["provenance"]["transaction"] == 2
    shutil.rmtree(folder / current_snapshot(folder).name)
    run("without.csv", at=2)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "without.csv").read_bytes()
