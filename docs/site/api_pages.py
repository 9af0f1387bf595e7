"""Stubs for the public names of both packages: Sphinx fills them with signatures and docstrings."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import Any

PACKAGES = ("hla_match", "registry_io")
_HEADINGS = {"function": "Functions", "class": "Classes", "error": "Errors", "data": "Values"}


def api_pages() -> dict[str, str]:
    """The pages by their paths: one for each name, and one for each package."""
    pages: dict[str, str] = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        kinds: dict[str, list[str]] = {}
        for name in module.__all__:
            value = getattr(module, name)
            kind = kind_of(value)
            kinds.setdefault(kind, []).append(name)
            pages[f"api/{package}/{name}.rst"] = _stub(f"{package}.{name}", kind, value)
        pages[f"api/{package}.rst"] = _list(module, kinds)
    return pages


def kind_of(value: Any) -> str:
    """``function``, ``class``, ``error`` or ``data``."""
    if inspect.isclass(value):
        return "error" if issubclass(value, BaseException) else "class"
    return "function" if callable(value) else "data"


def _stub(name: str, kind: str, value: Any) -> str:
    directive = {"error": "autoexception", "data": "data"}.get(kind, f"auto{kind}")
    options = "   :members:\n   :inherited-members: BaseModel,Exception,BaseException,tuple,str\n"
    told = options if kind in ("class", "error") else f"\n   {inspect.getdoc(type(value))}\n" if kind == "data" else ""
    return f"{name}\n{'=' * len(name)}\n\n.. {directive}:: {name}\n{told}"


def _list(module: ModuleType, kinds: dict[str, list[str]]) -> str:
    """The page of a package: what it is, and its names by kind with the first line of their docstrings."""
    package = module.__name__
    told = inspect.getdoc(module) or ""
    lines = [package, "=" * len(package), "", told, ""]
    for kind, heading in _HEADINGS.items():
        if kind not in kinds:
            continue
        lines += [heading, "-" * len(heading), "", ".. list-table::", "   :widths: 30 70", ""]
        for name in kinds[kind]:
            first = (inspect.getdoc(getattr(module, name)) or "").partition("\n")[0]
            lines += [f"   * - :doc:`{name} <{package}/{name}>`", f"     - {first}"]
        lines.append("")
    return "\n".join([*lines, ".. toctree::", "   :hidden:", "   :glob:", "", f"   {package}/*", ""])
