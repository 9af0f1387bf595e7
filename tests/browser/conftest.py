"""One browser and one desk for the tests of a module; without Chromium they skip, or fail where it must be there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.desk_in_browser import Watched, chromium, desk_process, installed_browser, made_registry

LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}


def _missing() -> str:
    """Say what is not there; "" where all is."""
    packages = [name for name in ("playwright", "axe_playwright_python") if importlib.util.find_spec(name) is None]
    if packages:
        return f"no package {', '.join(packages)}: pip install '.[browser]'"
    return "" if installed_browser() else "no Chromium is installed; tests/README.md says what this test needs"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    missing = _missing()
    if missing and os.environ.get("HLA_MATCH_REQUIRE_BROWSER", "") not in ("", "0"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def registry(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a registry's folder; it asks for the browser, so that nothing is made where there is none."""
    return made_registry(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def address(registry: Path) -> Iterator[str]:
    with desk_process(registry) as found:
        yield found


@pytest.fixture(scope="module")
def watched(address: str) -> Watched:
    return Watched(address.partition("/enter")[0])


@pytest.fixture(scope="module")
def pages(browser: Any, address: str, watched: Watched) -> Iterator[dict[str, Any]]:
    """Return by language a page of a browser that has opened the printed address."""
    contexts = {code: browser.new_context(locale=locale, accept_downloads=True) for code, locale in LANGUAGES.items()}
    found = {code: watched.page(context) for code, context in contexts.items()}
    for page in found.values():
        page.goto(address)
    yield found
    for context in contexts.values():
        context.close()


@pytest.fixture(autouse=True)
def _nothing_is_complained_of(watched: Watched) -> Iterator[None]:
    """Let no test leave an error of a script, a refusal by the policy of the pages, or a request to elsewhere."""
    watched.faults.clear()
    yield
    assert watched.faults == []
