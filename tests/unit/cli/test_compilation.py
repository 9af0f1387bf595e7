"""The line about compiling stands where something is compiled, once; machine code is kept where that is safe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numba
import pytest
from click.testing import CliRunner

import hla_match
from hla_match.cli import compilation, kernel_folder, kernel_warmup

SAY = compilation.say


@pytest.mark.parametrize(("cache", "often"), [(True, "once on a machine"), (False, "in every run")])
def test_a_compilation_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path, cache: bool, often: str) -> None:
    monkeypatch.setattr(compilation, "say", SAY)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def kernels():
        return [numba.njit(cache=cache)(function) for function in (lambda x: x + 1, lambda x: x + 2)]

    @click.command()
    def command() -> None:
        compilation.prepare_kernels()
        for kernel in ours:
            kernel(1)

    ours = kernels()
    first = CliRunner().invoke(command)
    assert first.exception is None
    assert first.stderr.count("Compiling kernels") == 1
    assert often in first.stderr
    assert CliRunner().invoke(command).stderr == ""
    ours = kernels()
    assert ("Compiling" in CliRunner().invoke(command).stderr) is not cache
    # After the command nobody listens.
    numba.njit(lambda x: x)(1)


def test_a_temporary_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = kernel_folder.own_temporary_folder()
    assert folder is not None
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    assert kernel_folder.own_temporary_folder() == folder


def test_a_folder_that_others_can_write_to_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"hla-match-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o770)
    assert kernel_folder.own_temporary_folder() is None


def test_a_folder_of_somebody_else_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "hla-match-4711").mkdir(mode=0o700)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert owner != 4711
    assert kernel_folder.own_temporary_folder() is None


def test_a_link_is_not_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / f"hla-match-{os.getuid()}").symlink_to("elsewhere")
    assert kernel_folder.own_temporary_folder() is None


PLACES = """
import os, random, sys
import hla_match.kernels._jit
from hla_match.cli.kernel_folder import choose_cache_folder
if len(sys.argv) > 1:  # after the imports, as other users may not read the sources
    os.setuid(int(sys.argv[1]))
print(choose_cache_folder())
"""


def chosen(cwd: Path, *arguments: str, **environment: str) -> str:
    """What a new process chooses that has these variables alone, and leaves no file where it was started."""
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PLACES, *arguments],
        env=path | environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_machine_code_is_kept_where_the_variable_says_else_in_the_users_cache_folder(tmp_path: Path) -> None:
    named, cache, temporary = tmp_path / "named", tmp_path / "cache", tmp_path / "temporary"
    temporary.mkdir()
    places = {"NUMBA_CACHE_DIR": str(named), "XDG_CACHE_HOME": str(cache), "TMPDIR": str(temporary)}
    assert chosen(tmp_path, **places).startswith(str(named))
    del places["NUMBA_CACHE_DIR"]
    if sys.platform == "linux":
        assert chosen(tmp_path, **places).startswith(str(cache / "hla-match" / "kernels"))


def test_without_a_writable_cache_folder_a_temporary_one_is_taken_and_else_none(tmp_path: Path) -> None:
    file, temporary = tmp_path / "file", tmp_path / "temporary"
    file.touch()
    temporary.mkdir()
    # A file is no folder, even for a user who may write everywhere.
    places = {"HOME": str(file), "XDG_CACHE_HOME": str(file / "cache"), "TMPDIR": str(temporary)}
    assert chosen(tmp_path, **places).startswith(str(temporary / f"hla-match-{os.getuid()}"))
    (temporary / f"hla-match-{os.getuid()}").chmod(0o777)
    assert chosen(tmp_path, **places) == "None"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows keeps users apart in another way")
@pytest.mark.parametrize("variable", ["NUMBA_CACHE_DIR", "XDG_CACHE_HOME"])
def test_no_other_folder_is_taken_in_the_stead_of_one_that_others_can_write_to(tmp_path: Path, variable: str) -> None:
    place, temporary = tmp_path / "place", tmp_path / "temporary"
    for folder in (place, temporary):
        folder.mkdir()
    place.chmod(0o777)
    assert chosen(tmp_path, **{variable: str(place), "HOME": str(tmp_path), "TMPDIR": str(temporary)}) == "None"
    assert list(temporary.iterdir()) == []


def test_why_machine_code_is_not_kept_is_said_with_what_mends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(cache))
    SAY(kept=False)
    assert capsys.readouterr().err == (
        f"Compiling kernels, which takes some seconds in every run, as other users can write to {cache}; "
        f"'chmod go-w {cache}' mends that ...\n"
    )


def test_a_cache_is_warm_while_all_its_files_are_there(tmp_path: Path) -> None:
    assert not kernel_warmup.is_warm(tmp_path)
    mark = tmp_path / kernel_warmup._mark()
    for content in ("", "a.nbi\nb.nbc"):
        mark.write_text(content, encoding="utf-8")
        assert not kernel_warmup.is_warm(tmp_path)
    for name in ("a.nbi", "b.nbc", "c.nbc"):
        (tmp_path / name).touch()
    assert kernel_warmup.is_warm(tmp_path)
    (tmp_path / "b.nbc").unlink()
    assert not kernel_warmup.is_warm(tmp_path)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user")
def test_a_user_without_name_and_home_gets_a_temporary_folder(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o1777)
        # Numba looks at the sources, which the other user may not be allowed to read where they lie.
        sources = Path(folder) / "sources"
        shutil.copytree(Path(hla_match.__file__).parent, sources / "hla_match")
        search_path = os.pathsep.join([str(sources), *sys.path])
        found = chosen(Path(folder), "471147", TMPDIR=folder, PYTHONPATH=search_path)
        assert found.startswith(f"{folder}/hla-match-471147")
        assert {path.name for path in Path(folder).iterdir()} == {"hla-match-471147", "sources"}
