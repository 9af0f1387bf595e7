"""A release in the layout of 2026 alone, through the commands: the donors of a registry mean what they mean without."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from registry_io.store.registry_store import open_registry
from tests.layout_2026 import convert

N_DONORS = 103_000


def _run(home: Path, *arguments: str | Path) -> Result:
    result = CliRunner().invoke(group, [str(one) for one in arguments], env={"HLA_MATCH_HOME": str(home)})
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.exhaustive
@pytest.mark.parametrize("assign", [False, True])
def test_donors_are_imported_alike(tmp_path: Path, shared_data: Path, assign: bool) -> None:
    data = shared_data / "data/registry_103k"
    with gzip.open(data / "donors.csv.gz", "rt", encoding="utf-8") as source:
        lines = [line for _, line in zip(range(N_DONORS + 1), source, strict=False)]
    donors = tmp_path / "donors.csv"
    donors.write_text("".join(lines), encoding="utf-8")
    releases = {
        "old": shared_data / "imgt/3.58.0",
        "new": convert(shared_data / "imgt/3.58.0", tmp_path / "release", assign=assign),
    }
    opened = {}
    for name, release in releases.items():
        home = tmp_path / f"home-{name}"
        installed = _run(home, "nomenclature", "install", "--from", release)
        assert installed.stdout == "Installed IPD-IMGT/HLA 3.58.0: 39,083 alleles of 11 loci.\n"
        _run(home, "registry", "import", tmp_path / name, donors, "--codes", data / "mac.txt")
        opened[name] = open_registry(tmp_path / name)
    old, new = opened["old"], opened["new"]
    assert new.n_donors == old.n_donors == N_DONORS
    assert new.nomenclature.tables.antigens != old.nomenclature.tables.antigens
    assert np.array_equal(new.donor_typing, old.donor_typing)
    followed = {note: n for note, n in new.notes.items() if note not in old.notes}
    assert {note.partition(" in ")[0] for note in followed} == {"A203 is A0203", "A210 is A0210", "DR103 is DR0103"}
    assert new.notes == {**old.notes, **followed}
    for locus in old.loci:
        assert new.nomenclature.p_groups(locus) == old.nomenclature.p_groups(locus)
        assert new.columns[locus].text.equals(old.columns[locus].text)
        tables = new.columns[locus].table, old.columns[locus].table
        for name in tables[0]._fields:
            arrays = [getattr(table, name) for table in tables]
            # Antigens have other names, and some alleles of C have one for the first time.
            if isinstance(arrays[0], np.ndarray) and not name.startswith(("antigen", "serology")):
                assert np.array_equal(*arrays), (locus, name)
