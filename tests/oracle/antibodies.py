"""The slow, obvious twin of antibodies against donors: every genotype of the donor is looked at.

Typings are those of `tests.oracle.matching`; a null allele has no product that an antibody could bind.
"""

from collections.abc import Set

from tests.oracle.matching import NEW, NULL, Typing, genotypes


def against(patient: Typing, donor: Typing, bound: Set[str]) -> str:
    """Whether a donor has an allele that is bound and that the patient lacks: "no", "perhaps" or "yes".

    An allele that the patient has in every genotype is none that the patient lacks.
    """
    own = set.intersection(*(set(genotype) for genotype in genotypes(patient))) if patient else set()
    against_own = set(bound) - own - {NULL, NEW}
    if not against_own:
        return "no"
    if donor is None:
        return "perhaps"
    found = {bool(against_own & set(genotype)) for genotype in genotypes(donor)}
    return "perhaps" if len(found) == 2 else "yes" if True in found else "no"
