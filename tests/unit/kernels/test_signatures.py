"""What kernels are compiled for beforehand is what they are called with."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pytest
from numba import typeof, types

import hla_match.kernels
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_registry import impute
from hla_match.imputation.panels import build_panels
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels._jit import ENTRIES
from hla_match.kernels.schema.array import Array, Int32, Uint8, Uint16, Uint32
from hla_match.kernels.schema.haplotypes import PersonTypings
from hla_match.kernels.signatures import argument_types, n_arrays
from hla_match.typings.encoding import Side, typing_table

ROOMS = [room.name for room in pkgutil.walk_packages(hla_match.kernels.__path__, "hla_match.kernels.")]
for room in ROOMS:
    importlib.import_module(room)
KERNELS = [function for function, _ in ENTRIES if function.__module__ in ROOMS]


class Pairs(NamedTuple):
    start: Annotated[Int32, Array("pairs + 1", "offsets")]
    one: Annotated[Uint16 | Uint32, Array("pairs, 2", "of either width")]
    most: int


def rule(n: int, share: float, is_last: bool, pairs: Pairs, bits: Uint8) -> None:
    """A kernel of all kinds of arguments."""


def named(argument: str) -> None:
    """A kernel of what no kernel takes."""


def test_numbers_arrays_and_named_tuples_are_read_from_annotations() -> None:
    start, one = types.Array(types.int32, 1, "C"), types.Array(types.uint16, 2, "C")
    tuple_type = types.NamedTuple((start, one, types.int64), Pairs)
    bits = types.Array(types.uint8, 1, "C")
    assert argument_types(rule) == (types.int64, types.float64, types.boolean, tuple_type, bits)
    assert n_arrays(rule) == 3
    assert typeof(Pairs(np.zeros(3, np.int32), np.zeros((2, 2), np.uint16), 1)) == tuple_type


def test_what_is_not_a_number_or_an_array_is_refused() -> None:
    with pytest.raises(TypeError, match="argument argument of a kernel"):
        argument_types(named)


@pytest.mark.parametrize("function", KERNELS, ids=lambda function: function.__name__)
def test_every_kernel_that_python_calls_has_a_signature(function) -> None:
    assert len(argument_types(function)) <= 12
    assert n_arrays(function) > 0


def test_named_tuples_hold_what_they_declare() -> None:
    allele = np.array([[2, 2], [2, 3], [3, 2]], np.int32)
    frequencies = HaplotypeFrequencies(
        "three", ("A", "B"), allele, ("",), np.array([[0.5, 0.3, 0.2]]), (), np.zeros(1), ""
    )
    tables = {locus: typing_table([(), ((Side((2,)), Side((3,))),)]) for locus in ("A", "B")}
    panels = build_panels(frequencies, tables)
    typings = typing_membership(panels, tables)
    persons = PersonTypings(np.ones((2, 1), np.int32), np.zeros(1, np.int16))
    classes = impute(persons.person_typing, persons.person_population, panels, typings).classes
    (kernel,) = (one for one in KERNELS if one.__name__ == "impute_persons")
    values = (0, 1, persons, typings, panels.haplotypes, panels.index, panels.chain, classes)
    assert tuple(map(typeof, values)) == argument_types(kernel)
    (kernel,) = (one for one in KERNELS if one.__name__ == "grade_alternative")
    assert argument_types(kernel)[3:5] == (typeof(tables["A"].counted), typeof(tables["A"].antigens))


def test_no_kernel_takes_more_than_twelve_arguments() -> None:
    root = Path(hla_match.kernels.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                assert len(node.args.args) <= 12, f"{path.name}: {node.name}"
