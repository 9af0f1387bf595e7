"""Mutants: what is changed, which tests are run, and that a change is made, or said not to be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import report
from tests.mutants.__main__ import ROOMS, every, sample
from tests.mutants.nearest_tests import named_tests, nearest_tests
from tests.mutants.quick_trials import exchange
from tests.mutants.reach import MARK, marked
from tests.mutants.sites import Mutant, mutants
from tests.mutants.trials import ROOT, Trial

SOURCE = '''"""Page."""
from typing import Final
LIMIT: Final[int] = 3


def rule(patient, donor, limit=1):
    """Return the rule."""
    if patient < donor and not limit:
        raise ValueError(f"{patient + 1}")
    patient += 2
    kept[0] = call(patient, donor)
    call(donor)
    min(patient, donor)
    return -kept[0] if patient is None else 0.5
'''


def changes(source: str) -> set[tuple[str, str]]:
    return {(one.old, one.new) for one in mutants("rule.py", source)}


def test_every_kind_of_change_is_made_and_nothing_that_decides_no_result() -> None:
    assert changes(SOURCE) == {
        ("3", "4"), ("3", "(2)"), ("1", "2"), ("1", "(0)"), ("2", "3"), ("2", "(1)"), ("0", "1"), ("0", "(-1)"),
        ("0.5", "1.5"), ("0.5", "(-0.5)"),
        ("patient < donor and not limit", "(patient < donor or not limit)"),
        ("patient < donor", "patient <= donor"), ("patient < donor", "patient > donor"), ("not limit", "(limit)"),
        ("patient += 2", "patient -= 2"), ("patient += 2", "pass"),
        ("kept[0] = call(patient, donor)", "pass"), ("call(patient, donor)", "call(donor, patient)"),
        ("call(donor)", "pass"), ("min(patient, donor)", "pass"),
        ("return -kept[0] if patient is None else 0.5", "return None"),
        ("-kept[0] if patient is None else 0.5", "(0.5 if patient is None else -kept[0])"),
        ("patient is None", "patient is not None"), ("-kept[0]", "(kept[0])"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [("a <= b", "a < b"), ("a in b", "a not in b"), ("a == b", "a != b"), ("a + b", "(a - b)"), ("a // b", "(a * b)"),
     ("a & b", "(a | b)"), ("a << b", "(a >> b)"), ("True", "False")],
)  # fmt: skip
def test_operators_are_exchanged(old: str, new: str) -> None:
    assert (old, new) in changes(f"x = {old}")


def test_a_change_is_made_at_its_place_also_behind_other_scripts() -> None:
    source = "word = '阳性'; n = 1 + 1\nlast = 1"
    for one in mutants("rule.py", source):
        changed = one.applied(source.encode()).decode()
        assert changed != source
        assert changed.startswith("word = '阳性'; n = ")
        compile(changed, "rule.py", "exec")


def test_every_module_has_tests_that_are_there() -> None:
    assert [test for test in named_tests() if not (ROOT / test).exists()] == []
    paths = {one.path for one in every(ROOMS)}
    assert len(paths) > 50
    for path in paths:
        assert nearest_tests(path)[-1] == path
    with pytest.raises(ValueError, match="expected a pattern"):
        nearest_tests("hla_match/errors.py")


def test_a_sample_is_the_same_for_a_seed() -> None:
    found = mutants("rule.py", SOURCE)
    assert sample(found, 5, 1) == sample(found, 5, 1) != sample(found, 5, 2)
    assert sample(found, 0, 1) == found
    assert len(set(sample(found, 5, 1))) == 5


def test_reasons_are_those_of_mutants_that_there_are() -> None:
    names = {one.name for one in every(ROOMS)}
    assert set(report.reasons()) - names == set()
    assert all(len(reason) > 20 for reason in report.reasons().values())


def trial_of(number: int, code: int, room: str = "choice") -> Trial:
    return Trial(Mutant(f"hla_match/{room}/rule.py", "f", number, f"a | {number}", "b", 0, 1), code, "")


def test_the_page_has_the_figures_by_room_and_every_survivor(tmp_path: Path) -> None:
    trials = [trial_of(1, 1), trial_of(2, 0), trial_of(3, -9), trial_of(4, 0, "matching")]
    known = {trial_of(2, 0).mutant.name: "it costs time alone"}
    text = report.section(trials, "command", known)
    assert "| choice | 3 | 2 | 67% |\n| matching | 1 | 0 | 0% |\n| all | 4 | 2 | 50% |" in text
    assert "| `hla_match/choice/rule.py:f: a \\| 2 -> b` | it costs time alone |" in text
    assert "| `hla_match/matching/rule.py:f: a \\| 4 -> b` | no test notices yet |" in text
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- mutants -->\nold\n<!-- end of mutants -->\nafter\n")
    report.write_section("new", page)
    assert page.read_text() == "before\n<!-- mutants -->\nnew\n<!-- end of mutants -->\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="expected both marks"):
        report.write_section("new", page)


TRIALS = """
import json, sys
from pathlib import Path
from tests.mutants import quick_trials, trials
from tests.mutants.quick_trials import exchange
from tests.mutants.sites import mutants
trials.ROOT, trials._COPIED = Path(sys.argv[1]), ("hla_match", "tests")
quick_trials.LEAST_SECONDS = quick_trials.SLOWER = 1
trials.nearest_tests = quick_trials.nearest_tests = lambda path: ("tests/test_rule.py", path)
found = mutants("hla_match/rule.py", (trials.ROOT / "hla_match" / "rule.py").read_text())
ended = trials.run_trials(found, 2, lambda text: None)
print(json.dumps({f"{one.mutant.old} -> {one.mutant.new}": [one.code, one.said] for one in ended}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
@pytest.mark.exhaustive
def test_a_mutant_is_killed_by_a_test_that_fails_or_never_ends_and_survives_others(tmp_path: Path) -> None:
    for name in ("hla_match", "tests"):
        (tmp_path / name).mkdir()
    (tmp_path / "hla_match" / "__init__.py").touch()
    (tmp_path / "hla_match" / "rule.py").write_text(
        "LIMIT = 5\n\ndef rule(n):\n    while n > LIMIT:\n        n -= 1\n    return n\n"
    )
    (tmp_path / "tests" / "test_rule.py").write_text(
        "from hla_match.rule import rule\ndef test_rule():\n    assert rule(7) == 5\ndef test_other():\n    pass\n"
    )
    command = [sys.executable, "-c", TRIALS, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ended = json.loads(done.stdout)
    assert {name for name, (code, _) in ended.items() if code == 0} == {"1 -> 2"}
    assert ended["1 -> 2"][1].startswith("2 passed in")
    for name in ("n > LIMIT -> n >= LIMIT", "return n -> return None", "5 -> 6"):
        code, said = ended[name]
        assert (code, said.partition(" - ")[0]) == (1, "FAILED tests/test_rule.py::test_rule"), name
    assert ended["n -= 1 -> pass"][0] < 0


def test_code_is_exchanged_in_living_functions_of_modules_and_classes(tmp_path: Path) -> None:
    path = tmp_path / "rule.py"
    path.write_text("class Rule:\n    def of(self, n):\n        return [one + 1 for one in range(n)]\n")
    rule: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), rule)
    (change,) = [one for one in mutants("rule.py", path.read_text()) if one.new == "(one - 1)"]
    assert exchange(str(path), change, path.read_bytes())
    assert rule["Rule"]().of(3) == [-1, 0, 1]
    (other,) = mutants("rule.py", "limit = not here")
    assert not exchange(str(path), other, b"limit = not here")


MARKED = '''"""Page."""
LIMIT = 2


def rule(n, *, least=1):
    """Return the rule."""
    if n == 0:
        return -1
    elif n < LIMIT:
        for one in range(n):
            n += one
    else:
        def inner():
            return n + 5
        return inner()
    return n
'''


def test_a_statement_that_holds_a_change_reports_it_and_lines_stay() -> None:
    numbered = list(enumerate(mutants("rule.py", MARKED)))
    reached: set[int] = set()
    names: dict[str, Any] = {MARK: reached.add}
    code = marked(MARKED.encode(), "rule.py", numbered)
    exec(code, names)

    def lines() -> set[int]:
        return {one.line for number, one in numbered if number in reached}

    assert lines() == {2, 5}  # what is imported
    reached.clear()
    assert names["rule"](0) == -1
    assert lines() == {7, 8}
    reached.clear()
    assert names["rule"](1) == 1
    assert lines() == {7, 9, 11, 16}
    reached.clear()
    assert names["rule"](3) == 8
    assert lines() == {7, 9, 14, 15}
    assert names["rule"].__doc__ == "Return the rule."
    assert names["rule"].__code__.co_firstlineno == 5
