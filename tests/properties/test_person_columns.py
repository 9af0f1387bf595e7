"""Whatever columns are called: each is read as one thing, refused with its name, or named among those not read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hla_match.errors import FileError
from hla_match.loci import LOCI
from registry_io.persons.person_columns import PersonColumns, find_columns
from tests.examples import examples

PARTS = st.sampled_from(
    ["HLA", "hla", "A", "B", "C", "Cw", "DRB1", "DQB1", "DRB", "DR", "DRB345", "DRB3", "1", "2", "3", "11", "27", "AB"]
)
SEPARATORS = st.sampled_from(["", "_", "-", ".", " ", "*", "/"])
TYPINGS = st.lists(st.tuples(SEPARATORS, PARTS), min_size=1, max_size=4).map(lambda parts: "".join(map("".join, parts)))
WORDS = st.sampled_from(
    [
        "sex",
        "性别",
        "gender",
        "abo",
        "血型",
        "status",
        "GRID",
        "sample",
        "编号",
        "DOB",
        "weight",
        "民族",
        "gl_string",
        "O",
        "CMV",
        "action",
        "操作类型",
    ]
)
CELLS = st.sampled_from(["", "02:01", "2", "1", "+", "A", "02:01,24:02", "2,24", "A*02:01+A*24:02", "-"])


@given(st.lists(TYPINGS | WORDS | st.text(max_size=4), max_size=8, unique=True), st.data())
@examples(400)
def test_every_column_has_one_meaning_or_none(names: list[str], data: st.DataObject) -> None:
    names = [name for name in names if name.strip() and name != "id"]
    frame = pl.DataFrame({name: data.draw(st.lists(CELLS, min_size=3, max_size=3)) for name in ("id", *names)})
    frame = frame.with_columns(pl.all().replace("", None))
    found: PersonColumns | FileError
    try:
        found = find_columns(Path("donors.csv"), frame, "donor")
    except FileError as error:
        found = error
    if isinstance(found, FileError):
        assert found.row == 1
        assert found.column is None or found.column in frame.columns
        return
    sides = [name for columns in found.loci.values() for name in columns]
    gl_string = [found.gl_string] if found.gl_string is not None else []
    action = [found.action] if found.action is not None else []
    own = {found.identifier, *sides, *found.attributes.values(), *gl_string, *found.populations, *action}
    assert own.isdisjoint(found.ignored)
    assert own | set(found.ignored) == set(frame.columns)
    # An identifier may be an attribute as well, the GRID; nothing else is two things.
    several = [*sides, *(name for name in found.attributes.values() if name != found.identifier), *gl_string, *action]
    assert len(set(several)) == len(several)
    for locus, columns in found.loci.items():
        assert locus in (*LOCI, "DRB345")
        for side, name in enumerate(columns, start=1):
            letters = "".join(one for one in name.upper() if one.isalnum()).removeprefix("HLA").replace("CW", "C")
            bare = "DRB345" if locus == "DRB345" else locus
            assert letters == (bare if len(columns) == 1 else f"{bare}{side}")
