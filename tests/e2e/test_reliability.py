"""The commands under attack, a few trials of each kind: kills, full disks, damage, races, readers, mutated input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.reliability.course import ATTACKS

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="children are watched as Linux allows it"),
    pytest.mark.exhaustive,
]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A quick run of all attacks, as a command: what each found, by name."""
    path = tmp_path_factory.mktemp("reliability") / "results.json"
    done = CliRunner().invoke(main, ["reliability", "--quick", "--json", str(path)])
    assert path.exists(), f"{done.output}\n{done.exception!r}"
    return {one["attack"]: one for one in json.loads(path.read_text(encoding="utf-8"))["results"]}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_no_attack_finds_a_loss_a_wrong_answer_or_a_traceback(found, attack):
    assert found[attack.name]["trials"] == attack.quick
    assert found[attack.name]["findings"] == []


def test_a_trial_is_run_again_by_its_number(tmp_path: Path):
    path = tmp_path / "results.json"
    arguments = ["reliability", "--only", "kills", "--trial", "8", "--seed", "3", "--json", str(path)]
    done = CliRunner().invoke(main, arguments)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["settings"] == {"seed": 3, "quick": False, "times": 1}
    assert [one["trials"] for one in document["results"]] == [1]
    assert (done.exit_code == 1) == bool(document["results"][0]["findings"])
