"""A report says what the list says, in one file that needs nothing else; hostile texts stay texts."""

from __future__ import annotations

import datetime
import os
import re
import stat
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import fastexcel
import polars as pl
import pytest
from click.testing import CliRunner

import hla_match
import registry_io
from hla_match.choice.shipped_policies import CAVEATS, shipped_policies
from hla_match.cli.main import group
from hla_match.errors import CriteriaError, ErrorCode, FileError
from hla_match.services.report_kinds import ReportKind
from registry_io.disk.durable_files import Action, listening

HOSTILE = ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "D\u202e1", "L" * 10_000, "&lt;b&gt;", '"><img src=x>')
PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01"
ASKED = hla_match.SearchCriteria(scope="A,B", max_mismatches=2)
SHARES = {
    "A*02:01~B*40:01": 0.4, "A*24:02~B*46:01": 0.3, "A*11:01~B*46:01": 0.2, "A*02:06~B*40:01": 0.1,
}  # fmt: skip


class Texts(HTMLParser):
    """The texts of a page, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    names = ["sure", "open", "far", "none", *HOSTILE]
    typed = [("02:01", "24:02"), ("02:XX", "24:02"), ("11:01", "24:02"), ("01:01", "03:01"), *[("02:01", "11:01")] * 6]
    donors = pl.DataFrame(
        {
            "donor_id": names,
            "A_1": [one for one, _ in typed],
            "A_2": [other for _, other in typed],
            "B_1": "40:01",
            "B_2": ["46:01", "46:01", "46:01", "46:01", *["40:01/40:02/40:03"] * 6],
            "sex": ["F", "M", None, "M", *["M"] * 6],
            "birth_date": "1990-05-01",
            "abo": "O",
            "cmv": ["P", "N", None, "P", *["N"] * 6],
            "city": ["杭州", "宁波</td>", "=1+1", "", *["温州"] * 6],
        }
    )
    registry_io.import_donors(folder / "registry", donors, "builtin")
    return folder / "registry"


def made(registry: Path, out: Path, language: str = "en", **options: object) -> str:
    asked = options.pop("criteria", ASKED)
    hla_match.report(registry, PATIENT, out, asked, language=language, frequencies=SHARES, **options)  # type: ignore[arg-type]
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["en", "zh"])
def page(registry: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, made(registry, tmp_path_factory.mktemp("page") / "P1.html", request.param)


def test_a_page_needs_nothing_else(page: tuple[str, str]) -> None:
    language, text = page
    read = Texts(text)
    tags = dict(read.tags)
    assert tags["html"]["lang"] == {"en": "en", "zh": "zh-Hans"}[language]
    assert not {"script", "link", "img", "iframe", "object"} & tags.keys()
    for tag, attributes in read.tags:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes), (tag, attributes)
    assert not re.search(r"url\(|@import|https?:", text)


def test_every_donor_stands_in_the_full_list_with_the_typing(registry: Path, page: tuple[str, str]) -> None:
    found = hla_match.search(registry, PATIENT, ASKED, frequencies=SHARES).to_polars()
    text = "".join(Texts(page[1]).texts)
    assert found.height == 9
    for row in found.iter_rows(named=True):
        assert row["donor_id"].replace("\u202e", r"\u202e") in text
        assert row["donor_typing"] in text


def test_hostile_texts_stay_texts(page: tuple[str, str]) -> None:
    text = page[1]
    assert "<script>" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "宁波&lt;/td&gt;" in text
    texts = Texts(text).texts
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[4], HOSTILE[5]):
        assert any(name in one for one in texts), name


def test_a_chinese_page_has_no_english_sentence(page: tuple[str, str]) -> None:
    language, text = page
    if language == "en":
        assert "Whom to call first, and why" in text
        return
    shown = [one for one in Texts(text.partition("<pre>")[0]).texts if "charset" not in one]
    shown = [one for one in shown if not one.lstrip().startswith(("@page", "*"))]
    # Three English words in a row are a sentence; names of alleles, of fonts and of files are not.
    sentences = [one for one in shown if re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", one)]
    assert not sentences


def test_the_first_page_counts_and_explains(registry: Path, tmp_path: Path) -> None:
    text = " ".join(" ".join(Texts(made(registry, tmp_path / "a.html")).texts).split())
    found = hla_match.search(registry, PATIENT, ASKED, frequencies=SHARES)
    assert "9 donors meet the criteria." in text
    assert "2 donors may be a full match (4/4), certain as typed: 1." in text
    expected = f"{found.to_polars()['p0'].sum():,.1f}"
    assert f"By the probabilities {expected} full matches are to be expected among them." in text
    assert f"sure: {found.explain(0).place}" in text
    assert found.why(0) in text
    assert all(sentence in text for sentence in found.next_steps(first=20).sentences)


def test_an_empty_list_says_who_comes_nearest(registry: Path, tmp_path: Path) -> None:
    criteria = hla_match.SearchCriteria(scope="A,B", max_mismatches=0, sex=("M",), city=("杭州",))
    text = " ".join(Texts(made(registry, tmp_path / "a.html", criteria=criteria)).texts)
    assert "No donor meets the criteria. Those who come nearest to them" in text
    assert "kept out by: with sex M; the donor: sex F. Let in by: --sex M,F." in text
    chinese = made(registry, tmp_path / "b.html", "zh", criteria=criteria)
    assert "未满足的条件：性别为 M；该供者：性别 F。放宽后可入选：--sex M,F。" in chinese


def test_a_list_without_frequencies_says_what_is_not_known(registry: Path, tmp_path: Path) -> None:
    hla_match.report(registry, PATIENT, tmp_path / "a.html", ASKED, frequencies="none", limit=1)
    text = " ".join(Texts((tmp_path / "a.html").read_text(encoding="utf-8")).texts)
    assert "This is not known without haplotype frequencies" in text
    assert "hm-bar" not in text.partition("</style>")[2]


def test_the_limit_shortens_the_list_and_counts_all(registry: Path, tmp_path: Path) -> None:
    criteria = ASKED.model_copy(update={"limit": 1})
    report = hla_match.report(registry, PATIENT, tmp_path / "a.html", criteria, frequencies=SHARES, limit=2)
    assert (report.n_found, report.n_listed) == (9, 2)
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.partition('<table class="list">')[2].count("<tbody>") == 2
    assert "9 donors meet the criteria." in text
    assert "The full list names the first 2 of them." in text
    hla_match.report(registry, PATIENT, tmp_path / "b.html", criteria, frequencies=SHARES, limit=9)
    assert "The full list names" not in (tmp_path / "b.html").read_text(encoding="utf-8")


def test_same_inputs_give_the_same_bytes_and_the_manifest_is_of_no_language(registry: Path, tmp_path: Path) -> None:
    first, second = (made(registry, tmp_path / name) for name in ("a.html", "b.html"))
    assert first == second
    manifests = [made(registry, tmp_path / f"{one}.html", one).partition("<pre>")[2] for one in ("en", "zh")]
    english, chinese = (text.partition("</pre>")[0] for text in manifests)
    assert english == chinese
    assert "sure" not in english


def test_a_workbook_has_all_donors_and_no_formula(registry: Path, tmp_path: Path) -> None:
    short = ASKED.model_copy(update={"without_donors": frozenset({HOSTILE[3]})})
    for language, donors in (("en", "donors"), ("zh", "供者")):
        out = tmp_path / f"{language}.xlsx"
        hla_match.report(registry, PATIENT, out, short, language=language, frequencies=SHARES)
        book = fastexcel.read_excel(out)
        assert donors in book.sheet_names
        table = book.load_sheet(donors).to_polars()
        found = hla_match.search(registry, PATIENT, short, frequencies=SHARES).to_polars()
        assert table.to_series(1).to_list() == found["donor_id"].to_list()
        typings = [name for name in table.columns if name.endswith(("typing", "分型"))]
        assert ["^".join(row) for row in table.select(typings).rows()] == found["donor_typing"].to_list()
        with zipfile.ZipFile(out) as package:
            sheets = [package.read(name).decode() for name in package.namelist() if "worksheets/sheet" in name]
        assert not any("<f>" in sheet for sheet in sheets)


def test_a_workbook_refuses_what_a_cell_would_cut(registry: Path, tmp_path: Path) -> None:
    donors = pl.DataFrame({"donor_id": ["L" * 40_000], "A_1": ["02:01"], "A_2": ["24:02"]})
    registry_io.import_donors(tmp_path / "registry", donors, "builtin")
    with pytest.raises(CriteriaError, match="at most 32,767 characters"):
        hla_match.report(tmp_path / "registry", "A*02:01+A*24:02", tmp_path / "a.xlsx", scope_a())
    assert not (tmp_path / "a.xlsx").exists()


def scope_a() -> hla_match.SearchCriteria:
    return hla_match.SearchCriteria(scope="A")


def test_a_report_is_its_owners_and_replaces_nothing_unasked(registry: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    made(registry, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()
    with pytest.raises(FileError, match="a result that is there already") as caught:
        made(registry, out, limit=1)
    assert caught.value.code is ErrorCode.FILE_RESULT_EXISTS
    assert out.read_bytes() == before
    assert made(registry, out, limit=1, overwrite=True) != before.decode()


@pytest.mark.parametrize("step", ["create", "flush", "rename"])
def test_a_full_disk_leaves_what_was_there(registry: Path, tmp_path: Path, step: Action) -> None:
    out = tmp_path / "a.html"
    made(registry, out)
    before = out.read_bytes()

    def full(action: Action, path: Path) -> None:
        if action == step and path.parent == tmp_path and "lock" not in path.name:
            raise OSError(28, os.strerror(28))

    with listening(full), pytest.raises(FileError, match="no room"):
        made(registry, out, limit=1, overwrite=True)
    assert out.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


@pytest.mark.parametrize("name", ["a.doc", "a", ".html", "a.html.gz"])
def test_another_ending_is_refused(registry: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(CriteriaError, match="a name that ends in one of"):
        hla_match.report(registry, PATIENT, tmp_path / name, ASKED)


def test_no_report_lies_in_the_registry(registry: Path) -> None:
    with pytest.raises(CriteriaError, match="outside the registry's folder"):
        hla_match.report(registry, PATIENT, registry / "a.html", ASKED)


def test_an_unknown_language_is_refused_before_anything_is_searched(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(CriteriaError, match="expected one of en, zh"):
        hla_match.report(registry, PATIENT, tmp_path / "a.html", ASKED, language="de")


def test_the_command_writes_what_python_writes(registry: Path, tmp_path: Path) -> None:
    arguments = ["report", str(registry), "--hla", PATIENT, "--scope", "A,B", "--max-mismatches", "2"]
    frequencies = tmp_path / "own.csv"
    rows = [(*one.replace("*", "").split("~"), share) for one, share in SHARES.items()]
    frequencies.write_text("A,B,frequency\n" + "".join(f"{a[1:]},{b[1:]},{share}\n" for a, b, share in rows))
    more = ["--frequencies", str(frequencies), "--as-of", "2026-01-01"]
    result = CliRunner().invoke(group, [*arguments, *more, "--out", str(tmp_path / "a.html")])
    assert result.exit_code == 0, result.output
    assert f"9 donors found, 9 listed, in {tmp_path / 'a.html'}" in result.output
    criteria = ASKED.model_copy(update={"as_of": datetime.date(2026, 1, 1)})
    hla_match.report(registry, PATIENT, tmp_path / "b.html", criteria, frequencies=frequencies)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_shipped_caveats_are_in_the_catalogue() -> None:
    assert set(CAVEATS) == {policy.caveat for policy in shipped_policies() if policy.caveat}


def test_kinds_are_told_by_endings() -> None:
    assert [ReportKind.of(Path(f"a{kind}")) for kind in ReportKind] == list(ReportKind)
