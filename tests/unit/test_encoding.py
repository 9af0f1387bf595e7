import pytest

from hla_match.encoding import NEW, NULL, LocusEncoder, resolve_nulls
from hla_match.errors import TypingError
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature


def test_a_null_allele_makes_the_locus_homozygous_for_its_partner():
    assert resolve_nulls((5,), (NULL,)) == [((5,), (5,))]


def test_both_alleles_are_the_same_member_where_the_partner_of_a_null_is_ambiguous():
    assert resolve_nulls((NULL,), (5, 7)) == [((5,), (5,)), ((7,), (7,))]


def test_two_nulls_stay_absent():
    assert resolve_nulls((NULL,), (NULL,)) == [((NULL,), (NULL,))]


def test_expressed_sides_are_independent():
    assert resolve_nulls((2, 3), (NEW,)) == [((2, 3), (NEW,))]


@pytest.mark.parametrize(
    ("locus", "pair", "read"),
    [
        ("DRB4", ("DRB4*NNNN", ""), ("", "")),
        ("DRB4", ("NNNN", "NNNN"), ("", "")),
        ("DRB3", ("00:00", "01:01"), ("01:01", "")),
        ("DRB5", ("01:01", "HLA-DRB5*NNNN"), ("01:01", "")),
    ],
)
def test_an_absent_gene_is_not_typed(locus: str, pair: tuple[str, str], read: tuple[str, str]) -> None:
    encoder = LocusEncoder(Nomenclature(builtin_tables()), locus)
    assert encoder.alternatives(*pair) == encoder.alternatives(*read)


def test_only_the_second_dr_genes_can_be_absent() -> None:
    with pytest.raises(TypingError):
        LocusEncoder(Nomenclature(builtin_tables()), "A").alternatives("NNNN", "")
