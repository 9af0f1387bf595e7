"""A PDF is made where its package and fonts are, and else one clear line says what is lacking; it never has boxes."""

from __future__ import annotations

import builtins
import ctypes.util
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

import hla_match
import registry_io
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.language import speaking
from hla_match.services import fonts, pdf_pages
from hla_match.services.fonts import CHINESE, missing_characters
from hla_match.services.pdf_pages import check_pdf, pdf_of_page
from hla_match.services.pdf_process import pdf_made_apart

UNASSIGNED = "\U0003fffd"
"""A character that no font has: its plane is empty (Unicode 16, chapter 2.9)."""


@pytest.fixture
def no_font_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "missing_characters", lambda text: "".join(sorted(set(text) & set(CHINESE))))


def needs_fonts(language: str) -> None:
    with speaking(language):
        try:
            check_pdf()
        except CriteriaError as error:
            pytest.skip(f"no PDF here: {error}")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_becomes_a_pdf(tmp_path: Path, language: str) -> None:
    needs_fonts(language)
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\nD2,11:01,24:02\n")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    criteria, out = hla_match.SearchCriteria(scope="A"), tmp_path / "P1.pdf"
    hla_match.report(tmp_path / "registry", "A*02:01+A*24:02", out, criteria, language=language)
    assert out.read_bytes().startswith(b"%PDF-")


def test_nothing_is_fetched_for_a_page() -> None:
    needs_fonts("en")
    page = '<html><head><link rel="stylesheet" href="file:///etc/passwd"></head><body><img src="http://a.b/c">D</body>'
    assert pdf_of_page(page).startswith(b"%PDF-")


def test_missing_characters_are_those_that_no_font_has() -> None:
    found = missing_characters(f"D1 {UNASSIGNED}\n")
    if found is None:
        pytest.skip("no fontconfig here")
    assert UNASSIGNED in found
    assert not {" ", "\n"} & set(found)


def test_a_character_without_a_font_is_named_and_no_file_is_written() -> None:
    needs_fonts("en")
    with pytest.raises(CriteriaError, match=f"no font with the characters {UNASSIGNED}, expected a font") as caught:
        pdf_of_page(f"<p>D1 {UNASSIGNED}</p>")
    assert caught.value.code is ErrorCode.CRITERIA_PACKAGE


@pytest.mark.usefixtures("no_font_has")
def test_chinese_without_a_chinese_font_is_refused_before_the_search(tmp_path: Path) -> None:
    needs_fonts("en")
    with pytest.raises(CriteriaError, match="fonts-noto-cjk"):
        # There is no registry: nothing was opened before.
        hla_match.report(tmp_path, "A*02:01", tmp_path / "P1.pdf", language="zh")


def test_without_the_package_one_line_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "weasyprint":
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CriteriaError) as caught:
        hla_match.report(tmp_path, "A*02:01", tmp_path / "P1.pdf")
    expected = "pdf: found no WeasyPrint, expected WeasyPrint to be installed: pip install 'hla-match[pdf]'"
    assert str(caught.value) == expected


def test_without_a_library_of_the_system_its_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0': libpango-1.0-0: no such file")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CriteriaError, match=r"cannot load library 'libpango-1.0-0', expected the library Pango"):
        check_pdf()


def test_without_fontconfig_nobody_knows_the_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_fonts("en")
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: "no-such-library.so")
    fonts._character_sets.cache_clear()
    try:
        assert missing_characters("D") is None
        with pytest.raises(CriteriaError, match="no fontconfig"):
            check_pdf()
    finally:
        fonts._character_sets.cache_clear()


def test_a_process_apart_makes_the_same_and_can_be_given_up() -> None:
    needs_fonts("en")
    looks = []
    made = pdf_made_apart("<p>D1</p>", lambda: looks.append(len(multiprocessing.active_children())))
    assert made.startswith(b"%PDF-")
    assert set(looks) == {1}
    with pytest.raises(CriteriaError, match="no font with the characters"):
        pdf_made_apart(f"<p>D1 {UNASSIGNED}</p>", lambda: None)

    def give_up() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        pdf_made_apart("<p>D1</p>" * 100_000, give_up)
    assert not multiprocessing.active_children()
