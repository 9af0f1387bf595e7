"""The calls of kernels that the commands make: found by running them, uncompiled, on a registry of a few donors.

Numba compiles a kernel for the types of its arguments. They are not listed by hand, since a list would be wrong after
the next change: the commands themselves are run, and what they call is noted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import io
import re
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hla_match.nomenclature.tables import NomenclatureTables

KernelCall = tuple[str, str, tuple[Any, ...]]
"""Module and name of a kernel, and the Numba types of the arguments that it is called with."""

_HAPLOTYPES = """\
haplotype,frequency
A*02:01~C*01:02~B*46:01~DRB1*09:01~DQB1*03:03,0.2
A*02:01~C*03:04~B*40:01~DRB1*15:01~DQB1*06:01,0.1
A*02:03~C*07:02~B*38:02~DRB1*16:02~DQB1*05:02,0.1
A*02:06~C*08:01~B*15:02~DRB1*12:02~DQB1*03:01,0.1
A*02:07~C*01:02~B*46:01~DRB1*08:03~DQB1*06:01,0.1
A*11:01~C*07:02~B*40:01~DRB1*04:05~DQB1*04:01,0.1
A*11:01~C*04:01~B*15:01~DRB1*04:06~DQB1*03:02,0.1
A*24:02~C*03:04~B*13:01~DRB1*12:02~DQB1*03:01,0.1
A*33:03~C*03:02~B*58:01~DRB1*03:01~DQB1*02:01,0.1
"""

_PERSONS = """\
A*02:01+A*11:01^B*46:01+B*40:01^C*01:02+C*07:02^DRB1*09:01+DRB1*04:05^DQB1*03:03+DQB1*04:01^DPB1*05:01+DPB1*02:01
A*33:03+A*24:02^B*58:01+B*13:01^C*03:02+C*03:04^DRB1*03:01+DRB1*12:02^DQB1*02:01+DQB1*03:01
A*02:XX+A*11:XX^B*46:01/B*40:01+B*15:XX
A*02:XX+A*24:XX^DRB1*12:XX+DRB1*16:XX
A*02+A*11^B*46+B*40
A*02:07^B*46:01^C*01:02^DRB1*08:03
A*24:02+A*31:01^B*13:01+B*51:01
A*02:XX
"""
"""Certain and ambiguous persons, of one and of many genotypes, explained by the haplotypes and not."""

_STRANGER = "A*30:01+A*68:01^B*13:02+B*44:02^C*06:02+C*05:01^DRB1*07:01+DRB1*13:01"

_SEARCHES = (("--scope", "10/10"), ("--scope", "A,B"))
"""Options that lead to a search in orders and to one of all donors."""

_BY_ALLELE = ("allele", "g_group", "p_group", "antigen", "possible_antigen", "expert_antigen", "tce_group")
"""The columns of the tables of a locus."""


def find_calls(folder: Path, *, searches_only: bool = False) -> list[KernelCall]:
    """Return the calls that the commands make, or those of ``search`` and ``batch``.

    It is a matter of a second, and of a process of its own: kernels must not have been imported before, and stay
    uncompiled.

    Args:
        folder: an empty one, for the files that the commands read and write.
        searches_only: leave out what the other commands call.
    """
    from hla_match.kernels import _jit

    calls: dict[KernelCall, None] = {}
    _jit.make = _noting(calls)
    # Sums of integers wrap around in machine code without a word.
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        _run_commands(folder, searches_only)
    return list(calls)


def _run_commands(folder: Path, searches_only: bool) -> None:
    from hla_match.nomenclature.release import Nomenclature
    from registry_io.store.donor_import import import_donors

    lines = _PERSONS.splitlines()
    # Most donors are a stranger to most patients, so that a search in orders pays.
    persons = {"donors": lines + 9 * len(lines) * [_STRANGER], "patients": lines}
    for kind, typings in persons.items():
        rows = [f"{kind[0]}{number},{typing},1990-01-01" for number, typing in enumerate(typings)]
        header = f"{kind[:-1]}_id,gl_string,birth_date"
        (folder / f"{kind}.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    frequencies, registry, patients = folder / "haplotypes.csv", folder / "registry", folder / "patients.csv"
    frequencies.write_text(_HAPLOTYPES, encoding="utf-8")
    import_donors(registry, folder / "donors.csv", Nomenclature(_small_tables()), today=datetime.date(2026, 1, 1))
    with_frequencies = ("--frequencies", frequencies)
    _run("search", registry, "--hla", lines[0], *with_frequencies)
    # Of a list that is cut an ambiguous patient's probabilities are bounded first.
    for options in (*_SEARCHES, (*with_frequencies, "--limit", 1)):
        _run("batch", registry, patients, "--out", folder / "matches.parquet", *options)
    if searches_only:
        return
    _run("impute", registry, patients, "--out", folder / "imputed.csv", *with_frequencies)
    _run("frequencies", "estimate", registry, "--out", folder / "own.csv", "--bootstrap", 1)


def _small_tables() -> NomenclatureTables:
    """Return the built-in nomenclature with those alleles only that the typings and haplotypes name.

    Every command makes look-ups from the nomenclature of the registry; for the whole of it that takes half a second.
    """
    from hla_match.nomenclature.builtin import builtin_tables

    whole = builtin_tables()
    named = set(re.findall(r"\w+\*\d+:\d+", _PERSONS + _HAPLOTYPES + _STRANGER))
    loci = {}
    for locus, tables in whole.loci.items():
        rows = [row for row, allele in enumerate(tables.allele) if f"{locus}*{allele}" in named]
        columns: dict[str, Any] = {name: tuple(getattr(tables, name)[row] for row in rows) for name in _BY_ALLELE}
        loci[locus] = dataclasses.replace(tables, **columns)
    return dataclasses.replace(whole, loci=loci)


def _run(*arguments: object) -> None:
    """Run a command as the command line does."""
    from hla_match.cli.commands import group

    group([str(one) for one in arguments], standalone_mode=False)


def _noting(calls: dict[KernelCall, None]) -> Callable[..., Callable[..., Any]]:
    """Return what makes of a kernel a function that notes the calls from outside the kernels."""
    from numba.core.typing.typeof import Purpose, typeof

    inside = threading.local()

    def make(function: Callable[..., Any], *, counts: bool = True) -> Callable[..., Any]:
        def called(*values: Any) -> Any:
            outer = getattr(inside, "kernel", False)
            if not outer:
                types = tuple(typeof(value, Purpose.argument) for value in values)
                calls[function.__module__, function.__name__, types] = None
            inside.kernel = True
            try:
                return _as_python(function(*values))
            finally:
                inside.kernel = outer

        return called

    return make


def _as_python(value: Any) -> Any:
    """Return what compiled kernels return: numbers of Python instead of those of NumPy."""
    import numpy as np

    if isinstance(value, tuple):
        parts = [_as_python(one) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value.item() if isinstance(value, np.generic) else value
