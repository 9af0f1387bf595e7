"""How probable each value of a fact of a patient and one donor is under haplotype frequencies.

An ambiguous typing leaves a set of values (`hla_match.immunogenetics.donor_facts`); the probability of each is the sum
over what both persons may carry. The values of a fact sum to 1: `NOT_KNOWN` is among them where an allele has no known
value or alleles of its P group have several, and what is too unlikely to be listed. A value that the typings make
certain has probability 1. Sources: those of the facts, and Gragert et al., Hum Immunol 2013;74:1313. Oracle:
``tests/oracle/fact_probabilities.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.immunogenetics.carried_genotypes import CarriedGenotypes, CarriedPersons
from hla_match.immunogenetics.donor_facts import DonorFacts, Donors, chains_of
from hla_match.immunogenetics.dq_heterodimers import chain_group
from hla_match.immunogenetics.dq_probabilities import dq_probabilities
from hla_match.immunogenetics.group_facts import GroupFacts
from hla_match.immunogenetics.kir_ligand_mismatch import LIGAND_LOCI, POSSIBLE_AT, ligands_of_typing
from hla_match.immunogenetics.leader_match import leader_code
from hla_match.immunogenetics.ligand_probabilities import ligand_probabilities, missing_probabilities
from hla_match.immunogenetics.mismatched_alleles import DECIMALS, MismatchedAlleles, Split, mismatched_alleles, splits
from hla_match.immunogenetics.reported_sides import NO_PRODUCT, SidePair, sides_of
from hla_match.immunogenetics.tce import TCE_CLASSES, UNKNOWN
from hla_match.kernels.codes import BEST, FIRST_P_GROUP, WORST
from hla_match.loci import OPTIONAL_GENES
from hla_match.matching.locus_result import LocusResult
from hla_match.nomenclature.allele_facts import AlleleFact

NOT_KNOWN, NO_SINGLE_MISMATCH = "unknown", "no single mismatch"
"""Values of facts: what is not known, and that there is no single mismatch to have a value."""

Probabilities = dict[str, float]
"""By value of a fact its probability; the values sum to 1. Empty where frequencies do not tell."""

Person = Literal["patient", "donor"]

_ROUNDING = 1e-9


class FactProbabilities:
    """Facts of a patient and one donor, each worked out when it is asked for.

    Args:
        facts: of the patient and the donors of the search.
        loci: the patient compared with the registry, by locus.
        carried: what patient and donors may carry.
        registry: the donors.
        row: the donor.
        tce: gives the probabilities of the T-cell epitope classes of some donors; None where frequencies lack DPB1.
    """

    def __init__(
        self,
        facts: DonorFacts,
        loci: Mapping[str, LocusResult],
        carried: CarriedPersons,
        registry: Registry,
        row: int,
        tce: Callable[[Donors], NDArray[np.float64]] | None = None,
    ) -> None:
        self._facts, self._loci, self._registry, self._row = facts, loci, registry, row
        self._persons, self._tce = carried, tce
        self._carried = cache(self._carried_by)
        self._splits = cache(self._splits_at)

    def mismatched_alleles(self, locus: str) -> MismatchedAlleles | None:
        """Return the alleles that mismatch at a locus, given a mismatch there.

        None where a mismatch is not possible, and where frequencies do not tell.
        """
        found, counts = self._splits(locus), self._counts(locus)
        if found is None or counts is None or counts[WORST] == 2:
            return None
        names = self._registry.nomenclature.index(locus).p_names
        return mismatched_alleles(locus, found, names, least=2 - counts[BEST])

    def by_column(self) -> dict[str, Probabilities]:
        """Return the probabilities of each fact, by the column of its certain value, that frequencies tell of."""
        gvh, hvg = self.missing_ligands()
        found = {
            "dpb1_tce": self.tce(),
            "dpb1_expression": self.expression(),
            "b_leader": self.leader(),
            "kir_missing_gvh": gvh,
            "kir_missing_hvg": hvg,
            "patient_dq_groups": self.dq_groups("patient"),
            "donor_dq_groups": self.dq_groups("donor"),
        }
        return {name: values for name, values in found.items() if values}

    def tce(self) -> Probabilities:
        """Return how probable each class of DPB1 by T-cell epitope groups is."""
        of_classes = None if self._tce is None else self._tce(self._rows)[0]
        if of_classes is None or np.isnan(of_classes).any():
            return {}
        return _with_unknown(dict(zip(TCE_CLASSES[:UNKNOWN], of_classes.tolist(), strict=False)))

    def leader(self) -> Probabilities:
        """Return how probable each leader code of a single mismatch at HLA-B is."""
        patient, donor = self._values("B", "leader", "patient"), self._values("B", "leader", "donor")

        def value(split: Split) -> str:
            (mine,), (theirs,) = split.patient, split.donor
            return leader_code(patient.of(mine), donor.of(theirs), patient.of(split.shared))

        return self._of_single_mismatch("B", value, self._facts.leader(self._rows).to_list()[0])

    def expression(self) -> Probabilities:
        """Return how probable each level of the patient's mismatched allele at DPB1 is, of a single mismatch."""
        patient = self._values("DPB1", "expression", "patient")

        def value(split: Split) -> str:
            found = patient.of(split.patient[0])
            return "" if found == NO_PRODUCT else found

        return self._of_single_mismatch("DPB1", value, self._facts.expression(self._rows).to_list()[0])

    def missing_ligands(self) -> tuple[Probabilities, Probabilities]:
        """Return how probable the KIR ligands are that are missing in GvH and in HvG direction."""
        patient, donor = self._ligands("patient"), self._ligands("donor")
        if patient is None or donor is None:
            return {}, {}
        return _with_unknown(missing_probabilities(donor, patient)), _with_unknown(
            missing_probabilities(patient, donor)
        )

    def dq_groups(self, person: Person) -> Probabilities:
        """Return how probable the groups of a person's HLA-DQ heterodimers are."""
        possible = self._facts.patient_dq_groups
        if person == "donor":
            possible = self._facts.dq_groups(self._rows).to_list()[0]
        if possible and "/" not in possible:
            return {possible: 1.0}
        found = dq_probabilities(self._carried(person), chains_of("DQA1", self._pairs("DQA1", person)), self._dq_group)
        return {} if found is None else _with_unknown(found)

    @property
    def _rows(self) -> Donors:
        return np.array([self._row], np.uint32)

    def _carried_by(self, person: Person) -> CarriedGenotypes:
        return self._persons.patient if person == "patient" else self._persons.donor(self._row)

    def _counts(self, locus: str) -> list[int] | None:
        """Return the counts of a locus that both were compared at; none is certain beside an allele called NEW."""
        result = self._loci.get(locus)
        if result is None:
            return None
        expanded = int(result.expanded_typing_of(self._rows)[0])
        counts: list[int] = result.counts[:, expanded].tolist()
        if result.is_new[expanded]:
            counts[WORST] = -1
        return counts

    def _splits_at(self, locus: str) -> dict[Split, float] | None:
        """Return how the genotypes of both persons part; None where nothing explains one of them."""
        result = self._loci.get(locus)
        patient, donor = (self._carried(person).at(locus) for person in ("patient", "donor"))
        if result is None or patient is None or donor is None:
            return None
        # The absence of DRB3, DRB4 or DRB5 is no allele.
        is_strict = result.null_rule == "strict" and locus not in OPTIONAL_GENES
        return splits(patient, donor, is_strict=is_strict)

    def _of_single_mismatch(self, locus: str, value: Callable[[Split], str], certain: str | None) -> Probabilities:
        """Return how probable each value of a single mismatch is; nothing where there is none for certain."""
        if certain is not None:
            return {certain: 1.0}
        counts, found = self._counts(locus), self._splits(locus)
        if found is None or counts is None or (counts[BEST] == counts[WORST] != 1):
            return {}
        # Antigens tell apart what could be one allele: such genotypes are not those of the two.
        possible = {split: p for split, p in found.items() if len(split.patient) >= 2 - counts[BEST]}
        if not (listed := sum(possible.values())) > 0:
            return {}
        listed += max(0.0, 1.0 - sum(found.values()))
        values: Probabilities = {}
        for split, p in possible.items():
            known = NO_SINGLE_MISMATCH if len(split.patient) != 1 else value(split)
            if known:
                values[known] = values.get(known, 0.0) + p / listed
        return _with_unknown(values)

    def _ligands(self, person: Person) -> NDArray[np.float64] | None:
        """Return how probable each set of a person's KIR ligands is."""
        known = {}
        for locus in LIGAND_LOCI:
            pairs = self._pairs(locus, person)
            known[locus] = 0, POSSIBLE_AT[locus]
            if pairs:
                known[locus] = ligands_of_typing(pairs, sides_of(self._loci[locus].comparison))
        values = cache(lambda locus: self._values(locus, "kir_ligand", person))
        if all(least == most for least, most in known.values()):
            return ligand_probabilities(CarriedGenotypes(()), known, lambda *_: "")
        return ligand_probabilities(self._carried(person), known, lambda locus, code: values(locus).of(code))

    def _values(self, locus: str, fact: AlleleFact, person: Person) -> GroupFacts:
        index = self._registry.nomenclature.index(locus)
        result = self._loci.get(locus)
        sides = None if result is None else sides_of(result.comparison)
        return GroupFacts(index, fact, sides, self._pairs(locus, person))

    def _pairs(self, locus: str, person: Person) -> tuple[SidePair, ...]:
        """Return the alternative genotypes of a person at a locus; none where not typed, or not compared."""
        if locus not in self._loci:
            return ()
        if person == "patient":
            return self._facts.patient_pairs(locus)
        comparison = self._loci[locus].comparison
        return sides_of(comparison).of_donor(int(comparison.donor_typing[self._row]))

    def _dq_group(self, locus: str, code: int) -> str:
        if code < FIRST_P_GROUP:
            return ""
        names = self._registry.nomenclature.index(locus).p_names
        return chain_group(locus, names[code - FIRST_P_GROUP].partition(":")[0])


def _with_unknown(found: Mapping[str, float]) -> Probabilities:
    """Return values, the most probable first, and at last what of 1 they leave as not known."""
    ordered = dict(
        sorted(((one, p) for one, p in found.items() if p > 0), key=lambda item: (-round(item[1], DECIMALS), item[0]))
    )
    rest = 1.0 - sum(ordered.values())
    return ordered | ({NOT_KNOWN: rest} if rest > _ROUNDING else {})
