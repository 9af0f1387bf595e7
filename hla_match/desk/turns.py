"""Requests that are answered in turn: few at a time, those who came first before those who came later."""

from __future__ import annotations

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from hla_match.services.executors import n_processors


class Turns:
    """Lets an application work on so many requests at a time; the others wait in the order in which they came.

    Threads of Python take turns in small steps. With one for each of many requests all of them would be answered late,
    and those latest of all that often wait for something else, as searches do.

    Args:
        app: the application, whose answers are made by threads.
        at_once: requests; None for one for each processor and one more.
    """

    def __init__(self, app: ASGIApp, at_once: int | None = None) -> None:
        self._app = app
        self._at_once = n_processors() + 1 if at_once is None else at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # The limit belongs to the loop in which requests are answered.
        to_thread.current_default_thread_limiter().total_tokens = self._at_once
        await self._app(scope, receive, send)
