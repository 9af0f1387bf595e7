"""The process of the desk: listens at this machine alone, says its address, and ends when it is told to."""

from __future__ import annotations

import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from hla_match.desk.app import desk_app
from hla_match.desk.guard import ENTRY
from hla_match.desk.result_file import ResultFile
from hla_match.desk.state import Desk
from hla_match.errors import CriteriaError

HOST = "127.0.0.1"
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_TOKEN_BYTES = 32
_SECONDS_TO_END = 3
_BACKLOG = 128


class _Server(uvicorn.Server):
    """A server that a signal ends without an error."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at a signal while the block runs; before and after it signals mean what they meant."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        # What is ignored, as a hang-up under nohup, stays so.
        taken = {number: found for number, found in before.items() if found is not signal.SIG_IGN}
        for number in taken:
            signal.signal(number, self._end)
        try:
            yield
        finally:
            for number, found in taken.items():
                signal.signal(number, found)

    def _end(self, number: int, frame: FrameType | None) -> None:
        # A second signal waits for no request any more.
        self.force_exit = self.should_exit
        self.should_exit = True


def listening(port: int) -> socket.socket:
    """Return a socket of this machine at a port; at any free one where that is 0.

    Raises:
        CriteriaError: another program listens there, or the system allows it not.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        reason = error.strerror or str(error)
        raise CriteriaError("port", found=port, expected=f"a port that is free; the system says: {reason}") from None
    return found


def serve(
    folder: Path,
    *,
    port: int,
    results: Path | None,
    prepare: Callable[[Desk], None],
    on_address: Callable[[str], None],
    on_fault: Callable[[BaseException], None],
) -> None:
    """Open the desk of a registry and answer until a signal comes.

    Args:
        folder: the registry's.
        port: at which it listens; 0 for one that is free.
        results: of a night run, or None.
        prepare: makes the desk ready, so that the first search does not wait.
        on_address: is called with the address that a person opens, which holds the token.
        on_fault: is called with a fault of the program.

    Raises:
        RegistryError: there is no registry in the folder, or it is damaged.
        FileError: the results cannot be read.
        CriteriaError: the port is taken.
    """
    with listening(port) as taken:
        number = int(taken.getsockname()[1])
        desk = Desk(folder, on_fault=on_fault, results=None if results is None else ResultFile.open(results))
        prepare(desk)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        config = uvicorn.Config(
            desk_app(desk, port=number, token=token, on_fault=on_fault),
            access_log=False,  # it would keep what was asked for
            log_config=None,
            log_level="critical",
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            http="h11",
            loop="asyncio",
            timeout_graceful_shutdown=_SECONDS_TO_END,
        )
        server = _Server(config)
        try:
            # Who reads the address may end the desk at once.
            with server.capture_signals():
                on_address(f"http://{HOST}:{number}{ENTRY}?token={token}")
                server.run(sockets=[taken])
        finally:
            desk.jobs.cancel_all()
            desk.reports.cancel_all()
