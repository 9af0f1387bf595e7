"""A nomenclature of a few alleles at some loci, made by tests; the other loci are those of the built-in one."""

from collections.abc import Mapping

from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tables import LocusTables, NomenclatureTables


def tiny_nomenclature(alleles: Mapping[str, Mapping[str, tuple[str, str]]]) -> Nomenclature:
    """The nomenclature; by locus and whole name of an allele its P group, where that ends in P, and its G group."""
    builtin = builtin_tables()
    loci = {locus: _tables(locus, named) for locus, named in alleles.items()}
    columns = {name: getattr(builtin, name) for name in NomenclatureTables.__dataclass_fields__}
    return Nomenclature(NomenclatureTables(**{**columns, "closed": True, "loci": {**builtin.loci, **loci}}))


def _tables(locus: str, alleles: Mapping[str, tuple[str, str]]) -> LocusTables:
    blank = ("",) * len(alleles)
    p_group = tuple(group if group.endswith("P") else "" for group, _ in alleles.values())
    g_group = tuple(group for _, group in alleles.values())
    return LocusTables(locus, tuple(alleles), g_group, p_group, blank, blank, blank)
