"""Requests are answered in turn: few at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
import threading

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from hla_match.desk.turns import Turns


def test_few_are_answered_at_a_time_in_their_order() -> None:
    at_work, most, order, lock = 0, 0, [], threading.Lock()
    everybody_came = threading.Event()

    def answer(request: Request) -> PlainTextResponse:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
            order.append(int(request.path_params["n"]))
        assert everybody_came.wait(30)
        with lock:
            at_work -= 1
        return PlainTextResponse("done")

    app = Turns(Starlette(routes=[Route("/{n}", answer)]), at_once=2)

    async def ask(n: int) -> int:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": f"/{n}", "headers": [], "query_string": b"", "root_path": ""}
        await app(scope, receive, send)
        return int(sent[0]["status"])

    async def all_at_once() -> list[int]:
        asked = [asyncio.create_task(ask(n)) for n in range(12)]
        while len(order) < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert len(order) == 2
        everybody_came.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(all_at_once()) == [200] * 12
    assert most == 2
    # Of two who go on at the same moment one may be noted late.
    assert all(abs(place - n) <= 2 for place, n in enumerate(order))
