"""Everything that touches files: releases, registries, frequencies, tables of persons, results.

The public names load when they are used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry_io.persons.patient_file import PatientFile as PatientFile
    from registry_io.persons.patient_file import read_patients as read_patients
    from registry_io.store.donor_import import ImportReport as ImportReport
    from registry_io.store.donor_import import import_donors as import_donors
    from registry_io.store.frequency_store import install_frequencies as install_frequencies
    from registry_io.store.frequency_store import open_frequencies as open_frequencies
    from registry_io.store.imputation_store import open_imputation as open_imputation
    from registry_io.store.nomenclature_store import install_nomenclature as install_nomenclature
    from registry_io.store.nomenclature_store import open_nomenclature as open_nomenclature
    from registry_io.store.registry_builder import write_registry as write_registry
    from registry_io.store.registry_store import open_registry as open_registry
    from registry_io.store.worker_registry import RegistrySource as RegistrySource
    from registry_io.store.worker_registry import registry_source as registry_source

_HOME = {
    "ImportReport": "store.donor_import",
    "PatientFile": "persons.patient_file",
    "RegistrySource": "store.worker_registry",
    "import_donors": "store.donor_import",
    "install_frequencies": "store.frequency_store",
    "install_nomenclature": "store.nomenclature_store",
    "open_frequencies": "store.frequency_store",
    "open_imputation": "store.imputation_store",
    "open_nomenclature": "store.nomenclature_store",
    "open_registry": "store.registry_store",
    "read_patients": "persons.patient_file",
    "registry_source": "store.worker_registry",
    "write_registry": "store.registry_builder",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'registry_io' has no attribute {name!r}")
    return getattr(import_module(f"registry_io.{_HOME[name]}"), name)
