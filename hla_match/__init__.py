"""Finds and ranks the volunteers of a stem-cell donor registry who match a patient's HLA typing.

The public names load when they are used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hla_match.auditing.audit import Audit as Audit
    from hla_match.auditing.settings import AuditSettings as AuditSettings
    from hla_match.choice.policies import POLICIES as POLICIES
    from hla_match.choice.policies import RankingPolicy as RankingPolicy
    from hla_match.donors.registry import Registry as Registry
    from hla_match.donors.registry import build_registry as build_registry
    from hla_match.donors.registry_settings import RegistrySettings as RegistrySettings
    from hla_match.errors import CriteriaError as CriteriaError
    from hla_match.errors import FileError as FileError
    from hla_match.errors import HlaMatchError as HlaMatchError
    from hla_match.errors import NomenclatureError as NomenclatureError
    from hla_match.errors import RegistryError as RegistryError
    from hla_match.errors import TypingError as TypingError
    from hla_match.estimation.settings import EstimationSettings as EstimationSettings
    from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies as HaplotypeFrequencies
    from hla_match.imputation.imputed_registry import ImputedRegistry as ImputedRegistry
    from hla_match.matching.criteria import Patient as Patient
    from hla_match.matching.criteria import SearchCriteria as SearchCriteria
    from hla_match.next_steps.availability import Availability as Availability
    from hla_match.next_steps.typing_costs import TypingCosts as TypingCosts
    from hla_match.nomenclature.reading import Reading as Reading
    from hla_match.nomenclature.reading import read_typing as read_typing
    from hla_match.nomenclature.reduction import reduce_typing as reduce_typing
    from hla_match.nomenclature.release import Nomenclature as Nomenclature
    from hla_match.prediction.prediction import Prediction as Prediction
    from hla_match.publishing.yearly_figures import YearlyFigures as YearlyFigures
    from hla_match.reporting.next_steps import NextSteps as NextSteps
    from hla_match.searches.batch import search_patients as search_patients
    from hla_match.searches.match_list import Match as Match
    from hla_match.searches.match_list import MatchList as MatchList
    from hla_match.searches.matcher import Matcher as Matcher
    from hla_match.searches.patient_blocks import PatientOutcome as PatientOutcome
    from hla_match.services.audit import AuditReport as AuditReport
    from hla_match.services.audit import audit as audit
    from hla_match.services.batch import BatchReport as BatchReport
    from hla_match.services.batch import batch as batch
    from hla_match.services.case_sheet import case_sheet as case_sheet
    from hla_match.services.cases import open_case as open_case
    from hla_match.services.cases import search_case as search_case
    from hla_match.services.confirmed_typing import ConfirmedTyping as ConfirmedTyping
    from hla_match.services.confirmed_typing import confirm_typing as confirm_typing
    from hla_match.services.estimation import EstimateReport as EstimateReport
    from hla_match.services.estimation import Growth as Growth
    from hla_match.services.estimation import estimate as estimate
    from hla_match.services.estimation import growth_since_estimate as growth_since_estimate
    from hla_match.services.executors import ExecutorConfig as ExecutorConfig
    from hla_match.services.figures import figures as figures
    from hla_match.services.imputed_file import ImputeReport as ImputeReport
    from hla_match.services.imputed_file import impute as impute
    from hla_match.services.notices import Notice as Notice
    from hla_match.services.notices import NoticeKind as NoticeKind
    from hla_match.services.open_matcher import open_matcher as open_matcher
    from hla_match.services.rebase import RebaseReport as RebaseReport
    from hla_match.services.rebase import rebase as rebase
    from hla_match.services.repeat import repeat as repeat
    from hla_match.services.repeat_report import RepeatedCase as RepeatedCase
    from hla_match.services.repeat_report import RepeatReport as RepeatReport
    from hla_match.services.report import ReportFile as ReportFile
    from hla_match.services.report import report as report
    from hla_match.services.report_folder import ReportFolder as ReportFolder
    from hla_match.services.report_folder import reports as reports
    from hla_match.services.search import search as search

_HOME = {
    "audit": "services.audit",
    "Audit": "auditing.audit",
    "AuditReport": "services.audit",
    "AuditSettings": "auditing.settings",
    "Availability": "next_steps.availability",
    "batch": "services.batch",
    "BatchReport": "services.batch",
    "build_registry": "donors.registry",
    "case_sheet": "services.case_sheet",
    "confirm_typing": "services.confirmed_typing",
    "ConfirmedTyping": "services.confirmed_typing",
    "CriteriaError": "errors",
    "estimate": "services.estimation",
    "EstimateReport": "services.estimation",
    "EstimationSettings": "estimation.settings",
    "ExecutorConfig": "services.executors",
    "figures": "services.figures",
    "FileError": "errors",
    "Growth": "services.estimation",
    "growth_since_estimate": "services.estimation",
    "HaplotypeFrequencies": "frequencies.haplotype_frequencies",
    "HlaMatchError": "errors",
    "impute": "services.imputed_file",
    "ImputedRegistry": "imputation.imputed_registry",
    "ImputeReport": "services.imputed_file",
    "Match": "searches.match_list",
    "Matcher": "searches.matcher",
    "MatchList": "searches.match_list",
    "NextSteps": "reporting.next_steps",
    "Nomenclature": "nomenclature.release",
    "NomenclatureError": "errors",
    "Notice": "services.notices",
    "NoticeKind": "services.notices",
    "open_case": "services.cases",
    "open_matcher": "services.open_matcher",
    "Patient": "matching.criteria",
    "PatientOutcome": "searches.patient_blocks",
    "POLICIES": "choice.policies",
    "Prediction": "prediction.prediction",
    "RankingPolicy": "choice.policies",
    "read_typing": "nomenclature.reading",
    "Reading": "nomenclature.reading",
    "rebase": "services.rebase",
    "RebaseReport": "services.rebase",
    "reduce_typing": "nomenclature.reduction",
    "Registry": "donors.registry",
    "RegistryError": "errors",
    "RegistrySettings": "donors.registry_settings",
    "report": "services.report",
    "ReportFile": "services.report",
    "ReportFolder": "services.report_folder",
    "reports": "services.report_folder",
    "repeat": "services.repeat",
    "RepeatedCase": "services.repeat_report",
    "RepeatReport": "services.repeat_report",
    "search": "services.search",
    "search_case": "services.cases",
    "search_patients": "searches.batch",
    "SearchCriteria": "matching.criteria",
    "TypingCosts": "next_steps.typing_costs",
    "TypingError": "errors",
    "YearlyFigures": "publishing.yearly_figures",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hla_match' has no attribute {name!r}")
    return getattr(import_module(f"hla_match.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, those that are not loaded yet too."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
