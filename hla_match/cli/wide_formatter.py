"""Helps in a language whose characters are two columns wide: click counts characters, and breaks lines at spaces."""

from __future__ import annotations

from collections.abc import Iterable
from gettext import gettext

import click

from hla_match.wide_text import padded, text_width, wrapped

_WIDEST = 30
"""Columns of the names of options beside which their help stands."""


class WideFormatter(click.HelpFormatter):
    """Writes helps whose texts are in Chinese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        first = f"{gettext('Usage:') if prefix is None else prefix}{prog} "
        self._write_lines(wrapped(args, self.width, first=first, rest=" " * text_width(first)))

    def write_heading(self, heading: str) -> None:
        """Write what a section is called."""
        self.write(f"{'':>{self.current_indent}}{heading}：\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        for number, paragraph in enumerate(text.split("\n\n")):
            self.write("\n" if number else "")
            self._write_lines(wrapped(paragraph, self.width, first=indent, rest=indent))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _WIDEST, col_spacing: int = 2) -> None:
        """Write names and what they mean."""
        rows = list(rows)
        indent = " " * self.current_indent
        first_column = min(max((text_width(name) for name, _ in rows), default=0), col_max) + col_spacing
        rest = indent + " " * first_column
        for name, text in rows:
            beside = text_width(name) <= first_column - col_spacing
            if not (beside and text):
                self._write_lines([indent + name])
            if text:
                first = indent + padded(name, first_column) if beside else rest
                self._write_lines(wrapped(text, self.width, first=first, rest=rest))

    def _write_lines(self, lines: Iterable[str]) -> None:
        self.write("".join(f"{line}\n" for line in lines))
