"""Many patients: one search each, spread over threads, processes or a cluster, and given back in order.

Patients travel in blocks. Donors stay where they are: a worker that shares no memory is told where to open the registry
and does so once. With fewer patients than workers the donors are divided into shards; the first donors of each shard
hold the first donors of all, and the codes of the ranking keys, the last of which is the donor's identifier, merge them
exactly. Neither blocks, shards nor workers change a result.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Protocol

import numpy as np
import polars as pl

from hla_match.choice.policies import KeyColumns, RankingPolicy, policy_named
from hla_match.errors import CriteriaError, TypingError
from hla_match.errors.arguments import check_count
from hla_match.language import DEFAULT, speaking
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.reporting.match_frame import match_frame
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher
from hla_match.searches.patient_blocks import PatientAnswer, PatientBlock, PatientOutcome

BLOCK = 25
"""Patients of a block at most: enough for one table, few enough to divide the work evenly."""

MEMORY = 1_000_000_000
"""Bytes of results that wait in order to be taken, by default."""

_IN_FLIGHT = 16
"""Blocks handed at once to an executor that does not say how many workers it has."""


class MatcherSource(Hashable, Protocol):
    """What makes the same matcher in any process: pickled it travels to workers, which keep what it made.

    It names a registry and its version, such as ``registry_io.RegistrySource``, and raises `HlaMatchError` where it
    finds another one.
    """

    def __call__(self) -> Matcher:
        """Open the registry."""
        ...


@dataclass(frozen=True, slots=True)
class _Task:
    """One block of patients in one shard of the donors; its text, which a cluster may log, names no person."""

    patients: tuple[Patient, ...] = field(repr=False)
    criteria: SearchCriteria = field(repr=False)
    policy: str | RankingPolicy | None
    shard: int
    n_shards: int


def search_patients(
    source: Matcher | MatcherSource,
    patients: Sequence[Patient],
    criteria: SearchCriteria | None = None,
    *,
    policy: str | RankingPolicy | None = None,
    workers: int | Executor = 1,
    shards: int | None = None,
    memory: int = MEMORY,
    in_flight: int | None = None,
) -> Iterator[PatientOutcome]:
    """Search many patients and yield one outcome each, in their order, with any kind of workers.

    Args:
        source: a matcher, or what makes one; workers that are not threads of this process need the latter.
        patients: for whom.
        criteria: which donors.
        policy: as in `Matcher.search`.
        workers: number of threads, or an executor: of threads, of processes, or of a cluster
            (``distributed.Client.get_executor()``).
        shards: parts to divide the donors into; by default only where there are fewer patients than workers.
        memory: bytes of results that may wait to be taken, about; the result of one patient is held even if it is
            larger.
        in_flight: blocks of patients handed out at once; by default two a thread, or 16 where an executor is given. A
            cluster needs two for each of its threads.

    Raises:
        CriteriaError: a number is below 1, there is no such policy, no locus in scope is typed in the registry, or a
            matcher would have to travel to another process.
        HlaMatchError: the source does not find the registry that it names.

    A typing that cannot be read is the outcome of its patient and stops nothing.

    >>> from hla_match.nomenclature.release import Nomenclature
    >>> from hla_match.donors.registry import build_registry
    >>> donors = pl.DataFrame({"person_id": ["D1", "D2"], "A_1": ["02:01", "11:01"], "A_2": ["24:02", "24:02"]})
    >>> made_from = {"imported_on": "2026-01-01"}
    >>> registry, _ = build_registry(donors, Nomenclature.builtin(), name="two", provenance=made_from)
    >>> patients = [Patient(typings={"A": (name, "24:02")}) for name in ("02:01", "11:01", "99:99")]
    >>> outcomes = list(search_patients(Matcher(registry), patients, SearchCriteria(scope="A"), workers=2))
    >>> [outcome.frame["donor_id"].to_list() for outcome in outcomes if outcome.error is None]
    [['D1', 'D2'], ['D2', 'D1']]
    >>> type(outcomes[2].error).__name__
    'TypingError'
    """
    blocks = search_blocks(
        source,
        patients,
        criteria,
        policy=policy,
        workers=workers,
        shards=shards,
        memory=memory,
        in_flight=in_flight,
    )
    for block in blocks:
        yield from block.outcomes()


def search_blocks(
    source: Matcher | MatcherSource,
    patients: Sequence[Patient],
    criteria: SearchCriteria | None = None,
    *,
    policy: str | RankingPolicy | None = None,
    workers: int | Executor = 1,
    shards: int | None = None,
    memory: int = MEMORY,
    block: int = BLOCK,
    in_flight: int | None = None,
) -> Iterator[PatientBlock]:
    """Search many patients as `search_patients` does, with the same arguments and errors, and yield them in blocks.

    Args:
        block: patients of a block at most; no block crosses a multiple of it.
    """
    criteria = criteria if criteria is not None else SearchCriteria()
    if policy is not None:
        policy_named(policy)
    if in_flight is None:
        in_flight = 2 * workers if isinstance(workers, int) else _IN_FLIGHT
    n_shards = max(1, -(-(in_flight // 2) // max(len(patients), 1))) if shards is None else shards
    for name, number in (
        ("workers", workers),
        ("in_flight", in_flight),
        ("shards", n_shards),
        ("memory", memory),
        ("block", block),
    ):
        if not isinstance(number, Executor):
            check_count(name, number)
    with _pool(workers) as pool:
        # Threads share one matcher; other workers make their own.
        source = _shared(source) if isinstance(pool, ThreadPoolExecutor) else _travelling(source)
        waiting: deque[list[Future[PatientBlock]]] = deque()
        start, largest = 0, 0
        try:
            while start < len(patients) or waiting:
                # Until a result is known each block in flight is one patient, where nothing limits the donors.
                each = largest or (_ROW_BYTES * criteria.limit if criteria.limit else memory // in_flight)
                size = max(1, min(block - start % block, memory // (in_flight * max(each, 1))))
                if start < len(patients) and len(waiting) < in_flight:
                    chosen = tuple(patients[start : start + size])
                    tasks = [_Task(chosen, criteria, policy, shard, n_shards) for shard in range(n_shards)]
                    waiting.append([pool.submit(_search, source, task) for task in tasks])
                    start += len(chosen)
                    continue
                found = _merged([future.result() for future in waiting[0]], criteria.limit)
                waiting.popleft()
                largest = max(largest, int(found.frame.estimated_size()) // len(found.patients))
                yield found
        finally:
            for future in itertools.chain.from_iterable(waiting):
                future.cancel()


_ROW_BYTES = 1_000
"""Bytes of a row of results, rounded up."""


@contextmanager
def _pool(workers: int | Executor) -> Iterator[Executor]:
    """Yield an executor; one that was given is not shut down."""
    if isinstance(workers, int):
        with ThreadPoolExecutor(max(workers, 1)) as pool:
            yield pool
    else:
        yield workers


def _shared(source: Matcher | MatcherSource) -> Matcher:
    matcher = source if isinstance(source, Matcher) else source()
    matcher.make_ready()
    return matcher


def _travelling(source: Matcher | MatcherSource) -> MatcherSource:
    if isinstance(source, Matcher):
        raise CriteriaError(
            "source", found="a matcher", expected="what makes one, such as registry_io.registry_source(FOLDER)"
        )
    return source


_opening = Lock()
_opened: dict[MatcherSource, Matcher] = {}
"""What this process has opened last, and by what."""


def open_source(source: MatcherSource) -> None:
    """Open a registry before the first task of this process that names it.

    Raises:
        HlaMatchError: the source does not find the registry that it names.
    """
    _matcher_of(source)


def _matcher_of(source: MatcherSource) -> Matcher:
    # Threads of one process would open the registry side by side.
    with _opening:
        if source not in _opened:
            _opened.clear()
            _opened[source] = _shared(source)
        return _opened[source]


@contextmanager
def opened_source(source: MatcherSource, matcher: Matcher) -> Iterator[None]:
    """Let tasks that name a source use a matcher of this process, which is what the source would make."""
    with _opening:
        _opened.clear()
        _opened[source] = _shared(matcher)
    try:
        yield
    finally:
        with _opening:
            _opened.clear()


def _search(source: Matcher | MatcherSource, task: _Task) -> PatientBlock:
    """Search the patients of a task, in this process or in that of a worker."""
    matcher = source if isinstance(source, Matcher) else _matcher_of(source)
    n_donors = matcher.registry.n_donors
    shard = range(n_donors * task.shard // task.n_shards, n_donors * (task.shard + 1) // task.n_shards)
    donors = None if task.n_shards == 1 else shard
    lists: list[MatchList] = []
    answers: list[PatientAnswer] = []
    for patient in task.patients:
        try:
            matches = matcher.search(patient, task.criteria, policy=task.policy, donors=donors)
        except TypingError as error:
            answers.append(PatientAnswer((), 0, 0, (), error))
            continue
        missing = () if matches.prediction is None else matches.prediction.patient_missing
        loci = tuple(result.locus for result in matches.loci)
        counts = {} if matches.n_found else matches.criteria_counts
        # What a batch writes is the same in every language.
        with speaking(DEFAULT):
            notices = matches.patient_notices
        answers.append(PatientAnswer(loci, len(matches), matches.n_found, missing, None, notices, counts))
        lists.append(matches)
    return PatientBlock(
        patients=task.patients,
        answers=tuple(answers),
        frame=match_frame(lists) if lists else pl.DataFrame(),
        key_columns=_joined([matches.key_columns for matches in lists]),
    )


def _merged(shards: Sequence[PatientBlock], limit: int | None) -> PatientBlock:
    """Return the first donors of all shards together; ranks start again at 1."""
    first = shards[0]
    if len(shards) == 1:
        return first
    if not first.frame.width:
        return first
    rows = np.array([[answer.n_donors for answer in shard.answers] for shard in shards])
    n_patients = len(first.patients)
    patient = np.concatenate([np.repeat(np.arange(n_patients), of_shard) for of_shard in rows])
    columns = _joined([shard.key_columns for shard in shards])
    order = np.lexsort((*reversed(columns), patient))
    n_rows = rows.sum(axis=0)
    rank = np.arange(order.size) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    kept = np.ones(order.size, np.bool_) if limit is None else rank < limit
    frame = pl.concat([shard.frame for shard in shards])[order[kept]]
    n_kept = np.bincount(patient[order[kept]], minlength=n_patients)
    answers = [
        replace(
            answer,
            n_donors=int(n_kept[position]),
            n_found=sum(shard.answers[position].n_found for shard in shards),
            criteria_counts=_summed([shard.answers[position].criteria_counts for shard in shards]),
        )
        for position, answer in enumerate(first.answers)
    ]
    return PatientBlock(
        patients=first.patients,
        answers=tuple(answers),
        frame=frame.with_columns(rank=pl.Series((rank[kept] + 1).astype(np.uint32))),
        key_columns=tuple(column[order[kept]] for column in columns),
    )


def _joined(parts: Sequence[KeyColumns]) -> KeyColumns:
    """Return the columns of several lists by one policy, one list after another."""
    return tuple(np.concatenate(of_key) for of_key in zip(*parts, strict=True))


def _summed(shards: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return the counts of all shards together; none where a shard that found donors has none."""
    if not all(shards):
        return {}
    return {criterion: sum(shard[criterion] for shard in shards) for criterion in shards[0]}
