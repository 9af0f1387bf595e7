"""A person as one canonical text and back, and the cells of a row as far as that text does not hold them.

The text is a JSON object of texts: the typings in the order of the loci, then the attributes in the order of the
vocabulary, then other attributes by name; what is missing is left out. Equal persons have equal texts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence

import polars as pl

from hla_match.donors.attributes import ATTRIBUTES
from hla_match.donors.registry import donor_attributes
from hla_match.loci import LOCI
from registry_io.store.attribute_columns import attribute_column

TYPINGS = tuple(f"{locus}_{side}" for locus in LOCI for side in (1, 2))
"""The columns of typings, in their order."""


def attribute_types(persons: pl.DataFrame) -> dict[str, str]:
    """Return the type of each attribute of a frame of persons, as polars calls it.

    Raises:
        CriteriaError: an attribute is of a type that no registry keeps.
    """
    attributes = donor_attributes(persons).drop("donor_id")
    for series in attributes.clear():
        attribute_column(series)
    return {name: str(dtype) for name, dtype in attributes.schema.items()}


def in_order(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return attributes in the order of the vocabulary, others behind them by name.

    >>> list(in_order({"score": "Int64", "city": "String", "sex": "String", "level": "Int64"}))
    ['sex', 'city', 'level', 'score']
    """
    known = [name for name in ATTRIBUTES if name in attributes]
    return {name: attributes[name] for name in (*known, *sorted(attributes.keys() - ATTRIBUTES.keys()))}


def person_texts(persons: pl.DataFrame) -> pl.Series:
    """Return the text of each person of a frame as registries are built from.

    >>> person_texts(pl.DataFrame({"person_id": ["D1"], "sex": ["F"], "A_1": ["02:01"], "A_2": [None]})).to_list()
    ['{"A_1":"02:01","sex":"F"}']
    """
    typings = [name for name in TYPINGS if name in persons.columns]
    # An empty text is no typing.
    texts = [pl.col(name).cast(pl.String).replace("", None) for name in typings]
    texts += [pl.col(name).cast(pl.String) for name in in_order(attribute_types(persons))]
    return _objects(persons.select(texts), persons.height)


def persons_of(
    rows: Sequence[int], identifiers: Sequence[str], texts: Sequence[str], attributes: Mapping[str, str]
) -> pl.DataFrame:
    """Return persons as the reader of a donor file gives them; only loci that somebody is typed at have columns.

    Args:
        rows: what stands for the rows of a file.
        identifiers: of the persons.
        texts: of the persons, as `person_texts` makes them.
        attributes: the columns of attributes, and their types.

    Raises:
        polars.exceptions.PolarsError: a text is none.
    """
    # Inside of a text quotation marks have a backslash before them, so that this is the name of a typing.
    lines = "\n".join(texts)
    typed = {name[:-2] for name in TYPINGS if f'"{name}":"' in lines}
    typings = [name for name in TYPINGS if name[:-2] in typed]
    names = [*typings, *in_order(attributes)]
    cells = pl.read_ndjson(io.BytesIO(lines.encode()), schema=dict.fromkeys(names, pl.String))
    values = [pl.col(name) for name in typings]
    values += [_value(name, dtype) for name, dtype in in_order(attributes).items()]
    persons = pl.DataFrame({"row": rows, "person_id": identifiers}, {"row": pl.UInt32, "person_id": pl.String})
    return persons.hstack(cells.select(values))


def person_frame(donor_id: str, person: Mapping[str, str], attributes: Mapping[str, str]) -> pl.DataFrame:
    """Return a person, given as texts by column, as a frame of one.

    >>> person_frame("D1", {"A_1": "02:01", "weight_kg": "65.5"}, {"weight_kg": "Float32"}).row(0)
    ('D1', '02:01', None, 65.5)
    """
    text = json.dumps(dict(person), ensure_ascii=False, separators=(",", ":"))
    return persons_of([0], [donor_id], [text], attributes).drop("row")


def reported_texts(persons: pl.DataFrame, cells: pl.DataFrame, meant: Mapping[str, str]) -> pl.Series:
    """Return by person the cells that `person_texts` does not hold word for word, as a JSON object by header, or null.

    Args:
        persons: of the frame, with their `row`.
        cells: `row` and, by their headers, the cells of the file that were read.
        meant: headers of columns that hold what a column of `persons` holds, and its name.
    """
    own = cells.join(persons.select("row"), on="row", how="right", maintain_order="right").drop("row")
    kept = []
    for header in own.columns:
        name = meant.get(header)
        same = own[header].eq_missing(persons[name].cast(pl.String)) if name in persons.columns else None
        if same is None or not same.all():
            cell = pl.col(header) if same is None else pl.when(~same).then(pl.col(header)).alias(header)
            kept.append(cell)
    texts = _objects(own.select(kept), persons.height)
    return texts.set(texts == "{}", None)


def note_texts(persons: pl.DataFrame, noted: pl.DataFrame) -> pl.Series:
    """Return by person of a frame with their `row` the notes on it as a JSON list, or null.

    Args:
        persons: the persons.
        noted: a `note` for a `row`.
    """
    notes: dict[int, list[str]] = {}
    for row, note in noted.select("row", "note").unique(maintain_order=True).iter_rows():
        notes.setdefault(row, []).append(note)
    texts = {row: json.dumps(several, ensure_ascii=False) for row, several in notes.items()}
    return persons["row"].replace_strict(list(texts), list(texts.values()), default=None, return_dtype=pl.String)


def _value(name: str, dtype: str) -> pl.Expr:
    """Return the values of an attribute, read from their texts."""
    text = pl.col(name)
    return text.str.to_date("%Y-%m-%d") if dtype == "Date" else text.cast(getattr(pl, dtype))


def _objects(cells: pl.DataFrame, n_rows: int) -> pl.Series:
    """Return each of the rows as a JSON object of its texts, without those that are missing."""
    if not cells.width:
        return pl.Series(["{}"] * n_rows, dtype=pl.String)
    pairs = [
        pl.when(pl.col(name).is_not_null()).then(pl.struct(name).struct.json_encode().str.slice(1).str.head(-1))
        for name in cells.columns
    ]
    inner = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return cells.select(text=pl.concat_str(pl.lit("{"), inner, pl.lit("}")))["text"]
