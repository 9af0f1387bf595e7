"""Whatever stands in the cells of attributes, nobody is lost for it and nothing is lost unsaid."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.attributes import ATTRIBUTES, of_persons
from hla_match.nomenclature.untyped import is_untyped
from registry_io.persons.patient_file import read_patients
from registry_io.persons.person_table import read_persons
from tests.examples import examples

TODAY = datetime.date(2026, 2, 28)
NEAR = st.sampled_from(
    (
        "M",
        "f",
        "男",
        "A",
        "A型",
        "0",
        "65",
        "1e9",
        "-1",
        "1990-05-01",
        "1990/5/1",
        "2031-01-01",
        "1899-12-31",
        "31167",
        "AV",
        "+",
    )
)
CELLS = NEAR | st.text(max_size=8) | st.dates().map(str) | st.floats().map(str)
OPTIONAL = [name for name in ATTRIBUTES if name != "status"]


@given(st.data(), st.lists(st.sampled_from(OPTIONAL), min_size=1, unique=True), st.integers(1, 5))
@examples(150)
def test_a_cell_of_an_attribute_never_costs_a_person(data: st.DataObject, names: list[str], n: int) -> None:
    cells = {name: data.draw(st.lists(CELLS, min_size=n, max_size=n)) for name in names}
    frame = pl.DataFrame({"id": [f"X{number}" for number in range(n)], "A_1": "02:01", "A_2": "", **cells})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "persons.parquet"
        frame.write_parquet(path)
        records = read_persons(path, kind="donor", today=TODAY)
        patients = read_patients(path, today=TODAY)
    assert records.quarantined == []
    assert records.frame["person_id"].to_list() == frame["id"].to_list()
    assert [row for row, _ in patients.patients] == list(range(2, n + 2))
    emptied = set(
        records.warnings.filter(pl.col("message").str.ends_with(", left empty")).select("row", "column").rows()
    )
    for name in names:
        for row, text, read in zip(records.frame["row"], cells[name], records.frame[name], strict=True):
            # What says that there is nothing is no finding.
            given = text.strip(" \t\u00a0") != "" and not is_untyped(text)
            assert (read is None) == (not given or (row, name) in emptied), (name, text)
    for row, name in emptied:
        if name in of_persons("patient"):
            assert f"{name}: " in patients.warnings[row]
