"""A typing as it was pasted or typed: one line, one locus a line, or a header and a row of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hla_match.donors.registry import Registry
from hla_match.errors import HlaMatchError, TypingError
from hla_match.language import retellable, translated
from hla_match.language.retelling import retold
from hla_match.loci import LOCI
from hla_match.matching.criteria import Patient
from hla_match.nomenclature.gl_string import split_loci, split_locus
from hla_match.nomenclature.reading import LocusReading, locus_reading
from hla_match.nomenclature.reported_gl_string import reported_block
from hla_match.reporting.error_words import told as told_error
from registry_io.persons.patient_row import read_patient_row

_LABELLED = re.compile(rf"\s*(?:HLA-)?({'|'.join(LOCI)}|Cw)(?:\s*[:\uff1a=]\s*|\s+)(?!\*)(\S.*)", re.IGNORECASE)
"""A locus, and what is typed there, which names none: `A 02:01, 24:02`. Blanks are divided in one way only: it takes a
time that grows with the text, and not with its square."""

_CELLS = re.compile(r"[\t,;\uff0c\uff1b]")
_HEADING = re.compile(rf"(?:HLA[-_ ]?)?(?:{'|'.join(LOCI)}|Cw)\*?[-_ .]?[12ab]?", re.IGNORECASE)
_NAME = "patient"


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot be read.

    Attributes:
        before, at, after: the text in front of the place, at it and behind it; all "" of what has no place.
        told: what is wrong, and what to do.
    """

    before: str
    at: str
    after: str
    told: str

    @classmethod
    def of(cls, error: HlaMatchError) -> Fault:
        """Return an error as a page shows it."""
        if not isinstance(error, TypingError):
            return cls("", "", "", told_error(error))
        text, start = error.text, error.position
        told = translated("expected {expected}", expected=retold(error.expected))
        told = translated("{told}; {hint}", told=told, hint=retold(error.hint)) if error.hint else told
        first, last = max(0, start - _AROUND), start + _AROUND
        return cls(text[first:start], text[start : start + 1], text[start + 1 : last], told)


_AROUND = 60
"""Characters on each side of a place that are shown."""


@dataclass(frozen=True, slots=True)
class ReadLocus:
    """How the typing of one locus is understood.

    Attributes:
        locus: the locus.
        reported: as a block of a GL String.
        reading: what it is read as.
    """

    locus: str
    reported: str
    reading: LocusReading


@dataclass(frozen=True, slots=True)
class TypedText:
    """How a text is understood.

    Attributes:
        loci: those that are typed, in the order of `hla_match.loci.LOCI`.
        faults: of lines that cannot be read.
        notes: what was understood differently than written.
        ignored_loci: loci that were passed over.
        typings: the texts of both columns by locus.
    """

    loci: tuple[ReadLocus, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    ignored_loci: tuple[str, ...] = ()
    typings: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_readable(self) -> bool:
        """Whether something is typed, and all of it can be read."""
        return bool(self.loci) and not self.faults and all(one.reading.error is None for one in self.loci)

    def patient(self, patient_id: str, **attributes: Any) -> Patient:
        """Return the patient of a readable text.

        Raises:
            CriteriaError: an attribute has a value that it cannot have.
        """
        return Patient.model_validate(
            {
                "patient_id": patient_id or _NAME,
                "typings": dict(self.typings),
                "ignored_loci": self.ignored_loci,
                "reading_notes": self.notes,
                **attributes,
            }
        )


def read_text(text: str, registry: Registry) -> TypedText:
    """Return how a text is understood under a registry's nomenclature; what cannot be read stands in it as faults."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return TypedText()
    cells = _row_of(lines)
    if cells is not None:
        return _of_row(cells, registry)
    lines = [_narrow(line) for line in lines]
    found = _of_lines(lines, registry)
    if len(lines) > 1 and found.faults:
        # A long GL String comes out of a mail in several lines.
        joined = _of_lines(["".join(lines)], registry)
        return found if joined.faults else joined
    return found


def _row_of(lines: list[str]) -> dict[str, str] | None:
    """Return the cells of a row below its header; None where the lines are none."""
    if len(lines) != 2:
        return None
    names, cells = ([_narrow(cell) for cell in _CELLS.split(line)] for line in lines)
    is_header = len(names) > 1 and sum(_HEADING.fullmatch(name) is not None for name in names) * 2 > len(names)
    return dict(zip(names, cells, strict=True)) if is_header and len(names) == len(cells) else None


def _narrow(text: str) -> str:
    """Return a text with single blanks: over many of them the reader looks again from each one."""
    return " ".join(text.split())


def _of_row(cells: Mapping[str, str], registry: Registry) -> TypedText:
    try:
        patient = read_patient_row(
            cells, registry.nomenclature, registry.codes, ambiguous_nulls=registry.ambiguous_nulls, today=None
        )
    except HlaMatchError as error:
        return TypedText(faults=(Fault.of(error),))
    typed = {locus: pair for locus, pair in patient.typings.items() if pair[0]}
    return TypedText(tuple(_loci(typed, registry)), (), patient.reading_notes, patient.ignored_loci, typed)


def _of_lines(lines: list[str], registry: Registry) -> TypedText:
    typings: dict[str, tuple[str, str]] = {}
    faults: list[Fault] = []
    notes: dict[str, None] = {}
    ignored: list[str] = []
    for line in lines:
        try:
            found, told = _of_line(line, ignored)
        except TypingError as error:
            faults.append(Fault.of(error))
            continue
        twice = [locus for locus in found if locus in typings]
        if twice:
            told_twice = translated("{locus} stands in several lines", locus=", ".join(twice))
            faults.append(Fault("", "", line[:_AROUND], told_twice))
        typings |= {locus: pair for locus, pair in found.items() if locus not in typings}
        notes |= dict.fromkeys(told)
    typed = {locus: typings[locus] for locus in LOCI if locus in typings and typings[locus][0]}
    read = tuple(_loci(typed, registry))
    gl_string = "^".join(one.reported for one in read)
    read_as = [retellable("the typing was read as {gl_string}", gl_string=gl_string)] if notes and read else []
    return TypedText(read, tuple(faults), (*read_as, *notes), tuple(ignored), typed)


def _of_line(line: str, ignored: list[str]) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return what a line reports by locus, and what was understood differently than written."""
    notes: list[str] = []
    labelled = _LABELLED.fullmatch(line)
    if labelled:
        locus = labelled[1].upper().replace("CW", "C")
        return {locus: split_locus(locus, labelled[2], notes)}, notes
    return split_loci(line, ignored, notes), notes


def _loci(typings: Mapping[str, tuple[str, str]], registry: Registry) -> Iterator[ReadLocus]:
    for locus, pair in typings.items():
        reading = locus_reading(registry.nomenclature, locus, *pair, registry.codes)
        yield ReadLocus(locus, reported_block(registry.nomenclature.tables, locus, *pair), reading)
