"""Frequency tables coded by P groups: merged, and reported where a name is no single group."""

import numpy as np
import polars as pl
import pytest

from hla_match.errors import CriteriaError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes, merge_haplotypes
from hla_match.nomenclature.release import Nomenclature

NOMENCLATURE = Nomenclature.builtin()


def table(*rows):
    """Rows of A, B, population, frequency."""
    return pl.DataFrame(
        rows, schema={"A": pl.String, "B": pl.String, "population": pl.String, "frequency": pl.Float64}, orient="row"
    )


def test_alleles_of_one_p_group_are_one_haplotype():
    found = code_haplotypes(
        table(("02:01", "46:01", "", 0.2), ("02:09", "46:01", "", 0.1), ("11:01", "46:01", "", 0.3)),
        NOMENCLATURE,
        name="x",
    )
    assert found.loci == ("A", "B")
    assert found.frequency.round(9).tolist() == [[0.3, 0.3]]


def test_names_that_are_no_single_group_are_reported_with_their_mass():
    found = code_haplotypes(
        table(("02:01", "46:01", "", 0.2), ("99:01", "46:01", "", 0.1), ("02:XX", "46:01", "", 0.05)),
        NOMENCLATURE,
        name="x",
    )
    assert found.n_haplotypes == 1
    assert [(one.locus, one.name, one.mass) for one in found.unmapped] == [("A", "99:01", 0.1), ("A", "02:XX", 0.05)]
    assert found.unmapped_mass == pytest.approx([0.15])


def test_a_set_without_readable_haplotypes_is_refused():
    with pytest.raises(CriteriaError, match="no haplotype"):
        code_haplotypes(table(("99:01", "46:01", "", 0.2)), NOMENCLATURE, name="x")


def test_null_alleles_are_one_absent_allele():
    found = code_haplotypes(table(("24:09N", "46:01", "", 0.2), ("absent", "46:01", "", 0.1)), NOMENCLATURE, name="x")
    assert found.allele[:, 0].tolist() == [0]
    assert found.frequency.round(9).tolist() == [[0.3]]


def test_populations_are_pooled_alike_whatever_their_sums():
    found = code_haplotypes(
        table(("02:01", "46:01", "x", 0.2), ("11:01", "46:01", "y", 0.9), ("02:01", "46:01", "y", 0.1)),
        NOMENCLATURE,
        name="x",
    )
    assert found.populations == ("x", "y")
    assert sorted(found.pooled().round(9)) == [0.45, 0.55]


def test_a_set_written_and_read_is_the_same():
    found = code_haplotypes(
        table(("02:01", "46:01", "x", 0.25), ("24:09N", "40:01", "x", 0.5), ("11:01", "46:01", "y", 0.75)),
        NOMENCLATURE,
        name="x",
    )
    written = found.to_polars(NOMENCLATURE)
    assert written["haplotype"].to_list() == ["A*absent~B*40:01P", "A*02:01P~B*46:01", "A*11:01P~B*46:01"]
    loci = written["haplotype"].str.split("~")
    frame = written.with_columns(
        A=loci.list.get(0).str.split("*").list.get(1), B=loci.list.get(1).str.split("*").list.get(1)
    )
    again = code_haplotypes(frame, NOMENCLATURE, name="x")
    assert np.array_equal(again.allele, found.allele)
    assert np.array_equal(again.frequency, found.frequency)


def test_merging_adds_up_equal_rows():
    allele, frequency = merge_haplotypes(np.array([[3, 1], [2, 5], [3, 1]], np.int32), np.array([[0.1, 0.2, 0.3]]))
    assert allele.tolist() == [[2, 5], [3, 1]]
    assert frequency.round(9).tolist() == [[0.2, 0.4]]
