"""The tables of one nomenclature: what a release of IPD-IMGT/HLA says, as immutable columns.

Both kinds of nomenclature, an installed release and the built-in one, are an instance of `NomenclatureTables`; all
rules (`hla_match.nomenclature.typing_reader`) read nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Deletion:
    """Why a name was abandoned: `replacement` is the name to use now, without locus, or "" where there is none."""

    replacement: str
    reason: str


@dataclass(frozen=True, slots=True)
class LocusTables:
    """The alleles of one locus; all tuples are parallel, one entry an allele, in the order of the release.

    Attributes:
        locus: "A", "DRB1", ...
        allele: names without locus, expression suffix kept: "02:01:01:01", "24:09N".
        g_group: "02:01:01G", or "" where the allele is in no G group of more than one.
        p_group: "02:01P", or "" for an allele alone in its P group, and for null alleles.
        antigen: the serological antigen that the release assigns unambiguously, without prefix ("2", "62"); "" where
            there is none and for null alleles.
        expert_antigen: expert-assigned exceptions, several joined by "/".
        tce_group: DPB1 T-cell epitope group "1", "2", "3" (version 2), or "" where unassigned.
        possible_antigen: possible and assumed antigens ("7/42", "15/70"), the same way; without it none are known.
        deleted: abandoned names (as they were written, "02:01:08" or "0105N").
        old_name: names before April 2010, digits and suffix only ("02010102L"), to the name that replaced them.
        tce_group_v3: the same by version 3: "1", "2", "3", "3 (core)", "3 (non-core)", or "" where unassigned; empty
            where the nomenclature has no version 3.
        computed_antigen: antigens that were computed from sequences, not observed (releases since 3.64), written as
            `expert_antigen`; empty where the nomenclature has none.
        leader: of HLA-B, the residue at -21 as the sequence of the allele says (`hla_match.nomenclature.leader`); this
            and the next two are "" where the sequence does not say, and empty where the nomenclature has no sequences.
        kir_ligand: of HLA-A, B and C, the ligand for killer-cell receptors (`hla_match.nomenclature.kir_ligands`).
        expression: of DPB1, "high" or "low" (`hla_match.nomenclature.dpb1_expression`).
    """

    locus: str
    allele: tuple[str, ...]
    g_group: tuple[str, ...]
    p_group: tuple[str, ...]
    antigen: tuple[str, ...]
    expert_antigen: tuple[str, ...]
    tce_group: tuple[str, ...]
    possible_antigen: tuple[str, ...] = ()
    deleted: Mapping[str, Deletion] = field(default_factory=dict)
    old_name: Mapping[str, str] = field(default_factory=dict)
    tce_group_v3: tuple[str, ...] = ()
    computed_antigen: tuple[str, ...] = ()
    leader: tuple[str, ...] = ()
    kir_ligand: tuple[str, ...] = ()
    expression: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.possible_antigen:
            object.__setattr__(self, "possible_antigen", ("",) * len(self.allele))


@dataclass(frozen=True, slots=True)
class AntigenRelation:
    """A broad antigen with its splits, or an antigen with its associated antigens; names without prefix.

    `prefix` is the serological prefix as in `hla_match.loci.SEROLOGY_PREFIX` ("A", "B", "Cw", "DR", "DQ").
    """

    prefix: str
    antigen: str
    splits: tuple[str, ...]
    associated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NomenclatureTables:
    """One whole nomenclature.

    Attributes:
        release: "3.58.0", or "builtin".
        title: what results print, such as "IPD-IMGT/HLA 3.58.0".
        source: where it came from, for a person.
        checksum: SHA-256 of what it was made from.
        loci: the tables of each locus.
        antigen_relations: broad, split and associated antigens.
        antigens: every antigen name there is, by prefix.
        limits: sentences on what this nomenclature does not know; empty for a release.
        closed: True where a name that is not in the tables does not exist; False where third and fourth fields are
            not listed, so that any are accepted behind a listed two-field name, and no G groups are known.
        unverified: the files of the release that no list of checksums in it vouches for.
        mismatched: the files that differ from their checksums in it, accepted at installation or patched by the
            publisher since.
        cautions: sentences on what else is wrong with the release, as installation found it.
    """

    release: str
    title: str
    source: str
    checksum: str
    loci: Mapping[str, LocusTables]
    antigen_relations: tuple[AntigenRelation, ...]
    antigens: Mapping[str, tuple[str, ...]]
    limits: tuple[str, ...] = ()
    closed: bool = True
    unverified: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
