"""The templates of pages, which are files of the package, and the pieces that reports and the desk share.

`templates/parts.jinja` has the macros: tiles of a locus, bars of probability, legends, and their style sheet. Every
text from outside is escaped, and its hidden characters are written out (`hla_match.visible_text`); a text that is for
a person stands in ``translated(...)``, as in the code.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from hla_match.language import language, translated, translated_count
from hla_match.reporting.grade_tiles import MISMATCH_COLOURS, TILES, GradeTile, shown_tiles
from hla_match.reporting.match_summary import percent
from hla_match.visible_text import visible, visible_value


def shared_environment(*packages: tuple[str, str]) -> Environment:
    """Return what renders templates that import `parts.jinja`.

    Args:
        packages: further packages and their folders of templates, which are looked through first.
    """
    loaders = [PackageLoader(*one) for one in (*packages, ("hla_match", "reporting/templates"))]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= shared_names()
    environment.filters |= {"percent": percent, "typing": breakable, "lines": lines}
    return environment


def shared_names() -> dict[str, Any]:
    """Return what templates can call by name."""
    return {
        "translated": translated,
        "translated_count": translated_count,
        "language": language,
        "tile_legend": lambda: list(shown_tiles().values()),
        "tile_markup": tile_markup,
        "tiles_markup": tiles_markup,
        "colours": MISMATCH_COLOURS,
    }


def tile_markup(tile: GradeTile) -> Markup:
    """Return a tile; who cannot see it is told the letter's meaning beside it.

    >>> from hla_match.reporting.grade_tiles import tiles
    >>> print(tile_markup(tiles("L")[0]))
    <b class="hm-tile hm-tile-3" aria-hidden="true">L</b>
    """
    number = list(TILES).index(tile.letter) + 1
    return Markup('<b class="hm-tile hm-tile-{}" aria-hidden="true">{}</b>').format(number, tile.letter)


# A list has thousands of cells, and few different ones.
@lru_cache(maxsize=4096)
def tiles_markup(tiles: tuple[GradeTile, ...], told: str) -> Markup:
    """Return the tiles of a donor at a locus; nothing where there are none.

    Args:
        tiles: in the order of the donor's alleles.
        told: the cell in words.
    """
    if not tiles:
        return Markup("")
    opened = Markup('<span class="hm-tiles" role="img" aria-label="{0}" title="{0}">').format(visible(told))
    return opened + Markup("").join(map(tile_markup, tiles)) + Markup("</span>")


def shown(value: object) -> object:
    """Return a value as a page shows it; markup has seen to its texts."""
    if isinstance(value, Markup):
        return value
    return _shown_text(value) if type(value) is str and len(value) <= _SHORT else visible_value(value)


_SHORT = 64
"""Characters of a text that is kept: the same few words stand in most rows of a list."""


@lru_cache(maxsize=8192)
def _shown_text(text: str) -> Markup:
    return escape(visible(text))


def breakable(text: str) -> Markup:
    """Return a typing that is broken behind the signs that join names, and copied as it is.

    >>> print(breakable("A*02:01+A*24:02"))
    A*02:01+<wbr>A*24:02
    """
    return Markup(re.sub(r"[\^+/|~]", r"\g<0><wbr>", str(escape(visible(text)))))


def lines(text: str) -> Markup:
    r"""Return a text of several lines, each made visible by itself.

    >>> print(lines("a\n<b>"))
    a
    &lt;b&gt;
    """
    return Markup("\n").join(visible(line) for line in text.split("\n"))
