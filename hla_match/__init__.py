"""Finds and ranks the volunteers of a stem-cell donor registry who match a patient's HLA typing.

The public names load when they are used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hla_match.choice.policies import POLICIES as POLICIES
    from hla_match.donors.registry import Registry as Registry
    from hla_match.donors.registry import build_registry as build_registry
    from hla_match.errors import CriteriaError as CriteriaError
    from hla_match.errors import FileError as FileError
    from hla_match.errors import HlaMatchError as HlaMatchError
    from hla_match.errors import NomenclatureError as NomenclatureError
    from hla_match.errors import RegistryError as RegistryError
    from hla_match.errors import TypingError as TypingError
    from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies as HaplotypeFrequencies
    from hla_match.imputation.imputed_registry import ImputedRegistry as ImputedRegistry
    from hla_match.matching.criteria import Patient as Patient
    from hla_match.matching.criteria import SearchCriteria as SearchCriteria
    from hla_match.nomenclature.reading import Reading as Reading
    from hla_match.nomenclature.reading import read_typing as read_typing
    from hla_match.nomenclature.release import Nomenclature as Nomenclature
    from hla_match.prediction.prediction import Prediction as Prediction
    from hla_match.searches.batch import PatientOutcome as PatientOutcome
    from hla_match.searches.batch import search_patients as search_patients
    from hla_match.searches.match_list import Match as Match
    from hla_match.searches.match_list import MatchList as MatchList
    from hla_match.searches.matcher import Matcher as Matcher

_HOME = {
    "CriteriaError": "errors",
    "FileError": "errors",
    "HlaMatchError": "errors",
    "NomenclatureError": "errors",
    "RegistryError": "errors",
    "TypingError": "errors",
    "HaplotypeFrequencies": "frequencies.haplotype_frequencies",
    "ImputedRegistry": "imputation.imputed_registry",
    "Patient": "matching.criteria",
    "PatientOutcome": "searches.batch",
    "search_patients": "searches.batch",
    "SearchCriteria": "matching.criteria",
    "Matcher": "searches.matcher",
    "POLICIES": "choice.policies",
    "Prediction": "prediction.prediction",
    "Match": "searches.match_list",
    "MatchList": "searches.match_list",
    "Nomenclature": "nomenclature.release",
    "Reading": "nomenclature.reading",
    "read_typing": "nomenclature.reading",
    "Registry": "donors.registry",
    "build_registry": "donors.registry",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hla_match' has no attribute {name!r}")
    return getattr(import_module(f"hla_match.{_HOME[name]}"), name)
