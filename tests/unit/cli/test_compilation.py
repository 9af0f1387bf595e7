"""The line about compiling stands where something is compiled, once, and nowhere else."""

from __future__ import annotations

import click
import numba
import pytest
from click.testing import CliRunner

from hla_match.cli import compilation

SAY = compilation.say


@pytest.mark.parametrize(("cache", "often"), [(True, "once on a machine"), (False, "in every run")])
def test_a_compilation_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path, cache: bool, often: str) -> None:
    monkeypatch.setattr(compilation, "say", SAY)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def kernels():
        return [numba.njit(cache=cache)(function) for function in (lambda x: x + 1, lambda x: x + 2)]

    @click.command()
    def command() -> None:
        compilation.say_compiling()
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
