import numpy as np
import polars as pl
import pytest

from hla_match.encoding import CARRIED, FREE, NEW, NULL, RESOLVED, LocusEncoder, counted
from hla_match.errors import TypingError
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from hla_match.typing_book import TypingBook


@pytest.mark.parametrize(
    ("carried", "expected"),
    [
        pytest.param([((2, 3), (NEW,))], [((2, 3), (NEW,), FREE)], id="without null alleles"),
        pytest.param([((5,), (NULL,))], [((5,), (5,), RESOLVED), ((5,), (NULL,), CARRIED)], id="its partner twice"),
        pytest.param(
            [((NULL,), (5, 7))],
            [((5,), (5,), RESOLVED), ((7,), (7,), RESOLVED), ((NULL,), (5, 7), CARRIED)],
            id="twice the same of several partners",
        ),
        pytest.param(
            [((NULL,), (NULL,))],
            [((NULL,), (NULL,), RESOLVED), ((NULL,), (NULL,), CARRIED)],
            id="absent on both chromosomes",
        ),
        pytest.param(
            [((4, 5), (NULL, 6))],
            [((4, 5), (6,), FREE), ((4,), (4,), RESOLVED), ((5,), (5,), RESOLVED), ((4, 5), (NULL,), CARRIED)],
            id="perhaps null",
        ),
    ],
)
def test_null_alleles_count_by_what_the_other_person_carries(carried, expected) -> None:
    assert list(counted(carried)) == expected


@pytest.mark.parametrize("pair", [("DRB4*NNNN", ""), ("NNNN", "NNNN"), ("00:00", "00:00")])
def test_a_gene_absent_on_both_chromosomes_is_typed(pair: tuple[str, str]) -> None:
    encoder = LocusEncoder(Nomenclature(builtin_tables()), "DRB4")
    assert encoder.carried(*pair) == (((NULL,), (NULL,)),)
    assert [one.kind for one in encoder.alternatives(*pair)] == [RESOLVED, CARRIED]
    book = TypingBook(Nomenclature(builtin_tables()), "DRB4")
    coded = book.code(pl.Series([pair[0], None]), pl.Series([pair[1], None]))
    assert coded.tolist() == [1, 0]
    table = book.numbered(np.array([True, True])).column.table
    assert table.alternative_start.tolist() == [0, 0, 2]


@pytest.mark.parametrize("pair", [("00:00", "01:01"), ("01:01", "HLA-DRB5*NNNN")])
def test_a_gene_absent_on_one_chromosome_is_a_null_allele_there(pair: tuple[str, str]) -> None:
    encoder = LocusEncoder(Nomenclature(builtin_tables()), "DRB5")
    (allele,) = encoder.alternatives("01:01", "")[0].first
    assert set(encoder.carried(*pair)[0]) == {(NULL,), (allele,)}
    assert len(encoder.carried(*pair)) == 1
    resolved, carried = encoder.alternatives(*pair)
    assert resolved == ((allele,), (allele,), RESOLVED)
    assert carried.kind == CARRIED


def test_only_the_second_dr_genes_can_be_absent() -> None:
    with pytest.raises(TypingError):
        LocusEncoder(Nomenclature(builtin_tables()), "A").alternatives("NNNN", "")
