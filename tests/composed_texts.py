"""Texts that the code composes in English, and that are told in another language once they are whole.

Errors, notes and notices are made at hundreds of places, often from pieces, and are kept and sent as English text. Each
piece is a *template* here: a text with braces where a value is put in. `hla_match.language.retold` finds the template
that a text was made from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import cast

from hla_match.auditing.findings import FindingKind
from hla_match.auditing.resolution import LEVELS
from hla_match.choice.policies import POLICIES
from hla_match.errors import ErrorCode, Reason
from hla_match.language.retelling import is_number
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.spreadsheet_times import ENTER_AGAIN, spreadsheet_hint
from hla_match.publishing.yearly_figures import _SEXES, DIMENSIONS, MEASURES, NOT_STATED, OTHER_PLACES, RESOLUTIONS
from registry_io.persons.attribute_values import DATE_NOTE, EMPTY_NOTE, WORD_NOTE

ROOT = Path(__file__).resolve().parents[1]
_KEYWORDS = {"found", "expected", "hint", "message"}
"""Arguments of errors and findings that are pieces of a message."""

_LISTS = {"notes", "cautions", "_notes", "read_notes"}
_ADDS = {"append", "add"}
_MAKERS = {"InWords", "HlaMatchError", "with_hint", "_note"}
"""Calls whose first argument is a piece of a message."""

_PIECES = {"_refusal": (1, 2), "_Check": (2, 3)}
"""Calls some of whose arguments are pieces of a message, and which of them."""

_TOLD = {
    "hla_match/auditing/audit.py": {"_not_checked"},
    "hla_match/cli/kernel_folder.py": {"why_not_kept"},
    "hla_match/estimation/own_frequencies.py": {"shortage"},
    "hla_match/kernels/_private_files.py": {"fault"},
    "hla_match/publishing/yearly_figures.py": {"_measures", "age_band"},
    "hla_match/services/frequency_sets.py": {"unmapped_mass"},
    "hla_match/services/own_frequencies.py": {"_sentence"},
    "hla_match/services/searched_registry.py": {"open"},
    "registry_io/persons/column_lookalikes.py": {"typings_naming"},
    "registry_io/persons/person_columns.py": {"_typings_hint"},
    "registry_io/persons/person_notices.py": {"notes", "_cell_notes"},
    "registry_io/store/import_modes.py": {"__str__"},
    "registry_io/store/kept_frequencies.py": {"title"},
}
"""Functions all of whose texts are told, by their files."""

_MOST = 64
"""Ways to compose one text: of more, values stand for the pieces."""

_WORD = re.compile(r"[a-z]{3}")
Template = str


@dataclass
class _Module:
    file: str
    constants: dict[str, ast.expr]
    templates: set[Template] = field(default_factory=set)


def composed_texts() -> Iterator[tuple[str, Template]]:
    """Yield the templates of all texts, each with the file where it is composed."""
    yield from _declared_texts()
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for package in ("hla_match", "registry_io")
        for path in sorted((ROOT / package).rglob("*.py"))
    }
    constants = {name: value for tree in trees.values() for name, value in _constants(tree)}
    for path, tree in trees.items():
        file = path.relative_to(ROOT).as_posix()
        reader = _Reader(constants, _TOLD.get(file, set()))
        reader.visit(tree)
        yield from ((file, template) for template in sorted(reader.found) if is_sentence(template))


def _declared_texts() -> Iterator[tuple[str, Template]]:
    """Yield what tables declare."""
    for code in (*ErrorCode, *Reason):
        yield from (("hla_match/errors/codes.py", text) for text in (code.means, code.to_do))
    for policy in POLICIES.values():
        yield from (("hla_match/choice/shipped", text) for text in (policy.title, policy.caveat) if text)
    yield from (("hla_match/nomenclature/release.py", text) for text in Nomenclature.builtin().tables.limits)
    for kind in FindingKind:
        yield from (("hla_match/auditing/findings.py", text) for text in (kind.label, kind.means, kind.to_do))
    yield from (("hla_match/auditing/resolution.py", text) for text in LEVELS)
    for text in (*MEASURES.values(), *DIMENSIONS.values(), *_SEXES.values(), *RESOLUTIONS, OTHER_PLACES, NOT_STATED):
        yield "hla_match/publishing/yearly_figures.py", text
    for text in ("support", "estimate", "restart {n}", "bootstrap {n}"):
        yield "hla_match/estimation/estimated_frequencies.py", text
    for ages in ("from {least} to {most}", "from {least}", "up to {most}"):
        yield "hla_match/donors/registry_settings.py", f"donors donate {ages} years of age"
    yield "hla_match/donors/registry_settings.py", "nothing is set"
    yield from _texts_of_tables()
    # Of a note, how many donors it holds for.
    yield from (("registry_io/store/import_report.py", text) for text in ("{n} donor: {note}", "{n} donors: {note}"))


def _texts_of_tables() -> Iterator[tuple[str, Template]]:
    """Yield what is said of columns and cells, and composed from pieces that one expression does not show."""
    yield from (("registry_io/persons/attribute_values.py", text) for text in (DATE_NOTE, WORD_NOTE, EMPTY_NOTE))
    lookalikes = "registry_io/persons/column_lookalikes.py"
    for what in ("typings", "attributes", "actions"):
        yield lookalikes, f"column {{name}} looks like {what} and was not read; {{naming}}"
        yield lookalikes, f"columns {{names}} look like {what} and were not read; {{naming}}"
    yield lookalikes, "name it {name}"
    times = "hla_match/nomenclature/spreadsheet_times.py"
    yield from ((times, ENTER_AGAIN.format(what)) for what in ("it", "them", "the typing"))
    yield times, spreadsheet_hint("2:01").replace(ENTER_AGAIN.format("it"), "{again}")
    for text in (
        "column {name}: the identifier is {words} in {n} row, the first row {row}",
        "column {name}: the identifier is {words} in {n} rows, the first row {row}",
        "a number of more than 15 digits, of which Excel keeps 15",
        "a number that Excel shows by the format {code}, and was read without it",
        "written like 1.2E+05, and may lack digits",
        "a date",
    ):
        yield "registry_io/tables/spreadsheet_values.py", text
    for outcome in ("left empty", "kept", "donor left out"):
        yield "registry_io/persons/person_attributes.py", f"{{name}} {{message}}, {outcome}"


def is_sentence(template: Template) -> bool:
    """Say whether a text has words of its own, and not only values or names.

    >>> is_sentence("{n} rows"), is_sentence("{a}, {b}"), is_sentence("10/10")
    (True, False, False)
    """
    return _WORD.search(re.sub(r"\{\w*\}", "", template)) is not None


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            yield statement.target.id, statement.value


class _Reader(ast.NodeVisitor):
    """Finds the texts that a module composes."""

    def __init__(self, constants: dict[str, ast.expr], told: set[str]) -> None:
        self.found: set[Template] = set()
        self._constants = constants
        self._told = told
        self._locals: list[dict[str, list[ast.expr]]] = [{}]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        own: dict[str, list[ast.expr]] = {}
        for one in ast.walk(node):
            if isinstance(one, ast.Assign):
                for target in one.targets:
                    _bind(own, target, one.value)
            elif isinstance(one, ast.Return) and one.value is not None and node.name.strip("_").endswith("note"):
                own.setdefault("", []).append(one.value)
        self._locals.append({**self._locals[-1], **own})
        if node.name in self._told:
            self._take_all(node)
        for value in own.get("", ()):
            self._take(value)
        self.generic_visit(node)
        self._locals.pop()

    def _take_all(self, node: ast.FunctionDef) -> None:
        body = node.body[1:] if ast.get_docstring(node) else node.body
        inside = {part for one in body for part in ast.walk(one) if isinstance(part, ast.JoinedStr)}
        pieces = {part for joined in inside for part in ast.walk(joined) if part is not joined}
        for statement in body:
            for one in ast.walk(statement):
                is_text = isinstance(one, ast.JoinedStr) or (
                    isinstance(one, ast.Constant) and isinstance(one.value, str)
                )
                if is_text and one not in pieces:
                    self.found.update(text for text in self._texts(cast("ast.expr", one), 0) if " " in text)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for keyword in node.keywords:
            if keyword.arg in _KEYWORDS:
                self._take(keyword.value)
        if name in _MAKERS and node.args:
            self._take(node.args[0])
        for place in _PIECES.get(name, ()):
            if len(node.args) > place:
                self._take(node.args[place])
        if name in _ADDS and isinstance(node.func, ast.Attribute) and node.args:
            owner = ast.unparse(node.func.value).rpartition(".")[2]
            if owner in _LISTS or owner == "notices":
                self._take(node.args[1] if name == "add" and len(node.args) > 1 else node.args[0])
        if name == "counted" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
            self.found.update((f"{{n}} {node.args[1].value}", f"{{n}} {node.args[1].value}s"))
        if name == "Notice" and len(node.args) > 1:
            self._take(node.args[1])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name | ast.Attribute) and ast.unparse(node.target).rpartition(".")[2] in _LISTS:
            self._take(node.value)
        self.generic_visit(node)

    def _take(self, value: ast.expr) -> None:
        self.found.update(self._texts(value, 0))

    def _texts(self, value: ast.expr, depth: int) -> list[Template]:
        """Return the templates of what an expression may be; a value of its own where it is no text of the code."""
        found: list[Template] = []
        match value:
            case ast.Constant(value=str(text)):
                found = [text.replace("{", "{{").replace("}", "}}")]
            case ast.JoinedStr(values=values):
                found = self._joined([self._piece(one, depth) for one in values])
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                found = self._joined([self._texts(left, depth), self._texts(right, depth)])
            case ast.IfExp(body=body, orelse=orelse):
                found = [*self._texts(body, depth), *self._texts(orelse, depth)]
            case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values):
                found = [text for one in values for text in self._texts(one, depth)]
            case ast.Dict(values=values):
                found = [text for one in values if one is not None for text in self._texts(one, depth)]
            case ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name) if depth < 3:
                known = self._locals[-1].get(name, [self._constants[name]] if name in self._constants else [])
                found = [text for one in known for text in self._texts(one, depth + 1)]
            case ast.Call(func=ast.Name(id="InWords"), args=[argument]):
                found = self._texts(argument, depth)
            case ast.Starred(value=inner):
                found = self._texts(inner, depth)
        return list(dict.fromkeys(found)) or [f"{{{_named(value)}}}"]

    def _piece(self, value: ast.expr, depth: int) -> list[Template]:
        if not isinstance(value, ast.FormattedValue):
            return self._texts(value, depth)
        inner = value.value
        if value.format_spec is not None and "," in ast.unparse(value.format_spec):
            name = _named(inner)
            return [f"{{{name if is_number(name) else f'n_{name}'}}}"]
        is_text = isinstance(inner, ast.IfExp | ast.JoinedStr) or (isinstance(inner, ast.Name) and self._is_text(inner))
        return self._texts(inner, depth) if is_text and value.conversion == -1 else [f"{{{_named(inner)}}}"]

    def _is_text(self, name: ast.Name) -> bool:
        """Say whether a name stands for a text of the code: a constant, or one of two words, such as of a plural."""
        values = self._locals[-1].get(name.id, ())
        words = [part for one in values if isinstance(one, ast.IfExp) for part in (one.body, one.orelse)]
        return name.id.isupper() or (bool(words) and all(isinstance(one, ast.Constant) for one in words))

    @staticmethod
    def _joined(pieces: list[list[Template]]) -> list[Template]:
        ways = 1
        for one in pieces:
            ways *= len(one)
        if ways > _MOST:
            pieces = [one[:1] for one in pieces]
        return [_numbered("".join(way)) for way in product(*pieces)]


def _bind(own: dict[str, list[ast.expr]], target: ast.expr, value: ast.expr) -> None:
    """Note what a name is set to; two at a time, too."""
    if isinstance(target, ast.Name):
        own.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, text in zip(target.elts, value.elts, strict=False):
            _bind(own, one, text)


def _named(value: ast.expr) -> str:
    """Return a name for a value that is put in: the last word of what it is."""
    words = re.findall(r"[a-z_]+[a-z]", ast.unparse(value).split("(")[0]) or ["value"]
    return str(words[-1]).strip("_")


def _numbered(template: Template) -> Template:
    """Return a template whose values all have different names."""
    seen: dict[str, int] = {}

    def name(match: re.Match[str]) -> str:
        seen[match[1]] = seen.get(match[1], 0) + 1
        plain = re.sub(r"\d+$", "", match[1])
        return f"{{{plain if seen[match[1]] == 1 else f'{plain}{seen[match[1]]}'}}}"

    return re.sub(r"(?<!\{)\{(\w+)\}(?!\})", name, template)
