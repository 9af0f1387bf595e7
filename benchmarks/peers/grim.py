"""Imputation beside py-graph-imputation (GRIM): whether both give the same probabilities, and how long each takes.

The peer knows no nomenclature, so it is given what the donors' typings mean: lists of the alleles of the frequency set.
It keeps a number of results a donor, of haplotypes a phase, and drops the improbable; its genotypes are therefore
compared among themselves: the probability of each, given that it is one of those that the peer lists. What the peer
does not list is reported as probability.

The peer is under the LGPL 3: it is run, in an interpreter of its own where one is named, and none of it is copied.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.frequency_sets import MOST_FREQUENT, frequency_set, nomenclature_of, one_population
from benchmarks.machine import machine_line
from benchmarks.simulated_persons import DONOR_DECADES, Laboratory
from hla_match.donors.registry import Registry, build_registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.genotypes import GenotypeDistribution, genotype_distribution
from hla_match.imputation.imputed_registry import impute_registry
from hla_match.imputation.panels import Panels, build_panels, registry_tables
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.loci import SCOPES
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import alternatives_with_nulls

SCOPE = SCOPES["10/10"]
POPULATION = "POP"
MANY = 20_000
_WORKER = Path(__file__).with_name("grim_worker.py")

Genotype = tuple[tuple[int, int], ...]
Settings = dict[str, Any]

AS_SHIPPED: Settings = {}
COMPLETE: Settings = {
    "epsilon": 1e-14,
    "max_haplotypes_number_in_phase": 1_000_000,
    "number_of_options_threshold": 10**9,
}
"""Settings under which the peer drops no haplotype for being improbable or one of many."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one donor's genotypes compare.

    Attributes:
        n_genotypes: listed by the peer.
        difference: largest difference of a genotype's probability, given the peer's list.
        not_listed: probability of the genotypes that the peer does not list.
        unknown: genotypes of the peer that are impossible here.
    """

    n_genotypes: int
    difference: float
    not_listed: float
    unknown: int


def peer_interpreter(named: Path | None) -> str | None:
    """Return an interpreter that can import the peer, or None."""
    if named is not None:
        found = subprocess.run([named, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('grim') is None)"])
        return str(named) if found.returncode == 0 else None
    return sys.executable if importlib.util.find_spec("grim") is not None else None


def allele_names(laboratory: Laboratory) -> dict[str, dict[int, str]]:
    """Return by locus and code a name that the peer takes: two fields."""
    frequencies = laboratory.frequencies
    return {
        locus: {
            code: f"{locus}*{name.removesuffix('P')}"
            for code, name in zip(
                np.unique(frequencies.allele[:, column]).tolist(), laboratory.names(locus), strict=True
            )
        }
        for column, locus in enumerate(frequencies.loci)
    }


def donor_lines(registry: Registry, names: dict[str, dict[int, str]]) -> tuple[list[str], list[int], dict[str, int]]:
    """Return the peer's lines of the donors it can take, their rows, and why the others are left out, with numbers."""
    lines, rows = [], []
    left_out: dict[str, int] = {}
    for donor in range(registry.n_donors):
        parts, reason = [], ""
        for locus, of_code in names.items():
            column = registry.columns[locus]
            typing = int(column.expanded_typing[registry.donor_typing[registry.loci.index(locus), donor]])
            pairs = alternatives_with_nulls(column.table, typing)
            if len(pairs) > 1:
                reason = "several pairs of lists at a locus"
            for pair in pairs:
                lists = ["/".join(sorted(of_code[code] for code in side.codes if code in of_code)) for side in pair]
                parts.append("+".join(lists))
        if not parts:
            reason = "not typed"
        if any(mark in "".join(parts) for mark in "NLgU"):
            reason = "an allele with a suffix that the peer strips"
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        lines.append(f"D{donor},{'^'.join(parts)},{POPULATION},{POPULATION}")
        rows.append(donor)
    return lines, rows, left_out


@dataclass(frozen=True, slots=True)
class PeerRun:
    """What the peer gave.

    Attributes:
        version: of the peer.
        build: seconds to make its graph from the frequencies.
        load: seconds to load the graph.
        impute: seconds for each file of donors.
        listed: its list of genotypes for each file of donors.
    """

    version: str
    build: float
    load: float
    impute: list[float]
    listed: list[str]


def run_peer(
    interpreter: str, laboratory: Laboratory, files: list[tuple[list[str], Settings]], folder: Path
) -> PeerRun:
    """Run the peer on files of donors, each with its settings."""
    names = allele_names(laboratory)
    frequencies = laboratory.frequencies
    lines = [
        "~".join(names[locus][code] for locus, code in zip(frequencies.loci, row, strict=True))
        + f",{POPULATION},{frequency!r}\n"
        for row, frequency in zip(frequencies.allele.tolist(), frequencies.frequency[0].tolist(), strict=True)
    ]
    (folder / "hpf.csv").write_text("hap,pop,freq\n" + "".join(lines), encoding="utf-8")
    # The first file holds one donor: the peer loads its graph with it.
    written = [([files[0][0][0]], files[0][1]), *files]
    for number, (donors, settings) in enumerate(written):
        (folder / f"donors{number}.txt").write_text("\n".join(donors) + "\n", encoding="utf-8")
        configuration = _configuration(folder, number, frequencies.loci) | settings
        (folder / f"{number}.json").write_text(json.dumps(configuration), encoding="utf-8")
    arguments = [str(folder / name) for name in ("seconds.json", *(f"{number}.json" for number in range(len(written))))]
    found = subprocess.run([interpreter, str(_WORKER), *arguments], cwd=folder, capture_output=True, text=True)
    if found.returncode:
        raise click.ClickException(f"the peer failed: {found.stderr.strip().splitlines()[-1:]}")
    listed = [
        (folder / f"out{number}" / "umug_freq.csv").read_text(encoding="utf-8") for number in range(1, len(written))
    ]
    return PeerRun(listed=listed, **json.loads((folder / "seconds.json").read_text(encoding="utf-8")))


def _configuration(folder: Path, number: int, loci: tuple[str, ...]) -> Settings:
    """Return the configuration of one file of donors; the peer takes loci in the order of the alphabet alone."""
    outputs = ("umug_freq", "umug_pops", "hap_freq", "hap_pops", "miss", "problem")
    return {
        "freq_file": str(folder / "hpf.csv"),
        "freq_trim_threshold": 0.0,
        "populations": [POPULATION],
        "priority": {"alpha": 0.5, "eta": 0.5, "beta": 1e-7, "gamma": 1e-7, "delta": 0.0},
        "loci_map": {locus: place + 1 for place, locus in enumerate(sorted(loci))},
        "graph_files_path": f"{folder}/graph/",
        "node_csv_file": "nodes.csv",
        "top_links_csv_file": "top_links.csv",
        "edges_csv_file": "edges.csv",
        "info_node_csv_file": "info_node.csv",
        "imputation_in_file": str(folder / f"donors{number}.txt"),
        "imputation_out_path": f"{folder}/out{number}/",
        "number_of_results": 100,
        "output_MUUG": True,
        "output_haplotypes": False,
        **{f"imputation_out_{name}_filename": f"{name}.csv" for name in outputs},
    }


def peer_genotypes(listed: str, names: dict[str, dict[int, str]]) -> dict[int, dict[Genotype, float]]:
    """Return by donor the peer's genotypes with their weights, as codes in the order of the loci."""
    code = {name: code for of_code in names.values() for code, name in of_code.items()}
    found: dict[int, dict[Genotype, float]] = {}
    for line in listed.splitlines():
        donor, text, weight, _ = line.split(",")
        by_locus = {part.partition("*")[0]: part.split("+") for part in text.split("^")}
        first_second = [sorted(code[name] for name in by_locus[locus]) for locus in names]
        genotype = tuple((first, second) for first, second in first_second)
        of_donor = found.setdefault(int(donor.removeprefix("D")), {})
        of_donor[genotype] = of_donor.get(genotype, 0.0) + float(weight)
    return found


def compare(mine: GenotypeDistribution, peer: dict[Genotype, float]) -> Agreement:
    """Compare the genotypes of one donor."""
    keys = [tuple((first, second) for first, second in row) for row in mine.allele.tolist()]
    probability = dict(zip(keys, mine.probability.tolist(), strict=True))
    of_listed = np.array([probability.get(genotype, 0.0) for genotype in peer])
    theirs = np.array(list(peer.values()))
    total = float(of_listed.sum())
    difference = np.abs(of_listed / total - theirs / theirs.sum()) if total else np.ones(1)
    unknown = int((of_listed == 0.0).sum())
    return Agreement(len(peer), float(difference.max()), max(0.0, 1.0 - total), unknown)


def own_seconds(registry: Registry, panels: Panels, repeats: int, workers: int = 1) -> float:
    """Return the median seconds to impute a registry."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        impute_registry(registry, panels, workers=workers)
        seconds.append(time.perf_counter() - start)
    return median(seconds)


@dataclass(frozen=True)
class Kind:
    """Donors of one kind under this package.

    Attributes:
        name: how they were typed.
        frequencies: the set.
        registry: the donors that both programs impute.
        panels: the frequencies for them.
        imputed: the donors under them.
        many: more donors of the same kind, for the time a donor without what a call costs once.
    """

    name: str
    frequencies: HaplotypeFrequencies
    registry: Registry
    panels: Panels
    imputed: Imputation
    many: Registry


def kind_of(laboratory: Laboratory, nomenclature: Nomenclature, method: str | None, n_donors: int, seed: int) -> Kind:
    """Return simulated donors of one kind."""
    registries = []
    for n in (n_donors, MANY):
        donors = laboratory.persons(n, decades=DONOR_DECADES, seed=seed, prefix="D", method=method)
        provenance = {"imported_on": "2026-01-01"}
        registries.append(build_registry(donors.reported, nomenclature, name="simulated", provenance=provenance)[0])
    panels = build_panels(laboratory.frequencies, registry_tables(registries[0]))
    imputed = impute_registry(registries[0], panels)
    return Kind(method or "all decades", laboratory.frequencies, registries[0], panels, imputed, registries[1])


@click.command()
@click.option("--frequencies", type=click.Path(path_type=Path), help="A frequency file; else the built-in haplotypes.")
@click.option("--release", type=click.Path(path_type=Path), help="Folder of an IPD-IMGT/HLA release; else built in.")
@click.option("--haplotypes", default=MOST_FREQUENT, show_default=True, help="The most frequent ones to take.")
@click.option("--donors", "n_donors", default=300, show_default=True, help="Donors of each kind to simulate.")
@click.option("--seed", default=1, show_default=True)
@click.option("--peer-python", type=click.Path(path_type=Path), help="An interpreter that has py-graph-imputation.")
def main(
    frequencies: Path | None, release: Path | None, haplotypes: int, n_donors: int, seed: int, peer_python: Path | None
) -> None:
    """Compare imputation with py-graph-imputation: agreement, then time a donor."""
    interpreter = peer_interpreter(peer_python)
    if interpreter is None:
        click.echo(
            "py-graph-imputation: skipped, it is not installed; name an interpreter that has it by --peer-python"
        )
        return
    nomenclature = nomenclature_of(release)
    chosen = one_population(frequency_set(frequencies, nomenclature), SCOPE, most_frequent=haplotypes)
    laboratory = Laboratory(chosen, nomenclature, seed)
    names = allele_names(laboratory)
    kinds = [kind_of(laboratory, nomenclature, method, n_donors, seed) for method in (None, "two fields", "list", "XX")]
    lines = [donor_lines(kind.registry, names) for kind in kinds]
    files = [(of_kind, settings) for of_kind, _, _ in lines for settings in (AS_SHIPPED, COMPLETE)]
    with tempfile.TemporaryDirectory() as folder:
        run = run_peer(interpreter, laboratory, files, Path(folder))
    click.echo(
        f"{machine_line()}\n{chosen.n_haplotypes:,} haplotypes of {chosen.name}; py-graph-imputation {run.version}: "
        f"graph built in {run.build:.1f} s, loaded in {run.load:.1f} s"
    )
    for number, (kind, (of_kind, rows, left_out)) in enumerate(zip(kinds, lines, strict=True)):
        click.echo(f"\n{kind.registry.n_donors} donors, {kind.name}")
        for place, name in (
            (2 * number, "as shipped, 100 results"),
            (2 * number + 1, "nothing dropped but by the list"),
        ):
            theirs = peer_genotypes(run.listed[place], names)
            compared = [row for row in rows if row in theirs]
            reasons = left_out | ({"nothing given": len(rows) - len(compared)} if len(compared) < len(rows) else {})
            mine = (genotype_distribution(kind.imputed, kind.panels, row, chosen.loci) for row in compared)
            agreements = [compare(one, theirs[row]) for one, row in zip(mine, compared, strict=True)]
            click.echo(f"  {name}: {agreement_line(agreements, reasons)}")
        click.echo(f"  {time_line(kind, rows, run.impute[2 * number] / len(of_kind))}")


def agreement_line(found: list[Agreement], left_out: dict[str, int]) -> str:
    """Say how far both agree."""
    differences: NDArray[np.float64] = np.array([one.difference for one in found])
    reasons = ", ".join(f"{reason} {n}" for reason, n in left_out.items()) or "none"
    return (
        f"{len(found)} donors compared, {sum(one.n_genotypes for one in found):,} genotypes, left out: {reasons}; "
        f"largest difference of a probability given the list {differences.max():.2g}, above 1e-9 in "
        f"{int((differences > 1e-9).sum())} donors, impossible here {sum(one.unknown for one in found)}; not listed: "
        f"mean {mean(one.not_listed for one in found):.2g}, greatest {max(one.not_listed for one in found):.2g}"
    )


def time_line(kind: Kind, rows: list[int], peer: float) -> str:
    """Say how long a donor takes on both sides, one thread each."""
    same = own_seconds(kind.registry, kind.panels, 20) / kind.registry.n_donors
    panels = build_panels(kind.frequencies, registry_tables(kind.many))
    n_distinct = impute_registry(kind.many, panels).classes.person_missing.size
    each = own_seconds(kind.many, panels, 5) / n_distinct
    start = time.perf_counter()
    for row in rows:
        genotype_distribution(kind.imputed, kind.panels, row, SCOPE)
    listing = (time.perf_counter() - start) / len(rows)
    return (
        f"ms a donor: peer {1e3 * peer:.3f}; here {1e3 * same:.4f} for the same donors in one call, ratio "
        f"{peer / same:,.0f}; {1e3 * each:.4f} for {n_distinct:,} distinct donors of the kind, "
        f"ratio {peer / each:,.0f}; listing genotypes donor by donor {1e3 * listing:.3f} more, "
        f"ratio {peer / (same + listing):,.1f}"
    )


if __name__ == "__main__":
    main()
