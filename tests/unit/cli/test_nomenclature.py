"""``nomenclature``: what is wrong with a release is said when it is installed and wherever it is looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from hla_match.cli.option_hints import with_option_hint
from hla_match.errors import NomenclatureError
from tests.tiny_release import HEAD, edit, make_release, write


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    return call


def test_a_mismatch_is_refused_and_accepted_aloud(run, tmp_path: Path) -> None:
    write(make_release(tmp_path / "release") / "wmda/md5checksum.txt", f"MD5 (hla_nom_p.txt) = {'0' * 32}\n")
    refused = run("nomenclature", "install", "--from", "release")
    assert isinstance(refused.exception, NomenclatureError)
    assert with_option_hint(refused.exception).endswith("accept the mismatch; give --accept-checksum-mismatch")
    assert run("nomenclature", "list").stdout == "builtin\n"

    warning = "warning: IPD-IMGT/HLA 3.58.0: not as in the release's own list of checksums: hla_nom_p.txt"
    accepted = run("nomenclature", "install", "--from", "release", "--accept-checksum-mismatch")
    assert (accepted.exit_code, accepted.stderr.splitlines()[0]) == (0, warning)
    assert run("nomenclature", "list").stderr.splitlines()[0] == warning
    assert run("nomenclature", "show", "A*02:01").stderr.splitlines().count(warning) == 1

    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nX1,02:01,24:02\n", encoding="utf-8")
    imported = run("registry", "import", "registry", "donors.csv")
    assert imported.exit_code == 0, imported.output
    assert warning in imported.stderr
    manifest = json.loads(next((tmp_path / "registry").glob("snapshot-*/manifest.json")).read_text("utf-8"))
    assert manifest["provenance"]["nomenclature_mismatched"] == "hla_nom_p.txt"
    assert "nomenclature_mismatched: hla_nom_p.txt" in run("registry", "info", "registry").stdout


def test_a_patch_is_said(run, tmp_path: Path) -> None:
    edit(make_release(tmp_path / "release") / "release_version.txt", "3.58.0", "3.58.0.1")
    installed = run("nomenclature", "install", "--from", "release")
    caution = "tables of 3.58.0 with patch 3.58.0.1, which release_version.txt names"
    assert installed.stderr.splitlines()[0] == f"warning: IPD-IMGT/HLA 3.58.0: {caution}"
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nX1,02:01,24:02\n", encoding="utf-8")
    run("registry", "import", "registry", "donors.csv")
    assert f"nomenclature_cautions: {caution}" in run("registry", "info", "registry").stdout


def test_both_versions_of_the_epitope_groups_are_shown(run, tmp_path: Path) -> None:
    make_release(tmp_path / "release")
    assert run("nomenclature", "install", "--from", "release").exit_code == 0
    assert "\n  TCE       3 (version 2)\n" in run("nomenclature", "show", "DPB1*01:01").stdout
    write(
        tmp_path / "release/tce/dpb_tce.csv",
        HEAD + "Allele,Protein,V1_Assignment,V2_Assignment,V3_Assignment,Comments\n"
        "DPB1*01:01,DPB1*01:01,,3,3 (core),\nDPB1*02:01,DPB1*02:01,,3,3 (non-core),\nDPB1*08:01,DPB1*08:01,,2,2,\n"
        "DPB1*61:01N,NA,,0,0,\n",
    )
    assert run("nomenclature", "install", "--from", "release").exit_code == 0
    assert "\n  TCE       3 (version 2); 3 (core) (version 3)\n" in run("nomenclature", "show", "DPB1*01:01").stdout
    several = run("nomenclature", "show", "DPB1*02:01/DPB1*08:01").stdout
    assert "\n  TCE       2, 3 (version 2); 2, 3 (non-core) (version 3)\n" in several
    assert "TCE" not in run("nomenclature", "show", "A*02:01").stdout
    assert "\n  TCE       none (version 2); none (version 3)\n" in run("nomenclature", "show", "DPB1*61:01N").stdout


def test_p_groups_in_several_epitope_groups_are_said(run, tmp_path: Path) -> None:
    make_release(tmp_path / "release")
    edit(tmp_path / "release/wmda/hla_nom_p.txt", "DPB1*;01:01;\n", "")
    edit(tmp_path / "release/wmda/hla_nom_p.txt", "DPB1*;08:01;\n", "DPB1*;01:01/08:01;01:01P\n")
    installed = run("nomenclature", "install", "--from", "release")
    assert "members of DPB1*01:01P are in T-cell epitope groups 2 and 3 (version 2)" in installed.stderr


@pytest.mark.parametrize("release", ["3.33.0", "3.42.0"])
def test_published_releases_are_installed(run, shared_data: Path, release: str) -> None:
    installed = run("nomenclature", "install", "--from", str(shared_data / "imgt" / release))
    assert installed.exit_code == 0, installed.output
    assert installed.stdout.startswith(f"Installed IPD-IMGT/HLA {release}: ")
    assert ("not as in the release's own list" in installed.stderr) == (release == "3.42.0")
    assert run("nomenclature", "list").stdout.splitlines() == [release, "builtin"]
    assert "A*02:01P" in run("nomenclature", "show", "A*02:01", "--nomenclature", release).stdout


def test_facts_of_alleles_are_shown(run) -> None:
    def shown(name: str) -> str:
        return run("nomenclature", "show", name, "--nomenclature", "builtin").stdout

    assert "\n  leader    T (by family)\n  KIR       C1 (by family)\n" in shown("B*46:01")
    assert "\n  level     high, low (by family)\n" in shown("DPB1*04:01/DPB1*05:01")
    assert "\n  level     none\n" in shown("DPB1*61:01N")
    assert "leader" not in shown("A*24:02")


def test_g_groups_in_several_epitope_groups_are_said(run, tmp_path: Path) -> None:
    make_release(tmp_path / "release")
    edit(tmp_path / "release/wmda/hla_nom_g.txt", "DPB1*;01:01;\n", "")
    edit(tmp_path / "release/wmda/hla_nom_g.txt", "DPB1*;08:01;\n", "DPB1*;01:01/08:01;01:01:01G\n")
    installed = run("nomenclature", "install", "--from", "release")
    assert "members of DPB1*01:01:01G are in T-cell epitope groups 2 and 3 (version 2)" in installed.stderr
