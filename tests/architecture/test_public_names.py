"""A public name of a package is that of no module below it: importing the module would put it in the name's place."""

from __future__ import annotations

import pkgutil

import pytest

import hla_match
import registry_io


@pytest.mark.parametrize("package", [hla_match, registry_io], ids=lambda package: package.__name__)
def test_no_module_takes_the_place_of_a_public_name(package: object) -> None:
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}  # type: ignore[attr-defined]
    assert len(modules) > 3
    assert not modules & set(package.__all__)  # type: ignore[attr-defined]
