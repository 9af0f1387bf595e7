"""The case of py-graph-imputation (GRIM): `benchmarks.peers.grim`, kind by kind of donors, as one line of the table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.case import Figure, Measured
from benchmarks.findings import Disagreement
from benchmarks.frequency_sets import MOST_FREQUENT, frequency_set, one_population
from benchmarks.peers import grim
from benchmarks.peers.interpreter import interpreter_with
from benchmarks.places import SharedPlace
from benchmarks.simulated_persons import Laboratory
from hla_match.donors.registry import build_registry
from hla_match.imputation.genotypes import genotype_distribution
from hla_match.imputation.imputed_registry import impute_registry
from hla_match.imputation.panels import build_panels, registry_tables

N_DONORS = 300
METHODS = (None, "two fields", "list", "XX")
"""How simulated donors are typed; None is as in each decade."""

SHARED_DONORS = "the shared registry"
_NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Imputations:
    """Donors of some kinds under one set of haplotypes, imputed by the peer with nothing dropped, and as shipped.

    Attributes:
        laboratory: has the haplotypes.
        kinds: the donors.
        written: of each kind, the peer's lines, their rows, and why others are left out.
        names: the peer's names of alleles.
        peer: what the peer gave.
        repeats: passes of a measurement.
        workers: threads.
    """

    laboratory: Laboratory
    kinds: Sequence[grim.Kind]
    written: Sequence[tuple[list[str], list[int], dict[str, int]]]
    names: dict[str, dict[int, str]]
    peer: grim.PeerRun
    repeats: int
    workers: int


def imputations(place: SharedPlace) -> list[Imputations]:
    """Return simulated donors under the most frequent haplotypes, and those of the shared registry under all."""
    interpreter = interpreter_with("grim", "py-graph-imputation", place.settings.peer_python)
    quick = place.settings.quick
    n_donors = 20 if quick else N_DONORS
    whole = frequency_set(place.frequency_file, place.nomenclature)
    few = one_population(whole, grim.SCOPE, most_frequent=200 if quick else MOST_FREQUENT)
    few_laboratory = Laboratory(few, place.nomenclature, seed=1)
    simulated = [grim.kind_of(few_laboratory, place.nomenclature, method, n_donors, seed=1) for method in METHODS]
    every = few if quick else one_population(whole, grim.SCOPE)
    every_laboratory = few_laboratory if quick else Laboratory(every, place.nomenclature, seed=1)
    return [
        _imputed_by_peer(interpreter, place, few_laboratory, simulated),
        _imputed_by_peer(interpreter, place, every_laboratory, [_shared_donors(place, every_laboratory, n_donors)]),
    ]


def _shared_donors(place: SharedPlace, laboratory: Laboratory, n_donors: int) -> grim.Kind:
    """Return some donors of the shared registry, spread over it, for the peer; and all of them."""
    typings = [f"{locus}_{side}" for locus in laboratory.frequencies.loci for side in (1, 2)]
    rows = pl.read_csv(place.donor_file, infer_schema=False).select(pl.col("donor_id").alias("person_id"), *typings)
    some = rows.gather_every(max(rows.height // n_donors, 1)).head(n_donors)
    provenance = {"imported_on": "2026-01-01"}
    registry, _ = build_registry(some, place.nomenclature, codes=place.codes, name="some", provenance=provenance)
    panels = build_panels(laboratory.frequencies, registry_tables(registry))
    imputed = impute_registry(registry, panels)
    return grim.Kind(SHARED_DONORS, laboratory.frequencies, registry, panels, imputed, place.registry)


def _imputed_by_peer(
    interpreter: str, place: SharedPlace, laboratory: Laboratory, kinds: Sequence[grim.Kind]
) -> Imputations:
    names = grim.allele_names(laboratory)
    written = [grim.donor_lines(kind.registry, names) for kind in kinds]
    files = [(lines, settings) for lines, _, _ in written for settings in (grim.COMPLETE, grim.AS_SHIPPED)]
    with tempfile.TemporaryDirectory() as folder:
        peer = grim.run_peer(interpreter, laboratory, files, Path(folder))
    repeats, workers = 1 if place.settings.quick else 5, place.settings.workers
    return Imputations(laboratory, kinds, written, names, peer, repeats, workers)


def check(compared: Sequence[Imputations]) -> str:
    """Compare the genotypes that the peer lists, with nothing dropped, with ours."""
    return "; ".join(line for one in compared for line in _agreements(one))


def _agreements(one: Imputations) -> Iterator[str]:
    for number, (kind, (_, rows, left_out)) in enumerate(zip(one.kinds, one.written, strict=True)):
        theirs = grim.peer_genotypes(one.peer.listed[2 * number], one.names)
        given = [row for row in rows if row in theirs]
        loci = one.laboratory.frequencies.loci
        mine = (genotype_distribution(kind.imputed, kind.panels, row, loci) for row in given)
        found = [grim.compare(own, theirs[row]) for row, own in zip(given, mine, strict=True)]
        if not found:
            raise Disagreement(f"{kind.name}: the peer gives nothing")
        greatest, unknown = max(pair.difference for pair in found), sum(pair.unknown for pair in found)
        if greatest > _NEAR or unknown:
            raise Disagreement(f"{kind.name}: a probability differs by {greatest:.2g}, {unknown} genotypes impossible")
        reasons = left_out | ({"nothing given": len(rows) - len(given)} if len(given) < len(rows) else {})
        yield f"{kind.name}: {grim.agreement_line(found, reasons)}"


def run(compared: Sequence[Imputations]) -> Measured:
    """Compare the time a donor: the peer as shipped, and one call here with one thread and with all.

    A call costs something once, so that a registry of many donors of a kind is imputed, too; there it is the time for
    each distinct donor.
    """
    figures: dict[str, Figure] = {}
    for one in compared:
        for number, (kind, (lines, _, _)) in enumerate(zip(one.kinds, one.written, strict=True)):
            peer = one.peer.impute[2 * number + 1] / len(lines)
            same = grim.own_seconds(kind.registry, kind.panels, 4 * one.repeats) / kind.registry.n_donors
            panels = build_panels(kind.frequencies, registry_tables(kind.many))
            n_distinct = impute_registry(kind.many, panels).classes.person_missing.size
            alone = grim.own_seconds(kind.many, panels, one.repeats) / n_distinct
            every = grim.own_seconds(kind.many, panels, one.repeats, one.workers) / n_distinct
            figures |= {
                f"times as fast a donor, {kind.name}": Figure(peer / every, ""),
                f"times as fast with one thread, {kind.name}": Figure(peer / alone, ""),
                f"times as fast with one thread for the peer's donors alone, {kind.name}": Figure(peer / same, ""),
                f"here, a donor, {kind.name}": Figure(every),
                f"here, a donor with one thread, {kind.name}": Figure(alone),
                f"py-graph-imputation, a donor, {kind.name}": Figure(peer),
            }
        figures[f"py-graph-imputation, graph of {one.laboratory.frequencies.n_haplotypes:,}"] = Figure(one.peer.build)
    version, workers = compared[0].peer.version, compared[0].workers
    return Measured(figures, {}, (f"py-graph-imputation {version} has one thread; here {workers} unless said",))
