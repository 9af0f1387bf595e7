"""Reader processes search while a writer publishes one change after another: each answer is that of one version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from hla_match.nomenclature.release import Nomenclature
from registry_io.store.recorded_registry import write_registry_stream
from registry_io.store.registry_folder import writing_registry
from registry_io.store.registry_versions import collect_garbage
from registry_io.store.snapshot_changes import merge_changes, publish_changes

PROVENANCE = {"imported_on": "2026-01-01"}
READER = """
import sys
from pathlib import Path
from hla_match import Matcher, Patient, SearchCriteria
from registry_io import is_current, open_registry

folder, done = Path(sys.argv[1]), Path(sys.argv[2])
criteria = SearchCriteria(scope="A", max_mismatches=2)
patient = Patient(typings={"A": ("02:01", "24:02")})
registry, latest, n_searches = None, 0, 0
while True:
    is_last = done.exists()
    if registry is None or not is_current(folder, registry):
        registry = open_registry(folder)
    frame = Matcher(registry).search(patient, criteria).to_polars()
    cities = dict(registry.attributes.select("donor_id", "city").iter_rows())
    version = int(cities["FIRST"])
    # Who came with each version, and two donors that each version changes.
    assert cities["LAST"] == str(version), cities
    assert registry.n_donors == 30 + version == len(frame), (registry.n_donors, version, len(frame))
    assert {f"V{number}" for number in range(1, version + 1)} < set(frame["donor_id"])
    assert version >= latest
    latest, n_searches = version, n_searches + 1
    if is_last:
        break
print(latest, n_searches)
"""


def persons(city: str, *names: str) -> pl.DataFrame:
    return pl.DataFrame({"person_id": list(names), "A_1": "02:01", "A_2": "11:01", "city": city})


N_READERS, N_CHANGES = 3, 20
"""`python -m benchmarks reliability` has eight readers and a thousand transactions."""


@pytest.mark.exhaustive
def test_every_answer_is_that_of_one_version(tmp_path: Path) -> None:
    folder, done = tmp_path / "registry", tmp_path / "done"
    base = persons("0", "FIRST", "LAST", *(f"D{number}" for number in range(28)))
    write_registry_stream([base], folder, Nomenclature.builtin(), name="r", provenance=PROVENANCE)
    command = [sys.executable, "-c", READER, str(folder), str(done)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(N_READERS)
    ]
    try:
        for number in range(1, N_CHANGES + 1):
            come = persons(str(number), "FIRST", "LAST", f"V{number}")
            with writing_registry(folder):
                publish_changes(folder, [come], pl.Series(dtype=pl.String), provenance=PROVENANCE)
                if number % 5 == 0:
                    merge_changes(folder)
            collect_garbage(folder)
    finally:
        done.touch()
        found = [reader.communicate(timeout=120) for reader in readers]
    for out, err in found:
        assert not err
        assert out.split()[0] == str(N_CHANGES)
