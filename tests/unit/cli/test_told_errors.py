"""What an error says in Chinese: what its code means, where, what was found and expected, and what to do."""

from __future__ import annotations

import errno
import re
import signal
from pathlib import Path

import pytest

from hla_match.cli import failures
from hla_match.cli.told_errors import error_lines
from hla_match.errors import (
    CriteriaError,
    ErrorCode,
    FileError,
    HlaMatchError,
    LockedError,
    Reason,
    RegistryError,
    SeveralCriteriaError,
    TypingError,
)
from hla_match.errors.arguments import InWords
from hla_match.language import speaking
from hla_match.reporting.error_words import detail, meaning, told

CHINESE = re.compile("[\u4e00-\u9fff]")
ERRORS = [
    FileError("d.csv", found="no such file", expected="a table of persons", code=ErrorCode.FILE_MISSING),
    FileError("d.csv", row=3, column="abo", found="'Q'", expected="one of A, B", hint="keep one row for each person"),
    FileError("d.csv", found="nothing that a template fits", expected="something of mine").with_hint("try again later"),
    RegistryError("han", found="a registry", expected="a new folder", code=ErrorCode.REGISTRY_EXISTS),
    CriteriaError("scope", found="9/9", expected="a text such as 10/10 or A,B,DRB1"),
    CriteriaError("names", found=InWords("a value of type int"), expected="a list of texts"),
    SeveralCriteriaError([CriteriaError("a", found=1, expected="a text"), CriteriaError("b", found=2, expected="two")]),
    TypingError("A*99:99", 2, expected="an allele name such as 01:01:01:01", reason=Reason.UNKNOWN_ALLELE),
    LockedError("han", holder="process 12 of ann", since="2026-01-01T00:00:00"),
    HlaMatchError("a process that compiled kernels was ended; is there memory enough?"),
    HlaMatchError("what nobody foresaw: 12"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: type(one).__name__)
def test_english_is_the_message_alone(error: HlaMatchError) -> None:
    assert detail(error) == str(error)
    assert len(error_lines(error)) == 1
    assert error_lines(error)[0].startswith(str(error))


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: type(one).__name__)
def test_chinese_says_meaning_detail_and_what_to_do(error: HlaMatchError) -> None:
    with speaking("zh"):
        first, *others = error_lines(error)
        assert first == f"{meaning(error)}[{error.code}]"
        assert CHINESE.search(first)
        message = "\n".join(others)
        # Names, numbers and places stand in it as they are.
        for part in re.findall(r"\d+(?:[:/]\d+)*|d\.csv|'\w+'", str(error)):
            assert part in message
        assert error.hint or "处理办法：" in message


@pytest.mark.parametrize("code", [*ErrorCode, *Reason])
def test_every_code_has_its_meaning_in_chinese(code: ErrorCode | Reason) -> None:
    error = HlaMatchError("x", code=code.code if isinstance(code, Reason) else code)
    with speaking("zh"):
        assert CHINESE.search(meaning(error))
    assert meaning(error) == code.means


def test_pieces_are_told_by_their_templates() -> None:
    with speaking("zh"):
        assert detail(ERRORS[0]) == "d.csv：实为 没有该文件，应为 人员的表格"
        assert detail(ERRORS[1]) == "d.csv，第 3 行，abo 列：实为 'Q'，应为 A, B 之一；请为每人只保留一行"
        assert detail(ERRORS[4]) == "scope：实为 '9/9'，应为 文本，如 10/10 或 A,B,DRB1"
        assert "nothing that a template fits" in detail(ERRORS[2])
        assert "try again later" in detail(ERRORS[2])


def test_a_message_that_is_more_than_its_pieces_is_told_as_it_is() -> None:
    error = FileError("d.csv", found="nothing", expected="something")
    error.args = ("d.csv: what a library said of it",)
    with speaking("zh"):
        assert detail(error) == "d.csv: what a library said of it"


@pytest.mark.parametrize("number", sorted(failures._SYSTEM_ERRORS))
def test_errors_of_the_system_are_in_chinese(number: int, tmp_path: Path) -> None:
    with speaking("zh"):
        lines, code = failures._outcome(OSError(number, "x", str(tmp_path)), None)
    assert code == 2
    assert lines[0].startswith(f"hla-match: {tmp_path}：")
    assert CHINESE.search(lines[0])


def test_interruptions_and_faults_are_in_chinese() -> None:
    with speaking("zh"):
        lines, code = failures._outcome(KeyboardInterrupt(), None)
        assert (lines, code) == (["hla-match：已中断；没有留下写到一半的内容"], 130)
        lines, code = failures._outcome(KeyboardInterrupt(), signal.SIGTERM)
        assert (lines, code) == (["hla-match：被 SIGTERM 中断；没有留下写到一半的内容"], 143)
        lines, code = failures._outcome(ZeroDivisionError("of person D1"), None)
        assert code == 1
        assert "ZeroDivisionError" in lines[-1]
        assert CHINESE.search(lines[-1])
        assert "D1" not in "\n".join(lines)
        lines, _ = failures._outcome(OSError(errno.ENOSPC, "No space left"), None)
        assert lines[0].startswith("hla-match: 磁盘已满")


def test_a_page_says_an_error_in_one_line() -> None:
    for error in ERRORS:
        assert told(error) == str(error)
    with speaking("zh"):
        assert told(ERRORS[0]) == detail(ERRORS[0])
        # What no template fits stands behind what the code means.
        assert told(ERRORS[-1]) == f"{meaning(ERRORS[-1])}（what nobody foresaw: 12）"
        # Each of several faults is told by its own template.
        assert told(ERRORS[6]) == "a：实为 1，应为 文本；b：实为 2，应为 两个"
