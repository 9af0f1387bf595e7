"""Figures as a use case: from the record or the registry to a table and a page in which nobody can be found."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from hla_match.auditing.settings import AuditSettings
from hla_match.cli.commands import group
from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError
from hla_match.nomenclature.release import Nomenclature
from hla_match.publishing.yearly_figures import FIGURES
from hla_match.services.audit import audit
from hla_match.services.figures import figures, people_of_year
from registry_io.store.journal import journal_file
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.transactions import Action, Cause
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_folder import JOURNAL
from registry_io.store.registry_store import open_registry

TODAY = datetime.date(2022, 3, 1)


def people(n: int, first: int = 0, **values: Any) -> pl.DataFrame:
    alike = {
        "A_1": "02:01", "A_2": "24:02", "sex": "F", "birth_date": datetime.date(1990, 5, 17), "city": "Hangzhou",
        "registered_on": datetime.date(2015, 1, 1), "donated_on": None,
    }  # fmt: skip
    frame = pl.DataFrame({"person_id": [f"ZJ-{number:05}" for number in range(first, first + n)]})
    columns = frame.with_columns(pl.lit(value).alias(name) for name, value in (alike | values).items())
    return columns.with_columns(pl.col("donated_on").cast(pl.Date))


def written(folder: Path, persons: pl.DataFrame) -> Path:
    """A registry of some persons, without a record."""
    provenance = {"imported_on": TODAY.isoformat()}
    registry, _ = build_registry(persons, Nomenclature.builtin(), name="registry", provenance=provenance)
    write_registry(registry, folder / "registry")
    for path in (folder / "registry").glob(f"{JOURNAL}*"):
        path.unlink()
    return folder / "registry"


def recorded(registry: Path, *steps: tuple[str, Action, pl.DataFrame]) -> None:
    """Make a record of transactions, each of a day, an action and persons."""
    with Journal.writing(registry) as journal:
        for day, action, persons in steps:
            with journal.transaction(Cause(action=action, day=datetime.date.fromisoformat(day), actor="li")) as entry:
                entry.settings = entry.contents.settings(
                    Nomenclature.builtin(), codes=None, codes_source="", ambiguous_nulls="drop", before=entry.settings
                )
                if action == "withdraw":
                    entry.withdraw(persons.select("person_id"))
                else:
                    entry.put(persons)


def test_figures_of_a_registry_without_a_record(tmp_path: Path) -> None:
    new = people(12, 40, registered_on=datetime.date(2021, 5, 1), sex="M", city="Li's house in Ningbo")
    registry = written(tmp_path, pl.concat([people(40), new, people(3, 60, city="Taizhou")]))
    out, page = tmp_path / "figures.parquet", tmp_path / "figures.html"
    found = figures(registry, 2021, out, page=page, title="Our registry", today=TODAY)
    assert dict(pl.read_parquet(out).schema) == FIGURES
    assert (found.total("registered"), found.total("new")) == (55, 12)
    assert found.upto == datetime.date(2021, 12, 31)
    assert "withdrawn" in found.not_recorded
    text = page.read_text("utf-8")
    assert "Our registry" in text
    assert "ZJ-0" not in text
    assert "1990" not in text
    assert "Taizhou" not in text
    assert "<svg" in text


def test_figures_from_the_record(tmp_path: Path) -> None:
    old = people(100)
    retyped = people(20, A_1="02:01:01")
    after = pl.concat([retyped, people(60, 20), people(15, 200, registered_on=datetime.date(2021, 5, 1))])
    registry = written(tmp_path, after)
    recorded(
        registry,
        ("2020-06-01", "import", old),
        ("2021-03-01", "update", retyped),
        ("2021-05-01", "add", after[80:]),
        ("2021-06-01", "withdraw", old[80:]),
        ("2022-01-15", "withdraw", old[:50]),
    )
    found = figures(registry, 2021, today=TODAY)
    totals = {measure: found.total(measure) for measure in ("registered", "new", "withdrawn", "retyped")}
    assert totals == {"registered": 95, "new": 15, "withdrawn": 20, "retyped": 20}
    assert figures(registry, 2022, today=TODAY).total("withdrawn") == 50
    assert figures(registry, 2022, today=TODAY).upto == TODAY
    assert "withdrawn" in figures(registry, 2020, today=TODAY).not_recorded


def test_who_had_two_records_is_neither_new_nor_withdrawn(tmp_path: Path) -> None:
    registry = written(tmp_path, people(3, 2))
    recorded(registry, ("2020-06-01", "import", people(4)), ("2021-02-01", "add", people(1, 4)))
    for stays, leaves in ((2, 0), (4, 1)):
        merged = people(1, stays), people(1, leaves).select("person_id")
        with (
            Journal.writing(registry) as journal,
            journal.transaction(Cause(action="merge", day=datetime.date(2021, 3, 1), actor="li")) as entry,
        ):
            entry.put(merged[0], action="merge")
            entry.withdraw(merged[1], action="merge")
    at_end, at_start, *_ = people_of_year(registry, open_registry(registry), 2021)
    assert at_start is not None
    names = [f"ZJ-{number:05}" for number in (2, 3, 4)]
    assert (sorted(at_start["donor_id"]), sorted(at_end["donor_id"])) == (names, names)
    assert people_of_year(registry, open_registry(registry), 2020)[0].height == 4


def test_the_audit_reads_earlier_reports_from_the_record(tmp_path: Path) -> None:
    registry = written(tmp_path, people(2))
    recorded(registry, ("2020-06-01", "import", people(2, A_1="11:01")), ("2021-06-01", "update", people(1)))
    found = audit(registry, settings=AuditSettings(as_of=TODAY)).audit.findings
    hit = found.filter(kind="conflicting_reports")
    assert hit.select("donor_id", "locus", "reported", "detail").rows() == [
        ("ZJ-00000", "A", "A 02:01+24:02", "earlier A 11:01+24:02")
    ]


def test_a_record_that_a_killed_writer_only_began_is_none(tmp_path: Path) -> None:
    registry = written(tmp_path, people(2))
    (registry / JOURNAL).write_bytes(journal_file._empty_record())
    assert audit(registry, settings=AuditSettings(as_of=TODAY)).registry.n_donors == 2
    found = people_of_year(registry, open_registry(registry), 2021)
    assert (found.at_start, found.left) == (None, None)


def test_the_terminal_shows_figures_and_withholds_small_ones(tmp_path: Path) -> None:
    registry = written(tmp_path, pl.concat([people(40), people(3, 60, sex="M"), people(90, 100, sex=None)]))
    arguments = ["registry", "figures", str(registry), "--year", "2021", "--out", str(tmp_path / "figures.csv")]
    done = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    lines = [line.split() for line in done.output.splitlines()]
    assert ["women", "withheld"] in lines
    assert ["men", "withheld"] in lines
    assert ["registered", "at", "the", "end", "of", "the", "year", "133"] in lines
    assert "ZJ-0" not in done.output + (tmp_path / "figures.csv").read_text("utf-8")


@pytest.mark.parametrize(("year", "threshold"), [(1850, 10), (2023, 10), (2021, 0)])
def test_what_cannot_be_counted(tmp_path: Path, year: int, threshold: int) -> None:
    with pytest.raises(CriteriaError):
        figures(tmp_path / "registry", year, threshold=threshold, today=TODAY)


def test_who_donated_and_left_years_ago_has_donated(tmp_path: Path) -> None:
    registry = written(tmp_path, people(40))
    donated = {"donated_on": datetime.date(2020, 5, 1)}
    recorded(
        registry,
        ("2019-01-01", "import", people(62)),
        ("2020-06-01", "update", people(11, 40, **donated)),
        ("2020-06-02", "withdraw", people(11, 40)),
        ("2021-02-01", "update", people(11, 51, donated_on=datetime.date(2021, 1, 20))),
        ("2021-02-02", "withdraw", people(11, 51)),
    )
    found = figures(registry, 2021, today=TODAY)
    assert (found.total("registered"), found.total("withdrawn")) == (40, 11)
    assert (found.total("donated"), found.total("donated_in_all")) == (11, 22)
    assert figures(registry, 2020, today=TODAY).total("donated_in_all") == 11


def test_who_left_counts_in_years_before_the_record_and_who_was_taken_back_in_none(tmp_path: Path) -> None:
    registry = written(tmp_path, people(40, donated_on=datetime.date(2012, 5, 1)))
    others = people(50, 90, donated_on=datetime.date(2020, 5, 1))
    recorded(
        registry,
        ("2019-01-01", "import", people(40, donated_on=datetime.date(2012, 5, 1))),
        ("2020-06-01", "withdraw", people(10)),
        ("2020-07-01", "update", others),
    )
    back = Cause(action="rollback", day=datetime.date(2020, 7, 2), actor="li", same_as=2)
    with Journal.writing(registry) as journal, journal.transaction(back) as entry:
        entry.withdraw(others.select("person_id"), action="rollback")
    for year in (2012, 2019, 2020, 2021):
        assert figures(registry, year, today=TODAY).total("donated_in_all") == 40, year
    assert figures(registry, 2020, today=TODAY).total("withdrawn") == 10


def test_who_was_a_donor_at_the_beginning_of_a_year_by_what_was_taken_back_has_not_left(tmp_path: Path) -> None:
    registry = written(tmp_path, people(40))
    others = people(50, 90, donated_on=datetime.date(2020, 5, 1))
    recorded(registry, ("2019-01-01", "import", people(40)), ("2020-07-01", "update", others))
    back = Cause(action="rollback", day=datetime.date(2021, 7, 2), actor="li", same_as=1)
    with Journal.writing(registry) as journal, journal.transaction(back) as entry:
        entry.withdraw(others.select("person_id"), action="rollback")
    found = figures(registry, 2021, today=TODAY)
    assert (found.total("registered"), found.total("withdrawn")) == (40, 0)
    assert not found.total("donated_in_all")


def test_who_is_deleted_in_the_year_has_withdrawn(tmp_path: Path) -> None:
    registry = written(tmp_path, people(40))
    deleted = people(11, 40, status="DE")
    recorded(registry, ("2019-01-01", "import", people(62)), ("2021-06-01", "update", deleted))
    recorded(registry, ("2021-06-02", "withdraw", people(11, 51)))
    found = figures(registry, 2021, today=TODAY)
    assert (found.total("registered"), found.total("withdrawn")) == (40, 22)
    assert figures(registry, 2022, today=TODAY).total("withdrawn") == 0


@pytest.mark.parametrize("options", [{"year": "2021"}, {"year": 2021.0}, {"today": datetime.datetime(2022, 3, 1, 9)}])
def test_what_is_no_year_and_no_day_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(CriteriaError, match=f"{next(iter(options))}: found a value of type"):
        figures(**{"registry": tmp_path, "year": 2021, **options})
