"""Processes that start to search while a command still reads what is asked of it.

A process of a batch imports for a second what it needs, as the command itself does: side by side both are done after
one. Whether processes pay is known for certain only when the patients are read; until then it is told from the lines of
their file and from what the registry says of its size. Processes that are not needed after all are ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from hla_match.errors import HlaMatchError
from hla_match.services.executors import ExecutorConfig, ExecutorKind, StartedProcesses
from hla_match.services.worker_processes import search_processes

_TEXT_FILES = (".csv", ".tsv", ".txt")
"""Endings of files that hold a patient a line."""

_SHORTEST_LINE = 10
"""Bytes of a line at least: a file of so few that threads search its patients is not read twice."""

_MOST_BYTES = 10_000_000
"""Bytes in which lines are counted at most: more patients than in so many change nothing."""


@contextmanager
def early_processes(
    config: ExecutorConfig, registry: Path, patients: Path, prepare: Callable[[], object]
) -> Iterator[ExecutorConfig]:
    """Yield who searches, with processes that are starting where the batch will probably need them.

    Args:
        config: who searches.
        registry: folder of the registry.
        patients: file of the patients.
        prepare: is called in each process at its start; it can be pickled.
    """
    if not _will_pay(config, registry, patients):
        yield config
        return
    with suppress(_NotNeededError), search_processes(config.n_workers - 1, prepare) as pool:
        started = StartedProcesses(pool)
        yield replace(config, started=started)
        if not started.are_used:
            raise _NotNeededError


class _NotNeededError(Exception):
    """Ends processes without waiting for what they are at."""


def _will_pay(config: ExecutorConfig, registry: Path, patients: Path) -> bool:
    """Say whether processes will search, as far as that can be told; False where something cannot be read."""
    if config.kind(1 << 20, 1 << 20, has_probabilities=True) is not ExecutorKind.PROCESSES:
        return False
    try:
        n_patients = _n_lines(patients) - 1
        return (
            n_patients > 0
            and config.kind(n_patients, _n_donors(registry), has_probabilities=True) is ExecutorKind.PROCESSES
        )
    except (HlaMatchError, OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        # Whoever reads them in earnest says what is wrong.
        return False


def _n_lines(path: Path) -> int:
    """Return the lines of a text file, as far as they matter; 0 of another or a short file."""
    if path.suffix.lower() not in _TEXT_FILES or path.stat().st_size < _SHORTEST_LINE * _SHORTEST_LINE:
        return 0
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).count(b"\n")


def _n_donors(registry: Path) -> int:
    from registry_io.store.registry_folder import current_snapshot

    return int(json.loads((current_snapshot(registry) / "manifest.json").read_bytes())["n_donors"])
