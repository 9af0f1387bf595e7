"""Every abandoned name of a release, whole and cut: it leads to its heirs, or is refused with why it was deleted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.reduction import reduce_typing
from hla_match.nomenclature.release import Expansion, Nomenclature


@pytest.fixture(scope="module")
def release(release_358: Nomenclature) -> Nomenclature:
    return release_358


@pytest.fixture(scope="module")
def listed(shared_data: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """The deletions as the release lists them: locus and name to replacement and reason; read line by line."""
    folder = shared_data / "imgt" / "3.58.0"
    found = {}
    for line in (folder / "wmda" / "hla_nom.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            locus, name, _, deleted, replacement, reason = line.split(";")[:6]
            if deleted and locus.endswith("*"):
                found["C" if locus == "Cw*" else locus[:-1], name] = (replacement, reason)
    return found


def fields(name: str) -> list[str]:
    digits = name.rstrip("NLSCAQ")
    return digits.split(":") if ":" in digits else re.findall("..?", digits)


def outcome(release: Nomenclature, locus: str, text: str) -> Expansion | TypingError:
    try:
        return release.expand(locus, text)
    except TypingError as error:
        return error


def test_every_abandoned_name_cut_to_each_length_leads_to_its_heirs_or_to_the_reason(
    release: Nomenclature, listed: dict[tuple[str, str], tuple[str, str]]
) -> None:
    n_followed = n_refused = 0
    cuts = {
        (locus, ":".join(fields(name)[:length]))
        for locus, name in listed
        for length in range(2, len(fields(name)) + 1)
        if locus in release.tables.loci and len(fields(name)[-1]) > 1
    }
    for locus, cut in sorted(cuts):
        index = release.index(locus)
        if cut in index.prefix:
            continue  # the name still stands for alleles of today
        length = cut.count(":") + 1
        begun = [
            entry for (where, name), entry in listed.items()
            if where == locus and ":".join(fields(name)[:length]) == cut
        ]  # fmt: skip
        heirs = {row for replacement, _ in begun for row in rows_of(release, locus, replacement)}
        found = outcome(release, locus, cut)
        if heirs:
            n_followed += 1
            assert isinstance(found, Expansion), (locus, cut)
            assert found.notes, (locus, cut)
            assert set(found.alleles) <= heirs, (locus, cut)
            assert all(index.is_null[row] for row in heirs - set(found.alleles)), (locus, cut)
        else:
            n_refused += 1
            assert isinstance(found, TypingError), (locus, cut)
            assert found.reason == Reason.DELETED_ALLELE, (locus, cut, str(found))
            assert any(reason in found.hint for _, reason in begun), (locus, cut, found.hint)
    assert n_followed > 90
    assert n_refused > 10


def rows_of(release: Nomenclature, locus: str, name: str) -> tuple[int, ...]:
    """The alleles of a name in use, or of one that was renamed again; none where the name is no name."""
    found = outcome(release, locus, name) if re.fullmatch("[0-9:]+[A-Z]?", name) else None
    return found.alleles if isinstance(found, Expansion) else ()


@pytest.mark.parametrize(
    ("locus", "text", "same_as", "renamed"),
    [
        ("C", "C*16:199", "06:359N", "C*06:359N"),
        ("A", "A*01:34", "01:01:38L", "A*01:01:38L"),
        ("B", "B*27:215", "27:05:02:01", "B*27:05:02:01"),
        ("A", "0134", "01:01:38L", "A*01:01:38L"),
        ("C", "C*16:HEIR", "16:01/06:359N", "C*06:359N"),
        ("A", "A*92:01", "02:101", "A*02:101"),
        ("A", "A*92:XX", "02:101/02:102", "A*02:101"),
    ],
)
def test_cut_names_follow_alone_and_inside_a_code(
    release: Nomenclature, locus: str, text: str, same_as: str, renamed: str
) -> None:
    codes = MacTable.from_items([("HEIR", "01/199")])
    found, same = release.expand(locus, text, codes), release.expand(locus, same_as, codes)
    if not text.endswith("XX"):
        assert (found.alleles, found.p_codes, found.has_null) == (same.alleles, same.p_codes, same.has_null)
    assert set(found.alleles) >= set(same.alleles)
    assert any("was renamed" in note and renamed in note for note in found.notes)


@pytest.mark.parametrize(
    ("locus", "text", "same_as"),
    [("A", "A*03012", "03:01:02"), ("DRB1", "DRB1*15011", "15:01:01"), ("A", "A*2402102L", "24:02:01:02L")],
)
def test_third_fields_of_one_digit_are_read_with_two(
    release: Nomenclature, locus: str, text: str, same_as: str
) -> None:
    found = release.expand(locus, text)
    assert found.alleles == release.expand(locus, same_as).alleles
    assert any("third fields of one digit" in note for note in found.notes)


def test_a_listed_name_of_five_digits_is_that_name(release: Nomenclature) -> None:
    found = release.expand("DQA1", "DQA1*03012")
    assert found.alleles == release.expand("DQA1", "03:02:01:01").alleles
    assert found.notes == ("DQA1*03012 was renamed DQA1*03:02:01:01",)


@pytest.mark.parametrize("text", ["A*0301201x", "A*030", "A*99012"])
def test_other_odd_digits_are_refused(release: Nomenclature, text: str) -> None:
    with pytest.raises(TypingError):
        release.expand("A", text)


@pytest.mark.parametrize(
    ("null", "group"), [("C*02:169N", "C*02:02g"), ("A*24:09N", "A*24:02g"), ("A*01:52:01N", "A*01:52Ng")]
)
def test_the_small_g_group_of_a_null_allele_is_that_of_the_expressed_members(
    release: Nomenclature, null: str, group: str
) -> None:
    assert reduce_typing(release, null, "lg") == group
