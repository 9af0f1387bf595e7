import time

import pytest

from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.gl_string import UNNAMED, GLNode, genotypes, parse, split_loci


@pytest.mark.parametrize(
    "leaf",
    "HLA-A*02:01:01:01 A*02:XX A*02:01g A*02:01P A*02:01:01G A*02:ABCD A*24:09N Cw*0303 DRB3*NNNN DPB1*NEW "
    "A2 B62 Cw7 DR17 DQ7 HLA-A2".split(),
)
def test_leaf(leaf: str) -> None:
    assert parse(leaf) == GLNode("", (), leaf)
    assert str(parse(leaf)) == leaf


def test_operators_bind_from_loose_to_tight() -> None:
    text = "A*01:01/A*01:02~B*08:01+A*02:01~B*07:02|A*03:01~B*08:01+A*02:01~B*07:02^C*07:01?A*01:01"
    node = parse(text)
    operators = []
    while True:
        operators.append(node.operator)
        if not node.parts:
            break
        node = node.parts[0]
    assert operators == ["?", "^", "|", "+", "~", "/", ""]
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("A*01:01+", 8),
        ("+A*01:01", 0),
        ("A*01:01//A*01:02", 8),
        ("A*01:01^|B*07:02", 8),
        ("A*01:01+A*02 01", 12),
        (" A*01:01", 0),
        ("A*01:01-B*07:02", 7),
        ("A*02:01/02:02", 8),
        ("A*02:01+HLA-", 8),
        ("HLA-A*", 6),
        ("A*02::01", 5),
        ("A*02:01:", 8),
        ("A*02*01", 4),
        ("*02:01", 0),
        ("1A*02:01", 0),
        ("HLA-*02:01", 4),
        ("A*02:01^XY", 8),
        ("Bw4", 0),
        ("A*02:0é", 6),
        ("A*02:0\u0661", 6),
    ],
)
def test_malformed_text_is_refused_at_its_position(text: str, position: int) -> None:
    with pytest.raises(TypingError) as caught:
        parse(text)
    assert (caught.value.text, caught.value.position) == (text, position)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "HLA-A*02:01+HLA-A*24:02/HLA-A*24:03^HLA-B*07:02",
            {"A": ("02:01", "24:02/24:03"), "B": ("07:02", "")},
        ),
        ("B*07:02^A*01:01+A*01:01", {"A": ("01:01", "01:01"), "B": ("07:02", "")}),
        ("A*01:01+A*02:01|A*01:02+A*02:03", {"A": ("01:01+02:01|01:02+02:03", "")}),
        ("A*01:01|A*01:02+A*02:03", {"A": ("01:01+01:01|01:02+02:03", "")}),
        ("A*01:01+A*02:01|A*02:01+A*01:01", {"A": ("01:01", "02:01")}),
        ("A*01:01~B*08:01+A*02:01~B*07:02", {"A": ("01:01", "02:01"), "B": ("08:01", "07:02")}),
        ("A*01:01~B*08:01", {"A": ("01:01", ""), "B": ("08:01", "")}),
        (
            "A*01:01+A*02:01^B*07:02?A*01:01+A*03:01^B*07:02",
            {"A": ("01:01+02:01|01:01+03:01", ""), "B": ("07:02", "")},
        ),
        ("A*01:01+A*02:01?A*02:01+A*01:01", {"A": ("01:01", "02:01")}),
        ("DRB3*01:01+DRB4*01:03", {"DRB3": ("01:01", ""), "DRB4": ("01:03", "")}),
        ("DRB3*01:01+DRB3*02:02", {"DRB3": ("01:01", "02:02")}),
        (
            "DRB1*03:01~DRB3*01:01+DRB1*15:01~DRB5*01:01",
            {"DRB1": ("03:01", "15:01"), "DRB3": ("01:01", ""), "DRB5": ("01:01", "")},
        ),
        ("DRB1*03:01~DRB3*01:01+DRB1*08:01", {"DRB1": ("03:01", "08:01"), "DRB3": ("01:01", "")}),
        (
            "DRB3*01:01+DRBX*NNNN",
            {"DRB3": ("01:01", "NNNN"), "DRB4": ("NNNN", "NNNN"), "DRB5": ("NNNN", "NNNN")},
        ),
        ("DRBX*NNNN", {"DRB3": ("NNNN", "NNNN"), "DRB4": ("NNNN", "NNNN"), "DRB5": ("NNNN", "NNNN")}),
        # Where alternatives name different genes none is certain.
        (
            "DRB3*01:01+DRB3*02:02|DRB3*01:01+DRB4*01:03",
            {"DRB3": ("01:01+02:02|01:01+NNNN", ""), "DRB4": ("NNNN+NNNN|01:03+NNNN", "")},
        ),
        (
            "A*01:01^DRB4*01:03?A*01:01^DRB5*01:01",
            {
                "A": ("01:01", ""),
                "DRB4": ("01:03+01:03|01:03+NNNN|NNNN+NNNN", ""),
                "DRB5": ("NNNN+NNNN|01:01+01:01|01:01+NNNN", ""),
            },
        ),
        (
            "DRB3*01:01+DRB4*01:03?DRB3*01:01^DRB5*01:01",
            {
                "DRB3": ("01:01", "NNNN"),
                "DRB4": ("01:03+NNNN|NNNN+NNNN", ""),
                "DRB5": ("NNNN+NNNN|01:01+NNNN", ""),
            },
        ),
        (
            "DRB3*01:01+DRB4*01:03|DRB3*01:01+DRB4*01:01",
            {"DRB3": ("01:01", ""), "DRB4": ("01:03+01:03|01:03+NNNN|01:01+01:01|01:01+NNNN", "")},
        ),
        (
            "DRB3*01:01+DRBX*NNNN|DRB4*01:03+DRBX*NNNN",
            {
                "DRB3": ("01:01+NNNN|NNNN+NNNN", ""),
                "DRB4": ("NNNN+NNNN|01:03+NNNN", ""),
                "DRB5": ("NNNN", "NNNN"),
            },
        ),
        ("Cw*0303+C*07:01", {"C": ("C*0303", "07:01")}),
        (
            "HLA-A2+A28^B62^Cw7^DR17+DR4^DR52+DR53^DQ7",
            {
                "A": ("A2", "A28"),
                "B": ("B62", ""),
                "C": ("Cw7", ""),
                "DRB1": ("DR17", "DR4"),
                "DRB3": ("DR52", ""),
                "DRB4": ("DR53", ""),
                "DQB1": ("DQ7", ""),
            },
        ),
    ],
)
def test_split_loci(text: str, expected: dict[str, tuple[str, str]]) -> None:
    assert split_loci(text) == expected
    assert list(split_loci(text)) == list(expected)


@pytest.mark.parametrize(
    ("text", "expected", "loci"),
    [
        ("A*01:01^B*07:02?A*01:01", {"A": ("01:01", "")}, ["B"]),
        ("A*01:01^DRB4*01:03?A*01:01", {"A": ("01:01", "")}, ["DRB4"]),
        ("A*01:01^DRB1*03:01~DRB3*01:01+DRB1*08:01|DRB1*04:01+DRB1*08:01", None, ["DRB3"]),
    ],
)
def test_a_locus_that_an_alternative_leaves_open_is_not_typed_and_noted(
    text: str, expected: dict[str, tuple[str, str]] | None, loci: list[str]
) -> None:
    notes: list[str] = []
    found = split_loci(text, notes=notes)
    assert expected is None or found == expected
    assert not set(loci) & found.keys()
    assert notes == [UNNAMED.format(locus=locus) for locus in loci]


def test_other_loci_are_collected_once() -> None:
    other = ["E"]
    assert split_loci("A*01:01^MICA*001+MICA*002^E*01:01?MICA*001", other) == {"A": ("01:01", "")}
    assert other == ["E", "MICA"]
    assert split_loci("MICA*001") == {}


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("A*01:01+A*02:01+A*03:01", 16, Reason.MALFORMED),
        ("B*07:02^A*01:01^A*02:01", 16, Reason.CONFLICTING_TYPINGS),
        ("DRB3*01:01+DRB4*01:03^DRB4*01:01", 22, Reason.CONFLICTING_TYPINGS),
        ("A*01:01~A*02:01", 8, Reason.CONFLICTING_TYPINGS),
        ("A*01:01/B*07:02", 8, Reason.WRONG_LOCUS),
        ("DRB3*01:01/DRB4*01:03", 11, Reason.WRONG_LOCUS),
        ("A*01:01+B*07:02", 8, Reason.WRONG_LOCUS),
        ("DRB1*01:01+DRB3*01:01", 11, Reason.WRONG_LOCUS),
        ("A*01:01~B*08:01+A*02:01", 16, Reason.WRONG_LOCUS),
        ("C*07:01^A*01:01|B*07:02", 16, Reason.WRONG_LOCUS),
        ("A*01:01?A*01:01+B*07:02", 16, Reason.WRONG_LOCUS),
        ("DR*09:01+DR*15:01", 0, Reason.UNKNOWN_LOCUS),
        ("A*01:01^HLA-dq1*03:01", 12, Reason.UNKNOWN_LOCUS),
        ("A*01:01/AA*01:02", 8, Reason.UNKNOWN_LOCUS),
        ("A*01:01+HLA-AA*01:02", 12, Reason.UNKNOWN_LOCUS),
        ("A*01:01~DRB*09:01", 8, Reason.UNKNOWN_LOCUS),
        ("A*01:01|A*02:01^Cw1*01:02", 16, Reason.UNKNOWN_LOCUS),
        ("A*01:01?DPB*01:01", 8, Reason.UNKNOWN_LOCUS),
        ("MICA*008^MIC*008", 9, Reason.UNKNOWN_LOCUS),
        ("KIR2DL1*001", 0, Reason.UNKNOWN_LOCUS),
    ],
)
def test_contradictory_loci_are_refused_at_their_position(text: str, position: int, reason: Reason) -> None:
    with pytest.raises(TypingError) as caught:
        split_loci(text)
    assert (caught.value.position, caught.value.reason) == (position, reason)


@pytest.mark.parametrize(
    ("text1", "text2", "expected"),
    [
        ("02:01", "24:02", [("02:01", "24:02")]),
        (" 02:01 ", "24:02/24:03", [("02:01", "24:02/24:03")]),
        ("02:01", "", [("02:01", "02:01")]),
        ("02:01+24:02", "", [("02:01", "24:02")]),
        ("01:01+02:01|01:02+02:03", "", [("01:01", "02:01"), ("01:02", "02:03")]),
        ("01:01+02:01|02:01+01:01|03:01", "", [("01:01", "02:01"), ("03:01", "03:01")]),
        ("", "", []),
        (" ", "", []),
    ],
)
def test_genotypes(text1: str, text2: str, expected: list[tuple[str, str]]) -> None:
    assert genotypes(text1, text2) == expected


@pytest.mark.parametrize(
    ("text1", "text2", "position", "reason"),
    [
        ("", "02:01", 0, Reason.SECOND_WITHOUT_FIRST),
        ("01:01+02:01", "03:01", 0, Reason.CONFLICTING_TYPINGS),
        ("01:01", "02:01|03:01", 5, Reason.MALFORMED),
        ("01:01+|02:01", "", 6, Reason.MALFORMED),
        ("01:01|", "", 6, Reason.MALFORMED),
        ("01:01+02:01+03:01", "", 12, Reason.MALFORMED),
        ("UUUU|01:01+", "", 11, Reason.MALFORMED),
        ("01:01+02:01|UUUU+UUUU|03:01+04:01+05:01", "", 34, Reason.MALFORMED),
        ("01:01^02:01", "", 5, Reason.MALFORMED),
        ("01:01", "02:01~03:01", 5, Reason.MALFORMED),
    ],
)
def test_genotypes_refused(text1: str, text2: str, position: int, reason: Reason) -> None:
    with pytest.raises(TypingError) as caught:
        genotypes(text1, text2)
    assert (caught.value.position, caught.value.reason) == (position, reason)


def test_digits_behind_a_locus_are_a_name_before_2010_and_no_antigen() -> None:
    assert split_loci("A*2403+A2403") == {"A": ("A*2403", "A2403")}
    assert split_loci("B*3901^Cw*0702") == {"B": ("B*3901", ""), "C": ("C*0702", "")}


@pytest.mark.parametrize("name", ["A*0201", "A*02:01g", "a*02:01/03"])
def test_a_long_list_is_read_in_time_that_grows_with_its_length(name: str) -> None:
    seconds = []
    for n_genotypes in (1_000, 16_000):
        began = time.process_time()
        split_loci("|".join([f"{name}+A*24:02"] * n_genotypes) + "^b*07:02")
        seconds.append(time.process_time() - began)
    # The square of the length would take 256 times as long.
    assert seconds[1] < 32 * seconds[0] + 0.5


def test_a_block_that_persons_share_is_read_for_each_as_for_the_first() -> None:
    block = "A*01:01^DRB1*03:01~DRB3*01:01+DRB1*08:01|DRB1*04:01+DRB1*08:01"
    notes: list[str] = []
    notes_again: list[str] = []
    first = split_loci(block, notes=notes)
    first["A"] = ("changed", "by the caller")
    again = split_loci(f"B*07:02^{block}", notes=notes_again)
    assert again == {**split_loci("B*07:02"), **split_loci(block)}
    assert again["A"] == ("01:01", "")
    assert notes == notes_again == [UNNAMED.format(locus="DRB3")]
    for _ in range(2):
        with pytest.raises(TypingError) as caught:
            split_loci("B*07:02+B*08:01^A*01:01+C*01:02")
        assert caught.value.position == 24
