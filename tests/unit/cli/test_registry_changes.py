"""What the commands that change a registry say: of no change, of what was not read, and of what helps."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hla_match.cli.commands import group
from hla_match.cli.option_hints import with_option_hint
from hla_match.errors import HlaMatchError
from registry_io.persons.person_table import read_persons
from registry_io.store.donor_import import import_donors

DONORS = "donor_id,A_1,A_2,city\nD1,02:01,24:02,Ningbo\nD2,02:01,11:01,\nD3,11:01,24:02,Jiaxing\n"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    return tmp_path / "registry"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["registry", *map(str, arguments)])


def said(*arguments: str | Path) -> str:
    """What a command prints."""
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return done.output


def refused(*arguments: str | Path) -> str:
    """What a command says of its error."""
    done = run(*arguments)
    assert isinstance(done.exception, HlaMatchError), done.output
    return with_option_hint(done.exception)


def test_of_rows_that_cannot_be_read_nobody_says_that_the_registry_knows_them(registry: Path) -> None:
    file = registry.with_name("more.csv")
    file.write_text(DONORS.splitlines()[0] + "\nD1,02:01,24:02,Ningbo\nD4,99:99,,\n", encoding="utf-8")
    lines = said("import", registry, file, "--update").splitlines()
    assert "Nothing changed: the records that can be read are as the registry knows them." in lines
    file.write_text(DONORS, encoding="utf-8")
    lines = said("import", registry, file, "--update").splitlines()
    assert "Nothing changed: all records are as the registry knows them." in lines


def test_a_column_of_actions_by_another_name_is_told_of(registry: Path) -> None:
    file = registry.with_name("more.csv")
    file.write_text("donor_id,actions,A_1,A_2\nD1,Withdraw,02:01,24:02\nD2,,02:01,11:01\n", encoding="utf-8")
    told = "column actions looks like actions and was not read; name it action"
    assert told in said("import", registry, file, "--update")
    file.write_text("donor_id,action,note,A_1,A_2\nD1,update,add,02:01,24:02\n", encoding="utf-8")
    assert "looks like actions" not in said("import", registry, file, "--update")


def test_the_words_of_a_file_of_actions_say_what_takes_it(registry: Path) -> None:
    file = registry.with_name("more.csv")
    file.write_text("donor_id,action\nD1,withdraw\n", encoding="utf-8")
    assert refused("import", registry, file, "--add") == (
        "import: found a file with a column of actions, and add, expected update; take it by update, which does what "
        "each row asks for"
    )


def test_no_option_is_named_that_does_not_help(registry: Path) -> None:
    message = refused("donor", "add", registry, "D1", "--set", "A=02:01")
    assert message.endswith("; run hla-match registry donor update or reinstate")
    for donor in ("D1", "D2"):
        said("donor", "withdraw", registry, donor)
    assert refused("donor", "withdraw", registry, "D3").endswith("to give the whole registry up, remove its folder")
    assert refused("erase", registry, "D3").endswith("to give the whole registry up, remove its folder")
    file = registry.with_name("more.csv")
    file.write_text(DONORS.replace("D3", "D4"), encoding="utf-8")
    assert refused("import", registry, file, "--replace", "--again").endswith("; give --allow-shrink")


def test_a_rollback_that_could_bring_back_erased_persons_alone_changes_nothing_and_says_so(registry: Path) -> None:
    said("donor", "add", registry, "D4", "--set", "A=02:01,24:02")
    said("erase", registry, "D4")
    told = "Nothing changed: before, the registry had the same donors and those who were erased since."
    assert told in said("rollback", registry).splitlines()
    said("donor", "add", registry, "D5", "--set", "A=02:01,24:02")
    assert "Nothing changed" not in said("rollback", registry)


def test_the_plan_of_a_merge_names_records_as_the_registry_does(registry: Path) -> None:
    lines = said("merge", registry, " D2 ", "D3 ", "--dry-run").splitlines()
    assert "  city             Jiaxing (D3)" in lines


def test_a_column_of_actions_asks_for_nothing_in_a_file_of_patients(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id,action,A_1,A_2\nP1,add,02:01,24:02\n", encoding="utf-8")
    assert not read_persons(tmp_path / "patients.csv", kind="patient").read_notes.cautions
