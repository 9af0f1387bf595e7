"""The case of py-graph-imputation (GRIM): `benchmarks.peers.grim`, kind by kind of donors, as one line of the table."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.case import Disagreement, Figure, Measured
from benchmarks.frequency_sets import frequency_set, one_population
from benchmarks.peers import grim
from benchmarks.peers.interpreter import interpreter_with
from benchmarks.places import SharedPlace
from benchmarks.simulated_persons import Laboratory
from hla_match.frequencies.genotypes import genotype_distribution
from hla_match.frequencies.imputation import impute_registry, registry_tables
from hla_match.frequencies.panels import build_panels

N_HAPLOTYPES, N_DONORS = 3380, 300
METHODS = (None, "two fields", "list", "XX")
"""How donors are typed; None is as in each decade."""

_NEAR = 1e-6


class Imputations:
    """Donors of each kind, imputed by the peer with nothing dropped but by its list, and as shipped."""

    def __init__(self, place: SharedPlace) -> None:
        interpreter = interpreter_with("grim", "py-graph-imputation", place.settings.peer_python)
        quick = place.settings.quick
        self.repeats = 1 if quick else 5
        whole = frequency_set(place.frequency_file, place.nomenclature)
        self.chosen = one_population(whole, grim.SCOPE, most_frequent=200 if quick else N_HAPLOTYPES)
        laboratory = Laboratory(self.chosen, place.nomenclature, seed=1)
        n_donors = 20 if quick else N_DONORS
        self.kinds = [grim.kind_of(laboratory, place.nomenclature, method, n_donors, seed=1) for method in METHODS]
        self.names = grim.allele_names(laboratory)
        self.written = [grim.donor_lines(kind.registry, self.names) for kind in self.kinds]
        files = [(lines, settings) for lines, _, _ in self.written for settings in (grim.COMPLETE, grim.AS_SHIPPED)]
        with tempfile.TemporaryDirectory() as folder:
            self.peer = grim.run_peer(interpreter, laboratory, files, Path(folder))


def check(imputations: Imputations) -> str:
    """Compare the genotypes that the peer lists, with nothing dropped, with ours."""
    said = []
    for number, (kind, (_, rows, left_out)) in enumerate(zip(imputations.kinds, imputations.written, strict=True)):
        theirs = grim.peer_genotypes(imputations.peer.listed[2 * number], imputations.names)
        found = [
            grim.compare(genotype_distribution(kind.imputed, kind.panels, row, imputations.chosen.loci), theirs[row])
            for row in rows
            if row in theirs
        ]
        greatest, unknown = max(one.difference for one in found), sum(one.unknown for one in found)
        if greatest > _NEAR or unknown:
            raise Disagreement(f"{kind.name}: a probability differs by {greatest:.2g}, {unknown} genotypes impossible")
        said.append(f"{kind.name}: {grim.agreement_line(found, left_out)}")
    return "; ".join(said)


def run(imputations: Imputations) -> Measured:
    """Compare the time a donor, one thread each: the peer as shipped, and one call here.

    A call costs something once, so that a registry of many donors of a kind is imputed, too; there it is the time for
    each distinct donor.
    """
    figures: dict[str, Figure] = {}
    for number, (kind, (lines, _, _)) in enumerate(zip(imputations.kinds, imputations.written, strict=True)):
        peer = imputations.peer.impute[2 * number + 1] / len(lines)
        same = grim.own_seconds(kind.registry, kind.panels, 4 * imputations.repeats) / kind.registry.n_donors
        panels = build_panels(kind.frequencies, registry_tables(kind.many))
        n_distinct = impute_registry(kind.many, panels).person_missing.size
        each = grim.own_seconds(kind.many, panels, imputations.repeats) / n_distinct
        figures |= {
            f"times as fast a donor, {kind.name}": Figure(peer / each, ""),
            f"times as fast for these donors alone, {kind.name}": Figure(peer / same, ""),
            f"here, a donor, {kind.name}": Figure(each),
            f"py-graph-imputation, a donor, {kind.name}": Figure(peer),
        }
    figures["py-graph-imputation, graph"] = Figure(imputations.peer.build)
    note = f"py-graph-imputation {imputations.peer.version} and here with one thread"
    return Measured(figures, {}, (note,))
