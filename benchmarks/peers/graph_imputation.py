"""The case of py-graph-imputation (GRIM): `benchmarks.peers.grim`, kind by kind, as one line of the table."""

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

N_HAPLOTYPES, N_DONORS = 3380, 300
_NEAR = 1e-6


class Imputations:
    """Donors of every decade, imputed by the peer with nothing dropped but by its list, and as shipped."""

    def __init__(self, place: SharedPlace) -> None:
        interpreter = interpreter_with("grim", "py-graph-imputation", place.settings.peer_python)
        quick = place.settings.quick
        whole = frequency_set(place.frequency_file, place.nomenclature)
        self.chosen = one_population(whole, grim.SCOPE, most_frequent=200 if quick else N_HAPLOTYPES)
        laboratory = Laboratory(self.chosen, place.nomenclature, seed=1)
        self.kind = grim.kind_of(laboratory, place.nomenclature, None, 20 if quick else N_DONORS, seed=1)
        self.names = grim.allele_names(laboratory)
        self.lines, self.rows, self.left_out = grim.donor_lines(self.kind.registry, self.names)
        with tempfile.TemporaryDirectory() as folder:
            files = [(self.lines, grim.COMPLETE), (self.lines, grim.AS_SHIPPED)]
            self.peer = grim.run_peer(interpreter, laboratory, files, Path(folder))


def check(imputations: Imputations) -> str:
    """Compare the genotypes that the peer lists with ours."""
    kind = imputations.kind
    theirs = grim.peer_genotypes(imputations.peer.listed[0], imputations.names)
    rows = [row for row in imputations.rows if row in theirs]
    found = [
        grim.compare(genotype_distribution(kind.imputed, kind.panels, row, imputations.chosen.loci), theirs[row])
        for row in rows
    ]
    greatest, unknown = max(one.difference for one in found), sum(one.unknown for one in found)
    if greatest > _NEAR or unknown:
        raise Disagreement(f"a probability differs by {greatest:.2g}, {unknown} genotypes are impossible here")
    return f"{len(rows)} donors, the peer with nothing dropped: {grim.agreement_line(found, imputations.left_out)}"


def run(imputations: Imputations) -> Measured:
    """Compare the time a donor: the peer as shipped, one thread, and one call here for the same donors."""
    peer = imputations.peer.impute[1] / len(imputations.lines)
    own = grim.own_seconds(imputations.kind.registry, imputations.kind.panels, 20)
    here = own / imputations.kind.registry.n_donors
    figures = {
        "times as fast a donor": Figure(peer / here, ""),
        "here, a donor": Figure(here),
        "py-graph-imputation, a donor": Figure(peer),
        "py-graph-imputation, graph": Figure(imputations.peer.build),
    }
    note = f"py-graph-imputation {imputations.peer.version}; one thread each"
    return Measured(figures, {"py-graph-imputation": [[imputations.peer.impute[1]]], "here": [[own]]}, (note,))
