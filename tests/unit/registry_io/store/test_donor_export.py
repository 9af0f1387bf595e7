"""Donors written to a file: read again they are the same registry; under pseudonyms nobody is named."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import stat
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from hla_match.cli.commands import group
from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import CriteriaError, ErrorCode, FileError
from hla_match.kernels.schema.array import declarations
from hla_match.kernels.schema.donors import DonorArrays
from registry_io.disk.key_file import LEAST_KEY, read_key
from registry_io.store.donor_changes import update_donor, withdraw_donor
from registry_io.store.donor_export import export_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.search_log import logged_searches
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
KEY = b"0123456789abcdef"
NAMES = {"A": ("01:01", "02:01:01", "02:06", "24:02"), "B": ("40:01", "46:01"), "DRB4": ("01:03",)}
NOMENCLATURE = tiny_nomenclature({locus: {name: ("", "") for name in names} for locus, names in NAMES.items()})
DONORS = (
    "donor_id,A_1,A_2,HLA-B,DRB4,birth_date,sex,status,weight_kg,city,grid,registered_on,population\n"
    'Z9,02:01/02:06,-,"40:01,46:01",01:03,1990-06-05,F,TU,65.1,"杭州, 西湖",9999-1,2020-02-29,HAN\n'
    "=1+1,02:01:01+24:02|02:06+24:02,,,,1988-12-31,,AV,,'quoted,,,\n"
    ' a b ,24:02,,"46:01,46:01",,,M,,70,,,2019-01-01,\n'
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    import_donors(folder / "registry", folder / "donors.csv", NOMENCLATURE, today=DAY)
    update_donor(folder / "registry", "Z9", {"cmv": "P"}, today=DAY)
    withdraw_donor(folder / "registry", "a b", today=DAY)
    return folder / "registry"


def are_same(one: Registry, other: Registry) -> bool:
    """Whether all arrays, texts and attributes are equal."""
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in declarations(DonorArrays))
    codes = all(np.array_equal(code, other.attribute_codes[name]) for name, code in one.attribute_codes.items())
    texts = all(column.text.equals(other.columns[locus].text) for locus, column in one.columns.items())
    return arrays and codes and texts and one.attributes.equals(other.attributes) and one.loci == other.loci


@pytest.mark.parametrize(("ending", "at", "n_donors"), [(".csv", 2, 3), (".tsv", None, 2)])
def test_an_import_makes_the_same_registry_of_an_export(
    registry: Path, tmp_path: Path, ending: str, at: int | None, n_donors: int
) -> None:
    out = tmp_path / f"out{ending}"
    assert export_donors(registry, out, raw_text=True, at=at) == n_donors
    report = import_donors(tmp_path / "again", out, NOMENCLATURE, today=DAY)
    assert report.quarantined == []
    assert are_same(open_registry(tmp_path / "again"), open_registry(registry, at=at))


def test_an_export_is_its_owners_alone_and_logged(registry: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("x")
    out.chmod(0o644)
    with pytest.raises(FileError, match="expected a new name") as error:
        export_donors(registry, out)
    assert (error.value.code, out.read_text()) == (ErrorCode.FILE_EXISTS, "x")
    export_donors(registry, out, replace=True, actor="li")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    last = logged_searches(registry)[-1]
    assert (last.command, last.actor, last.request) == (
        "export",
        "li",
        '{"donors": 2, "pseudonyms": false, "transaction": 3}',
    )


def test_texts_are_no_formulas(registry: Path, tmp_path: Path) -> None:
    export_donors(registry, tmp_path / "out.csv")
    found = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    assert found["donor_id"].sort().to_list() == ["'=1+1", "Z9"]
    assert "-" in found["A_2"], "a typing is no formula"


def test_pseudonyms_are_keyed_hashes_and_nobody_is_named(registry: Path, tmp_path: Path) -> None:
    export_donors(registry, tmp_path / "out.csv", key=KEY, at=2)
    text = (tmp_path / "out.csv").read_text(encoding="utf-8")
    assert not [one for one in ("Z9", "=1+1", "a b", "杭州", "9999-1", "1990-06", "02-29", "quoted") if one in text]
    found = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    expected = sorted(hmac.new(KEY, one.encode(), hashlib.sha256).hexdigest() for one in ("Z9", "=1+1", "a b"))
    assert found["donor_id"].to_list() == expected
    own = found.row(by_predicate=pl.col("weight_kg") == "65.1", named=True)
    assert (own["birth_date"], own["registered_on"]) == ("1990-01-01", "2020-01-01")
    assert own["donor_id"] == hmac.new(KEY, b"Z9", hashlib.sha256).hexdigest()
    assert (own["A_1"], own["population"], own["status"]) == ("02:01/02:06", "HAN", "TU")
    assert not {"city", "grid"} & set(found.columns)
    report = import_donors(tmp_path / "again", tmp_path / "out.csv", NOMENCLATURE, today=DAY)
    assert (report.n_imported, report.n_warned) == (3, 0)


def test_an_attribute_of_ones_own_is_no_typing_by_its_name(tmp_path: Path) -> None:
    persons = {"person_id": ["D1"], "A_1": ["02:01:01"], "A_2": ["24:02"], "phone_1": ["=13800000000"]}
    made_from = {"imported_on": "2026-01-31"}
    registry, _ = build_registry(pl.DataFrame(persons), NOMENCLATURE, name="one", provenance=made_from)
    write_registry(registry, tmp_path / "registry")
    for key, expected in ((KEY, ["donor_id", "A_1", "A_2"]), (None, ["donor_id", "A_1", "A_2", "phone_1"])):
        export_donors(tmp_path / "registry", tmp_path / "out.csv", key=key, replace=True)
        found = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
        assert found.columns == expected
    assert found["phone_1"].item() == "'=13800000000"


def test_an_export_lies_where_no_erasure_has_to_reach_it(registry: Path) -> None:
    with pytest.raises(CriteriaError, match="a place outside the registry's folder"):
        export_donors(registry, registry / "all.csv")
    assert not (registry / "all.csv").exists()


def test_a_key_without_pseudonyms_is_refused(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY)
    given = ["registry", "export", str(registry), "--out", str(tmp_path / "all.csv")]
    done = CliRunner().invoke(group, [*given, "--key-file", str(tmp_path / "key")])
    assert (done.exit_code, "found --key-file without --pseudonyms" in done.output) == (2, True)
    assert not (tmp_path / "all.csv").exists()
    by_environment = {"HLA_MATCH_PSEUDONYM_KEY_FILE": str(tmp_path / "key")}
    assert CliRunner().invoke(group, given, env=by_environment).exit_code == 0


def test_another_key_gives_other_pseudonyms(registry: Path, tmp_path: Path) -> None:
    for number, key in enumerate((KEY, KEY[::-1])):
        export_donors(registry, tmp_path / f"{number}.csv", key=key)
    one, other = (set(pl.read_csv(tmp_path / f"{number}.csv")["donor_id"]) for number in (0, 1))
    assert one.isdisjoint(other)


def test_a_key_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(KEY + b"\r\n")
    assert read_key(path) == KEY
    path.write_bytes(KEY[: LEAST_KEY - 1] + b"\n")
    with pytest.raises(FileError, match="a key of 15 bytes, expected at least 16 random bytes"):
        read_key(path)
    with pytest.raises(FileError) as error:
        read_key(tmp_path / "none")
    assert error.value.code == ErrorCode.FILE_MISSING


def test_a_key_that_can_be_guessed_is_refused(registry: Path, tmp_path: Path) -> None:
    for key, error in (
        (b"", "a key of 0 bytes"),
        (KEY[1:], "a key of 15 bytes"),
        (KEY.decode(), "a value of type str"),
    ):
        with pytest.raises(CriteriaError, match=f"key: found {error}, expected"):
            export_donors(registry, tmp_path / "out.csv", key=key)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(CriteriaError, match=r"found 'out.jsonl', expected a name that ends in one of .csv, .tsv"):
        export_donors(registry, tmp_path / "out.jsonl")
