"""A table of a release that was cut at any line end is refused, or what was cut off means nothing to the engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.errors import NomenclatureError
from registry_io.formats.imgt_release import read_release
from tests.examples import examples

TABLES = {
    "hla_nom.txt": "wmda", "hla_nom_g.txt": "wmda", "hla_nom_p.txt": "wmda", "rel_dna_ser.txt": "wmda",
    "rel_ser_ser.txt": "wmda", "dpb_tce.csv": "tce",
}  # fmt: skip
# The rows of comments and of columns.
N_ROWS_AT_TOP = 7


@pytest.mark.parametrize("with_lists", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_a_cut_is_found_or_means_nothing(tmp_path: Path, shared_data: Path, with_lists: bool) -> None:
    source = shared_data / "imgt/3.58.0"
    ignored = shutil.ignore_patterns("fasta", "md5checksum.txt", *(() if with_lists else ("Allele*",)))
    shutil.copytree(source, tmp_path / "release", copy_function=shutil.copyfile, ignore=ignored)
    whole = read_release(tmp_path / "release")
    wanted = (whole.loci, whole.antigens, whole.antigen_relations)

    @given(table=st.sampled_from(sorted(TABLES)), share=st.floats(0, 1))
    @examples(8)
    def cut(table: str, share: float) -> None:
        place = tmp_path / "release" / TABLES[table] / table
        data = place.read_bytes()
        lines = data.splitlines(keepends=True)
        # Ends are likelier than the middle, where nothing is hard to find.
        n_kept = len(lines) - 1 - int((len(lines) - 1 - N_ROWS_AT_TOP) * share**4)
        place.parent.chmod(0o755)
        place.write_bytes(b"".join(lines[:n_kept]))
        found, refused = whole, ""
        try:
            found = read_release(tmp_path / "release")
        except NomenclatureError as error:
            refused = error.path
        place.write_bytes(data)
        assert refused == "" or refused.endswith(table)
        assert (found.loci, found.antigens, found.antigen_relations) == wanted

    cut()
