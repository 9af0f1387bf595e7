"""The declared columns are those of results and statuses, and the page shows them."""

from __future__ import annotations

import datetime
import re

import polars as pl

from hla_match.donors.attributes import ATTRIBUTES
from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.loci import SCOPE_LOCI
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.reporting.result_columns import DATE, NUMBER, RESULT_COLUMNS, STATUS_COLUMNS, TEXT, WHOLE
from hla_match.searches.matcher import Matcher
from hla_match.services import batch_parts
from tests.column_page import PAGE, page
from tests.properties.test_tce_labels import with_version_3

KINDS = {
    TEXT: (pl.String, pl.Enum, pl.Categorical),
    WHOLE: (pl.UInt8, pl.UInt16, pl.UInt32, pl.Int16, pl.Int32, pl.Int64),
    NUMBER: (pl.Float32, pl.Float64),
    DATE: (pl.Date,),
}
DAY = datetime.date(2026, 1, 1)


def everything() -> pl.DataFrame:
    """A list of donors who have every attribute that lists show, with probabilities."""
    attributes = {
        "sex": "F", "birth_date": datetime.date(1990, 1, 1), "abo": "A", "rhesus": "P", "cmv": "N", "weight_kg": 60.0,
        "status": "AV", "last_contact_on": DAY, "reserved_until": DAY, "city": "Ningbo",
        "donor_type": "CORD", "tnc_e7": 150.0, "cd34_e6": 9.0, "volume_ml": 25.0, "bank": "Zhejiang",
    }  # fmt: skip
    assert {name for name, one in ATTRIBUTES.items() if one.in_lists} <= attributes.keys()
    donors = pl.DataFrame([{"person_id": "D1", "A_1": "02:01", "A_2": "24:02", **attributes}])
    registry, _ = build_registry(donors, with_version_3(), name="one", provenance={"imported_on": "2026-01-01"})
    table = pl.DataFrame({"A": ["02:01", "24:02"], "population": "", "frequency": [0.5, 0.3]})
    imputed = ImputedRegistry.of(registry, code_haplotypes(table, registry.nomenclature, name="two"))
    patient = Patient(typings={"A": ("02:01", "24:02")})
    return (
        Matcher(registry, imputed).search(patient, SearchCriteria(scope="A", as_of=DAY, donor_type="any")).to_polars()
    )


def declared_name(column: str) -> str:
    loci = "|".join(SCOPE_LOCI)
    return re.sub(rf"^p_({loci})$", "p_LOCUS", re.sub(rf"^({loci})_grade$", "LOCUS_grade", column))


def test_a_list_has_the_declared_columns_in_their_order() -> None:
    frame = everything()
    declared = [one.name for one in RESULT_COLUMNS if "batch" not in one.where]
    assert [declared_name(name) for name in frame.columns] == declared


def test_values_are_of_the_declared_kind_and_empty_as_declared() -> None:
    frame = everything()
    by_name = {one.name: one for one in RESULT_COLUMNS}
    for name, dtype in frame.schema.items():
        one = by_name[declared_name(name)]
        assert dtype.base_type() in KINDS[one.values], name
        assert not (one.empty == "never empty" and frame[name].null_count()), name


def test_statuses_have_the_declared_columns() -> None:
    assert [one.name for one in STATUS_COLUMNS] == list(batch_parts.STATUS_COLUMNS)
    for one in STATUS_COLUMNS:
        assert batch_parts.STATUS_COLUMNS[one.name] in KINDS[one.values]


def test_every_column_is_declared_once() -> None:
    for columns in (RESULT_COLUMNS, STATUS_COLUMNS):
        names = [one.name for one in columns]
        assert len(set(names)) == len(names)


def test_the_page_is_what_the_declarations_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.column_page"
