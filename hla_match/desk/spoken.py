"""The language of a request: the one that its reader chose, or else the one that the browser asks for."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hla_match.desk.guard import cookie_of
from hla_match.language import DEFAULT, LANGUAGES, speaking

COOKIE = "hla-match-language"
CHOICE = "lang"
"""The field of an address that chooses a language for this page and all after it."""

_YEAR = 365 * 24 * 3600


class Spoken:
    """Lets an application answer each request in its language."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        chosen = _choice(scope["query_string"].decode("latin-1"))
        code = chosen or _of_cookie(headers.get("cookie", "")) or asked_for(headers.get("accept-language", ""))

        async def with_choice(message: Message) -> None:
            if message["type"] == "http.response.start" and chosen:
                cookie = f"{COOKIE}={chosen}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Strict"
                message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie.encode())]}
            await send(message)

        with speaking(code):
            await self._app(scope, receive, with_choice)


def asked_for(accepted: str) -> str:
    """Return the language that a browser asks for, the first of those that there are.

    >>> asked_for("de, zh-CN;q=0.9, en;q=0.8"), asked_for("en-GB,zh;q=0.5"), asked_for("de"), asked_for(";q=x, zh")
    ('zh', 'en', 'en', 'zh')
    """
    known = [(weight, code) for weight, code in _accepted(accepted) if code in LANGUAGES and weight > 0]
    return max(known, key=lambda one: one[0])[1] if known else DEFAULT


def _accepted(text: str) -> Iterator[tuple[float, str]]:
    """Yield each language that a header names with its weight."""
    for part in text.split(","):
        tag, _, weight = part.partition(";")
        try:
            number = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        yield number, tag.strip().partition("-")[0].lower()


def _choice(query: str) -> str:
    given = parse_qs(query).get(CHOICE, [""])[-1]
    return given if given in LANGUAGES else ""


def _of_cookie(text: str) -> str:
    found = cookie_of(text, COOKIE)
    return found if found in LANGUAGES else ""
