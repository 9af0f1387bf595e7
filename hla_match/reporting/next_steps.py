"""The next steps of a search: a table of typings, a table of donors, and what follows from them in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from hla_match.language import translatable, translated, translated_count
from hla_match.next_steps.availability import Availability
from hla_match.reporting.match_summary import notice, percent

NO_GAIN = 5e-4
"""A rise of a probability below this is shown as none."""

_OPEN = (0.01, 0.99)
"""Probabilities of a match between which a donor is called not certain; they are the program's own, of no source."""


@dataclass(frozen=True, eq=False, repr=False)
class NextSteps:
    """What to type next, and whom to ask.

    Attributes:
        typings: one row a person and set of loci, the most gain for its cost first; the columns are those of
            `to_polars`.
        donors: one row a donor, in the order of the list: `rank`, `donor_id`, `p_match` (probability of a match, null
            where frequencies do not say), `p_available` (that the donor is available, if asked), `p_enough` (that
            enough of the donors up to this one match and are available), `open_loci` (whose typing can have several
            outcomes), `bits` (entropy of the number of mismatches), `p_cut` (probability of the genotypes that are not
            looked at).
        mismatches: a donor who matches has at most so many in scope.
        n_positions: alleles in scope.
        p_best: probability that the best of the donors matches.
        wanted: how many donors are wanted who match and are available.
        certainty: with which probability.
        n_to_ask: so many of the first donors reach it; None where all of them do not.
        n_with_more: the same where more mismatches are a match, by their number, up to those of the search.
        p_reached: what the first `n_to_ask` reach, or all.
        availability: what is assumed of donors who are asked.
        frequency_set: name of the haplotype frequencies.
        notes: what is left out or cut, in sentences.
    """

    typings: pl.DataFrame
    donors: pl.DataFrame
    mismatches: int
    n_positions: int
    p_best: float
    wanted: int
    certainty: float
    n_to_ask: int | None
    n_with_more: Mapping[int, int | None]
    p_reached: float
    availability: Availability
    frequency_set: str
    notes: tuple[str, ...]

    def to_polars(self) -> pl.DataFrame:
        """Return one row a person and set of loci whose typing would tell something, the most gain for its cost first.

        The columns are `person` (donor or patient), `rank` and `donor_id` (null for the patient), `loci` (separated by
        commas), `cost`, `gain` (expected rise of the probability that the best donor matches), `match_information`
        (bits that it is expected to tell of whether the donor matches), `information` (of the number of mismatches; of
        the patient's typing both are sums over the donors), each of the three `..._per_cost`, and `bits_left` (entropy
        of the number that is expected to be left).
        """
        return self.typings

    @property
    def match_class(self) -> str:
        """What counts as a match, such as 10/10, in words."""
        return self.class_of(self.mismatches)

    def class_of(self, mismatches: int) -> str:
        """Return in words what a match of at most so many mismatches is."""
        least = f"{self.n_positions - mismatches}/{self.n_positions}"
        return translated("{least} or better", least=least) if mismatches else least

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to type first, how many donors to ask, what is assumed, and what is left out."""
        assumed = translated("Assumed: {text}.", text=self.availability.text)
        by_set = translated("Probabilities are those of the haplotype frequencies {name}.", name=self.frequency_set)
        return (_typing_sentence(self), _asking_sentence(self), assumed, by_set, *self.notes)

    def first_typings(self) -> pl.DataFrame:
        """Return of the patient and of each donor the typing with the most gain for its cost, in the order of the list.

        The columns are those of `to_polars`; who has nothing open has no row.
        """
        return self.typings.unique("donor_id", keep="first", maintain_order=True).sort("rank", nulls_last=False)

    def __repr__(self) -> str:
        with pl.Config(
            tbl_rows=30, tbl_width_chars=100, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True
        ):
            table = str(steps_summary(self))
        return "\n".join([table, *self.sentences, notice()])


def _typing_sentence(steps: NextSteps) -> str:
    """Say which typing to order first."""
    if not steps.typings.height:
        return translated("No typing would tell more about how many alleles of these donors mismatch.")
    first = steps.typings.row(0, named=True)
    is_patient = first["person"] == "patient"
    who = translated("the patient") if is_patient else translated("donor {donor}", donor=first["donor_id"])
    now = percent(steps.p_best)
    if first["gain"] < NO_GAIN:
        none = translated(
            "No typing is expected to raise the probability that the best donor is {match_class}, which is {now}.",
            match_class=steps.match_class,
            now=now,
        )
        return f"{none}{_first_open(steps)}"
    return translated(
        "Type {who} at {loci} first: that is expected to raise the probability that the best donor is {match_class} "
        "from {now} to {then}.",
        who=who,
        loci=first["loci"],
        match_class=steps.match_class,
        now=now,
        then=percent(steps.p_best + first["gain"]),
    )


def _first_open(steps: NextSteps) -> str:
    """Say of the first donor who may match, and is not certain to, what to type."""
    open_donors = steps.donors.filter(pl.col("p_match").is_between(*_OPEN))["donor_id"]
    rows = steps.first_typings().filter(pl.col("donor_id").is_in(open_donors.to_list())).head(1)
    if not rows.height:
        return ""
    found = rows.row(0, named=True)
    return translated(
        " The first donor who is not certain is {donor}; typing {loci} tells most for its cost.",
        donor=found["donor_id"],
        loci=found["loci"],
    )


def _asking_sentence(steps: NextSteps) -> str:
    """Say how many donors to ask."""
    n, all_of_them = steps.n_to_ask, steps.donors.height
    if not all_of_them:
        return translated("There is no donor to ask.")
    result = translated_count(
        "at least one of them is {match_class} and available with a probability of {p}",
        "at least {wanted} of them are {match_class} and available with a probability of {p}",
        steps.wanted,
        wanted=steps.wanted,
        match_class=steps.match_class,
        p=percent(steps.p_reached),
    )
    if n is None:
        asked = translated_count(
            "The only donor does not reach {certainty}: {result}.",
            "All {n} donors together do not reach {certainty}: {result}.",
            all_of_them,
            certainty=percent(steps.certainty),
            result=result,
        )
        return f"{asked}{_asking_with_more(steps)}"
    return translated_count("Ask the first donor: {result}.", "Ask the first {n} donors: {result}.", n, result=result)


def _asking_with_more(steps: NextSteps) -> str:
    """Say how many donors would do if more mismatches were a match; nothing where none would."""
    for mismatches, n in steps.n_with_more.items():
        if n is not None:
            return translated_count(
                " If {match_class} is enough, the first one does.",
                " If {match_class} is enough, the first {n} do.",
                n,
                match_class=steps.class_of(mismatches),
            )
    return ""


STEPS_LEGEND = translatable(
    "type: the loci whose typing gains most for its cost; gain: expected rise of the best donor's probability; "
    "tells: bits of those that are open; avail: available if asked; so far: that enough of the donors down to here "
    "match and are available"
)
"""The columns of the table explained, behind what counts as a match."""

_HEADINGS = {
    one: one
    for one in (
        translatable("rank"), translatable("donor"), translatable("match"), translatable("type"),
        translatable("cost"), translatable("gain"), translatable("tells"), translatable("avail"),
        translatable("so far"),
    )
}  # fmt: skip


def steps_legend(steps: NextSteps) -> str:
    """Return what counts as a match, and the columns of `steps_summary` explained, in the language of the moment."""
    return translated("match: {match_class}; {legend}", match_class=steps.match_class, legend=translated(STEPS_LEGEND))


def steps_headings(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the headings of `steps_summary` in the language of the moment."""
    return tuple(translated(_HEADINGS[name]) for name in columns)


def steps_summary(steps: NextSteps) -> pl.DataFrame:
    """Return what a person reads of the next steps, as text: a row for each donor, below one for an open patient.

    The columns are `rank`, `donor`, `match` (its probability), `type` (the loci whose typing gains most for its cost,
    or tells most), `cost`, `gain` (of the probability of the best donor), `tells` (bits of those that are open),
    `avail` (probability that the donor is available) and `so far` (that enough of the donors down to this one match
    and are available).
    """
    rows = [*_summary_rows(steps)]
    names = ["rank", "donor", "match", "type", "cost", "gain", "tells", "avail", "so far"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _summary_rows(steps: NextSteps) -> Iterator[tuple[str, ...]]:
    typing_of = {row["donor_id"]: row for row in steps.first_typings().iter_rows(named=True)}
    if None in typing_of:
        yield ("", translated("patient"), "", *_typing_cells(typing_of[None], None), "", "")
    for donor in steps.donors.iter_rows(named=True):
        yield (
            str(donor["rank"]),
            donor["donor_id"],
            percent(donor["p_match"]),
            *_typing_cells(typing_of.get(donor["donor_id"]), donor["bits"]),
            percent(donor["p_available"]),
            percent(donor["p_enough"]),
        )


def _typing_cells(typing: dict[str, Any] | None, bits: float | None) -> tuple[str, str, str, str]:
    """Return the cells of a typing: loci, cost, gain, and the bits that it tells of those that are open."""
    if typing is None:
        return "", "", "", ""
    gain = f"+{percent(typing['gain'])}" if typing["gain"] >= NO_GAIN else ""
    told = f"{typing['information']:.1f}" + ("" if bits is None else f"/{bits:.1f}")
    return typing["loci"], f"{typing['cost']:g}", gain, told
