"""Everything that touches files: releases, registries, frequencies, tables of persons, results.

The public names load when they are used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry_io.persons.patient_file import PatientFile as PatientFile
    from registry_io.persons.patient_file import read_patients as read_patients
    from registry_io.store.case_erasure import CaseErasure as CaseErasure
    from registry_io.store.case_erasure import erase_case as erase_case
    from registry_io.store.case_recording import CaseChange as CaseChange
    from registry_io.store.case_records import CaseDonor as CaseDonor
    from registry_io.store.case_records import CaseRecord as CaseRecord
    from registry_io.store.case_records import RecordedStep as RecordedStep
    from registry_io.store.case_records import case_of_code as case_of_code
    from registry_io.store.case_records import list_cases as list_cases
    from registry_io.store.case_records import show_case as show_case
    from registry_io.store.case_steps import ask_donor as ask_donor
    from registry_io.store.case_steps import close_case as close_case
    from registry_io.store.case_steps import collect_donor as collect_donor
    from registry_io.store.case_steps import decline_donor as decline_donor
    from registry_io.store.case_steps import register_check as register_check
    from registry_io.store.case_steps import register_typing as register_typing
    from registry_io.store.case_steps import reserve_donor as reserve_donor
    from registry_io.store.compaction import Compaction as Compaction
    from registry_io.store.compaction import compact_registry as compact_registry
    from registry_io.store.donor_changes import DonorChange as DonorChange
    from registry_io.store.donor_changes import add_donor as add_donor
    from registry_io.store.donor_changes import reinstate_donor as reinstate_donor
    from registry_io.store.donor_changes import update_donor as update_donor
    from registry_io.store.donor_changes import withdraw_donor as withdraw_donor
    from registry_io.store.donor_erasure import Erasure as Erasure
    from registry_io.store.donor_erasure import erase_donors as erase_donors
    from registry_io.store.donor_export import export_donors as export_donors
    from registry_io.store.donor_import import import_donors as import_donors
    from registry_io.store.donor_merge import MergedValue as MergedValue
    from registry_io.store.donor_merge import merge_donors as merge_donors
    from registry_io.store.donor_merge import plan_merge as plan_merge
    from registry_io.store.donor_records import DonorRecord as DonorRecord
    from registry_io.store.donor_records import DonorVersion as DonorVersion
    from registry_io.store.donor_records import donor_history as donor_history
    from registry_io.store.donor_records import registry_diff as registry_diff
    from registry_io.store.donor_records import registry_log as registry_log
    from registry_io.store.donor_records import show_donor as show_donor
    from registry_io.store.frequency_store import install_frequencies as install_frequencies
    from registry_io.store.frequency_store import open_frequencies as open_frequencies
    from registry_io.store.import_report import ImportReport as ImportReport
    from registry_io.store.imputation_store import open_imputation as open_imputation
    from registry_io.store.nomenclature_store import install_nomenclature as install_nomenclature
    from registry_io.store.nomenclature_store import open_nomenclature as open_nomenclature
    from registry_io.store.record_encryption import encrypt_record as encrypt_record
    from registry_io.store.recorded_registry import write_registry as write_registry
    from registry_io.store.registry_settings import change_registry_settings as change_registry_settings
    from registry_io.store.registry_settings import registry_settings as registry_settings
    from registry_io.store.registry_settings import set_registry_settings as set_registry_settings
    from registry_io.store.registry_store import is_current as is_current
    from registry_io.store.registry_store import open_registry as open_registry
    from registry_io.store.worker_registry import RegistrySource as RegistrySource
    from registry_io.store.worker_registry import registry_source as registry_source

_HOME = {
    "CaseDonor": "store.case_records",
    "CaseRecord": "store.case_records",
    "RecordedStep": "store.case_records",
    "case_of_code": "store.case_records",
    "list_cases": "store.case_records",
    "show_case": "store.case_records",
    "CaseErasure": "store.case_erasure",
    "erase_case": "store.case_erasure",
    "CaseChange": "store.case_recording",
    "ask_donor": "store.case_steps",
    "close_case": "store.case_steps",
    "collect_donor": "store.case_steps",
    "decline_donor": "store.case_steps",
    "register_check": "store.case_steps",
    "register_typing": "store.case_steps",
    "reserve_donor": "store.case_steps",
    "Compaction": "store.compaction",
    "DonorChange": "store.donor_changes",
    "DonorRecord": "store.donor_records",
    "DonorVersion": "store.donor_records",
    "Erasure": "store.donor_erasure",
    "ImportReport": "store.import_report",
    "MergedValue": "store.donor_merge",
    "PatientFile": "persons.patient_file",
    "RegistrySource": "store.worker_registry",
    "add_donor": "store.donor_changes",
    "change_registry_settings": "store.registry_settings",
    "compact_registry": "store.compaction",
    "donor_history": "store.donor_records",
    "encrypt_record": "store.record_encryption",
    "erase_donors": "store.donor_erasure",
    "export_donors": "store.donor_export",
    "import_donors": "store.donor_import",
    "install_frequencies": "store.frequency_store",
    "install_nomenclature": "store.nomenclature_store",
    "merge_donors": "store.donor_merge",
    "is_current": "store.registry_store",
    "open_frequencies": "store.frequency_store",
    "open_imputation": "store.imputation_store",
    "open_nomenclature": "store.nomenclature_store",
    "open_registry": "store.registry_store",
    "plan_merge": "store.donor_merge",
    "read_patients": "persons.patient_file",
    "registry_diff": "store.donor_records",
    "registry_log": "store.donor_records",
    "registry_settings": "store.registry_settings",
    "registry_source": "store.worker_registry",
    "reinstate_donor": "store.donor_changes",
    "set_registry_settings": "store.registry_settings",
    "show_donor": "store.donor_records",
    "update_donor": "store.donor_changes",
    "withdraw_donor": "store.donor_changes",
    "write_registry": "store.recorded_registry",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'registry_io' has no attribute {name!r}")
    return getattr(import_module(f"registry_io.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, those that are not loaded yet too."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
