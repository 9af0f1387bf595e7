"""Pages as answers: a template and its values, in the language of the request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hla_match.desk.forms import Fields, FormError, query_of
from hla_match.desk.spoken import CHOICE
from hla_match.errors import HlaMatchError, RegistryError
from hla_match.language import LANGUAGES, language, retelling, retold_form, translated
from hla_match.reporting.error_words import told as told_error
from hla_match.reporting.explanation import locus_sentence
from hla_match.reporting.page_templates import shared_environment
from hla_match.visible_text import visible

_PAGES = shared_environment(("hla_match", "desk/templates"))


def _verbatim(text: str) -> Markup:
    """Return a text as the content of a field: lines stay lines, other hidden characters are written out."""
    lines = ("\t".join(map(visible, line.split("\t"))) for line in text.splitlines())
    return escape("\n".join(lines))


_PAGES.filters["verbatim"] = _verbatim
_PAGES.globals |= {"retold": retold_form, "told_anew": retelling.retold, "locus_sentence": locus_sentence}


def rendered(name: str, **values: Any) -> str:
    """Return a template with its values, in the language of the moment."""
    return _PAGES.get_template(f"{name}.jinja").render(values)


def macro(template: str, name: str) -> Callable[..., str]:
    """Return a macro of a template, which is called within the language of its texts."""
    found: Callable[..., str] = getattr(_PAGES.get_template(f"{template}.jinja").module, name)
    return found


def page(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Answer with a page, or with its part for htmx where that asks for it.

    Args:
        request: that is answered.
        name: of the template.
        status: of the answer.
        values: of the template.
    """
    given = {
        "is_part": is_part(request),
        "languages": LANGUAGES,
        "other_addresses": _addresses(request),
        "has_results": request.app.state.desk.results is not None,
        "registry_name": request.app.state.desk.registry_title,
        "here": request.scope["path"],
        **values,
    }
    # Of one address there are two answers.
    return HTMLResponse(rendered(name, **given), status_code=status, headers={"vary": "HX-Request"})


def is_part(request: Request) -> bool:
    """Say whether htmx asks for a part of a page; going back in the history it needs the whole."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def see(request: Request, address: str) -> Response:
    """Answer that the result stands at another address of the desk."""
    if is_part(request):
        return Response(headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


def refusal(request: Request, told: str, *, status: int, title: str = "") -> HTMLResponse:
    """Answer with a page that says why there is nothing else."""
    return page(request, "refusal", status=status, title=title or translated("This cannot be shown"), told=told)


def told_of(error: HlaMatchError | None) -> str:
    """Return what a person reads of an error; of a fault of the program where it is told."""
    if error is None:
        return translated("a fault of the program; the terminal of the desk says where")
    # Which registry it is of stands at the top of every page.
    message = told_error(error)
    return re.sub(rf"^{re.escape(error.path)}(: |：)", "", message) if isinstance(error, RegistryError) else message


def _addresses(request: Request) -> dict[str, str]:
    """Return by language the address of the same page in it; of a form that was sent that of an empty one."""
    # What begins with two slashes would be the address of another machine.
    path = quote("/" + request.scope["path"].lstrip("/")) if request.method in ("GET", "HEAD") else "/"
    try:
        fields = query_of(request) if request.method in ("GET", "HEAD") else Fields([])
    except FormError:
        fields = Fields([])
    kept = [(name, value) for name, value in fields.items() if name != CHOICE]
    return {code: f"{path}?{urlencode([*kept, (CHOICE, code)])}" for code in LANGUAGES if code != language()}
