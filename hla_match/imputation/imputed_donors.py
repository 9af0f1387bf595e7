"""Imputed donors and the registry that is searched with them: whether they are its donors, in its codes."""

from __future__ import annotations

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.imputation.imputed_registry import DonorImputation


def refuse_others(registry: Registry, imputed: DonorImputation) -> None:
    """Refuse donors that were imputed for another registry, such as an earlier version: rows would be of others.

    Args:
        registry: whose donors they are to be.
        imputed: the donors.

    Raises:
        CriteriaError: there are more or fewer of them, they are typed otherwise, or their alleles are coded by another
            nomenclature.
    """
    coded_by, own = imputed.panels.coded_by, registry.nomenclature.identity
    if coded_by is not None and coded_by.checksum != own.checksum:
        found, expected = coded_by.told_apart(own)
        raise CriteriaError(
            "imputed",
            found=InWords(f"donors with haplotypes coded by {found}"),
            expected=f"{expected}, the nomenclature of the registry",
            hint="open the frequencies for this registry, and impute its donors with them",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    if imputed.n_donors != registry.n_donors:
        raise CriteriaError(
            "imputed",
            found=InWords(f"{imputed.n_donors:,} imputed donors"),
            expected=f"{registry.n_donors:,}, those of the registry",
            hint="impute them again",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    if imputed.identity is not None and not imputed.identity.is_of(registry):
        raise CriteriaError(
            "imputed",
            found=InWords(f"{imputed.n_donors:,} imputed donors who are typed otherwise, or in another order"),
            expected="those of the registry",
            hint="impute them again",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
