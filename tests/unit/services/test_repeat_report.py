"""The table of what `repeat` found, and searches of cases that a damaged record tells."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hla_match.errors import RegistryError
from hla_match.services.repeat_report import RepeatedCase, RepeatReport
from registry_io.store.case_runs import run_of


def test_a_case_that_could_not_be_searched_has_its_row() -> None:
    cases = (RepeatedCase(number=1, patient_code="P-1"), RepeatedCase(number=2, patient_code="P-2", error="no set"))
    table = RepeatReport(cases=cases, transaction=3).to_polars()
    assert table.select("case", "change", "donor_id", "reason").rows() == [(2, "not searched", None, "no set")]


@pytest.mark.parametrize("told", [{}, {"day": "2026-13-01"}, {"day": 5}])
def test_a_search_that_is_none_is_a_damaged_record(told: dict[str, Any]) -> None:
    with pytest.raises(RegistryError, match="a search of a case, which is none"):
        run_of(cast("Any", SimpleNamespace(path=Path("journal.sqlite"), cases=None)), told)
