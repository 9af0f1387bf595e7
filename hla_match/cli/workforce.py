"""Who searches for a batch: threads of this process, or the workers of a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hla_match.cli.frequency_options import n_workers
from hla_match.errors import CriteriaError, ErrorCode, HlaMatchError

_SECONDS = 10
"""How long a scheduler, and then its first worker, is waited for."""

_THREAD_BLOCK, _CLUSTER_BLOCK = 25, 50
"""Patients that are searched together; what travels is worth it when it takes a while."""


@dataclass(frozen=True, slots=True)
class Workforce:
    """What the options say of it.

    Attributes:
        workers: number of threads, or None for one a processor.
        scheduler: address or scheduler file of a Dask cluster, or None for threads.
        shards: parts to divide the donors into, or None to leave it to the search.
        memory: bytes of results that are held before they are written.
    """

    workers: int | None
    scheduler: str | None
    shards: int | None
    memory: int

    def __post_init__(self) -> None:
        if self.scheduler is not None and self.workers is not None:
            raise CriteriaError(
                "workers",
                found=self.workers,
                expected="none beside --dask: the cluster has workers of its own",
                code=ErrorCode.CRITERIA_CONFLICT,
            )

    @contextmanager
    def at_work(self) -> Iterator[tuple[int | Executor, int, int]]:
        """Yield threads or an executor, the number of searches at once, and of patients that travel together.

        Raises:
            CriteriaError: Dask is not installed, or there is no cluster.
            HlaMatchError: the cluster was lost.
        """
        if self.scheduler is None:
            threads = self.workers or n_workers()
            yield threads, threads, _THREAD_BLOCK
            return
        with _cluster(self.scheduler) as (executor, threads):
            yield executor, threads, _CLUSTER_BLOCK


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
    # What goes wrong is an error of this command, in one line; Dask would write how its own code came to it.
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
                f"dask: lost the cluster at {scheduler}, or its workers die again and again; "
                "what was finished is kept: the same command, started again, goes on from there"
            ) from error
