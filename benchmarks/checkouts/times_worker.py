"""Times searches in this process and prints the median processor seconds of one search as JSON.

Run by path with a checkout on PYTHONPATH, so that it imports nothing of `benchmarks`:

    python times_worker.py REGISTRY FREQUENCIES PATIENTS
"""

from __future__ import annotations

import csv
import datetime
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import hla_match
import registry_io

_LOCI = ("A", "B", "C", "DRB1", "DQB1", "DPB1")
_CRITERIA = hla_match.SearchCriteria(max_mismatches=2, limit=100, as_of=datetime.date(2026, 11, 1))
_PASSES = 5


def main() -> None:
    """Search for every patient some times, without probabilities and with them, by one thread."""
    folder, frequencies, patients = map(Path, sys.argv[1:])
    registry = registry_io.open_registry(folder)
    imputed = registry_io.open_imputation(folder, registry, registry_io.open_frequencies(str(frequencies), registry))
    with patients.open(newline="", encoding="utf-8") as file:
        people = [_patient(row) for row in csv.DictReader(file)]
    matchers = {"search": hla_match.Matcher(registry), "search with P": hla_match.Matcher(registry, imputed, workers=1)}
    found = {}
    for name, matcher in matchers.items():
        for patient in people:
            matcher.search(patient, _CRITERIA)
        seconds = []
        for _ in range(_PASSES):
            for patient in people:
                start = time.process_time()
                matcher.search(patient, _CRITERIA)
                seconds.append(time.process_time() - start)
        found[f"{name}, median"] = median(seconds)
        found[f"{name}, mean"] = sum(seconds) / len(seconds)
    print(json.dumps(found))


def _patient(row: dict[str, Any]) -> hla_match.Patient:
    typings = {locus: (row[f"{locus}_1"], row[f"{locus}_2"]) for locus in _LOCI if row[f"{locus}_1"]}
    attributes: dict[str, Any] = {name: row[name] or None for name in ("patient_id", "cmv", "abo")}
    return hla_match.Patient(typings=typings, **attributes)


if __name__ == "__main__":
    main()
