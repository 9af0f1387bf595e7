"""Configuration of Sphinx for the documentation site; `__main__.py` beside it lays out what is read."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from chinese_pages import make_chinese
from search_words import WordsOfBothLanguages
from sphinx.application import Sphinx
from sphinx.search import languages

project = "hla-match"
author = "The hla-match maintainers"
copyright = f"{author}. For research and decision support; validate independently before clinical use"
try:
    release = metadata.version("hla-match")
except metadata.PackageNotFoundError:  # a checkout that is not installed
    release = ""

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
language = "en"
languages["en"] = WordsOfBothLanguages

nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]
"""Annotations name types of rooms that are not public; links between pages are checked all the same."""

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]  # a page may begin below a heading that another one is included under
highlight_language = "text"
smartquotes_action = "D"  # dashes alone: quotes stay as they are written

nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_ipywidgets_js: dict[str, object] = {}  # would be loaded from elsewhere

default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
maximum_signature_line_length = 88
napoleon_use_ivar = True
napoleon_attr_annotations = False  # signatures have the types
napoleon_use_rtype = False

html_theme = "furo"
html_title = "hla-match"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
htmlhelp_basename = "hla-match"


def setup(app: Sphinx) -> None:
    """Connect what happens to docstrings and pages."""
    app.connect("autodoc-process-docstring", _keep_first_line, priority=100)  # napoleon's is 500
    app.connect("html-page-context", _say_language, priority=900)  # the theme's is 500, and makes the sidebar


def _keep_first_line(_app: Sphinx, what: str, _name: str, _value: object, _options: object, lines: list[str]) -> None:
    """Let a property's first line be what it is: napoleon takes what stands before a colon for a type."""
    if what in ("attribute", "property") and lines:
        lines[:0] = ["..", ""]  # an empty comment


def _say_language(_app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Say of Chinese pages that they are Chinese, as screen readers and fonts depend on it, and say so around them."""
    if page.startswith("docs/zh/"):
        make_chinese(context)
