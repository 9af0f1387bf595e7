"""Every array of the schema is declared such that signatures, checks and the page on files can be made from it."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import numpy as np
import pytest

import hla_match.kernels.schema
from hla_match.kernels.schema.array import Array, Declaration, arrays_of, declarations, new_arrays, of_arrays
from hla_match.kernels.schema.haplotypes import HaplotypeClasses, Imputation

MODULES = [
    importlib.import_module(one.name)
    for one in pkgutil.iter_modules(hla_match.kernels.schema.__path__, "hla_match.kernels.schema.")
]
TABLES = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and hasattr(value, "_fields") and value.__module__ == module.__name__
]
# What is numbered by arrays of another table.
ELSEWHERE = {"panels", "sets"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_declaration_is_complete(table) -> None:
    declared = declarations(table)
    assert declared
    counted = {name for one in declared.values() for name, _ in one.array.dimensions}
    for one in declared.values():
        assert one.array.sentence
        assert one.array.sentence[-1] not in ".;"
        assert all(name or added for name, added in one.array.dimensions)
        if one.array.into:
            assert one.array.into in counted
            assert one.array.dimensions[0][1] == 1
        if one.array.below:
            assert one.array.below in counted | ELSEWHERE
        assert one.array.missing is None or np.iinfo(one.dtypes[0]).min <= one.array.missing


def test_arrays_by_name_and_named_tuples_are_the_same() -> None:
    sizes = {"distinct persons": 2, "parts": 3, "classes": 4, "pairs": 5, "members": 6}
    classes = new_arrays(HaplotypeClasses, sizes)
    assert (classes.part_class.shape, classes.pair.shape, classes.pair.dtype) == ((4,), (5, 2), np.uint16)
    whole = Imputation(np.zeros(7, np.int32), classes)
    again = of_arrays(Imputation, arrays_of(whole))
    assert list(arrays_of(whole)) == list(declarations(Imputation)) == ["person", *HaplotypeClasses._fields]
    assert all(one is other for one, other in zip(arrays_of(whole).values(), arrays_of(again).values(), strict=True))


@pytest.mark.parametrize(
    ("array", "fits"),
    [
        (np.zeros((3, 2), np.uint16), True),
        (np.zeros((3, 2), np.uint32), True),
        (np.zeros((3, 2), np.int32), False),
        (np.zeros((2, 2), np.uint16), False),
        (np.zeros((3, 3), np.uint16), False),
        (np.zeros(6, np.uint16), False),
    ],
    ids=["narrow", "wide", "another dtype", "other number", "no pairs", "another shape"],
)
def test_an_array_fits_its_declaration_or_not(array, fits: bool) -> None:
    declared = Declaration("a", (np.dtype("uint16"), np.dtype("uint32")), Array("typings + 1, 2", "pairs"))
    assert declared.fits(array, {"typings": 2}) is fits


def test_schema_and_codes_need_no_numba() -> None:
    program = (
        "import sys, hla_match.kernels.codes, hla_match.kernels.schema.haplotypes, hla_match.kernels.schema.search;"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
