"""The tests nearest to each module: those whose failure says that the rule of this module is wrong.

The quickest stand first, since a trial ends at the first failure.
"""

from __future__ import annotations

import fnmatch

_SEARCH = ("tests/properties/test_donor_search.py", "tests/properties/test_matching.py")
_PREDICTION = (
    "tests/unit/prediction/test_null_rule.py",
    "tests/unit/searches/test_search_with_probabilities.py",
    "tests/unit/prediction/test_limits_of_work.py",
    "tests/properties/test_prediction.py",
    "tests/unit/prediction/test_pair_prediction.py",
)
_GENOTYPES = (
    "tests/unit/kernels/test_donor_genotypes.py",
    "tests/unit/kernels/test_genotype_comparison.py",
)
_TYPINGS = (
    "tests/unit/typings/test_encoding.py",
    "tests/unit/typings/test_ambiguity.py",
    "tests/unit/matching/test_null_alleles.py",
    "tests/properties/test_ambiguous_nulls.py",
    "tests/properties/test_matching.py",
)
_NAMES = (
    "tests/unit/nomenclature/test_gl_string.py",
    "tests/unit/nomenclature/test_builtin.py",
    "tests/unit/nomenclature/test_builtin_tables.py",
    "tests/unit/nomenclature/test_antigen_names.py",
    "tests/unit/nomenclature/test_antigen_match.py",
    "tests/unit/nomenclature/test_multiple_allele_codes.py",
    "tests/unit/nomenclature/test_group_names.py",
    "tests/unit/nomenclature/test_reported_gl_string.py",
    "tests/unit/test_readable_forms.py",
    "tests/unit/typings/test_ambiguity.py",
    "tests/properties/test_gl_string.py",
    "tests/properties/test_attributes.py",
    "tests/unit/cli/test_typing.py",
)
_FACTS = ("tests/properties/test_allele_facts.py", "tests/unit/nomenclature/test_allele_facts.py")

_NEAREST: dict[str, tuple[str, ...]] = {
    "hla_match/kernels/_*": ("tests/unit/kernels",),
    "hla_match/kernels/machine_code/*": ("tests/unit/kernels",),
    "hla_match/kernels/codes.py": (*_TYPINGS, *_SEARCH),
    "hla_match/kernels/schema*": ("tests/unit/kernels",),
    "hla_match/kernels/signatures.py": ("tests/unit/kernels",),
    "hla_match/kernels/search/donor_*": ("tests/unit/kernels/test_donor_runs.py", *_SEARCH),
    "hla_match/kernels/search/*": ("tests/unit/matching/test_null_alleles.py", "tests/properties/test_matching.py"),
    "hla_match/kernels/imputation/*": (
        "tests/unit/imputation/test_haplotype_classes.py",
        "tests/unit/imputation/test_imputation.py",
        *_PREDICTION,
    ),
    "hla_match/kernels/prediction/donor_*": (*_GENOTYPES, *_PREDICTION),
    "hla_match/kernels/prediction/genotype_comparison.py": (*_GENOTYPES, *_PREDICTION),
    "hla_match/kernels/prediction/genotype_groups.py": (*_GENOTYPES, *_PREDICTION),
    "hla_match/kernels/prediction/*": _PREDICTION,
    "hla_match/kernels/estimation/*": (
        "tests/properties/test_estimation.py",
        "tests/unit/estimation/test_estimation.py",
    ),
    "hla_match/kernels/auditing/*": ("tests/unit/auditing", "tests/properties/test_audit.py"),
    "hla_match/auditing/*": ("tests/unit/auditing", "tests/properties/test_audit.py"),
    "hla_match/publishing/*": ("tests/unit/publishing", "tests/properties/test_small_cells.py"),
    "hla_match/typings/*": _TYPINGS,
    "hla_match/nomenclature/reduction.py": (
        "tests/unit/nomenclature/test_release.py",
        "tests/unit/nomenclature/test_abandoned_names.py",
        "tests/unit/nomenclature/test_conformance.py",
    ),
    "hla_match/nomenclature/antigen_index.py": (
        "tests/unit/nomenclature/test_antigen_match.py",
        "tests/unit/matching/test_typed_antigens.py",
        "tests/unit/nomenclature/test_release.py",
        "tests/properties/test_serology.py",
    ),
    "hla_match/nomenclature/allele_facts.py": _FACTS,
    "hla_match/nomenclature/class_one_protein.py": _FACTS,
    "hla_match/nomenclature/dpb1_expression.py": _FACTS,
    "hla_match/nomenclature/kir_ligand*": _FACTS,
    "hla_match/nomenclature/leader.py": _FACTS,
    "hla_match/nomenclature/tce_groups.py": ("tests/properties/test_tce.py", *_FACTS),
    "hla_match/nomenclature/builtin/dpb1_expression.py": _FACTS,
    "hla_match/nomenclature/*": (
        *_NAMES,
        "tests/unit/nomenclature/test_release.py",
        "tests/unit/nomenclature/test_abandoned_names.py",
        "tests/properties/test_written_forms.py",
    ),
    "hla_match/donors/typing_index.py": _SEARCH,
    "hla_match/donors/arrangement.py": ("tests/unit/donors", "tests/unit/registry_io/store/test_slices.py", *_SEARCH),
    "hla_match/donors/*": (
        "tests/unit/donors",
        "tests/unit/matching/test_ages.py",
        "tests/unit/registry_io/persons/test_attribute_values.py",
        "tests/unit/registry_io/persons/test_person_attributes.py",
        "tests/properties/test_attributes.py",
    ),
    "hla_match/estimation/*": ("tests/unit/estimation", "tests/properties/test_estimation.py"),
    "hla_match/imputation/*": (
        "tests/unit/imputation/test_imputation.py",
        "tests/unit/imputation/test_imputed_on_demand.py",
        *_PREDICTION,
    ),
    "hla_match/prediction/counted_predictions.py": (
        "tests/unit/prediction/test_counted_predictions.py",
        "tests/unit/searches/test_serology_prediction.py",
        "tests/unit/matching/test_drb345.py",
        *_PREDICTION,
    ),
    "hla_match/prediction/packed_genotypes.py": ("tests/unit/prediction/test_packed_genotypes.py", *_PREDICTION),
    "hla_match/prediction/*": (*_PREDICTION, "tests/unit/choice/test_first_donors.py"),
    "hla_match/matching/criteria.py": (
        "tests/unit/matching/test_attribute_filters.py",
        "tests/unit/matching/test_patient.py",
        "tests/unit/matching/test_checked_model.py",
        "tests/unit/matching/test_ages.py",
        "tests/unit/cli/test_searches.py",
    ),
    "hla_match/matching/eligibility.py": (
        "tests/unit/matching/test_attribute_filters.py",
        "tests/unit/matching/test_ages.py",
        "tests/unit/matching/test_cord_blood.py",
        "tests/unit/reporting/test_notices.py",
    ),
    "hla_match/matching/locus_result.py": (
        "tests/unit/searches/test_serology_prediction.py",
        "tests/unit/matching/test_null_alleles.py",
        "tests/unit/matching/test_typed_antigens.py",
        *_SEARCH,
    ),
    "hla_match/matching/obstacles.py": (
        "tests/unit/matching/test_obstacles.py",
        "tests/unit/searches/test_explained_criteria.py",
        "tests/unit/matching/test_cord_blood.py",
        "tests/properties/test_explanations.py",
    ),
    "hla_match/matching/cord_*": (
        "tests/unit/matching/test_cord_blood.py",
        "tests/unit/searches/test_explained_criteria.py",
    ),
    "hla_match/matching/scope_counts.py": (
        "tests/unit/matching/test_scope_counts.py",
        "tests/unit/choice/test_first_donors.py",
        *_SEARCH,
    ),
    "hla_match/matching/drb345.py": ("tests/unit/matching/test_drb345.py", "tests/properties/test_drb345.py"),
    "hla_match/matching/registry_comparisons.py": (
        "tests/unit/matching/test_drb345.py",
        "tests/unit/searches/test_search_with_probabilities.py",
        *_SEARCH,
    ),
    "hla_match/matching/*": (
        "tests/unit/matching/test_ages.py",
        "tests/unit/matching/test_checked_model.py",
        "tests/unit/matching/test_patient.py",
        "tests/unit/reporting/test_notices.py",
        "tests/unit/matching/test_null_alleles.py",
        "tests/unit/matching/test_typed_antigens.py",
        *_SEARCH,
    ),
    "hla_match/choice/*": (
        "tests/unit/choice",
        "tests/unit/matching/test_ages.py",
        "tests/unit/searches/test_search_with_probabilities.py",
        "tests/unit/matching/test_drb345.py",
        "tests/unit/choice/test_first_donors.py",
        "tests/properties/test_ranking.py",
    ),
}
"""Tests by pattern of a module's path; the first pattern that fits counts."""


def nearest_tests(path: str) -> tuple[str, ...]:
    """Return the tests of a module, and its own examples.

    Raises:
        ValueError: the table has no tests for it.

    >>> nearest_tests("hla_match/matching/drb345.py")[0]
    'tests/unit/matching/test_drb345.py'
    """
    for pattern, tests in _NEAREST.items():
        if fnmatch.fnmatchcase(path, pattern):
            return (*dict.fromkeys(tests), path)
    raise ValueError(f"{path}: found no tests in tests/mutants/nearest_tests.py, expected a pattern that fits it")


def named_tests() -> set[str]:
    """Return every test that the table names."""
    return {test for tests in _NEAREST.values() for test in tests}
