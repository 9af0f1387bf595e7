"""Everything that touches files: releases, registries, frequencies, tables of persons, results.

The public names load when they are used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry_io.frequency_store import open_frequencies as open_frequencies
    from registry_io.imputation_store import open_imputation as open_imputation
    from registry_io.store import open_registry as open_registry
    from registry_io.worker_registry import RegistrySource as RegistrySource
    from registry_io.worker_registry import registry_source as registry_source

_HOME = {
    "RegistrySource": "worker_registry",
    "open_frequencies": "frequency_store",
    "open_imputation": "imputation_store",
    "open_registry": "store",
    "registry_source": "worker_registry",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'registry_io' has no attribute {name!r}")
    return getattr(import_module(f"registry_io.{_HOME[name]}"), name)
