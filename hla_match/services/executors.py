"""Who searches for a batch: threads, other processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hla_match.errors import CriteriaError, ErrorCode, HlaMatchError
from hla_match.errors.arguments import check_count
from hla_match.services.worker_processes import search_processes

GOES_ON = "what was finished is kept: the same command, started again, goes on from there"

_SECONDS = 10
"""Time to wait for a scheduler, and then for its first worker."""

_LOCAL_BLOCK, _CLUSTER_BLOCK = 25, 50
"""Patients of a block on a cluster: enough work to pay for sending it."""

_PREDICTED_COMPARISONS, _COUNTED_COMPARISONS = 100_000_000, 200_000_000
"""Comparisons of a patient with a donor from which on processes are faster, with probabilities, and without.

Measured with two processors and 103,000 donors, in seconds of the whole command, by threads and by processes: with
probabilities 3.2 and 3.9 for 300 patients, 5.7 and 5.4 for 1,000, 16.6 and 11.2 for 4,000; without 3.6 and 3.6 for
1,000, 8.4 and 6.6 for 4,000, 27 and 14 for 16,000. Processes take 2.5 s more of the processors' time to start.
"""


def n_processors() -> int:
    """Return the number of processors, and so of threads or processes to compute with."""
    return os.cpu_count() or 1


class ExecutorKind(StrEnum):
    """Who searches."""

    THREADS = "threads"
    PROCESSES = "processes"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers that are ready.

    Attributes:
        pool: the number of threads, or what gives work to other processes.
        number: searches at once.
        block: patients that are searched together.
        joined: whether a thread of this process works beside the processes of the pool.
    """

    pool: int | Executor
    number: int
    block: int
    joined: bool = False

    @property
    def are_remote(self) -> bool:
        """Whether they share no memory with this process."""
        return not isinstance(self.pool, int)


@dataclass(eq=False, slots=True)
class StartedProcesses:
    """Processes that were started before it was certain that they are needed.

    Attributes:
        pool: gives work to them, and is closed by whoever started them.
        are_used: whether a batch has them search.
    """

    pool: Executor
    are_used: bool = False


@dataclass(frozen=True, slots=True)
class ExecutorConfig:
    """Who searches, and how much memory is used; results depend on none of it.

    Attributes:
        workers: number of threads or processes, this one among them, or None for one a processor.
        scheduler: address or scheduler file of a Dask cluster, or None for this machine.
        shards: parts to divide the donors into, or None to leave it to the search.
        memory: bytes of results that are held before they are written.
        processes: whether processes search on this machine; None where that is faster than threads. A script that asks
            for processes needs ``if __name__ == "__main__":`` around its calls, as each process imports it.
        started: processes that are starting already, one fewer than `n_workers`; None to start them when they are
            needed.

    Raises:
        CriteriaError: there are numbers below 1, or options that exclude each other.
    """

    workers: int | None = None
    scheduler: str | None = None
    shards: int | None = None
    memory: int = 1_000_000_000
    processes: bool | None = False
    started: StartedProcesses | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.scheduler is not None and self.workers is not None:
            raise CriteriaError(
                "workers",
                found=self.workers,
                expected="none beside a cluster, which has workers of its own",
                code=ErrorCode.CRITERIA_CONFLICT,
            )
        for name, number in (("workers", self.workers), ("shards", self.shards), ("memory", self.memory)):
            if number is not None:
                check_count(name, number)

    @property
    def n_workers(self) -> int:
        """Threads or processes of this machine, this one among them."""
        return self.workers or n_processors()

    def kind(self, n_patients: int, n_donors: int, *, has_probabilities: bool) -> ExecutorKind:
        """Return who searches for a batch of this size.

        >>> ExecutorConfig(workers=2, processes=None).kind(1000, 103_000, has_probabilities=True).value
        'processes'
        >>> ExecutorConfig(workers=2, processes=None).kind(100, 103_000, has_probabilities=True).value
        'threads'
        """
        if self.scheduler is not None:
            return ExecutorKind.CLUSTER
        # A process that was itself started to compute starts no others: a script without a guard would do so for ever.
        if self.n_workers == 1 or self.processes is False or multiprocessing.parent_process() is not None:
            return ExecutorKind.THREADS
        least = _PREDICTED_COMPARISONS if has_probabilities else _COUNTED_COMPARISONS
        pays = n_patients * n_donors >= least and n_patients >= 2 * self.n_workers
        return ExecutorKind.PROCESSES if self.processes or pays else ExecutorKind.THREADS

    @contextmanager
    def open(self, kind: ExecutorKind) -> Iterator[Workers]:
        """Yield the workers of a kind.

        Raises:
            CriteriaError: Dask is not installed, or there is no cluster.
            HlaMatchError: the cluster or a process was lost.
        """
        if kind is ExecutorKind.THREADS:
            yield Workers(self.n_workers, self.n_workers, _LOCAL_BLOCK)
        elif kind is ExecutorKind.PROCESSES:
            try:
                # This process is one of them.
                with self._processes() as pool:
                    yield Workers(pool, self.n_workers, _LOCAL_BLOCK, joined=True)
            except BrokenProcessPool as error:
                raise HlaMatchError(
                    "workers: a process that searches was ended from outside, or cannot start; expected all of them to "
                    f"stay; free memory, or give fewer workers or less memory; {GOES_ON}"
                ) from error
        else:
            assert self.scheduler is not None
            with _cluster(self.scheduler) as (executor, threads):
                yield Workers(executor, threads, _CLUSTER_BLOCK)

    @contextmanager
    def _processes(self) -> Iterator[Executor]:
        if self.started is not None:
            self.started.are_used = True
            yield self.started.pool
            return
        with search_processes(self.n_workers - 1) as pool:
            yield pool


@contextmanager
def _cluster(scheduler: str) -> Iterator[tuple[Executor, int]]:
    """Yield the executor of a Dask cluster, and the number of its threads.

    Raises:
        CriteriaError: Dask is not installed, or no scheduler or worker answers.
        HlaMatchError: the cluster was lost.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.comm import get_address_host_port
    except ImportError:
        raise CriteriaError(
            "dask", found=scheduler, expected="Dask to be installed: pip install 'hla-match[dask]'"
        ) from None
    # A failure is one error of this project; Dask would write a traceback of its own code, too.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    is_file = Path(scheduler).is_file()
    place = {"scheduler_file": scheduler} if is_file else {"address": scheduler}
    try:
        if not is_file:
            # A client that is made with an address of no kind waits a minute to be closed.
            get_address_host_port(scheduler)
        client = Client(**place, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CriteriaError(
            "dask",
            found=scheduler,
            expected="the address of a Dask scheduler that runs, such as tcp://127.0.0.1:8786, or its scheduler file",
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_SECONDS)
        except TimeoutError:
            raise CriteriaError("dask", found=f"no worker at {scheduler}", expected="at least one") from None
        try:
            yield client.get_executor(), sum(client.nthreads().values())
        except (CancelledError, KilledWorker) as error:
            raise HlaMatchError(
                f"dask: lost the cluster at {scheduler}, or its workers die again and again; {GOES_ON}"
            ) from error
