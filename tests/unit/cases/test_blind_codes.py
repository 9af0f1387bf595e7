"""Codes that name nobody: each slip is found, and two cases tell nothing of each other."""

from __future__ import annotations

import pytest

from hla_match.cases.blind_codes import _ALPHABET, donor_code, patient_code, read_code

KEY = bytes(range(32))
CODE = donor_code(KEY, 3, 17)


def test_a_code_is_read_however_it_is_written() -> None:
    for text in (CODE, CODE.lower(), CODE.replace("-", ""), f" {CODE.replace('-', ' ')} "):
        assert read_code(text) == CODE
    assert read_code(patient_code(KEY, 3)) == patient_code(KEY, 3)


def test_one_wrong_character_is_found_at_every_place() -> None:
    for at, right in enumerate(CODE):
        if right == "-":
            continue
        others = "PD" if at == 0 else _ALPHABET
        for wrong in others.replace(right, ""):
            assert read_code(CODE[:at] + wrong + CODE[at + 1 :]) is None


def test_two_characters_that_changed_places_are_found() -> None:
    body = CODE.replace("-", "")
    for at in range(1, len(body) - 1):
        if body[at] != body[at + 1]:
            assert read_code(body[:at] + body[at + 1] + body[at] + body[at + 2 :]) is None


@pytest.mark.parametrize("text", ["", "D", "17", "D-0000", f"{CODE}0", "X" + CODE[1:], "供者"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert read_code(text) is None


def test_codes_differ_by_case_donor_and_key() -> None:
    codes = [donor_code(KEY, case, donor) for case in range(20) for donor in range(20)]
    codes += [patient_code(KEY, case) for case in range(20)]
    codes += [donor_code(bytes(32), 3, 17)]
    assert len(set(codes)) == len(codes)
