"""Which alleles share an antigen: the difference between the grades L and M."""

import pytest

from hla_match.nomenclature.release import Nomenclature

BUILTIN = Nomenclature.builtin()


@pytest.fixture(scope="module")
def release(release_358):
    return release_358


def share_an_antigen(nomenclature, locus, one, other):
    antigens = nomenclature.antigens(locus)
    (first,), (second,) = nomenclature.expand(locus, one).p_codes, nomenclature.expand(locus, other).p_codes
    return not set(antigens[first]).isdisjoint(antigens[second])


PAIRS = [
    pytest.param("A", "02:01", "02:06", True, id="A2"),
    pytest.param("A", "02:01", "02:03", True, id="A203 is a variant of A2"),
    pytest.param("A", "24:02", "24:03", True, id="A2403 is a variant of A24"),
    pytest.param("A", "23:01", "24:02", False, id="A23 and A24 split A9"),
    pytest.param("B", "07:02", "07:03", True, id="B703 is a variant of B7"),
    pytest.param("B", "38:01", "39:01", False, id="B38 and B39 split B16"),
    pytest.param("B", "39:01", "39:02", True, id="B3901 and B3902 are variants of B39"),
    pytest.param("B", "40:01", "40:02", False, id="B60 and B61 split B40"),
    pytest.param("B", "15:01", "15:02", False, id="B62 and B75 split B15"),
    pytest.param("B", "51:01", "52:01", False, id="B51 and B52 split B5"),
    pytest.param("C", "03:03", "03:04", False, id="Cw9 and Cw10 split Cw3"),
    pytest.param("C", "12:02", "12:03", True, id="no antigen: the family stands for it"),
    pytest.param("C", "12:03", "15:02", False, id="no antigen, another family"),
    pytest.param("DRB1", "03:01", "03:02", False, id="DR17 and DR18 split DR3"),
    pytest.param("DQB1", "03:01", "03:02", False, id="DQ7 and DQ8 split DQ3"),
    pytest.param("DQB1", "05:01", "05:02", True, id="DQ5"),
    pytest.param("DPB1", "04:01", "04:02", False, id="every DPB1 mismatch is an antigen mismatch"),
]


@pytest.mark.parametrize(("locus", "one", "other", "expected"), PAIRS)
def test_antigen_match_under_the_builtin_nomenclature(locus, one, other, expected):
    assert share_an_antigen(BUILTIN, locus, one, other) is expected


@pytest.mark.parametrize(("locus", "one", "other", "expected"), PAIRS)
def test_antigen_match_under_a_release(release, locus, one, other, expected):
    assert share_an_antigen(release, locus, one, other) is expected
