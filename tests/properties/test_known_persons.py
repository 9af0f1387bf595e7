"""Imputing only those who are not known, against imputing everybody."""

import numpy as np
import polars as pl
from hypothesis import given

from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation import known_persons
from hla_match.imputation.imputed_registry import impute_registry
from hla_match.imputation.known_persons import KnownPersons, impute_unknown
from hla_match.imputation.panels import build_panels, registry_tables
from hla_match.kernels.schema.array import arrays_of
from tests.examples import examples
from tests.properties.test_registry_union import NOMENCLATURE, at_once, changes, registry_of

FREQUENCIES = code_haplotypes(
    pl.DataFrame(
        {
            "A": ["02:01", "02:01", "24:02", "02:03", "02:01"],
            "B": ["46:01", "40:01", "40:01", "46:01", "46:01"],
            "DRB1": ["09:01", "15:01", "15:01", "09:01", "15:01"],
            "population": ["han", "han", "han", "han", "zhuang"],
            "frequency": [0.4, 0.3, 0.2, 0.1, 1.0],
        }
    ),
    NOMENCLATURE,
    name="drawn",
)
EVERYWHERE = code_haplotypes(
    pl.DataFrame(
        {
            **{locus: [name] * 2 for locus, name in (("A", "11:01"), ("B", "40:01"), ("DRB1", "15:01"))},
            **{"C": ["01:02", "07:02"], "DRB3": ["02:02", "01:01"], "DPB1": ["05:01", "02:01"]},
            "population": ["", ""],
            "frequency": [0.5, 0.5],
        }
    ),
    NOMENCLATURE,
    name="everywhere",
)


@given(changes())
@examples(300)
def test_who_is_known_is_as_imputed_anew(found) -> None:
    known = None
    for number in range(1, len(found) + 1):
        registry = at_once(found[:number])
        panels = build_panels(FREQUENCIES, registry_tables(registry), EVERYWHERE)
        wanted = impute_registry(registry, panels)
        imputed, digests = impute_unknown(registry, panels, known)
        for name, array in arrays_of(imputed).items():
            assert array.dtype == arrays_of(wanted)[name].dtype, name
            assert np.array_equal(array, arrays_of(wanted)[name]), name
        distinct = np.unique(digests.person_digest, axis=0)
        assert len(distinct) == len(digests.person_digest)
        known = KnownPersons(imputed.classes, digests)


def test_nobody_who_is_known_is_imputed_again(monkeypatch) -> None:
    typings = {"A": ("02:01", "24:02"), "B": ("46:01", "40:01"), "DRB1": ("09:01", "15:01")}
    first = {"D1": typings, "D2": {**typings, "population": "han"}, "D3": {**typings, "B": ("40:01", "NEW")}}
    then = {**first, "D4": typings, "D5": {**typings, "A": ("02:01:01", "24:02:01")}, "D6": {"A": ("A2", "")}}
    counts = []
    of_persons = known_persons.impute_distinct

    def counted(persons, *args, **options):
        counts.append(persons.person_population.size)
        return of_persons(persons, *args, **options)

    monkeypatch.setattr(known_persons, "impute_distinct", counted)
    known = None
    for rows in (first, then, first):
        registry = registry_of(rows, ["A", "B", "DRB1"], ["population"])
        panels = build_panels(FREQUENCIES, registry_tables(registry), EVERYWHERE)
        imputed, digests = impute_unknown(registry, panels, known)
        known = KnownPersons(imputed.classes, digests)
    assert counts == [3, 1, 0]
