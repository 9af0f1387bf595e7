"""A year of a registry, a file a month: volunteers join, are typed again, donate and leave."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import hla_match
import registry_io
from hla_match.synthetic.volunteers import patients, volunteers
from registry_io.store.registry_proof import prove_registry

YEAR = 2021
N_BEFORE, N_JOINED, N_LEFT, N_RETYPED, N_DONATED = 12_000, 8_000, 900, 3_000, 103
CRITERIA = hla_match.SearchCriteria(scope="10/10", max_mismatches=1, limit=20)


@pytest.mark.exhaustive
def test_a_year_is_kept_counted_proved_and_repeated(tmp_path: Path) -> None:
    folder, before = tmp_path / "registry", datetime.date(YEAR - 1, 12, 31)
    reported, truth = volunteers(N_BEFORE + N_JOINED, seed=8, as_of=before)
    base, joined = reported.head(N_BEFORE), reported.tail(N_JOINED)
    patients(40, seed=8, as_of=before)[0].write_csv(tmp_path / "patients.csv")
    registry_io.import_donors(folder, base, "builtin", today=before)
    first = _searched(folder, tmp_path, "first.csv", at=1)

    leaving, retyped, donating = _drawn(base, truth)
    final = [base.filter(~pl.col("donor_id").is_in(leaving["donor_id"].implode()))]
    for month in range(12):
        day = datetime.date(YEAR, month + 1, 28)
        new = _part(joined, month).with_columns(registered_on=pl.lit(day), action=pl.lit("add"))
        again = _part(retyped, month).with_columns(action=pl.lit("update"))
        given = _part(donating, month).with_columns(donated_on=pl.lit(day), action=pl.lit("update"))
        gone = _part(leaving, month).select("donor_id", action=pl.lit("withdraw"))
        file = pl.concat([new, again, given, gone], how="diagonal")
        report = registry_io.import_donors(folder, file, update=True, today=day, reason=f"month {month + 1}")
        assert (report.n_quarantined, report.counts.n_new, report.counts.n_withdrawn) == (0, new.height, gone.height)
        final += [frame.drop("action") for frame in (new, again, given)]

    last = pl.concat(final, how="diagonal").unique("donor_id", keep="last", maintain_order=True)
    assert prove_registry(folder) is None
    _assert_equal(registry_io.open_registry(folder), last, tmp_path / "at once")
    counted = hla_match.figures(folder, YEAR, today=datetime.date(YEAR, 12, 31))
    found = {name: counted.total(name) for name in ("new", "withdrawn", "retyped", "donated")}
    assert found == {"new": N_JOINED, "withdrawn": N_LEFT, "retyped": N_RETYPED, "donated": N_DONATED}
    assert _searched(folder, tmp_path, "again.csv", at=1) == first
    assert [one.n_donors for one in registry_io.registry_log(folder)][-1] == N_BEFORE + N_JOINED - N_LEFT


def _drawn(base: pl.DataFrame, truth: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return who leaves, who is typed again, with the new typings, and who donates: available donors, each once."""
    available = base.filter(pl.col("status") == "AV")
    order = np.random.default_rng(8).permutation(available.height)
    leaving, donating = available[order[:N_LEFT]], available[order[N_LEFT : N_LEFT + N_DONATED]]
    others = available[order[N_LEFT + N_DONATED :]]
    typings = [name for name in truth.columns if name != "donor_id"]
    exact = others.drop(typings).join(truth, on="donor_id", maintain_order="left")
    whole = pl.concat_str(typings, separator=" ", ignore_nulls=True)
    written, known = exact.select(whole), others.select(whole)
    retyped = exact.filter(written.to_series() != known.to_series()).head(N_RETYPED)
    return leaving, retyped.select(base.columns), donating


def _part(frame: pl.DataFrame, month: int) -> pl.DataFrame:
    """Return a twelfth of the rows."""
    first, after = (frame.height * at // 12 for at in (month, month + 1))
    return frame[first:after]


def _searched(folder: Path, out: Path, name: str, *, at: int) -> bytes:
    return hla_match.batch(folder, out / "patients.csv", out / name, CRITERIA, at=at).out.read_bytes()


def _assert_equal(found: hla_match.Registry, donors: pl.DataFrame, folder: Path) -> None:
    """Compare a registry with that of the same donors imported at once."""
    at_once = registry_io.import_donors(folder, donors, "builtin", today=datetime.date(YEAR, 12, 28)).registry
    assert at_once.attributes.equals(found.attributes.select(at_once.attributes.columns))
    assert (at_once.donor_typing == found.donor_typing).all()
