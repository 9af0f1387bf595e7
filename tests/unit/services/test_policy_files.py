"""Policies from files: what is read, and how a file that is none is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hla_match.choice.policies import POLICIES, RankingPolicy
from hla_match.errors import BudgetError, CriteriaError, FileError
from hla_match.matching.criteria import SearchCriteria
from hla_match.reporting.policy_text import policy_toml
from hla_match.services.policy_files import open_policy
from hla_match.services.searched_registry import SearchRequest

OWN = """name = "ours"
filters = { max_age = 45 }
keys = ["mismatches", { feature = "age", bands = [31, 41] }, "donor_id"]
"""


@pytest.mark.parametrize("name", [*POLICIES])
def test_a_shipped_policy_is_the_same_from_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "own.TOML"
    path.write_text(policy_toml(POLICIES[name]), encoding="utf-8")
    assert open_policy(str(path)) == open_policy(path) == open_policy(name) == POLICIES[name]


@pytest.mark.parametrize("name", ["wmda", "plain"])
def test_another_policy_cannot_have_the_name_of_one_that_is_shipped(name: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace("ours", name), encoding="utf-8")
    with pytest.raises(FileError, match=rf"own\.toml: found .*'{name}'.*, expected a name of its own"):
        open_policy(path)


def test_a_request_holds_the_policy_and_the_criteria_of_its_filters(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(OWN, encoding="utf-8")
    request = SearchRequest(criteria=SearchCriteria(scope="8/8"), policy=path).checked()
    path.unlink()
    assert isinstance(request.policy, RankingPolicy)
    assert request.policy.name == "ours"
    assert request.criteria == SearchCriteria(scope="8/8", max_age=45)
    assert request.checked() == request


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            OWN.replace("donor_id", "height"),
            r"own\.toml: found 'height' at policy ours: key 3: feature, expected one of",
        ),
        (OWN.replace("= [31", "[31"), r"own\.toml: found what is not TOML: .*line 3.*, expected TOML"),
        ("", r"own\.toml: found '' at policy, expected a table of name, keys"),
        (OWN.replace("45", "9" * 5000), r"own\.toml: found a whole number of more than 64 bits, expected TOML"),
        (OWN.replace("45", "0x" + "f" * 5000), r"own\.toml: found a whole number of more than 64 bits"),
        (OWN.replace("31", "9223372036854775808"), r"own\.toml: found a whole number of more than 64 bits"),
        (OWN.replace("45", "9223372036854775807"), r"found 9223372036854775807 at policy ours: filters: max_age"),
        ("keys = " + "[" * 5000, r"own\.toml: found tables within tables"),
    ],
)
def test_a_file_that_holds_no_policy_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=message):
        open_policy(path)


def test_a_name_that_is_none_says_what_a_file_is_called(tmp_path: Path) -> None:
    with pytest.raises(CriteriaError, match=r"found 'best', expected one of wmda, .*, or a file that ends in \.toml"):
        open_policy("best")
    with pytest.raises(FileError, match="No such file"):
        open_policy(tmp_path / "none.toml")
    with pytest.raises(CriteriaError, match="found a value of type int"):
        open_policy(7)  # type: ignore[arg-type]


def test_a_device_or_pipe_is_no_file_of_a_policy(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    for path in (Path("/dev/zero"), pipe):
        with pytest.raises(FileError, match="found a device or pipe, expected TOML"):
            open_policy(path)


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(BudgetError, match="bytes of TOML"):
        open_policy(path)
