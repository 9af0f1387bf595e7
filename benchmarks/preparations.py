"""What comes before a search: import, open, imputation, and the reduction of typings to P groups."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.case import Figure, Measured, once, repeated
from benchmarks.findings import Disagreement, NotRun
from benchmarks.places import AS_OF, SEED, Place, kept_imputation
from benchmarks.plain import PlainSearch, plain_genotypes
from benchmarks.searches import CRITERIA, first_of_all
from hla_match import ImputedRegistry, Nomenclature
from hla_match.imputation.genotypes import genotype_distribution
from hla_match.kernels.schema.array import arrays_of
from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.reduction import reduce_typing
from hla_match.synthetic.volunteers import volunteer_parts
from registry_io import open_registry
from registry_io.persons.person_table import read_persons
from registry_io.store.donor_import import import_donors

_NEAR = 1e-9
_SAMPLE = 500


@dataclass(frozen=True)
class Import:
    """The import of a donor file into a folder of its own."""

    place: Place

    @property
    def donor_file(self) -> Path:
        """The file that is imported.

        Raises:
            NotRun: there is none.
        """
        if not self.place.donor_file.exists():
            raise NotRun("so large a registry is streamed to disk, not imported from a file")
        return self.place.donor_file

    def run(self) -> int:
        """Import, and return the number of donors."""
        folder = self.place.folder / "imported"
        shutil.rmtree(folder, ignore_errors=True)
        report = import_donors(folder, self.donor_file, self.place.nomenclature, today=AS_OF, codes=self.place.codes)
        return report.n_imported


def check_import(subject: Import) -> str:
    """Compare the typings of some donors with the texts of the file."""
    place = subject.place
    registry = place.registry
    reported = read_persons(subject.donor_file, kind="donor").frame
    if reported.height != registry.n_donors:
        raise Disagreement(f"{registry.n_donors:,} donors of {reported.height:,} rows")
    rows = np.linspace(0, reported.height - 1, min(_SAMPLE, reported.height)).astype(np.int64)
    donors = registry.attributes.select("donor_id").with_row_index("donor")
    sample = reported[rows].join(donors, left_on="person_id", right_on="donor_id", how="left")
    for row, locus in enumerate(registry.loci):
        kept = registry.columns[locus].text[registry.donor_typing[row][sample["donor"].to_numpy()].astype(np.int64)]
        for side, column in ((1, "first"), (2, "second")):
            if not sample[f"{locus}_{side}"].fill_null("").equals(kept[column]):
                raise Disagreement(f"{locus}: a typing is kept otherwise than it was reported")
    return f"{registry.n_donors:,} donors, and the texts of {rows.size} of them, are those of the file"


def run_import(subject: Import) -> Measured:
    """Time the import."""
    measured = once(repeated(subject.run, 1))
    shutil.rmtree(subject.place.folder / "imported", ignore_errors=True)
    seconds = measured.figures["median"].value
    return Measured(
        {**measured.figures, "donors a second": Figure(subject.place.n_donors / seconds, "1/s")}, measured.repetitions
    )


def check_build(place: Place) -> str:
    """Compare the typings of some donors of the first part with those that were streamed.

    Raises:
        NotRun: the registry was not streamed.
    """
    _ = place.built
    registry = place.registry
    part = next(iter(volunteer_parts(place.n_donors, seed=SEED, as_of=AS_OF)))
    # Identifiers are numbered: the first donors streamed are the first by identifier.
    rank = np.linspace(0, part.height - 1, _SAMPLE).astype(np.int64)
    wanted = np.isin(registry.id_rank, rank.astype(np.uint32))
    donor = np.flatnonzero(wanted)
    donor = donor[np.argsort(registry.id_rank[donor])].astype(np.uint32)
    reported = part[rank]
    if not registry.attributes["donor_id"][donor].equals(reported["donor_id"]):
        raise Disagreement("other donors than were streamed")
    for row, locus in enumerate(registry.loci):
        kept = registry.columns[locus].text[registry.donor_typing[row][donor].astype(np.int64)]
        for side, column in ((1, "first"), (2, "second")):
            if not reported[f"{locus}_{side}"].fill_null("").equals(kept[column]):
                raise Disagreement(f"{locus}: a typing is kept otherwise than it was streamed")
    return f"the texts of {donor.size} of {place.n_donors:,} donors are those that were streamed"


def run_build(place: Place) -> Measured:
    """Tell what the process took that streamed the registry to disk; it is built once and kept."""
    seconds, peak = place.built
    figures = {
        "median": Figure(seconds),
        "peak memory": Figure(peak, "bytes"),
        "donors a second": Figure(place.n_donors / seconds, "1/s"),
    }
    return Measured(
        figures,
        {"seconds": [[seconds]]},
        ("with the making of the volunteers; a registry that is kept tells of the run that built it",),
    )


def check_open(place: Place) -> str:
    """Compare a registry that is opened again with the one that is open."""
    again = open_registry(place.registry_folder)
    if again.n_donors != place.n_donors or not np.array_equal(
        again.donor_typing[:, :1000], place.registry.donor_typing[:, :1000]
    ):
        raise Disagreement("another registry")
    return f"{again.n_donors:,} donors"


def run_open(place: Place) -> Measured:
    """Time opening."""
    return once(repeated(lambda: open_registry(place.registry_folder), 2 if place.settings.quick else 10))


@dataclass(frozen=True)
class Imputing:
    """The imputation of all donors, as it is at the first search with a set."""

    place: Place

    def run(self) -> ImputedRegistry:
        """Impute anew: what was kept is discarded."""
        self.place.discard_imputations()
        return kept_imputation(self.place)


def check_imputation(imputing: Imputing) -> str:
    """Compare genotypes of some donors with the enumeration of pairs of haplotypes, and one thread with several."""
    place = imputing.place
    imputed = imputing.run()
    plain = PlainSearch(place.registry, CRITERIA.loci)
    loci = place.frequencies.loci
    n_compared, greatest = 0, 0.0
    for donor in np.linspace(0, place.n_donors - 1, 60).astype(np.int64).tolist():
        found = genotype_distribution(imputed.donors, imputed.panels, donor, loci)
        wanted = plain_genotypes(place.frequencies, {locus: plain.donor_alternatives(locus, donor) for locus in loci})
        if wanted is None or str(found.fallback) not in ("own", "registry") or found.cut > _NEAR:
            continue
        order = np.lexsort(found.allele.reshape(len(found.probability), -1).T[::-1])
        if not np.array_equal(found.allele[order], wanted[0]):
            raise Disagreement("other genotypes than by enumeration")
        greatest = max(greatest, float(np.abs(found.probability[order] - wanted[1]).max()))
        n_compared += 1
    if greatest > _NEAR:
        raise Disagreement(f"a probability differs by {greatest:.2g}")
    kept = kept_imputation(place)
    for name, array in arrays_of(imputed.donors).items():
        if not np.array_equal(arrays_of(kept.donors)[name], array):
            raise Disagreement(f"{name} is another when it is opened again")
    return f"genotypes of {n_compared} donors as by enumeration of haplotypes, largest difference {greatest:.1g}"


def run_imputation(imputing: Imputing) -> Measured:
    """Time the imputation."""
    return once(repeated(imputing.run, imputing.place.settings.repeats))


class Reduction:
    """The typings of all donors, two columns a locus as they were reported, reduced to P groups.

    Attributes:
        names: by column, every donor's name as the nomenclature reads it, such as "B*15:XX"; null where not typed.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        registry = place.registry
        self.names = pl.DataFrame(
            {
                f"{locus}_{side}": named(locus, registry.columns[locus].text[column])[
                    registry.donor_typing[row].astype(np.int64)
                ]
                for row, locus in enumerate(registry.loci)
                for side, column in ((1, "first"), (2, "second"))
            }
        )

    def run(self) -> pl.DataFrame:
        """Reduce every column: each distinct name once."""
        return reduce_names(self.names, self.place.nomenclature, self.place.codes)


def named(locus: str, reported: pl.Series) -> pl.Series:
    """Return typings of one column as names with their locus, null where nothing was reported."""
    return pl.Series([_name(locus, text) if text else None for text in reported], dtype=pl.String)


def _name(locus: str, text: str) -> str:
    if text.isdigit():
        return f"{SEROLOGY_PREFIX[locus]}{text}"
    return "/".join(f"{locus}*{part}" for part in text.split("/"))


def reduce_names(names: pl.DataFrame, nomenclature: Nomenclature, codes: MacTable | None) -> pl.DataFrame:
    """Return the P groups of every name; each distinct name is reduced once."""
    loci = [locus for locus in LOCI if f"{locus}_1" in names.columns]
    columns = {}
    for locus in loci:
        pair = names.select(f"{locus}_1", f"{locus}_2")
        distinct = pl.concat([pair.to_series(0), pair.to_series(1)]).unique().drop_nulls()
        reduced = pl.Series([reduce_typing(nomenclature, name, "P", codes) for name in distinct], dtype=pl.String)
        for name in pair.columns:
            columns[name] = pair[name].replace_strict(distinct, reduced, default=None, return_dtype=pl.String)
    return pl.DataFrame(columns)


def check_reduction(reduction: Reduction) -> str:
    """Compare the columns with names reduced one by one."""
    reduced = reduction.run()
    place = reduction.place
    rows = first_of_all(range(place.n_donors), 50)
    n_compared = 0
    for row in rows:
        for name, group in zip(reduction.names.row(row), reduced.row(row), strict=True):
            wanted = None if name is None else reduce_typing(place.nomenclature, name, "P", place.codes)
            if group != wanted:
                raise Disagreement(f"{name}: another reduction in the column")
            n_compared += name is not None
    return f"{n_compared} names of {len(rows)} donors as reduced one by one"


def run_reduction(reduction: Reduction) -> Measured:
    """Time the reduction of all columns."""
    measured = once(repeated(reduction.run, reduction.place.settings.repeats))
    n = reduction.names.width * reduction.names.height - sum(reduction.names.null_count().row(0))
    return Measured(measured.figures, measured.repetitions, (f"{n:,} typed names",))
