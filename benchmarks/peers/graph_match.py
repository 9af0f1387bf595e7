"""Search beside py-graph-match (GRMA): the same donors and patients, agreement first, then time and memory.

The peer takes genotypes with their probabilities; it is given those that the imputation here gives, so that both search
the same persons and the peer is spared its own imputation. As shipped it stops at 100 donors; its complete answer are
all donors with up to 3 mismatches of a probability of at least `LEAST`. It lists a donor at the least number of
mismatches whose probability reaches its threshold. What is compared is that number and that probability.

The peer is under the LGPL 3: it is run, in an interpreter of its own where one is named, and none of it is copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.case import Figure, Measured, passes
from benchmarks.findings import Disagreement, NotRun
from benchmarks.frequency_sets import MOST_FREQUENT, frequency_set, one_population
from benchmarks.memory import Process, check_process
from benchmarks.peers.interpreter import interpreter_with, run_worker
from benchmarks.places import AS_OF, Place, SharedPlace, kept_imputation
from benchmarks.plain import plain_probabilities
from benchmarks.simulated_persons import RECENT_DECADES, Laboratory, Persons
from hla_match import HaplotypeFrequencies, Matcher, Patient, SearchCriteria
from hla_match.imputation.genotypes import GenotypeDistribution, genotype_distribution
from registry_io.store.donor_import import import_donors
from registry_io.tables.results_file import write_frame

N_DONORS, N_PATIENTS = 100_000, 100
PATIENT_DECADES = (0.0, 0.15, 0.35, 0.5)
SHIPPED_THRESHOLD, SHIPPED_CUTOFF = 0.1, 100
LEAST = 1e-4
MOST_MISMATCHES = 3
FIRST_100 = SearchCriteria(scope="10/10", max_mismatches=MOST_MISMATCHES, limit=SHIPPED_CUTOFF)
COMPLETE = SearchCriteria(scope="10/10", max_mismatches=MOST_MISMATCHES)
_NEAR = 1e-6
"""The peer keeps probabilities in 32 bits."""

Found = tuple[NDArray[np.int64], NDArray[np.float64]]
"""(n,) donors, ascending, and (n, 4) probabilities of 0 to 3 mismatches."""

_WORKER = Path(__file__).with_name("grma_worker.py")
_ORDER = ("A", "B", "C", "DQB1", "DRB1")
_FIRST_DONOR = 1_000_001
_MOST_WRONG = 1e-2
_CUT = 1e-9


class Simulation(Place):
    """Simulated persons as a registry."""

    def __init__(self, shared: SharedPlace, folder: Path, persons: Persons, frequency_file: Path) -> None:
        super().__init__(shared.label, shared.settings, folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.frequency_file = frequency_file
        self.donor_file = folder / "donors.csv"
        write_frame(persons.reported.rename({"person_id": "donor_id"}), self.donor_file)
        import_donors(
            self.registry_folder,
            self.donor_file,
            shared.nomenclature,
            today=AS_OF,
            replace=True,
            allow_shrink=True,
        )

    def genotypes(self, names: dict[str, dict[int, str]]) -> Iterator[tuple[list[str], GenotypeDistribution, set[str]]]:
        """Yield for each person the genotypes as the peer writes them and as they are, and the alleles in them."""
        imputed = kept_imputation(self)
        for person in range(self.n_donors):
            found = genotype_distribution(imputed.donors, imputed.panels, person, _ORDER)
            if found.cut > _CUT or found.missing:
                raise Disagreement("not all genotypes of a person are listed")
            texts: list[str] = []
            alleles: set[str] = set()
            for row in found.allele.tolist():
                pairs = [sorted(names[locus][code] for code in pair) for locus, pair in zip(_ORDER, row, strict=True)]
                alleles.update(name for pair in pairs for name in pair)
                texts.append("^".join("+".join(pair) for pair in pairs))
            yield texts, found, alleles


def plain_name(locus: str, name: str) -> str:
    """Return an allele as the peer takes it: two fields of two digits, without a suffix.

    Raises:
        NotRun: the name has others.

    >>> plain_name("A", "02:01P")
    'A*02:01'
    """
    plain = name.removesuffix("P")
    if not re.fullmatch(r"[0-9]{2}:[0-9]{2}", plain):
        raise NotRun(f"py-graph-match cannot take the allele {locus}*{name}")
    return f"{locus}*{plain}"


class Searches:
    """The searches of both programs.

    Attributes:
        donors: the simulated donors.
        patients: those that the peer can take.
        genotypes: theirs, by identifier.
        left_out: number of patients with an allele that no donor has, for whom the peer's probabilities are wrong.
        built: what building the peer's graph took.
        shipped: the peer's answers as shipped.
        complete: the peer's complete answers.
    """

    def __init__(self, shared: SharedPlace) -> None:
        interpreter = interpreter_with("grma", "py-graph-match", shared.settings.peer_python)
        quick = shared.settings.quick
        folder = shared.folder / "py-graph-match"
        (folder / "genotypes").mkdir(parents=True, exist_ok=True)
        whole = frequency_set(shared.frequency_file, shared.nomenclature)
        chosen = one_population(whole, _ORDER, most_frequent=200 if quick else MOST_FREQUENT)
        laboratory = Laboratory(chosen, shared.nomenclature, seed=1)
        frequency_file = folder / "frequencies.csv"
        names = _write_frequencies(chosen, laboratory, frequency_file)
        donors = laboratory.persons(300 if quick else N_DONORS, decades=RECENT_DECADES, seed=2, prefix="D")
        wanted = laboratory.persons(5 if quick else N_PATIENTS, decades=PATIENT_DECADES, seed=3, prefix="P")
        self.donors = Simulation(shared, folder / "donors", donors, frequency_file)
        graph, patient_file = str(folder / "graph.pickle"), folder / "patients.umug"
        known: set[str] = set()
        with (folder / "genotypes" / "donors.umug").open("w", encoding="utf-8") as file:
            for number, (texts, found, alleles) in enumerate(self.donors.genotypes(names)):
                known |= alleles
                file.writelines(_lines(_FIRST_DONOR + number, texts, found))
        self.patients: list[Patient] = []
        self.genotypes: dict[str, GenotypeDistribution] = {}
        with patient_file.open("w", encoding="utf-8") as file:
            listed = Simulation(shared, folder / "patients", wanted, frequency_file)
            reported = {row["person_id"]: row for row in wanted.reported.iter_rows(named=True)}
            # A registry keeps its donors in an order of its own.
            order = listed.registry.attributes["donor_id"]
            for number, (identifier, (texts, found, alleles)) in enumerate(
                zip(order, listed.genotypes(names), strict=True)
            ):
                row = reported[identifier]
                if alleles <= known:
                    file.writelines(_lines(number, texts, found))
                    typed = {
                        locus: (row[f"{locus}_1"], row[f"{locus}_2"] or "") for locus in _ORDER if row[f"{locus}_1"]
                    }
                    self.patients.append(Patient(patient_id=str(number), typings=typed))
                    self.genotypes[str(number)] = found
        self.left_out = wanted.reported.height - len(self.patients)
        build = {"task": "build", "donors": str(folder / "genotypes"), "graph": graph}
        self.built = run_worker(interpreter, _WORKER, build, folder)
        search = {"task": "search", "graph": graph, "patients": str(patient_file)}
        shipped = {"threshold": SHIPPED_THRESHOLD, "cutoff": SHIPPED_CUTOFF}
        self.shipped = run_worker(interpreter, _WORKER, search | shipped, folder)
        self.complete = run_worker(interpreter, _WORKER, search | {"threshold": LEAST, "cutoff": 10**6}, folder)


def _write_frequencies(chosen: HaplotypeFrequencies, laboratory: Laboratory, path: Path) -> dict[str, dict[int, str]]:
    """Write the haplotypes to a file, and return by locus and code the names that the peer takes."""
    codes = {locus: np.unique(chosen.allele[:, column]).tolist() for column, locus in enumerate(chosen.loci)}
    own = {locus: dict(zip(codes[locus], laboratory.names(locus), strict=True)) for locus in chosen.loci}
    haplotypes = [
        "~".join(f"{locus}*{own[locus][code]}" for locus, code in zip(chosen.loci, row, strict=True))
        for row in chosen.allele.tolist()
    ]
    write_frame(pl.DataFrame({"haplotype": haplotypes, "frequency": chosen.frequency[0]}), path)
    return {locus: {code: plain_name(locus, name) for code, name in of.items()} for locus, of in own.items()}


def _lines(person: int, texts: list[str], found: GenotypeDistribution) -> Iterator[str]:
    for number, (text, probability) in enumerate(zip(texts, found.probability.tolist(), strict=True)):
        yield f"{person},{text},{probability!r},{number}\n"


def check(searches: Searches) -> str:
    """Compare donors, their mismatches and their probabilities of both answers for every patient.

    Where the two differ, plain NumPy decides from what the peer was given; the peer may be wrong of few donors.
    """
    n_compared, n_wrong, greatest = 0, 0, 0.0
    for patient in searches.patients:
        own = _own(searches.donors.predicting, patient)
        complete = compare(own, searches.complete["found"][patient.patient_id], LEAST, None)
        shipped = compare(own, searches.shipped["found"][patient.patient_id], SHIPPED_THRESHOLD, SHIPPED_CUTOFF)
        for row in np.union1d(complete.disputed, shipped.disputed).tolist():
            _decide(searches, patient, int(own[0][row]), own[1][row])
        n_wrong += complete.disputed.size
        n_compared += complete.n_compared
        greatest = max(greatest, complete.difference, shipped.difference)
    if n_wrong > _MOST_WRONG * n_compared and not searches.donors.settings.quick:
        raise Disagreement(f"the peer is wrong of {n_wrong:,} donors of {n_compared:,}")
    return (
        f"{n_compared:,} donors of {len(searches.patients)} patients compared, largest difference of a probability "
        f"{greatest:.1g}; of {n_wrong} of them the peer misses a genotype, which plain NumPy decided from what the "
        f"peer was given; left out: {searches.left_out} patients with an allele that no donor has"
    )


def _decide(searches: Searches, patient: Patient, donor: int, own: NDArray[np.float64]) -> None:
    """See by plain NumPy that the probabilities found here are those of what the peer was given.

    Raises:
        Disagreement: they are not.
    """
    imputed, mine = kept_imputation(searches.donors), searches.genotypes[patient.patient_id]
    theirs = genotype_distribution(imputed.donors, imputed.panels, donor, _ORDER)
    wanted = plain_probabilities(
        (mine.allele.astype(np.int64), mine.probability),
        (theirs.allele.astype(np.int64), theirs.probability),
        MOST_MISMATCHES + 1,
    )
    if wanted is None or np.abs(wanted - own).max() > _CUT:
        raise Disagreement("the peer is right of a donor")


def _own(matcher: Matcher, patient: Patient) -> Found:
    """Return the donors of the complete answer, ascending, and their probabilities of 0 to 3 mismatches."""
    found = matcher.search(patient, COMPLETE)
    if found.prediction is None or (len(found) and found.prediction.cut.max() > _CUT):
        raise Disagreement(f"patient {patient.patient_id}: not all of the probability was compared")
    order = np.argsort(found.donor, kind="stable")
    return found.donor[order].astype(np.int64), found.prediction.mismatches[order, : MOST_MISMATCHES + 1]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One answer of the peer beside ours.

    Attributes:
        n_compared: donors.
        disputed: rows of our donors that the peer does not list, or with another number or probability.
        difference: largest difference of a probability of the others.
    """

    n_compared: int
    disputed: NDArray[np.int64]
    difference: float


def compare(own: Found, answer: dict[str, list[float]], threshold: float, cutoff: int | None) -> Comparison:
    """Compare one answer of the peer for one patient.

    Donors within `_NEAR` of the threshold may be on either side of it; among donors that are equal at its cutoff the
    peer takes any.

    Raises:
        Disagreement: the peer lists a donor twice, or one that is not found here.
    """
    donor, probability = own
    reached = np.asarray(probability >= threshold)
    number = reached.argmax(axis=1)
    value = probability[np.arange(donor.size), number]
    clear = np.asarray((np.abs(probability - threshold) > _NEAR).all(axis=1))
    theirs = np.array(answer["donor"], np.int64) - _FIRST_DONOR
    their_number, their_value = np.array(answer["mismatches"], np.int64), np.array(answer["probability"])
    if np.unique(theirs).size < theirs.size or not np.isin(theirs, donor).all():
        raise Disagreement("a donor is listed that is not found here, or twice")
    row = np.searchsorted(donor, theirs)
    expected = reached.any(axis=1) & clear
    if cutoff is not None and theirs.size == cutoff:
        last = their_number.max()
        least = their_value[their_number == last].min()
        expected &= (number < last) | ((number == last) & (value > least + _NEAR))
    missing = np.flatnonzero(expected & ~np.isin(donor, theirs))
    difference = np.abs(value[row] - their_value)
    same = (number[row] == their_number) & (difference <= _NEAR)
    other = row[~same & clear[row]]
    return Comparison(theirs.size + missing.size, np.union1d(missing, other), float(difference[same].max(initial=0.0)))


def run(searches: Searches) -> Measured:
    """Compare times of everything a user gets, a table of donors, and peak memory of processes that search."""
    matcher, patients = searches.donors.predicting, searches.patients
    repeats = searches.donors.settings.repeats
    rows = {}
    for name, criteria in (("first 100", FIRST_100), ("complete", COMPLETE)):
        rows[name] = passes(partial(_table, matcher, criteria), patients, repeats)
    first, complete = (float(np.median(np.array(rows[name]), axis=0).mean()) for name in ("first 100", "complete"))
    theirs = {name: list(one["seconds"].values()) for name, one in _answers(searches)}
    shipped, whole = (float(np.mean(theirs[name])) for name in ("as shipped", "complete"))
    process = Process(searches.donors, patients, predicts=True, criteria=COMPLETE)
    check_process(process)
    own = process.run()
    peak, libraries = float(own["peak"]), float(own["libraries"])
    peer = max(float(one["peak"]) for one in (searches.built, searches.shipped, searches.complete))
    figures = {
        "times as fast as shipped": Figure(shipped / first, ""),
        "times as fast as its complete answer": Figure(whole / complete, ""),
        "part of its memory": Figure(peak / peer, ""),
        "part of its memory, libraries of both left aside": Figure(
            (peak - libraries) / (peer - float(searches.built["libraries"])), ""
        ),
        "here, first 100, mean": Figure(first),
        "py-graph-match as shipped, mean": Figure(shipped),
        "here, complete, mean": Figure(complete),
        "py-graph-match, complete, mean": Figure(whole),
        "py-graph-match, complete, median": Figure(median(theirs["complete"])),
        "here, memory": Figure(peak, "bytes"),
        "here, memory of the libraries": Figure(libraries, "bytes"),
        "py-graph-match, memory to build": Figure(float(searches.built["peak"]), "bytes"),
        "py-graph-match, memory as shipped": Figure(float(searches.shipped["peak"]), "bytes"),
        "py-graph-match, memory, complete": Figure(float(searches.complete["peak"]), "bytes"),
        "py-graph-match, build": Figure(float(searches.built["seconds"])),
        "py-graph-match, load": Figure(float(searches.complete["load"])),
    }
    kept = rows | {f"py-graph-match, {name}": [seconds] for name, seconds in theirs.items()}
    note = f"py-graph-match {searches.built['version']}; {searches.donors.n_donors:,} donors, {len(patients)} patients"
    return Measured(figures, kept, (note,))


def _answers(searches: Searches) -> tuple[tuple[str, dict[str, Any]], ...]:
    return ("as shipped", searches.shipped), ("complete", searches.complete)


def _table(matcher: Matcher, criteria: SearchCriteria, patient: Patient) -> pl.DataFrame:
    return matcher.search(patient, criteria).to_polars()
