"""Everything that touches files: releases, registries, tables of persons, results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry_io.store import open_registry as open_registry

__all__ = ["open_registry"]


def __getattr__(name: str) -> Any:
    if name != "open_registry":
        raise AttributeError(f"module 'registry_io' has no attribute {name!r}")
    from registry_io.store import open_registry

    return open_registry
