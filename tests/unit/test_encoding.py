import numpy as np
import polars as pl
import pytest

from hla_match.encoding import NEW, NULL, LocusEncoder, resolve_nulls
from hla_match.errors import TypingError
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from hla_match.typing_book import TypingBook


def test_a_null_allele_makes_the_locus_homozygous_for_its_partner():
    assert resolve_nulls((5,), (NULL,)) == [((5,), (5,))]


def test_both_alleles_are_the_same_member_where_the_partner_of_a_null_is_ambiguous():
    assert resolve_nulls((NULL,), (5, 7)) == [((5,), (5,)), ((7,), (7,))]


def test_two_nulls_stay_absent():
    assert resolve_nulls((NULL,), (NULL,)) == [((NULL,), (NULL,))]


def test_expressed_sides_are_independent():
    assert resolve_nulls((2, 3), (NEW,)) == [((2, 3), (NEW,))]


@pytest.mark.parametrize("pair", [("DRB4*NNNN", ""), ("NNNN", "NNNN"), ("00:00", "00:00")])
def test_a_gene_absent_on_both_chromosomes_is_carried_so_and_matches_like_one_not_typed(pair: tuple[str, str]) -> None:
    encoder = LocusEncoder(Nomenclature(builtin_tables()), "DRB4")
    assert encoder.carried(*pair) == (((NULL,), (NULL,)),)
    assert encoder.alternatives(*pair) == ()
    book = TypingBook(Nomenclature(builtin_tables()), "DRB4")
    coded = book.code(pl.Series([pair[0], None]), pl.Series([pair[1], None]))
    assert coded.tolist() == [1, 0]
    assert book.numbered(np.array([True, True])).column.table.n_typings == 2


@pytest.mark.parametrize("pair", [("00:00", "01:01"), ("01:01", "HLA-DRB5*NNNN")])
def test_a_gene_absent_on_one_chromosome_is_homozygous_for_the_other(pair: tuple[str, str]) -> None:
    encoder = LocusEncoder(Nomenclature(builtin_tables()), "DRB5")
    (allele,) = encoder.alternatives("01:01", "")[0][0]
    assert set(encoder.carried(*pair)[0]) == {(NULL,), (allele,)}
    assert len(encoder.carried(*pair)) == 1
    assert encoder.alternatives(*pair) == (((allele,), (allele,)),)


def test_only_the_second_dr_genes_can_be_absent() -> None:
    with pytest.raises(TypingError):
        LocusEncoder(Nomenclature(builtin_tables()), "A").alternatives("NNNN", "")
