"""``hla-match typing``: how typings are understood, in lines that a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hla_match import read_typing
from hla_match.cli.commands import group
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.reduction import reduce_typing
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.standard_form import NOT_TYPED

BUILTIN = Nomenclature.builtin()


@pytest.fixture
def run(tmp_path: Path):
    def call(*arguments: str, given: str | bytes = "") -> Result:
        options = ("typing", *arguments, "--nomenclature", "builtin")
        return CliRunner().invoke(group, options, input=given, env={"HLA_MATCH_HOME": str(tmp_path)})

    return call


def test_a_line_of_names_is_echoed_and_shown_locus_by_locus(run) -> None:
    done = run("A2 A24 B60 B46 DR9 DR15")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "read as  A2+A24^B60+B46^DR9+DR15"
    assert [line.split()[0] for line in lines[1:4]] == ["A", "B", "DRB1"]
    assert lines[4].startswith("note: names separated by blanks or commas")
    assert len(lines) == 5


def test_what_is_absent_not_typed_new_ignored_or_one_of_several_is_said(run) -> None:
    done = run("DRB3*01:01+DRB3*02:02|DRB3*01:01+DRB4*01:03^DRB5*NNNN^A*NEW+A*02:01^B*-^MICA*008^C*07:02")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "read as  DRB3*01:01+DRB3*02:02|DRB3*01:01+DRB4*01:03^DRB5*NNNN^A*NEW+A*02:01^B*UUUU^MICA*008^C*07:02",
        "A     NEW (no name yet, matches nothing) + 02:01 (1 allele of P group 02:01P; A2)",
        "C     07:02 (1 allele of P group 07:02P; Cw7), reported for both",
        "DRB3  one of 2 genotypes",
        "      01:01 (1 allele of P group 01:01P; DR52) + 02:02 (DR52)",
        "      01:01 (1 allele of P group 01:01P; DR52) + absent",
        "DRB4  one of 2 genotypes",
        "      absent + absent",
        "      01:03 (1 allele of P group 01:01P; DR53) + absent",
        "DRB5  absent on both chromosomes",
        "not compared and passed over: MICA",
        "note: a sign or word for not typed was read as not typed",
    ]


def test_a_fault_is_marked_below_its_place_and_the_others_are_shown(run) -> None:
    done = run("A*02:01+A*02:9999^B*40:01")
    assert done.exit_code == 2
    lines = done.stdout.splitlines()
    assert lines[0].startswith("A     not read: expected an allele of built-in nomenclature 1; ")
    assert lines[1:3] == ["      02:9999", "      ^"]
    assert lines[3].startswith("B     40:01")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("A*02:01+A*02 01", "A*02:01+A*02 01\n            ^"),
        ("\uff21*02:01+\uff21*02 01", "\uff21*02:01+\uff21*02 01\n              ^"),
        ("A1 A2 A3", "A1 A2 A3\n      ^"),
    ],
)
def test_the_mark_stands_below_the_character_as_a_terminal_shows_it(run, text: str, marked: str) -> None:
    done = run(text)
    assert done.exit_code == 2
    assert done.stdout.split("\n", 1)[1] == f"{marked}\n"


def test_several_lines_are_told_apart_and_one_that_cannot_be_read_stops_none(run) -> None:
    done = run(given=b"A*02:01\nFOO*1\n" + b"x" * 1_000_001 + b"\nA*24:02\n")
    assert done.exit_code == 2
    assert [line for line in done.stdout.splitlines() if line in ("A*02:01", "FOO*1", "A*24:02")] == [
        "A*02:01", "FOO*1", "FOO*1", "A*24:02",
    ]  # fmt: skip
    assert done.stderr == "line 3: found more than 1,000,000 bytes, expected one typing\n"


@pytest.mark.parametrize(
    "text",
    [
        "02:01,24:02", "A*02:01+A*24:02", "02:01 24:02", "0201 2402", "A*02:01+24:02", "HLA-A 02:01, HLA-A 24:02",
        "hla#3.25.0#A*02:01+A*24:02",
    ],
)  # fmt: skip
def test_a_cell_of_one_locus_needs_no_locus(run, text: str) -> None:
    done = run("--locus", "a", text)
    assert done.exit_code == 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("A ")]
    assert line.count("P group 02:01P") == line.count("P group 24:02P") == 1


@pytest.mark.parametrize(("locus", "text"), [("DRB1", "DR 15"), ("DRB1", "DRB1 15:01"), ("A", "A 2"), ("A", "A24 (9)")])
def test_a_blank_behind_the_letters_of_a_cell_is_no_second_typing(run, locus: str, text: str) -> None:
    done = run("--locus", locus, text)
    assert done.exit_code == 0
    assert "reported for both" in done.stdout


@pytest.mark.parametrize("text", ["-", "NA", "未做"])
def test_a_sign_for_not_typed_alone_is_one(run, text: str) -> None:
    done = run(text)
    assert (done.exit_code, done.stdout.splitlines()) == (0, ["not typed", f"note: {NOT_TYPED}"])
    notes: list[str] = []
    assert reduce_typing(BUILTIN, text, "P", notes=notes) == ""
    assert notes == [NOT_TYPED]


def test_a_cell_of_another_locus_is_refused(run) -> None:
    assert run("--locus", "A", "B*40:01").exit_code == 2


def test_control_characters_of_a_typing_do_not_reach_the_terminal(run) -> None:
    done = run("A*02:01\x1b[31m")
    assert "\x1b" not in done.stdout
    assert "\\x1b" in done.stdout


def test_python_gives_the_same_as_data() -> None:
    codes = MacTable.from_items([("ZAAB", "01/02")])
    reading = read_typing("A*02:ZAAB+A*24:02^B*40:9999", BUILTIN, codes=codes)
    assert not reading.is_readable
    by_locus = {found.locus: found for found in reading.loci}
    (one, other), = by_locus["A"].genotypes  # fmt: skip
    assert (one.text, one.p_groups, one.antigens) == ("02:ZAAB", ("02:01P", "02:02"), ("2",))
    assert other.text == "24:02"
    assert by_locus["B"].error is not None
    assert read_typing("A*02:ZAAB", BUILTIN).loci[0].error is not None
