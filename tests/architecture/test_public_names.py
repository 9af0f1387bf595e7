"""Public names load, are listed, and are that of no module below: importing it would put it in the name's place."""

from __future__ import annotations

import ast
import pkgutil
from pathlib import Path

import pytest

import hla_match
import registry_io


@pytest.mark.parametrize("package", [hla_match, registry_io], ids=lambda package: package.__name__)
def test_no_module_takes_the_place_of_a_public_name(package: object) -> None:
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}  # type: ignore[attr-defined]
    assert len(modules) > 3
    assert not modules & set(package.__all__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", [hla_match, registry_io], ids=lambda package: package.__name__)
def test_every_public_name_loads_from_where_types_are_told(package: object) -> None:
    source = Path(package.__file__).read_text(encoding="utf-8")  # type: ignore[attr-defined]
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    name = package.__name__  # type: ignore[attr-defined]
    told = {alias.name: node.module for node in imports for alias in node.names if (node.module or "").startswith(name)}
    homes = {public: f"{name}.{home}" for public, home in package._HOME.items()}  # type: ignore[attr-defined]
    assert homes == told
    assert all(getattr(package, public) is not None for public in homes)


@pytest.mark.parametrize("package", [hla_match, registry_io], ids=lambda package: package.__name__)
def test_the_public_names_are_listed(package: object) -> None:
    listed = {name for name in dir(package) if not name.startswith("__")}
    assert listed == set(package.__all__)  # type: ignore[attr-defined]
