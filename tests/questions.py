"""The questions of a coordinator in `docs/questions.md`: each has one command or call, which is run and answers.

python -m tests.questions FOLDER     # prints all answers in a demonstration's folder, as 80 columns show them
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from hla_match.cli.main import main
from tests.pages import DOCS, blocks, text_of

PAGE = DOCS / "questions.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Question:
    """A question of the page.

    Attributes:
        text: the question.
        language: ``sh`` or ``python``.
        code: what answers it.
    """

    text: str
    language: str
    code: str


def questions() -> Iterator[Question]:
    """The questions, and what answers each."""
    for section in text_of(PAGE).split("\n## ")[1:]:
        found = _BLOCK.findall(section)
        assert len(found) == 1, section
        yield Question(section.partition("\n")[0], *found[0])


class Answers:
    """Answers questions in the current folder."""

    def __init__(self) -> None:
        lines = [line for block in blocks(PAGE, "sh") for line in block.splitlines() if re.match("[A-Z]+=", line)]
        self._patients = dict(shlex.split(line)[0].split("=", 1) for line in lines)
        self._names: dict[str, Any] = dict(self._patients)
        head = text_of(PAGE).partition("\n## ")[0]
        (begin,) = [code for language, code in _BLOCK.findall(head) if language == "python"]
        exec(compile(begin, str(PAGE), "exec"), self._names)

    def value(self, question: Question) -> Any:
        """What a call gives back."""
        (statement,) = ast.parse(question.code).body
        assert isinstance(statement, ast.Expr), question
        return eval(compile(ast.Expression(statement.value), str(PAGE), "eval"), self._names)

    def printed(self, question: Question) -> str:
        """What a command prints, which ends well, or what Python shows of a call."""
        out = io.StringIO()
        if question.language == "python":
            with contextlib.redirect_stdout(out):
                value = self.value(question)
            return out.getvalue() + ("" if value is None else repr(value))
        (line,) = question.code.splitlines()
        before, status = sys.argv, 0
        sys.argv = shlex.split(Template(line).substitute(self._patients))
        try:
            with contextlib.redirect_stdout(out):
                main()
        except SystemExit as ended:
            status = ended.code
        finally:
            sys.argv = before
        assert not status, question
        return out.getvalue()


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    os.chdir(Path(sys.argv[1]))
    answers = Answers()
    for number, asked in enumerate(questions(), 1):
        print(f"\n=== {number}. {asked.text}\n{asked.code}", flush=True)
        print(answers.printed(asked), flush=True)
