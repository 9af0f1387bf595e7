"""Expansion of every form of a typing, under tables small enough to check by eye."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.reduction import reduce_typing
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tables import AntigenRelation, Deletion, LocusTables, NomenclatureTables

# allele, G group, P group, antigen, expert antigen
A_ROWS = [
    ("01:52:01N", "", "", "", ""),
    ("02:01:01:01", "02:01:01G", "02:01P", "2", ""),
    ("02:01:01:02L", "02:01:01G", "02:01P", "2", ""),
    ("02:01:02", "", "02:01P", "2", ""),
    ("02:03", "", "", "203", ""),
    ("02:07Q", "", "", "", ""),
    ("11:01", "", "", "?", ""),
    ("23:01", "", "", "23", ""),
    ("24:02:01", "24:02:01G", "24:02P", "24", ""),
    ("24:03", "", "", "2403", ""),
    ("24:04", "", "", "9", ""),
    ("24:05", "", "", "", "24"),
    ("24:09N", "24:02:01G", "", "", ""),
]
B_ROWS = [
    ("15:01", "", "", "62", ""),
    ("15:02", "", "", "75", ""),
    ("15:03", "", "", "0", ""),
    ("39:01", "", "", "3901", ""),
    ("51:01", "", "", "51", ""),
]
DRB1_ROWS = [("03:01", "", "", "17", ""), ("14:03", "", "", "1403", "")]
DRB3_ROWS = [("01:01", "", "", "52", "")]
C_ROWS = [("07:01", "", "", "7", "")]

CODES = MacTable.from_items(
    [("AB", "01/03"), ("NULL", "02/09"), ("WHOLE", "23:01/24:02/24:09N"), ("SOME", "01/99"), ("NONE", "98/99")]
)


def locus_tables(locus: str, rows: list[tuple[str, str, str, str, str]], **more: dict[str, Deletion]) -> LocusTables:
    columns = [tuple(column) for column in zip(*rows, strict=True)]
    return LocusTables(locus, columns[0], columns[1], columns[2], columns[3], columns[4], ("",) * len(rows), **more)


def tables() -> NomenclatureTables:
    deleted = {
        "02:08": Deletion("02:10", "Sequence renamed"),
        "02:10": Deletion("02:03", "Sequence identical"),
        "0105N": Deletion("01:52:01N", "Sequence renamed"),
        "02:99": Deletion("", "Sequence error"),
    }
    old_name = {"02010101": "02:01:01:01", "02010102L": "02:01:01:02L", "9201": "02:03"}
    a_locus = replace(locus_tables("A", A_ROWS, deleted=deleted), old_name=old_name)
    others = {"B": B_ROWS, "C": C_ROWS, "DRB1": DRB1_ROWS, "DRB3": DRB3_ROWS}
    return NomenclatureTables(
        release="0.0.1",
        title="Small nomenclature",
        source="hand-made",
        checksum="",
        loci={"A": a_locus, **{locus: locus_tables(locus, rows) for locus, rows in others.items()}},
        antigen_relations=(
            AntigenRelation("A", "2", (), ("203",)),
            AntigenRelation("A", "9", ("23", "24"), ()),
            AntigenRelation("A", "24", (), ("2403",)),
            AntigenRelation("B", "15", ("62", "75"), ()),
            AntigenRelation("B", "39", (), ("3901",)),
        ),
        antigens={
            "A": ("2", "9", "23", "24", "203", "2403"),
            "B": ("15", "39", "51", "62", "75", "3901"),
            "Cw": ("7",),
            "DR": ("17", "52", "1403"),
        },
    )


NOMENCLATURE = Nomenclature(tables())
OPEN = Nomenclature(replace(tables(), closed=False))


SECOND_FIELDS = Nomenclature(
    replace(
        tables(),
        loci={**tables().loci, "B": locus_tables("B", [*B_ROWS, ("39:39", "", "", "", ""), ("51:15", "", "", "", "")])},
    )
)


def groups(locus: str, text: str, nomenclature: Nomenclature = NOMENCLATURE) -> list[str]:
    return [nomenclature.p_groups(locus)[code] for code in nomenclature.expand(locus, text, CODES).p_codes]


def refusal(locus: str, text: str, codes: MacTable | None = CODES) -> TypingError:
    with pytest.raises(TypingError) as raised:
        NOMENCLATURE.expand(locus, text, codes)
    return raised.value


def test_p_groups_follow_the_release_and_keep_the_suffix_of_an_allele_alone() -> None:
    assert NOMENCLATURE.p_groups("A")[:4] == ("02:01P", "02:03", "02:07Q", "11:01")


def test_null_alleles_have_no_p_group() -> None:
    code = NOMENCLATURE.index("A").p_code
    assert [name for (name, *_), group in zip(A_ROWS, code, strict=True) if group < 0] == ["01:52:01N", "24:09N"]


def test_antigens_are_those_of_the_members_or_the_first_field() -> None:
    by_group = dict(zip(NOMENCLATURE.p_groups("A"), NOMENCLATURE.antigens("A"), strict=True))
    assert (by_group["02:01P"], by_group["02:03"], by_group["11:01"]) == (("2",), ("2",), ("*11",))


@pytest.mark.parametrize("text", ["02:01", "A*02:01", "HLA-A*02:01", " 02:01 ", "02:01:01:01", "02:01:01", "02:01L"])
def test_whole_and_truncated_names_are_their_p_group(text: str) -> None:
    assert groups("A", text) == ["02:01P"]


@pytest.mark.parametrize("text", ["24:XX", "A*24:XX", "A*24"])
def test_xx_drops_nulls_while_an_expressed_allele_remains(text: str) -> None:
    assert groups("A", text) == ["24:02P", "24:03", "24:04", "24:05"]
    assert not NOMENCLATURE.expand("A", text).has_null


@pytest.mark.parametrize("text", ["24:09N", "24:09", "A*24:09", "01:XX", "01:52"])
def test_a_null_alone_is_null(text: str) -> None:
    expansion = NOMENCLATURE.expand("A", text)
    assert (expansion.p_codes, expansion.has_null) == ((), True)


@pytest.mark.parametrize("text", ["24:02/24:09N", "24:02/24:09", "24:02:01G/24:09N", "24:NULL"])
def test_a_null_that_is_named_is_kept_beside_expressed_alleles(text: str) -> None:
    assert groups("A", text) == ["24:02P"]
    assert NOMENCLATURE.expand("A", text, CODES).has_null


@pytest.mark.parametrize("text", ["24:04/01:52:01N", "24:04/01:52N", "01:52N/24:04", "24:04/01:52"])
def test_a_null_that_is_named_by_fewer_fields_is_kept_too(text: str) -> None:
    assert groups("A", text) == ["24:04"]
    assert NOMENCLATURE.expand("A", text).has_null


@pytest.mark.parametrize("text", ["24:02:01G", "24:02g", "24:02:01G/24:02", "2402"])
def test_a_null_that_is_implied_is_dropped_beside_expressed_alleles(text: str) -> None:
    assert groups("A", text) == ["24:02P"]
    assert not NOMENCLATURE.expand("A", text, CODES).has_null


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("02:01P", ["02:01P"]),
        ("02:03P", ["02:03"]),
        ("02:01:01G", ["02:01P"]),
        ("02:01g", ["02:01P"]),
        ("02:07Qg", ["02:07Q"]),
        ("02:AB", ["02:01P", "02:03"]),
        ("24:WHOLE", ["23:01", "24:02P"]),
        ("02:01/03", ["02:01P", "02:03"]),
        ("A*02:01/A*11:01", ["02:01P", "11:01"]),
        ("02:AB/11:XX", ["02:01P", "02:03", "11:01"]),
    ],
)
def test_groups_codes_and_lists(text: str, expected: list[str]) -> None:
    assert groups("A", text) == expected


@pytest.mark.parametrize(
    ("locus", "text", "same_as"),
    [
        ("A", "A*02:01/03", "02:01/02:03"),
        ("A", "02:01:01G/03/11:01", "02:01:01G/02:03/11:01"),
        # A lone first field behind a family is a family too, not a second field of it.
        ("A", "A*02/23", "02:XX/23:XX"),
        ("A", "02:XX/23/24", "02:XX/23:XX/24:XX"),
        ("A", "A*02:01/A*23", "02:01/23:XX"),
        # Behind a name without colons two digits are a second field, not an antigen.
        ("A", "A*2301/A*0201/03", "23:01/02:01/02:03"),
        ("A", "2402/09N", "24:02/24:09N"),
        ("B", "B*5101/15", "B*51:01/B*51:15"),
        ("B", "B*3901/39", "B*39:01/B*39:39"),
        # Behind its locus a name without colons is whole.
        ("A", "02:01/A*0203", "02:01/02:03"),
        ("A", "2/23", "A2/A23"),
    ],
)
def test_names_of_a_list_that_are_cut_short(locus: str, text: str, same_as: str) -> None:
    def meaning(written: str) -> tuple[object, ...]:
        expansion = SECOND_FIELDS.expand(locus, written, CODES)
        return expansion.p_codes, expansion.has_null, expansion.alleles

    assert meaning(text) == meaning(same_as)


def test_a_retired_g_group_is_read_by_its_naming_allele_and_noted() -> None:
    expansion = NOMENCLATURE.expand("A", "02:01:02G")
    assert (groups("A", "02:01:02G"), len(expansion.notes)) == (["02:01P"], 1)


def test_names_of_a_code_that_do_not_exist_are_noted() -> None:
    expansion = NOMENCLATURE.expand("A", "23:SOME", CODES)
    assert (groups("A", "23:SOME"), len(expansion.notes)) == (["23:01"], 1)


@pytest.mark.parametrize(
    ("locus", "text", "expected"),
    [
        ("A", "2", ["02:01P", "02:03"]),
        ("A", "A2", ["02:01P", "02:03"]),
        ("A", "203", ["02:03"]),
        ("A", "9", ["23:01", "24:02P", "24:03", "24:04", "24:05"]),
        ("A", "23", ["23:01", "24:04"]),
        ("A", "24", ["24:02P", "24:03", "24:04", "24:05"]),
        ("A", "2403", ["24:03"]),
        ("B", "15", ["15:01", "15:02"]),
        # 51 to 53 belong to other genes than DRB1 among the DR antigens, but B has antigens of these numbers.
        ("B", "51", ["51:01"]),
        ("C", "Cw7", ["07:01"]),
        ("C", "C7", ["07:01"]),
        ("DRB1", "DR17", ["03:01"]),
        ("DRB3", "DR52", ["01:01"]),
    ],
)
def test_serology_stands_for_splits_associated_antigens_and_unsplit_broads(
    locus: str, text: str, expected: list[str]
) -> None:
    assert groups(locus, text) == expected


@pytest.mark.parametrize(
    ("locus", "text", "expected"),
    [
        ("A", "A*02010101", ["02:01P"]),
        ("A", "02010102L", ["02:01P"]),
        ("A", "0201", ["02:01P"]),
        ("A", "A*9201", ["02:03"]),
        ("A", "A*2402", ["24:02P"]),
        ("C", "Cw*0701", ["07:01"]),
        # Behind a locus four digits are a name, even where they are an antigen without it.
        ("A", "A*2403", ["24:03"]),
        ("B", "B*3901", ["39:01"]),
        ("DRB1", "DRB1*1403", ["14:03"]),
    ],
)
def test_names_before_2010(locus: str, text: str, expected: list[str]) -> None:
    assert groups(locus, text) == expected


@pytest.mark.parametrize(("text", "expected"), [("02:08", ["02:03"]), ("0105N", []), ("01:05N", [])])
def test_renamed_alleles_are_followed_and_noted(text: str, expected: list[str]) -> None:
    expansion = NOMENCLATURE.expand("A", text)
    assert (groups("A", text), len(expansion.notes)) == (expected, 1)


@pytest.mark.parametrize("text", ["NEW", "02:NEW", "A*02:NEW"])
def test_new(text: str) -> None:
    expansion = NOMENCLATURE.expand("A", text)
    assert (expansion.is_new, expansion.p_codes, expansion.has_null) == (True, (), False)


@pytest.mark.parametrize(
    ("locus", "text", "reason"),
    [
        ("A", "02:77", Reason.UNKNOWN_ALLELE),
        ("A", "02:01:09", Reason.UNKNOWN_ALLELE),
        ("A", "02010", Reason.UNKNOWN_ALLELE),
        ("A", "77:XX", Reason.UNKNOWN_ALLELE),
        ("A", "02:99", Reason.DELETED_ALLELE),
        ("A", "77:01:01G", Reason.UNKNOWN_GROUP),
        ("A", "02:QQQ", Reason.UNKNOWN_CODE),
        ("A", "02:NONE", Reason.IMPOSSIBLE_CODE),
        ("A", "02:WHOLE", Reason.IMPOSSIBLE_CODE),
        ("A", "0", Reason.UNKNOWN_ANTIGEN),
        ("A", "88", Reason.UNKNOWN_ANTIGEN),
        ("A", "62", Reason.UNKNOWN_ANTIGEN),
        ("DRB1", "52", Reason.UNKNOWN_ANTIGEN),
        ("A", "B62", Reason.WRONG_LOCUS),
        ("DRB1", "DR52", Reason.WRONG_LOCUS),
        ("A", "B*15:01", Reason.WRONG_LOCUS),
        # The letters are right, so that the columns are: there is no such antigen.
        ("C", "Cw12", Reason.UNKNOWN_ANTIGEN),
        ("A", "A62", Reason.UNKNOWN_ANTIGEN),
    ],
)
def test_reasons(locus: str, text: str, reason: Reason) -> None:
    assert refusal(locus, text).reason == reason


@pytest.mark.parametrize(
    ("locus", "text", "hint"),
    [
        ("A", "62", "62 is an antigen of B; check that the columns are not swapped"),
        ("A", "B62", "B62 is an antigen of B; check that the columns are not swapped"),
        # B51 and B52 have nothing to do with DR.
        ("DRB1", "DR52", "DR52 is an antigen of DRB3; check that the columns are not swapped"),
        ("A", "A02", "a lone first field is written 02:XX"),
        ("C", "Cw07", "a lone first field is written 07:XX"),
        ("A", "88", "check the name"),
    ],
)
def test_the_hint_of_an_antigen_that_the_locus_does_not_have(locus: str, text: str, hint: str) -> None:
    assert refusal(locus, text).hint == hint


def test_a_deleted_allele_says_why() -> None:
    assert "Sequence error" in refusal("A", "02:99").hint


def test_a_code_without_a_book_says_how_to_give_one() -> None:
    error = refusal("A", "02:AB", None)
    assert (error.reason, "multiple allele codes" in error.hint) == (Reason.UNKNOWN_CODE, True)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("02:01/", 6),
        ("HLA-A*02:01x", 11),
        ("02:01/A*02:x1", 12),
        ("A*2", 3),
        ("02:01:01:01:01", 11),
        ("02::01", 3),
        ("02:1:01", 4),
        ("02:12345", 7),
        ("02:01X", 5),
        ("02:01XX", 5),
        ("24:02:01:01G", 11),
        ("24:02NN", 6),
        ("0201X", 4),
        ("DPw4", 2),
        ("02:01/NEW", 6),
        ("A*02:01/A*02:NEW/A*02:03", 10),
    ],
)
def test_malformed_text_is_refused_where_it_goes_wrong(text: str, position: int) -> None:
    error = refusal("A", text)
    assert (error.reason, error.position) == (Reason.MALFORMED, position)


@pytest.mark.parametrize(
    ("text", "position"),
    [("02:QQQ", 3), ("A*02:QQQ", 5), ("HLA-A*02:QQQ", 9), (" 02:QQQ", 3), ("A*24:02/A*02:QQQ", 13)],
)
def test_an_unknown_code_is_refused_where_it_begins(text: str, position: int) -> None:
    for codes in (CODES, None):
        error = refusal("A", text, codes)
        assert (error.reason, error.position) == (Reason.UNKNOWN_CODE, position)


@pytest.mark.parametrize("text", ["02:01:99", "02:01:99:03", "02:01:99G"])
def test_where_later_fields_are_not_listed_any_is_accepted(text: str) -> None:
    assert groups("A", text, OPEN) == ["02:01P"]


@pytest.mark.parametrize("text", ["24:02L", "24:02:01:02L", "02:07Q", "02:07:01Q"])
def test_where_later_fields_are_not_listed_a_suffix_of_theirs_is_accepted(text: str) -> None:
    assert groups("A", text, OPEN) == groups("A", text[:5], OPEN)


@pytest.mark.parametrize("text", ["24:09:01N", "24:09:02"])
def test_where_later_fields_are_not_listed_those_of_a_null_are_null(text: str) -> None:
    expansion = OPEN.expand("A", text)
    assert (expansion.p_codes, expansion.has_null) == ((), True)


@pytest.mark.parametrize("text", ["02:01N", "02:01:09N", "24:09L"])
def test_where_later_fields_are_not_listed_a_suffix_does_not_change_expression(text: str) -> None:
    with pytest.raises(TypingError) as raised:
        OPEN.expand("A", text)
    assert raised.value.reason == Reason.UNKNOWN_ALLELE


@pytest.mark.parametrize(
    ("text", "level", "expected"),
    [
        ("A*02:01:01:01+A*24:09N/A*24:02:01", "P", "A*02:01P+A*24:02P/A*24:09N"),
        ("A*02:03", "P", "A*02:03"),
        ("A*24:09N", "G", "A*24:02:01G"),
        ("A*24:09N", "lg", "A*24:02g"),
        ("A*01:52:01N", "lg", "A*01:52Ng"),
        ("A*02:07Q", "lg", "A*02:07Qg"),
        ("A*02:03", "lg", "A*02:03g"),
        ("A*24:02:01", "S", "A9/A24"),
        ("A*24:03", "S", "A2403"),
        ("A*24:09N", "S", ""),
        ("A*11:01/A*02:01:02/A*02:01:02", "P", "A*02:01P/A*11:01"),
    ],
)
def test_reductions(text: str, level: str, expected: str) -> None:
    assert reduce_typing(NOMENCLATURE, text, level, CODES) == expected


def test_what_needs_codes_is_read_by_those_that_are_given() -> None:
    """What was read before is kept, but for what codes decide."""
    nomenclature = Nomenclature.builtin()
    codes = [MacTable.from_items([("ABCD", text)]) for text in ("01/02", "01/06")]
    found = [nomenclature.expand("A", "02:ABCD", one).p_codes for one in codes]
    assert found[0] != found[1]
    assert nomenclature.expand("A", "02:01") is nomenclature.expand("A", " 02:01 ")
    with pytest.raises(TypingError):
        nomenclature.expand("A", "02:ABCD")
