"""Searches through the public names of Python, and writes what the lists hold: rows, reasons, notices, the HTML table.

Run by path with a checkout on PYTHONPATH, so that it imports nothing of `benchmarks`:

    python lists_worker.py REGISTRY FREQUENCIES PATIENTS OUT
"""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import hla_match
import registry_io

_LOCI = ("A", "B", "C", "DRB1", "DRB3", "DRB4", "DRB5", "DQB1", "DPB1")
_AS_OF = datetime.date(2026, 11, 1)
_CRITERIA = (
    hla_match.SearchCriteria(max_mismatches=2, limit=40, as_of=_AS_OF),
    hla_match.SearchCriteria(scope="8/8", max_mismatches=4, limit=25, direction="hvg", as_of=_AS_OF),
)


def main() -> None:
    """Search for every patient without frequencies and with them."""
    folder, frequencies, patients, out = map(Path, sys.argv[1:])
    registry = registry_io.open_registry(folder)
    imputed = registry_io.open_imputation(folder, registry, registry_io.open_frequencies(str(frequencies), registry))
    matchers = (hla_match.Matcher(registry), hla_match.Matcher(registry, imputed))
    with patients.open(newline="", encoding="utf-8") as file:
        people = [_patient(row) for row in csv.DictReader(file)]
    lists = [
        _content(matcher.search(patient, criteria))
        for patient in people
        for matcher, criteria in itertools.product(matchers, _CRITERIA)
    ]
    out.write_text(json.dumps(lists, indent=1, default=str), encoding="utf-8")


def _patient(row: dict[str, str]) -> hla_match.Patient:
    typings = {locus: (row[f"{locus}_1"], row[f"{locus}_2"]) for locus in _LOCI if row.get(f"{locus}_1")}
    attributes: dict[str, Any] = {name: row[name] or None for name in ("patient_id", "cmv", "abo")}
    return hla_match.Patient(typings=typings, **attributes)


def _content(found: hla_match.MatchList) -> dict[str, Any]:
    return {
        "patient": found.patient.patient_id,
        "n_found": found.n_found,
        "columns": {name: str(dtype) for name, dtype in found.to_polars().schema.items()},
        "rows": found.to_polars().rows(),
        "why": [found.why(position) for position in range(len(found) - 1)],
        "notices": list(found.notices),
        "html": found._repr_html_(),
    }


if __name__ == "__main__":
    main()
