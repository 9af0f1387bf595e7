"""The desk as an ASGI application: its routes, its errors, and its files that are no pages."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from hla_match.desk import (
    case_routes,
    change_routes,
    donor_routes,
    list_routes,
    registry_routes,
    report_routes,
    search_routes,
)
from hla_match.desk.answers import refusal, rendered, told_of
from hla_match.desk.forms import FormError
from hla_match.desk.guard import Guard, TooLarge
from hla_match.desk.spoken import Spoken
from hla_match.desk.state import Desk
from hla_match.desk.turns import Turns
from hla_match.errors import HlaMatchError
from hla_match.language import translated

_STATIC = {"desk.css": "text/css", "htmx.min.js": "text/javascript"}
"""The files that are sent as they are, and what they are."""


def desk_app(desk: Desk, *, port: int, token: str, on_fault: Callable[[BaseException], None]) -> ASGIApp:
    """Return the application.

    Args:
        desk: what all requests share.
        port: at which it is to listen.
        token: of the printed address.
        on_fault: is called with a fault of the program.
    """
    # No page describes the routes: they are for the desk's own pages.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.desk = desk
    for routes in (
        search_routes,
        list_routes,
        donor_routes,
        report_routes,
        registry_routes,
        case_routes,
        change_routes,
    ):
        app.include_router(routes.router)
    app.add_api_route("/static/{name}", _static, methods=["GET"])
    app.add_exception_handler(HlaMatchError, _told)
    app.add_exception_handler(FormError, _no_form)
    app.add_exception_handler(TooLarge, _too_large)
    app.add_exception_handler(Exception, _fault)
    app.add_exception_handler(RequestValidationError, _nowhere)
    app.add_exception_handler(HTTPException, _nowhere)
    return Guard(Turns(Spoken(app)), port=port, token=token, on_fault=on_fault)


_CONTENT = {name: files("hla_match.desk").joinpath("static", name).read_bytes() for name in _STATIC}


def _static(name: str) -> Response:
    """Send a file of the pages: one of few names, and none of the disk."""
    if name == "parts.css":
        return Response(rendered("parts_style"), media_type="text/css")
    if name not in _CONTENT:
        raise HTTPException(404)
    return Response(_CONTENT[name], media_type=_STATIC[name])


def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, HlaMatchError)
    return refusal(request, told_of(error), status=422)


def _no_form(request: Request, error: Exception) -> Response:
    return refusal(request, translated("The form that was sent cannot be read."), status=400)


def _too_large(request: Request, error: Exception) -> Response:
    return refusal(request, translated("More was sent than the desk reads."), status=413)


def _fault(request: Request, error: Exception) -> Response:
    return refusal(request, told_of(None), status=500)


def _nowhere(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return refusal(request, translated("There is no such page."), status=status)
