"""Pages look as they did when somebody looked at them, where fonts and browser are those of the kept pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

PIL = pytest.importorskip("PIL.Image", reason="no Pillow: pip install '.[plot]'")

from tests.browser.golden_pictures import FOLDER, MACHINE, TAKEN, kept, machine, pages_of_desk, taken  # noqa: E402

pytestmark = pytest.mark.exhaustive  # a minute: a registry, a desk and fifteen pages

MEAN, FAR, SHARE = 1.5, 24, 0.004
"""Of 255 shades: how far points may differ in the mean; from when on one is another; the share of these."""


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> tuple[float, float]:
    """Return how far two pictures differ in the mean, and the share of points that are others."""
    apart = np.abs(one.astype(int) - other.astype(int))
    return float(apart.mean()), float((apart > FAR).mean())


def is_alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    mean, share = difference(one, other)
    return mean <= MEAN and share <= SHARE


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    made, here = json.loads(MACHINE.read_text(encoding="utf-8")), machine(browser)
    if made != here:
        pytest.skip(f"the pictures were taken with {made}, and here there are {here}")
    with pages_of_desk(browser, tmp_path_factory.mktemp("golden")) as found:
        yield found


@pytest.fixture(autouse=True)
def _nothing_is_complained_of() -> None:
    """Stand in for the watch over another desk."""


def picture(path: Path) -> NDArray[np.uint8]:
    return np.asarray(PIL.open(path).convert("L"), np.uint8)


@pytest.mark.parametrize(("name", "language", "size"), TAKEN)
def test_a_page_looks_as_it_did(
    opened: tuple[str, dict[str, Any]], tmp_path: Path, name: str, language: str, size: str
) -> None:
    base, pages = opened
    found, wanted = taken(pages[language], base, name, size), picture(kept(name, language, size))
    assert found.shape == wanted.shape
    PIL.fromarray(found).save(tmp_path / "found.png")
    assert is_alike(found, wanted), f"{difference(found, wanted)}; it is {tmp_path / 'found.png'}"


def test_a_lost_column_and_another_language_are_seen() -> None:
    page = picture(kept("many", "en", "1440"))
    assert is_alike(page, page)
    assert not is_alike(page, picture(kept("many", "zh", "1440")))
    lost = page.copy()
    # The tiles of a locus, below the heads of the columns.
    lost[100:, 80:88] = 255
    assert not is_alike(page, lost)


def test_every_kept_picture_is_compared() -> None:
    assert {path.name for path in FOLDER.glob("*.png")} == {kept(*one).name for one in TAKEN}
