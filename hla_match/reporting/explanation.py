"""One donor explained: both typings side by side, every locus in words, the chances, the place and its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hla_match.immunogenetics.fact_probabilities import FactProbabilities, Probabilities
from hla_match.immunogenetics.mismatched_alleles import MismatchedAlleles
from hla_match.language import listed, retold_form, translatable, translated
from hla_match.matching.obstacles import Obstacle
from hla_match.reporting.donor_words import SEXES, resolution_words
from hla_match.reporting.fact_words import fact_lines
from hla_match.reporting.fallback_words import FALLBACK_WORDS, missing_words
from hla_match.reporting.match_summary import percent
from hla_match.reporting.probable_facts import probable_lines
from hla_match.reporting.side_by_side import WIDTH, paragraph, side_by_side
from hla_match.visible_text import visible

_LOCUS, _PERSON = 7, 36
"""Columns of a page for the name of a locus, and for the typing of a person."""

_NUMBERS = (
    translatable("no mismatch"), translatable("one"), translatable("two"), translatable("three"), translatable("four"),
)  # fmt: skip
_KEPT_OUT_BY = translatable("kept out by: {criterion}; the donor: {found}. {change}")
_AND_BY = translatable("and by: {criterion}; the donor: {found}. {change}")
_OPTIONS = {"statuses": "status", "locus_limits": "locus-limit"}
"""Options of the command that are called otherwise than the criteria."""


@dataclass(frozen=True, slots=True)
class LocusStory:
    """What was compared at one locus, and what was found.

    Attributes:
        locus: the locus.
        in_scope: whether it counts.
        patient, donor: the typings as reported, blocks of a GL String; "" where not typed.
        patient_read, donor_read: how they are understood.
        grades: the position grades, in the order of the donor's alleles.
        words: what was found, in words.
        p_both: probability that both alleles match, or None.
    """

    locus: str
    in_scope: bool
    patient: str
    donor: str
    patient_read: str
    donor_read: str
    grades: str
    words: str
    p_both: float | None


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """Why a donor stands where it stands, or why it is not in the list.

    Shown, it is a page of 80 columns.

    Attributes:
        donor_id: the donor.
        rank: from 1; None where the donor is not in the list.
        place: the place in a sentence.
        obstacles: the criteria that keep the donor out, in their order; none of a donor who meets them all.
        reasons: why before the next donor and behind the one before.
        row: the donor as in `MatchList.to_polars`.
        loci: the loci that were compared.
        only_mismatch: by locus, the probability that the mismatch is there, given exactly one in scope.
        facts: what frequencies say of facts that typings leave open; None without frequencies.
    """

    donor_id: str
    rank: int | None
    place: str
    obstacles: tuple[Obstacle, ...]
    reasons: tuple[str, ...]
    row: Mapping[str, Any]
    loci: tuple[LocusStory, ...]
    only_mismatch: Mapping[str, float]
    facts: FactProbabilities | None = field(default=None, compare=False)

    @property
    def mismatched_alleles(self) -> dict[str, MismatchedAlleles]:
        """The alleles that mismatch, given a mismatch, by each locus at which frequencies tell them."""
        if self.facts is None:
            return {}
        found = ((one.locus, self.facts.mismatched_alleles(one.locus)) for one in self.loci)
        return {locus: one for locus, one in found if one is not None}

    @property
    def probabilities(self) -> dict[str, Probabilities]:
        """How probable each value of a fact is, by the column that has it where it is certain; each sums to 1.

        Facts of which frequencies tell nothing are left out.
        """
        return {} if self.facts is None else self.facts.by_column()

    def probable_lines(self) -> Iterator[str]:
        """Yield in words what frequencies say of facts that typings leave open."""
        yield from probable_lines(self.mismatched_alleles, self.probabilities)

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, *, options: bool = False) -> list[str]:
        """Return the page in lines.

        Args:
            options: whether criteria are named as options of the command.
        """
        return [visible(line) for line in self._lines(options)]

    def _lines(self, options: bool) -> Iterator[str]:
        yield from paragraph(f"{self.donor_id}: {self.place}", indent=2, first=0)
        yield from paragraph(person_words(self.row), indent=2)
        yield from self._obstacle_lines(options)
        yield ""
        heading = [translated("locus"), translated("patient"), translated("donor")]
        yield from side_by_side(heading, [_LOCUS - 1, _PERSON, _PERSON])
        yield "-" * WIDTH
        for locus in self.loci:
            yield from _locus_lines(locus)
        yield ""
        chances = probability_lines(self.row, self.only_mismatch)
        for line in (*chances, *fact_lines(self.row), *self.probable_lines(), *self.reasons):
            yield from paragraph(line, indent=2, first=0)

    def near_lines(self, *, options: bool = False) -> list[str]:
        """Return in a few lines who the donor is, and what keeps the donor out; `options` is as for `lines`."""
        head = f"{self.donor_id}: {person_words(self.row)}"
        return [visible(line) for line in (*paragraph(head, indent=2, first=0), *self._obstacle_lines(options))]

    def obstacle_sentences(self, *, options: bool = False) -> Iterator[str]:
        """Yield what keeps the donor out, and what would let the donor in; `options` is as for `lines`."""
        for number, one in enumerate(self.obstacles):
            form = _AND_BY if number else _KEPT_OUT_BY
            yield translated(
                form, criterion=retold_form(one.criterion), found=retold_form(one.found), change=_lets_in(one, options)
            )

    def _obstacle_lines(self, options: bool) -> Iterator[str]:
        for text in self.obstacle_sentences(options=options):
            yield from paragraph(text, indent=4, first=2)


def person_words(row: Mapping[str, Any]) -> str:
    """Return what is known of a donor as a person, and how well the donor is typed.

    >>> person_words({"status": "AV", "age": 24, "sex": "F", "abo": None, "resolution": 0.5})
    'status AV, age 24, female, typing resolution 0.50'
    """
    known = {name: value for name, value in row.items() if value is not None}
    words = {
        "status": translated("status {value}"),
        "reserved_until": translated("reserved until {value}"),
        "age": translated("age {value}"),
        "abo": translated("ABO {value}"),
        "cmv": translated("CMV {value}"),
        "city": "{value}",
        "last_contact_on": translated("last contact {value}"),
        "resolution": translated("typing resolution {value}"),
    }
    if "resolution" in known:
        known["resolution"] = resolution_words(known["resolution"])
    if "sex" in known:
        known["sex"] = translated(SEXES[known["sex"]])
        words = {**dict(list(words.items())[:3]), "sex": "{value}", **words}
    return listed(form.format(value=known[name]) for name, form in words.items() if name in known)


def probability_lines(row: Mapping[str, Any], only_mismatch: Mapping[str, float]) -> Iterator[str]:
    """Yield the probabilities of a donor, and at last what they rest on; nothing without frequencies."""
    if "p0" not in row:
        return
    if row["p0"] is None:
        yield translated("Probability: not known, as {reason}.", reason=missing_words(row["p_missing"]))
        yield translated("Frequencies: {name}.", name=row["frequency_set"])
        return
    chances = listed(f"{translated(words)} {percent(row[f'p{k}'])}" for k, words in enumerate(_NUMBERS))
    yield translated("Probability: {chances}.", chances=chances)
    near = [(p, locus) for locus, p in only_mismatch.items() if p >= 0.005]
    if near and row["p1"] > 0:
        where = listed(f"{locus} {percent(p)}" for p, locus in sorted(near, key=lambda one: -one[0]))
        yield translated("If there is exactly one mismatch, it is at: {where}.", where=where)
    cut = translated("; {p} was too unlikely to be compared", p=percent(row["p_cut"])) if row["p_cut"] >= 0.005 else ""
    yield translated(
        "They rest on {words} (fallback: {level}); frequencies: {name}{cut}.",
        words=translated(FALLBACK_WORDS[row["fallback"]]),
        level=row["fallback"],
        name=row["frequency_set"],
        cut=cut,
    )


def _locus_lines(locus: LocusStory) -> Iterator[str]:
    name = locus.locus if locus.in_scope else f"({locus.locus})"
    widths = [_LOCUS - 1, _PERSON, _PERSON]
    untyped = translated("not typed")
    yield from side_by_side([name, locus.patient or untyped, locus.donor or untyped], widths)
    read = ["" if text == untyped else text for text in (locus.patient_read, locus.donor_read)]
    if any(read):
        yield from side_by_side(["", *(f"= {text}" if text else "" for text in read)], widths)
    yield from paragraph(f"{locus.grades}: {locus_sentence(locus)}", indent=_LOCUS)


def locus_sentence(locus: LocusStory) -> str:
    """Return what was found at a locus, how probable a match is where that is open, and whether the locus counts."""
    is_open = locus.p_both is not None and 0 < locus.p_both < 1
    chance = translated("; both match with {p}", p=percent(locus.p_both)) if is_open else ""
    counts = "" if locus.in_scope else translated("; not counted")
    return f"{locus.words}{chance}{counts}"


def _lets_in(obstacle: Obstacle, options: bool) -> str:
    if not obstacle.change:
        return translated("Nothing that can be asked for lets the donor in.")
    return translated("Let in by: {change}.", change=", ".join(criterion_words(obstacle.change, options=options)))


def criterion_words(change: Mapping[str, Any], *, options: bool) -> Iterator[str]:
    """Yield criteria as Python or the command takes them.

    >>> change = {"statuses": ("AV", "TU"), "locus_limits": {"A": 1}, "max_mismatches": 2}
    >>> list(criterion_words(change, options=True))
    ['--status AV,TU', '--locus-limit A=1', '--max-mismatches 2']
    >>> list(criterion_words(change, options=False))
    ["statuses=('AV', 'TU')", "locus_limits={'A': 1}", 'max_mismatches=2']
    """
    for name, value in change.items():
        option = f"--{_OPTIONS.get(name, name.replace('_', '-'))}"
        if options and name == "without_antibodies" and value is None:
            value = "none"  # an option that only is left away would leave a policy's filter in force
        is_left_out = value is None or (name in ("only_donors", "without_donors")) or value == ()
        if is_left_out:
            without = (
                translated("{name} without this donor", name=name) if value else translated("no {name}", name=name)
            )
            yield translated("no {name}", name=option) if options else without
        elif not options:
            yield f"{name}={value!r}"
        elif isinstance(value, Mapping):
            yield " ".join(f"{option} {key}={one}" for key, one in value.items())
        else:
            yield f"{option} {','.join(map(str, value)) if isinstance(value, tuple) else value}"
