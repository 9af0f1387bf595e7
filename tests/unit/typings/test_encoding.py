import numpy as np
import polars as pl
import pytest

from hla_match.errors import TypingError
from hla_match.kernels.codes import NEW, NULL_RESOLVED, WITH_NULL, WITHOUT_NULL
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import ABSENT, LocusEncoder, Side, counted
from hla_match.typings.typing_book import TypingBook


def any_of(*codes: int) -> Side:
    """A side that can be some alleles, with antigens as a serology has them."""
    return Side(codes, (1, 2), (1,))


FOUR, FIVE, SEVEN = any_of(4), any_of(5), any_of(7)


@pytest.mark.parametrize(
    ("with_nulls", "expected"),
    [
        pytest.param([(FIVE, Side((NEW,)))], [(FIVE, Side((NEW,)), WITHOUT_NULL)], id="without null alleles"),
        pytest.param(
            [(FIVE, ABSENT)], [(FIVE, FIVE, NULL_RESOLVED), (FIVE, ABSENT, WITH_NULL)], id="its partner twice"
        ),
        pytest.param(
            [(ABSENT, any_of(5, 7))],
            [(FIVE, FIVE, NULL_RESOLVED), (SEVEN, SEVEN, NULL_RESOLVED), (ABSENT, any_of(5, 7), WITH_NULL)],
            id="twice the same of several partners",
        ),
        pytest.param(
            [(ABSENT, ABSENT)],
            [(ABSENT, ABSENT, NULL_RESOLVED), (ABSENT, ABSENT, WITH_NULL)],
            id="absent on both chromosomes",
        ),
        pytest.param(
            [(any_of(4, 5), Side((0, 6), (3,)))],
            [
                (any_of(4, 5), Side((6,), (3,)), WITHOUT_NULL),
                (FOUR, FOUR, NULL_RESOLVED),
                (FIVE, FIVE, NULL_RESOLVED),
                (any_of(4, 5), ABSENT, WITH_NULL),
            ],
            id="perhaps null",
        ),
    ],
)
def test_null_alleles_count_by_what_the_other_person_carries(with_nulls, expected) -> None:
    assert list(counted(with_nulls)) == expected


@pytest.mark.parametrize("pair", [("DRB4*NNNN", ""), ("NNNN", "NNNN"), ("00:00", "00:00")])
def test_a_gene_absent_on_both_chromosomes_is_typed(pair: tuple[str, str]) -> None:
    encoder = LocusEncoder(Nomenclature.builtin(), "DRB4")
    assert encoder.with_nulls(*pair) == ((ABSENT, ABSENT),)
    assert [one.kind for one in counted(encoder.with_nulls(*pair))] == [NULL_RESOLVED, WITH_NULL]
    book = TypingBook(Nomenclature.builtin(), "DRB4")
    coded = book.code(pl.Series([pair[0], None]), pl.Series([pair[1], None]))
    assert coded.tolist() == [1, 0]
    table = book.numbered(np.array([True, True])).column.table
    assert table.counted.alternative_start.tolist() == [0, 0, 2]


@pytest.mark.parametrize("pair", [("00:00", "01:01"), ("01:01", "HLA-DRB5*NNNN")])
def test_a_gene_absent_on_one_chromosome_is_a_null_allele_there(pair: tuple[str, str]) -> None:
    encoder = LocusEncoder(Nomenclature.builtin(), "DRB5")
    allele = counted(encoder.with_nulls("01:01", ""))[0].first
    assert set(encoder.with_nulls(*pair)[0]) == {ABSENT, allele}
    assert len(encoder.with_nulls(*pair)) == 1
    resolved, carried = counted(encoder.with_nulls(*pair))
    assert resolved == (allele, allele, NULL_RESOLVED)
    assert carried.kind == WITH_NULL


def test_only_the_second_dr_genes_can_be_absent() -> None:
    with pytest.raises(TypingError):
        LocusEncoder(Nomenclature.builtin(), "A").with_nulls("NNNN", "")


def test_a_gene_reported_twice_is_on_both_chromosomes_and_one_reported_alone_need_not_be() -> None:
    encoder = LocusEncoder(Nomenclature.builtin(), "DRB4")
    twice = encoder.with_nulls("01:03", "01:03")
    assert len(twice) == 1
    assert encoder.with_nulls("01:03+01:03", "") == twice
    alone = encoder.with_nulls("01:03", "")
    assert alone == (*twice, (twice[0][0], ABSENT))
    assert encoder.with_nulls("01:03", "-") == alone
    assert encoder.with_nulls("01:03+01:03|01:03+NNNN", "") == alone


def test_genotypes_in_full_width_are_told_apart_as_others_are() -> None:
    encoder = LocusEncoder(Nomenclature.builtin(), "DRB4")
    assert encoder.with_nulls("01:03\uff5c01:01+01:01", "") == encoder.with_nulls("01:03|01:01+01:01", "")
