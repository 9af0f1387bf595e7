"""Every error has a code that the page explains, every code can be caused, and every place that raises has one."""

from __future__ import annotations

import ast
import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hla_match.errors
from hla_match.errors import ErrorCode, FileError, HlaMatchError, Reason, TypingError
from tests.error_codes import CAUSES, NOT_CAUSED, PAGE, page

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path for package in ("hla_match", "registry_io") for path in (ROOT / package).rglob("*.py"))
CLASSES = {
    name
    for name, one in vars(hla_match.errors).items()
    if isinstance(one, type) and issubclass(one, HlaMatchError)
}  # fmt: skip
FOREIGN = {"Exception", "BaseException", "ValueError", "TypeError", "KeyError", "RuntimeError", "LookupError"}
# What never reaches a user: a name of the module that refuses it, and who takes it up.
TAKEN_UP = {
    "registry_io/store/snapshot_manifest.py": "pydantic, as the errors of a manifest",
    "registry_io/store/registry_folder.py": "the reader of CURRENT",
    "registry_io/store/search_log.py": "the reader of a log's lines",
    "registry_io/store/nomenclature_file.py": "the reader of a compiled nomenclature",
    "registry_io/disk/array_file.py": "the reader of a snapshot",
    "registry_io/tables/workbook_package.py": "the reader of a workbook",
    "registry_io/tables/workbook_cells.py": "the reader of a workbook",
    "hla_match/kernels/_machine_code.py": "Numba, which then keeps no machine code",
    "hla_match/kernels/signatures.py": "who writes a kernel",
    "hla_match/donors/attribute_types.py": "who declares an attribute",
    "hla_match/choice/candidates.py": "who declares a feature",
    "hla_match/choice/probable_donors.py": "who searches by a least probability",
    "hla_match/immunogenetics/reported_sides.py": "who makes a side, and gives its members",
    "registry_io/store/registry_settings.py": "the reader of a registry's settings",
    "registry_io/store/kept_frequencies.py": "the reader of frequencies beside a snapshot",
}


@pytest.mark.parametrize("code", CAUSES, ids=str)
def test_each_code_can_be_caused(code: ErrorCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLA_MATCH_HOME", str(tmp_path / "home"))
    kind, cause = CAUSES[code]
    with pytest.raises(HlaMatchError) as caught:
        cause(tmp_path)
    error = caught.value
    assert (type(error), error.code) == (kind, code)
    assert error.to_do
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code, repr(vars(again))) == (kind, str(error), code, repr(vars(error)))
    assert str(copy.copy(error)) == str(error)


def test_each_code_is_on_the_page_as_it_is_declared() -> None:
    assert set(ErrorCode) == CAUSES.keys() | NOT_CAUSED.keys()
    assert not CAUSES.keys() & NOT_CAUSED.keys()
    assert PAGE.read_text(encoding="utf-8") == page()


def test_codes_and_reasons_say_what_they_mean_in_one_sentence() -> None:
    for one in (*ErrorCode, *Reason):
        for text in (one.means, one.to_do):
            assert text[0].isupper(), one
            assert text.endswith("."), one
    assert len({one.means for one in ErrorCode}) == len(ErrorCode)
    assert len({one.means for one in Reason}) == len(Reason)


def test_a_typing_has_the_code_of_its_reason() -> None:
    error = TypingError("02:XYZ", 3, expected="a code", reason=Reason.UNKNOWN_CODE)
    assert (error.code, error.to_do) == ("typing.unknown-code", Reason.UNKNOWN_CODE.to_do)
    assert TypingError("x", 0, expected="y", hint="write z").to_do == "write z"


def test_a_further_hint_leaves_the_rest() -> None:
    error = FileError("f.csv", row=3, found="x", expected="y", hint="do this", code=ErrorCode.FILE_CHANGED)
    more = error.with_hint("do that")
    assert str(more) == "f.csv, row 3: found x, expected y; do this; do that"
    assert (more.hint, more.code, more.row) == ("do this; do that", "file.changed", 3)
    assert str(error) == "f.csv, row 3: found x, expected y; do this"


def codes_named(tree: ast.AST) -> Iterator[str]:
    """Every member of `ErrorCode` that a module names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ErrorCode":
            yield node.attr


def foreign_errors(tree: ast.AST) -> Iterator[int]:
    """The lines that raise an error which is none of this project's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(name, ast.Name) and name.id in FOREIGN:
                yield node.lineno


def test_each_code_is_raised_somewhere() -> None:
    named = {code for path in MODULES for code in codes_named(ast.parse(path.read_text(encoding="utf-8")))}
    assert named == set(ErrorCode.__members__)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_module_raises_has_a_code(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if place not in TAKEN_UP:
        assert not list(foreign_errors(tree)), f"{place}: raises an error without a code"
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", "")
        code = next((one.value for one in call.keywords if one.arg == "code"), None)
        if name in CLASSES and code is not None and place != "hla_match/errors/__init__.py":
            assert ast.unparse(code) == "code" or ast.unparse(code).startswith("ErrorCode"), f"{place}:{call.lineno}"


@pytest.mark.parametrize(
    "source", ["raise ValueError('x')", "def f():\n    raise TypeError", "raise KeyError(x) from y"]
)
def test_a_planted_error_without_a_code_is_found(source: str) -> None:
    assert len(list(foreign_errors(ast.parse(source)))) == 1


def test_errors_load_no_library() -> None:
    code = "import sys, hla_match.errors.arguments; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "polars", "numba", "pydantic"} & set(loaded)
