"""The patient of a search, and its criteria: which donors are wanted. Both are checked when they are made."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from hla_match.donors.attribute_types import Number
from hla_match.donors.attributes import (
    ATTRIBUTES,
    OLDEST,
    DescentAttributes,
    PersonalAttributes,
    of_persons,
    values_of,
)
from hla_match.donors.special_attributes import AntibodyAttributes
from hla_match.errors import CriteriaError, ErrorCode, criteria_error
from hla_match.errors.arguments import InWords, check_type
from hla_match.language import retellable
from hla_match.loci import LOCI, SCOPE_LOCI, genes_of, near_loci, scope_loci
from hla_match.matching.checked_model import CheckedModel
from hla_match.nomenclature.gl_string import split_loci
from hla_match.nomenclature.name_line import standard_gl_string
from hla_match.nomenclature.untyped import is_untyped
from hla_match.typings.encoding import AmbiguousNulls, NullRule

Direction = Literal["both", "gvh", "hvg"]
DonorType = Literal["donor", "cord", "any"]
AntibodyLimit = Literal["certain", "possible"]

MOST_MISMATCHES = 6
"""The most mismatches that a search can ask for."""


VALUED = ("sex", "abo", "cmv")
"""Attributes of donors of a few values each, which criteria can ask for."""

UNKNOWN = "unknown"
"""What criteria call an attribute that is not known of a donor."""

MAX_PREDICTED = 4
"""The greatest number of mismatches of which there is a probability."""


class TypedPerson(CheckedModel):
    """An identifier and typings by locus."""

    is_of_person = True

    patient_id: str = "patient"
    typings: dict[str, tuple[str, str]]


class Patient(AntibodyAttributes, DescentAttributes, PersonalAttributes, TypedPerson):
    """A patient: typings by locus, as the hospital reported them, and the attributes that rank donors.

    The attributes are those of `hla_match.donors.attributes` that patients have. A typing is the pair of texts of its
    two columns; an empty second text means reported homozygous. `ignored_loci` are loci that were reported and are not
    compared (`hla_match.loci.OTHER_LOCI`), `reading_notes` tell what of a GL String or a line of names was
    understood differently than written: every list says both, and patients who differ in them alone are equal.

    >>> Patient(patient_id="P1", typings={"A": ("02:01", "24:02")}).typings["A"]
    ('02:01', '24:02')
    >>> Patient.from_gl_string("P1", "A*02:01+A*24:02^B*07:02+B*08:01").typings["B"]
    ('07:02', '08:01')
    """

    ignored_loci: tuple[str, ...] = Field(default=(), exclude=True, repr=False)
    reading_notes: tuple[str, ...] = Field(default=(), exclude=True, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patient) and self.model_dump() == other.model_dump()

    @field_validator("typings")
    @classmethod
    def _known_loci(cls, value: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
        unknown = [locus for locus in value if locus not in LOCI]
        if unknown:
            near = dict.fromkeys(one for locus in unknown for one in near_loci(locus) if one in LOCI)
            raise CriteriaError(
                "typings",
                found=", ".join(unknown),
                expected=f"loci of {', '.join(LOCI)}",
                hint=f"did you mean {', '.join(near)}?" if near else "",
                code=ErrorCode.CRITERIA_UNKNOWN,
            )
        typed = {locus: ("", "") if is_untyped(*pair) else pair for locus, pair in value.items()}
        if not any(first for first, _ in typed.values()):
            raise CriteriaError("typings", found="no typing", expected="at least one typed locus")
        return typed

    @field_validator("reading_notes", mode="wrap")
    @classmethod
    def _retellable_notes(cls, value: tuple[str, ...], check: Callable[[object], object]) -> tuple[str, ...]:
        """Keep the notes themselves, which can be told in other languages."""
        check(value)
        return tuple(value)

    @field_validator(*(name for name in of_persons("patient") if isinstance(ATTRIBUTES[name].type, Number)))
    @classmethod
    def _within_bounds(cls, value: float | None, field: ValidationInfo) -> float | None:
        name = str(field.field_name)
        number = ATTRIBUTES[name].type
        if value is not None and isinstance(number, Number) and not number.above < value <= number.most:
            expected = f"a number of {number.unit} above {number.above} and up to {number.most}"
            raise CriteriaError(name, found=InWords("a number beyond that"), expected=expected)
        return value

    def is_typed(self, locus: str) -> bool:
        """Say whether something was reported at a locus, or of DRB345 at one of its genes."""
        return any(self.typings.get(gene, ("", ""))[0].strip() for gene in genes_of(locus))

    @classmethod
    def from_gl_string(cls, patient_id: str, gl_string: str) -> Self:
        """Make a patient from a GL String, or a line of names, of one person.

        Raises:
            TypingError: the text is not that of one person, or names a locus that is none of the HLA region.
            CriteriaError: it is not a text, or no locus is typed.

        >>> Patient.from_gl_string("P1", "A*02:01^MICA*008").ignored_loci
        ('MICA',)
        """
        check_type("gl_string", gl_string, str, expected="a GL String or a line of names")
        other_loci: list[str] = []
        notes: list[str] = []
        typings = split_loci(gl_string, other_loci, notes)
        standard = standard_gl_string(gl_string).text if notes else ""
        read_as = [retellable("the typing was read as {gl_string}", gl_string=standard)] if notes else []
        return cls(
            patient_id=patient_id,
            typings=typings,
            ignored_loci=tuple(other_loci),
            reading_notes=(*read_as, *notes),
        )


class SearchCriteria(CheckedModel):
    """Which donors a search returns.

    Attributes:
        scope: "6/6", "8/8", "10/10", "12/12" or loci separated by commas, among which DRB345 stands for the two
            positions of a person's DRB3, DRB4 and DRB5 genes taken together.
        max_mismatches: greatest number of mismatches in scope, by the best count, in `direction`.
        locus_limits: greatest number of mismatches at a locus.
        direction: which mismatches count: both (the locus count), "gvh" or "hvg".
        null_rule: "consensus": where both persons have a null allele at a locus, it is an allele like any other and
            equals a null allele; where one has, that person counts as homozygous for the other allele (Bochtler et al.,
            Bone Marrow Transplant 2011;46:338, and Hum Immunol 2016;77:371). "strict": null alleles never match each
            other, as Atlas counts; at DRB3, DRB4 and DRB5, where an absent gene is a null allele, the consensus holds.
        ambiguous_nulls: "drop" or "keep": whether a null allele that a list or a multiple allele code of the patient
            names beside expressed ones is possible; None as the registry's donors were read.
        statuses: donors of other status are left out; there is at least one.
        donor_type: "donor", "cord" for units of cord blood, or "any"; who has no type is a donor.
        min_cord_match: least matches of 6 at best, A and B by antigen and DRB1 by allele.
        min_tnc_per_kg: least nucleated cells of a unit in 10^7 per kilogram of the patient; unknown doses stay.
        min_cd34_per_kg: least CD34 positive cells of a unit in 10^5 per kilogram of the patient; unknown doses stay.
        min_age: completed years at `as_of`; donors without a birth date stay.
        max_age: completed years at `as_of`; donors without a birth date stay.
        sex, abo, cmv: the values of donors, among which "unknown" stands for none; empty for any.
        city: where donors live, likewise; capitals and a final 市 do not count.
        min_p: least probability of at most `max_mismatches` mismatches in scope, in either direction; donors of whom it
            is not known stay. It needs haplotype frequencies.
        antibody_mfi: the mean fluorescence intensity from which on antibodies of the patient count; those without one
            do.
        without_antibodies: "certain" leaves out donors with an allele for certain that an antibody of the patient is
            against, "possible" also those whose typing leaves it open; None leaves out nobody.
        only_donors: identifiers to choose from, or None for all.
        without_donors: identifiers to leave out.
        as_of: the date at which ages are computed; without it, the date of the registry's import.
        limit: the number of donors to return, best first, or None for all.
    """

    scope: str = "10/10"
    max_mismatches: int = Field(default=1, ge=0, le=MOST_MISMATCHES)
    locus_limits: dict[str, int] = Field(default_factory=dict)
    direction: Direction = "both"
    null_rule: NullRule = "consensus"
    ambiguous_nulls: AmbiguousNulls | None = None
    statuses: tuple[str, ...] = ("AV",)
    donor_type: DonorType = "donor"
    min_cord_match: int | None = Field(default=None, ge=0, le=6)
    min_tnc_per_kg: float | None = Field(default=None, gt=0)
    min_cd34_per_kg: float | None = Field(default=None, gt=0)
    min_age: int | None = Field(default=None, ge=0, le=OLDEST)
    max_age: int | None = Field(default=None, ge=0, le=OLDEST)
    sex: tuple[str, ...] = ()
    abo: tuple[str, ...] = ()
    cmv: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    min_p: float | None = Field(default=None, gt=0, le=1)
    antibody_mfi: float = Field(default=0, ge=0)
    without_antibodies: AntibodyLimit | None = None
    only_donors: frozenset[str] | None = None
    without_donors: frozenset[str] = frozenset()
    as_of: datetime.date | None = None
    limit: int | None = Field(default=None, ge=1)

    @property
    def loci(self) -> tuple[str, ...]:
        """The loci in scope."""
        return scope_loci(self.scope)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Refuse what each field by itself cannot tell."""
        faults = []
        try:
            loci = self.loci
        except CriteriaError as error:
            faults.append(error)
            loci = SCOPE_LOCI
        for locus, limit in self.locus_limits.items():
            if locus not in loci or not 0 <= limit <= 2:
                expected = f"0, 1 or 2 for a locus of {','.join(loci)}"
                faults.append(CriteriaError("locus_limits", found=f"{locus}={limit}", expected=expected))
        known = values_of("status")
        if not self.statuses:
            faults.append(CriteriaError("statuses", found=InWords("nothing"), expected="at least one status"))
        unknown = [status for status in self.statuses if status not in known]
        if unknown:
            expected, code = f"statuses of {', '.join(known)}", ErrorCode.CRITERIA_UNKNOWN
            faults.append(CriteriaError("statuses", found=", ".join(unknown), expected=expected, code=code))
        for name in VALUED:
            allowed = (*values_of(name), UNKNOWN)
            unknown = [value for value in getattr(self, name) if value not in allowed]
            if unknown:
                expected, code = f"values of {', '.join(allowed)}", ErrorCode.CRITERIA_UNKNOWN
                faults.append(CriteriaError(name, found=", ".join(unknown), expected=expected, code=code))
        if self.min_p is not None and self.max_mismatches > MAX_PREDICTED:
            expected, code = f"none above {MAX_PREDICTED} mismatches", ErrorCode.CRITERIA_CONFLICT
            faults.append(CriteriaError("min_p", found=self.min_p, expected=expected, code=code))
        if self.min_age is not None and self.max_age is not None and self.min_age > self.max_age:
            expected, code = f"at most {self.max_age}, the max_age", ErrorCode.CRITERIA_CONFLICT
            faults.append(CriteriaError("min_age", found=self.min_age, expected=expected, code=code))
        if faults:
            raise criteria_error(faults)
        return self
