"""What every test shares: Hypothesis settings and the folder of shared data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk import checked_files
from registry_io.formats.imgt_release import read_release
from registry_io.store.journal import journal_file
from registry_io.store.nomenclature_file import dumps, nomenclature_of
from tests.examples import IS_WHOLE, n_daily

MOST_PROCESSES = 4
"""Processes of a run of all tests; each of them imports everything."""

# The first call of a kernel compiles for seconds, so there is no deadline. Where `CI` is set examples are the same in
# every run: a failure there is caused by the change, not by luck.
settings.register_profile(
    "hla-match",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    max_examples=100 if IS_WHOLE else n_daily(100),
)
settings.load_profile("hla-match")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Spread a run of all tests over processes, file by file; a run of some of them starts sooner in one."""
    option = config.option
    is_of_all = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    is_spread_already = hasattr(config, "workerinput") or getattr(option, "numprocesses", 0) is not None
    if is_of_all and not is_spread_already and not option.usepdb:
        if not (os.environ.get("NUMBA_DISABLE_JIT") or option.collectonly):
            # Else each process would compile the same kernels; what is wrong with them the tests say.
            command = [sys.executable, "-m", "hla_match", "warmup"]
            subprocess.run(command, cwd=config.rootpath, check=False, capture_output=True)
        option.numprocesses = min(os.cpu_count() or 1, MOST_PROCESSES)
        option.dist = "loadfile"
        option.loadscopereorder = False  # the longest files come first by name


@pytest.fixture(scope="session", autouse=True)
def _hangups_reach_commands() -> None:
    """Under ``nohup`` the commands of tests would ignore SIGHUP: what is ignored is inherited, a function is not."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(autouse=True)
def _flushes_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that loses power is none: flushes are told of, but not waited for; commands in their own process wait."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(journal_file, "SYNCHRONOUS", "OFF")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder that HLA_MATCH_TEST_DATA names; without it the test skips, or fails where the data are required."""
    named = os.environ.get("HLA_MATCH_TEST_DATA", "")
    if not named:
        message = "HLA_MATCH_TEST_DATA is not set; tests/README.md says what this test needs"
        if os.environ.get("HLA_MATCH_REQUIRE_TEST_DATA", "") not in ("", "0"):
            pytest.fail(message)
        pytest.skip(message)
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"HLA_MATCH_TEST_DATA names {named!r}, which is not a folder")
    return folder.resolve()


@pytest.fixture(scope="session")
def release_358(shared_data: Path) -> Nomenclature:
    """Release 3.58.0, read once."""
    return Nomenclature(read_release(shared_data / "imgt" / "3.58.0"))


@pytest.fixture(scope="session", autouse=True)
def _builtin_stays_in_use() -> Nomenclature:
    """Registries of tests have the built-in nomenclature: what one of them has looked up the next need not."""
    return nomenclature_of(dumps(builtin_tables()), "builtin")


@pytest.fixture(scope="session", autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let nothing be installed, and nothing be remembered of registries, in the folders of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checked_files, "memory_folder", lambda: None)
        patch.setenv("HLA_MATCH_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("HLA_MATCH_LANG", "en")  # whatever whoever runs the tests speaks
        yield
