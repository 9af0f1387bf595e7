import pytest

from hla_match.errors import CriteriaError, Reason, TypingError
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature


@pytest.fixture(scope="module")
def nomenclature() -> Nomenclature:
    return Nomenclature.builtin()


def p_names(nomenclature: Nomenclature, locus: str, text: str) -> set[str]:
    groups = nomenclature.p_groups(locus)
    return {groups[code] for code in nomenclature.expand(locus, text).p_codes}


@pytest.mark.parametrize(
    ("locus", "text", "expected"),
    [
        ("A", "02:01", {"02:01P"}),
        ("A", "02:09", {"02:01P"}),
        ("A", "HLA-A*02:01:01:01", {"02:01P"}),
        ("A", "0201", {"02:01P"}),
        ("A", "9201", {"02:101"}),
        ("B", "46:01", {"46:01P"}),
        ("DRB1", "14:01:01G", {"14:01P"}),
    ],
)
def test_a_name_is_read_to_its_p_group(nomenclature, locus, text, expected):
    found = p_names(nomenclature, locus, text)
    assert found == expected or {name.rstrip("P") for name in found} == {name.rstrip("P") for name in expected}


def test_serology_stands_for_its_alleles(nomenclature):
    assert {"15:02", "15:08"} <= {name.rstrip("P") for name in p_names(nomenclature, "B", "75")}
    assert "15:01" not in {name.rstrip("P") for name in p_names(nomenclature, "B", "75")}


def test_a_null_allele_is_absent_and_a_new_one_unknown(nomenclature):
    assert nomenclature.expand("A", "24:09N").p_codes == ()
    assert nomenclature.expand("A", "24:09N").has_null
    assert nomenclature.expand("A", "NEW").is_new


def test_a_null_allele_that_is_newer_than_the_table_counts_beside_an_expressed_one(nomenclature):
    found = nomenclature.expand("A", "02:01/24:09:77N")
    assert found.has_null
    assert found.p_codes == nomenclature.expand("A", "02:01").p_codes


def test_a_group_in_the_old_spelling_is_read_by_its_three_fields(nomenclature):
    assert nomenclature.expand("A", "A*110201G").alleles == nomenclature.expand("A", "A*11:02:01G").alleles


def test_a_typing_that_is_no_text_is_refused_by_its_name(nomenclature):
    with pytest.raises(CriteriaError, match=r"^text: found a value of type int, expected a typing as text$"):
        nomenclature.expand("A", 5)


@pytest.mark.parametrize(
    ("locus", "text", "reason"),
    [
        ("A", "02:9999", Reason.UNKNOWN_ALLELE),
        ("A", "02:01:00", Reason.UNKNOWN_ALLELE),
        ("A", "02:01:01:00", Reason.UNKNOWN_ALLELE),
        ("A", "02:ZZZZ", Reason.UNKNOWN_CODE),
        ("A", "B*07:02", Reason.WRONG_LOCUS),
        ("A", "77", Reason.UNKNOWN_ANTIGEN),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(nomenclature, locus, text, reason):
    with pytest.raises(TypingError) as error:
        nomenclature.expand(locus, text)
    assert error.value.reason == reason


def test_alike_proteins_are_alike_in_the_release(nomenclature, release_358):
    for locus, tables in builtin_tables().loci.items():
        members: dict[str, set[tuple[int, ...]]] = {}
        for name, group in zip(tables.allele, tables.p_group, strict=True):
            if group:
                members.setdefault(group, set()).add(release_358.expand(locus, name).p_codes)
        assert all(len(codes) == 1 for codes in members.values()), locus


@pytest.mark.parametrize(
    ("locus", "text", "reason"),
    [
        ("DPB1", "DP4", Reason.UNKNOWN_ANTIGEN),
        ("DPA1", "DP4", Reason.UNKNOWN_ANTIGEN),
        ("A", "DP4", Reason.WRONG_LOCUS),
        ("DQA1", "DQ5", Reason.WRONG_LOCUS),
        ("DQB1", "DQ77", Reason.UNKNOWN_ANTIGEN),
    ],
)
def test_an_antigen_is_of_another_locus_only_if_its_letters_are_or_that_locus_has_it(
    nomenclature: Nomenclature, locus: str, text: str, reason: Reason
) -> None:
    with pytest.raises(TypingError) as refused:
        nomenclature.expand(locus, text)
    assert refused.value.reason == reason
