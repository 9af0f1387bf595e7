"""Every command speaks English or Chinese: by `--lang` wherever it stands, else by the environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hla_match.cli.commands import group
from hla_match.cli.languages import VARIABLE, asked_for, language_of_command, spoken
from hla_match.cli.main import main
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.errors import CriteriaError
from hla_match.language import language
from hla_match.wide_text import text_width
from tests.catalogues import commands
from tests.unit.cli.test_help import commands as command_names

ENGLISH = re.compile(r"(?:\b[a-z]{2,}\b[ ,]+){2,}[a-z]{2,}\b")
"""Three words of English in a row. Names of options, commands, columns and values stand alone, or between marks."""
CHINESE = re.compile("[\u4e00-\u9fff]")
NAMES = command_names(group)


def invoke(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(group, arguments, env={VARIABLE: None, "LC_ALL": None, "LANG": "C", **environment})


def ran(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in (VARIABLE, "LC_ALL", "LC_MESSAGES")}
    return subprocess.run(
        [sys.executable, "-m", "hla_match", *arguments],
        env={**inherited, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1", "LANG": "C", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_every_command_speaks() -> None:
    assert [command.name for command in commands() if not isinstance(command, SpokenCommand)] == []


@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_helps_are_in_chinese_and_fit_the_terminal(name: tuple[str, ...]) -> None:
    shown = invoke(*name, "--help", "--lang", "zh").output
    usage, text = shown.split("\n\n", 1)
    assert usage.startswith(" ".join(("用法：group", *name)))
    assert not ENGLISH.search(text), ENGLISH.search(text)
    assert CHINESE.search(text)
    assert max(map(text_width, shown.splitlines())) <= 80


@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_english_helps_are_those_of_click(name: tuple[str, ...]) -> None:
    """Byte by byte what a command shows that knows of no language."""
    command, context = group, click.Context(group, info_name="group")
    for one in name:
        below = command.get_command(context, one)
        assert below is not None
        context = click.Context(below, info_name=one, parent=context, help_option_names=["-h", "--help"])
        command = below  # type: ignore[assignment]
    shown = invoke(*name, "--help").output
    if isinstance(command, click.Group):
        assert "\nCommands:\n" in shown
    else:
        formatter = click.HelpFormatter(width=80)
        click.Command.format_usage(command, context, formatter)
        click.Command.format_help_text(command, context, formatter)
        click.Command.format_options(command, context, formatter)
        assert shown.splitlines()[1:] == formatter.getvalue().splitlines()[1:]
    assert not CHINESE.search(shown)


@pytest.mark.parametrize(
    "arguments",
    [("--lang", "zh", "registry", "gc"), ("registry", "--lang=zh", "gc"), ("registry", "gc", "--lang", "zh")],
)
def test_the_option_stands_anywhere(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hla-match", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "错误：缺少参数 'REGISTRY'" in capsys.readouterr().err
    assert language() == "en"


def test_languages_that_are_not_spoken() -> None:
    done = invoke("search", "--lang", "de")
    assert done.exit_code == 2
    assert "Invalid value for '--lang': 'de' is not one of 'en', 'zh'." in done.stderr
    assert asked_for(("--lang",)) is None
    with pytest.raises(CriteriaError, match="HLA_MATCH_LANG: found 'de', expected one of en, zh"):
        language_of_command((), {VARIABLE: "de"})
    # The system's own may be any; who asks on the command line is not refused for what the variable says.
    assert language_of_command((), {"LANG": "de_DE.UTF-8"}) == "en"
    assert language_of_command(("--lang", "zh"), {VARIABLE: "de"}) == "zh"


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C", "LC_MESSAGES": "zh_CN"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "C", VARIABLE: "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", VARIABLE: "en_GB"}, "en"),
        ({}, "en"),
    ],
)
def test_the_environment_names_a_language(environment: dict[str, str], spoken: str) -> None:
    assert language_of_command((), environment) == spoken


def test_a_language_holds_for_the_block_in_click_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGUAGE", raising=False)

    def said() -> str:
        return click.UsageError("x").format_message() + click.NoSuchOption("--y").format_message()

    english = said()
    with spoken("zh"):
        chinese = said()
        with spoken("en"):
            assert said() == english
        assert said() == chinese != english
    assert said() == english
    assert "LANGUAGE" not in os.environ


@pytest.mark.parametrize("arguments", [("search",), ("no-such-command",)])
def test_the_command_itself_speaks_by_the_environment(arguments: tuple[str, ...], tmp_path: Path) -> None:
    english = ran(*arguments)
    chinese = ran(*arguments, LANG="zh_CN.UTF-8")
    asked = ran(*arguments, "--lang", "zh")
    assert english.returncode == chinese.returncode == asked.returncode == 2
    assert not CHINESE.search(english.stderr)
    assert CHINESE.search(chinese.stderr)
    assert chinese.stderr == asked.stderr
    assert ran(*arguments, "--lang", "en", LANG="zh_CN.UTF-8").stderr == english.stderr


DONORS = """donor_id,A_1,A_2,B_1,B_2,sex,birth_date
D1,02:01,24:02,40:01,46:01,F,1990-01-01
D2,02:XX,24:02,40:01,15:01,Q,
"""
PATIENTS = "patient_id,A_1,A_2,B_1,B_2\nP1,02:01,24:02,40:01,46:01\nP2,02:01,24:02,40:01,99:99\n"
COMMANDS = (
    ("registry", "import", "han", "donors.csv", "--nomenclature", "builtin"),
    ("registry", "donor", "update", "han", "D1", "--set", "city=Hangzhou"),
    ("registry", "info", "han"),
    ("registry", "log", "han"),
    ("registry", "history", "han", "D1"),
    ("registry", "audit", "han", "--out", "findings.csv", "--scores", "scores.csv"),
    ("registry", "figures", "han", "--year", "2025", "--out", "figures.csv"),
    ("batch", "han", "patients.csv", "--out", "out.csv", "--scope", "A,B", "--as-of", "2026-01-01"),
    ("policy", "list"),
    ("nomenclature", "show", "A*02:01", "--nomenclature", "builtin"),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[tuple[str, ...], Result]]]:
    """The same commands in each language, each in a folder of its own."""
    found = {}
    for code in ("en", "zh"):
        folder = tmp_path_factory.mktemp(code)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv(VARIABLE, code)
            Path("donors.csv").write_text(DONORS, encoding="utf-8")
            Path("patients.csv").write_text(PATIENTS, encoding="utf-8")
            found[code] = (
                folder,
                {one: CliRunner().invoke(group, one, catch_exceptions=False) for one in COMMANDS},
            )
    return found


def test_what_is_printed_is_in_chinese(told: dict[str, tuple[Path, dict[tuple[str, ...], Result]]]) -> None:
    for arguments, done in told["zh"][1].items():
        assert done.exit_code == 0, (arguments, done.output)
        assert CHINESE.search(done.output), arguments
        assert not CHINESE.search(told["en"][1][arguments].output), arguments
    printed = told["zh"][1][COMMANDS[0]].output
    assert "2 行：导入 2，隔离 0" in printed
    assert "sex：1 个单元格留空" in printed
    audited = told["zh"][1][COMMANDS[5]].output
    assert not ENGLISH.search(audited), ENGLISH.search(audited)


def test_columns_and_numbers_stand_below_each_other(
    told: dict[str, tuple[Path, dict[tuple[str, ...], Result]]],
) -> None:
    lines = told["zh"][1][COMMANDS[6]].output.splitlines()
    counts = [line for line in lines if line.startswith("  ")]
    assert len(counts) > 3
    assert len({text_width(line) for line in counts}) == 1


def test_files_are_the_same_in_both_languages(told: dict[str, tuple[Path, dict[tuple[str, ...], Result]]]) -> None:
    for name in ("out.csv", "out.csv.status.csv", "findings.csv", "scores.csv", "figures.csv", "han/warnings.csv"):
        english, chinese = ((told[code][0] / name).read_bytes() for code in ("en", "zh"))
        assert english == chinese, name
        assert english


def test_the_page_of_figures_is_in_the_language_of_the_command(
    told: dict[str, tuple[Path, dict[tuple[str, ...], Result]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(told["zh"][0])
    for code in ("en", "zh"):
        options = ("--year", "2025", "--page", f"{code}.html", "--title", "T", "--lang", code)
        assert CliRunner().invoke(group, ("registry", "figures", "han", *options)).exit_code == 0
    english, chinese = (Path(f"{code}.html").read_text(encoding="utf-8").split("<h1>")[1] for code in ("en", "zh"))
    assert ENGLISH.search(english)
    assert not CHINESE.search(english)
    assert not ENGLISH.search(re.sub("<[^>]*>", "", chinese).partition("</main>")[0])
    assert '<html lang="zh-Hans">' in Path("zh.html").read_text(encoding="utf-8")


def test_the_page_of_an_audit_is_in_the_language_of_the_command(
    told: dict[str, tuple[Path, dict[tuple[str, ...], Result]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(told["zh"][0])
    for code in ("en", "zh"):
        options = ("--page", f"audit-{code}.html", "--lang", code)
        assert CliRunner().invoke(group, ("registry", "audit", "han", *options)).exit_code == 0
    pages = {code: Path(f"audit-{code}.html").read_text(encoding="utf-8") for code in ("en", "zh")}
    assert not CHINESE.search(pages["en"])
    assert "donors, looked through as of" in pages["en"]
    assert "from 0 to 1. High: one genotype of P groups;\nlow: a whole first field" in pages["en"]
    assert '<html lang="zh-Hans">' in pages["zh"]
    for heading in re.findall("<h[123]>(.*?)</h[123]>|<th[^>]*>(.*?)</th>", pages["zh"]):
        assert CHINESE.search("".join(heading))
    assert "每项发现只是疑点，不是定论。" in pages["zh"]


def test_a_policy_is_described_in_the_language_of_the_command() -> None:
    shown = CliRunner().invoke(group, ("policy", "show", "wmda", "--lang", "zh")).output.splitlines()
    assert [line for line in shown if line.endswith("：")] == ["顺序：", "各排序条件的来源：", "来源："]
    assert shown[0].startswith("wmda，第 1 版：")
    assert shown[-1].startswith("注意：")
