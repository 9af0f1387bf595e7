"""Every text has its translation, which names the same values, and is compiled."""

from __future__ import annotations

import ast
import pickle
import re
from contextlib import suppress

import pytest

from hla_match.errors import CriteriaError
from hla_match.language import (
    LANGUAGES,
    language,
    language_of,
    listed,
    retellable,
    retold_form,
    speaking,
    translatable,
    translated,
    translated_count,
    translated_in,
)
from hla_match.matching.criteria import Patient
from tests.catalogues import (
    FOLDER,
    PARTS,
    ROOT,
    compiled,
    entries,
    identity,
    is_translated,
    named_values,
    read_catalogue,
    texts,
)

TEXTS = texts()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Names and signs that Chinese writes as English does.
ALIKE: frozenset[str] = frozenset()


@pytest.mark.parametrize("part", PARTS)
def test_the_catalogue_has_the_texts_of_the_code_and_no_other(part: str) -> None:
    found = {identity(message) for message in entries(read_catalogue(part))}
    wanted = set(TEXTS[part])
    assert found == wanted, f"run python -m tests.catalogues: {sorted(map(str, found ^ wanted))[:5]}"


@pytest.mark.parametrize("part", PARTS)
def test_every_text_is_translated(part: str) -> None:
    missing = [str(message.id) for message in entries(read_catalogue(part)) if not is_translated(message)]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("part", PARTS)
def test_translations_name_the_values_of_their_texts_in_chinese(part: str) -> None:
    for message in entries(read_catalogue(part)):
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        given = [message.string] if isinstance(message.string, str) else list(message.string)
        for told in given:
            assert named_values(told) == named_values(sources[-1]), sources
            # Values with nothing but signs around them need no word of either language.
            has_words = re.search("[A-Za-z]", re.sub(r"\{[^}]*\}", "", sources[0]))
            assert CHINESE.search(told) or not has_words or sources[0] in ALIKE, sources


@pytest.mark.parametrize("part", PARTS)
def test_the_catalogue_is_compiled(part: str) -> None:
    assert (FOLDER / f"{part}.mo").read_bytes() == compiled(read_catalogue(part)), "run python -m tests.catalogues"


def test_the_language_holds_for_the_block_and_no_longer() -> None:
    with suppress(RuntimeError), speaking("zh"):
        assert language() == "zh"
        with speaking("en"):
            assert language() == "en"
        assert language() == "zh"
        raise RuntimeError
    assert language() == "en"


def test_another_language_is_refused() -> None:
    with pytest.raises(CriteriaError, match="language: found 'de', expected one of en, zh"), speaking("de"):
        pass


def test_a_text_without_translation_is_shown_as_it_stands() -> None:
    with speaking("zh"):
        unknown, one, several = "no such text {n}", "{n} such text", "{n} such texts"
        assert translated(unknown, n=1) == "no such text 1"
        assert translatable(unknown) == unknown
        assert translated_count(one, several, 2) == "2 such texts"
        assert translated("") == ""


def test_a_word_of_two_meanings_has_two_translations() -> None:
    with speaking("zh"):
        assert (translated_in("resolution", "low"), translated("low")) == ("低分辨", "低")
        assert translated_in("no such context", "low") == "low"
    assert translated_in("resolution", "low") == "low"


def test_locales_name_their_language() -> None:
    assert set(LANGUAGES) == {language_of("C"), language_of("zh_Hans")}


def test_no_text_is_translated_inside_an_f_string() -> None:
    """Babel finds texts there under some versions of Python only."""
    for path in sorted((ROOT / "hla_match").rglob("*.py")):
        for joined in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for call in ast.walk(joined) if isinstance(joined, ast.JoinedStr) else ():
                named = isinstance(call, ast.Call) and getattr(call.func, "id", "").startswith(("transl", "retell"))
                literal = isinstance(call, ast.Call) and any(isinstance(one, ast.Constant) for one in call.args)
                assert not (named and literal), f"{path.name}:{call.lineno}"  # type: ignore[attr-defined]


def test_a_kept_text_is_told_in_the_language_of_the_moment_in_which_it_is_shown() -> None:
    inner = retellable("{one} or {other}", one="AV", other="TU")
    text = retellable("with status {values}", values=inner)
    assert text == "with status AV or TU"
    for one in (text, pickle.loads(pickle.dumps(text))):
        with speaking("zh"):
            assert one == "with status AV or TU"
            assert retold_form(one) == "状态为 AV 或 TU"
            # Kept as a plain text it has its catalogue's own where it has no values.
            assert retold_form("that are cord blood") == "脐带血"
            assert retold_form("no such text {n}") == "no such text {n}"
        assert retold_form(one) == text
    assert listed(["A", "B"]) == "A, B"


def test_a_note_of_a_patient_is_told_in_chinese() -> None:
    patient = Patient.from_gl_string("P1", "a0201 B*46:01")
    patient = pickle.loads(pickle.dumps(patient)).model_copy(update={"sex": "F"})
    assert patient.reading_notes[1] == "names in lower case were read in capitals"
    with speaking("zh"):
        told = [retold_form(note) for note in patient.reading_notes]
    assert all(CHINESE.search(one) for one in told)
