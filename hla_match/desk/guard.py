"""Who may ask the desk anything: the browser of the person who started it, and no page of another origin.

Every request passes here before anything else sees it. The rules, in their order:

1. It names one of the desk's own hosts: another name that leads to this machine is a page that looks for open ports
   (DNS rebinding).
2. Its method is GET, HEAD or POST, and its body is small.
3. It comes from the desk's own pages, or from no page at all (`Sec-Fetch-Site`); one that changes something names the
   desk as its `Origin`.
4. Its cookie holds the secret of the session. Who opens the printed address, which holds the token, is given the
   cookie, and is sent on to an address without it.

Sources: OWASP, Cross-Site Request Forgery Prevention (verifying origin with standard headers); W3C, Fetch Metadata
Request Headers.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENTRY = "/enter"
MOST_BYTES = 1 << 20
"""Bytes of a body; a typing has a few hundred."""

_DIGITS = 20
"""Digits of a length that are read as a number."""

_METHODS = frozenset({"GET", "HEAD", "POST"})
_OWN_SITES = frozenset({b"same-origin", b"none"})
_STATIC = "/static/"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Stand in every answer."""


class TooLarge(Exception):  # noqa: N818 - it becomes an answer
    """The body is larger than is read."""


class Guard:
    """Lets requests through to an application, or refuses them in a word.

    Args:
        app: answers those that are let through.
        port: at which the desk listens.
        token: of the printed address.
        on_fault: is called with what the application raised.
    """

    def __init__(self, app: ASGIApp, *, port: int, token: str, on_fault: Callable[[BaseException], None]) -> None:
        self._app = app
        self._hosts = frozenset(f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost"))
        self._token = token.encode()
        self._session = secrets.token_urlsafe(32).encode()
        # Cookies know no ports: two desks at once would take each other's.
        self._cookie = f"hla-match-desk-{port}"
        self._on_fault = on_fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_static = str(scope["path"]).startswith(_STATIC)

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = "private, max-age=3600" if is_static and message["status"] == 200 else "no-store"
                added = {**HEADERS, "cache-control": kept}
                headers = [(name, value) for name, value in message["headers"] if name.decode().lower() not in added]
                headers += [(name.encode(), value.encode()) for name, value in added.items()]
                message = {**message, "headers": headers}
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await _say(sealed, *refused)
        elif scope["path"] == ENTRY:
            await self._enter(scope, sealed)
        elif not self._is_known(scope):
            await _say(sealed, 403, "Open the address that the command hla-match desk has printed.")
        else:
            await self._let_through(scope, receive, sealed)

    async def _let_through(self, scope: Scope, receive: Receive, send: Send) -> None:
        n_bytes, has_begun = 0, False

        async def bounded() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > MOST_BYTES:
                raise TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, bounded, noted)
        except Exception as error:
            # What the server would write of it holds the message, which may name a person.
            self._on_fault(error)
            if not has_begun:
                await _say(send, 500, "A fault of the program; the terminal of the desk says where.")

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return why a request is refused, whoever it is from; None where it is not."""
        headers = scope["headers"]
        hosts = list(_all(headers, b"host"))
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, "This is not a host of the desk."
        if scope["method"] not in _METHODS:
            return 405, "The desk takes GET and POST."
        lengths = list(_all(headers, b"content-length"))
        if any(not length.isdigit() or len(length) > _DIGITS or int(length) > MOST_BYTES for length in lengths):
            return 413, _TOO_LARGE
        sites = list(_all(headers, b"sec-fetch-site"))
        if any(site not in _OWN_SITES for site in sites):
            return 403, "The desk answers its own pages alone."
        if scope["method"] == "POST" and list(_all(headers, b"origin")) != [b"http://" + hosts[0].lower()]:
            return 403, "The desk takes forms from its own pages alone."
        return None

    def _is_known(self, scope: Scope) -> bool:
        """Say whether a request comes with the cookie of the session."""
        found = cookie_of(b"; ".join(_all(scope["headers"], b"cookie")).decode("latin-1"), self._cookie)
        return hmac.compare_digest(found.encode(), self._session)

    async def _enter(self, scope: Scope, send: Send) -> None:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if len(given) != 1 or not hmac.compare_digest(given[0].encode(), self._token):
            await _say(send, 403, "This is not the address that the command hla-match desk has printed.")
            return
        cookie = f"{self._cookie}={self._session.decode()}; Path=/; HttpOnly; SameSite=Strict"
        await _say(send, 303, "", [("location", "/"), ("set-cookie", cookie)])


def cookie_of(text: str, name: str) -> str:
    """Return the value of a cookie, "" where it is not there, whatever other programs have set beside it.

    >>> cookie_of('a={"x": 1}; desk=abc; b', "desk"), cookie_of("desk2=abc", "desk")
    ('abc', '')
    """
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return next((value for key, _, value in pairs if key == name), "")


_TOO_LARGE = "More was sent than the desk reads."


def _all(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> Iterable[bytes]:
    """Return the values of all headers of a name."""
    return (value for key, value in headers if key.lower() == name)


async def _say(send: Send, status: int, text: str, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Answer in a line of plain text."""
    body = text.encode()
    given: list[tuple[str, Any]] = [("content-type", "text/plain; charset=utf-8"), *headers]
    given.append(("content-length", str(len(body))))
    encoded = [(name.encode(), value.encode()) for name, value in given]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
