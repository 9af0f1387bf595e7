from hla_match.encoding import NEW, NULL, resolve_nulls


def test_a_null_allele_makes_the_locus_homozygous_for_its_partner():
    assert resolve_nulls((5,), (NULL,)) == [((5,), (5,))]


def test_both_alleles_are_the_same_member_where_the_partner_of_a_null_is_ambiguous():
    assert resolve_nulls((NULL,), (5, 7)) == [((5,), (5,)), ((7,), (7,))]


def test_two_nulls_stay_absent():
    assert resolve_nulls((NULL,), (NULL,)) == [((NULL,), (NULL,))]


def test_expressed_sides_are_independent():
    assert resolve_nulls((2, 3), (NEW,)) == [((2, 3), (NEW,))]
