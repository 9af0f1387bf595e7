"""One key of a policy: a feature, the bands of its values, their direction, and the place of unknown values.

A key turns the values of a feature into small integer codes, lower first. Codes without a gap make a column: the bands
in their direction, with the unknown values at their place.

    age, bands of 10, ascending, unknown last     value   16..19  20..29  30..39  ...  250..254  unknown
                                                  code       1       2       3            25        26
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.feature import UNKNOWN_VALUE, Direction, Feature, UnknownPlace
from hla_match.choice.features import FEATURES
from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_name
from hla_match.language import DEFAULT, language, listed, spaced, translatable, translated

_MAX_KEYS = 256
"""Keys whose codes are kept."""


@dataclass(frozen=True, slots=True)
class RankingKey:
    """One key of a policy, as validated data.

    Attributes:
        feature: name of the feature.
        bands: values of a band, counted from 0 (5: ages 15 to 19, 20 to 24, ...), or the first value of each band but
            the lowest, ascending ((31, 41): to 30, 31 to 40, from 41).
        direction: "ascending" puts lesser values first, "descending" greater ones; None as the feature is declared.
        unknown: where donors of unknown value stand: "first", "last", "before-worst", which is between the worst band
            and all others, or "with-worst", which is in it; None as the feature is declared.
        zero_apart: whether the value 0 is a band of its own; None as the feature is declared.

    Raises:
        CriteriaError: there is no such feature, or it has no such bands, direction or place.

    >>> str(RankingKey("age", bands=5))
    'younger, in bands of 5 years (unknown ages, and those below that of donors, last)'
    """

    feature: str
    bands: int | tuple[int, ...] = 1
    direction: Direction | None = None
    unknown: UnknownPlace | None = None
    zero_apart: bool | None = None

    def __post_init__(self) -> None:
        check_name("feature", self.feature, FEATURES, expected="one of")
        declared = FEATURES[self.feature]
        _check_bands(declared, self.bands)
        places = declared.unknown.places if declared.unknown is not None else {}
        for name, options in (("direction", declared.directions), ("unknown", places)):
            found = getattr(self, name)
            if found is None:
                object.__setattr__(self, name, next(iter(options), None))
            elif not isinstance(found, str) or found not in options:
                expected = f"one of {', '.join(options)}" if options else "none: every donor has a known value"
                raise CriteriaError(f"{self.feature}: {name}", found=found, expected=expected)
        if self.zero_apart is None:
            object.__setattr__(self, "zero_apart", declared.zero_apart)
        elif not isinstance(self.zero_apart, bool) or not declared.unit:
            expected = "true or false" if declared.unit else "none: its values are no numbers with a unit"
            raise CriteriaError(f"{self.feature}: zero_apart", found=self.zero_apart, expected=expected)

    @property
    def declared(self) -> Feature:
        """The feature of that name."""
        return FEATURES[self.feature]

    @property
    def before(self) -> str:
        """What "before" means in words, where the values of both donors are known."""
        feature = self.declared
        assert self.direction is not None
        words, resolution, unit = feature.directions[self.direction], feature.resolution, translated(feature.unit)
        words, resolution = translated(words), translated(resolution)
        if isinstance(self.bands, tuple):
            resolution = translated("in bands from {bands} {unit}", bands=listed(map(str, self.bands)), unit=unit)
        elif self.bands > 1:
            resolution = translated("in bands of {n} {unit}", n=self.bands, unit=unit)
        if self.zero_apart != feature.zero_apart:
            resolution = resolution or translated("in single values")
            form = _ZERO_APART if self.zero_apart else _ZERO_WITH
            resolution = translated(form, bands=resolution)
        return translated("{words}, {more}", words=words, more=resolution) if resolution else words

    def __str__(self) -> str:
        unknown = self.declared.unknown
        if unknown is None or self.unknown is None:
            return self.before
        places = unknown.places if self.zero_apart else {**unknown.places, **unknown.banded_places}
        return translated("{words} ({more})", words=self.before, more=translated(places[self.unknown]))

    def entries(self) -> dict[str, Any]:
        """Return what the key is made of, by the names of `RankingKey`; without what its feature does not have."""
        entries = {"feature": self.feature, "bands": self.bands, "direction": self.direction, "unknown": self.unknown}
        if self.zero_apart != self.declared.zero_apart:
            entries["zero_apart"] = self.zero_apart
        return {name: value for name, value in entries.items() if value is not None}

    @property
    def n_codes(self) -> int:
        """A number that no code reaches, of a feature whose donors share values."""
        return int(key_codes(self).max()) + 1

    def column(self, value: NDArray[np.integer[Any]]) -> NDArray[np.unsignedinteger[Any]]:
        """Return (n,) codes of the values of some donors: uint8 or uint16, of identifiers uint32."""
        codes = key_codes(self)
        return codes.take(value) if codes.size else value.astype(np.uint32, copy=False)

    def best_column(self, bound: NDArray[np.integer[Any]]) -> NDArray[np.unsignedinteger[Any]]:
        """Return (n,) the least code that each donor can have under a bound, as `Feature.bounds` gives them.

        Of a feature with bounds greater values stand first, and any donor whose bound is not 0 can be unknown.
        """
        possible = np.minimum(self.column(bound), key_codes(self)[UNKNOWN_VALUE])
        return np.where(bound == 0, self.column(bound), np.where(bound < 0, 0, possible))

    def reason(self, before: int, after: int, *, is_least: tuple[bool, bool] = (False, False)) -> str:
        """Say why a donor of code `before` stands before one of code `after`, and nothing that is not known.

        Args:
            before: the lesser code.
            after: the greater one.
            is_least: of which of the two no more is known than that the value is the least possible.

        >>> RankingKey("age").reason(25, 31), RankingKey("age").reason(25, 255)
        ('age: younger (25 years before 31 years)', 'age: 25 years before no age, or one below that of donors')
        """
        name = self.feature if language() == DEFAULT else translated(FEATURE_NAMES.get(self.feature, self.feature))
        if self.declared.said is None:
            return translated("{feature}: {words}", feature=name, words=self.before)
        (first, second), known = zip(*map(self._said, (before, after), is_least), strict=True)
        order = spaced(translated("{first} before {second}", first=first, second=second))
        if not all(known):
            return translated("{feature}: {words}", feature=name, words=order)
        return translated("{feature}: {words} ({order})", feature=name, words=self.before, order=order)

    def _said(self, code: int, is_least: bool) -> tuple[str, bool]:
        """Return what a code says of a donor, and whether that is exact."""
        feature = self.declared
        assert feature.said is not None
        value = np.flatnonzero(key_codes(self) == code)
        least, greatest = int(value[0]), int(value[-1])
        if feature.unknown is not None and least > feature.greatest:
            return translated(feature.unknown.said), False
        # Where the only possible value is 0, the counts of the search know it.
        if is_least and greatest > 0:
            return translated("at least {value}", value=feature.said(least, least)), False
        if feature.unknown is not None and greatest > feature.greatest:
            known = feature.said(least, int(value[-2]))
            return translated("{value} or {unknown}", value=known, unknown=translated(feature.unknown.said)), False
        return feature.said(least, greatest), True


_ZERO_APART = translatable("{bands}, 0 apart")
_ZERO_WITH = translatable("{bands}, 0 with the lowest")
FEATURE_NAMES = {
    "p0": translatable("no mismatch"),
    "p0+p1": translatable("at most one mismatch"),
    "p_asked": translatable("few mismatches"),
    "resolved": translatable("resolved typings"),
    "mismatches": translatable("mismatches"),
    "certainty": translatable("certainty"),
    "c_permissive": translatable("permissive mismatch at C"),
    "gvh": translatable("GvH direction"),
    "hvg": translatable("HvG direction"),
    "antigen_mismatches": translatable("mismatches of antigens"),
    "dpb1_tce": translatable("DPB1 class"),
    "cord_match": translatable("matches of 6"),
    "cord_match_8": translatable("matches of 8"),
    "tnc_per_kg": translatable("nucleated cells"),
    "cd34_per_kg": translatable("CD34 positive cells"),
    "antibodies": translatable("antibodies"),
    "age": translatable("age"),
    "sex": translatable("sex"),
    "abo": translatable("blood group"),
    "cmv": translatable("CMV status"),
    "donor_id": translatable("identifier"),
}
"""What features are called where their names, which are those of policies, are no words of the language."""


def _check_bands(feature: Feature, bands: object) -> None:
    name = f"{feature.name}: bands"
    if not feature.unit:
        if bands != 1 or isinstance(bands, bool):
            raise CriteriaError(name, found=bands, expected="none: its values are no numbers with a unit")
        return
    if isinstance(bands, tuple):
        whole = all(isinstance(first, int) and not isinstance(first, bool) for first in bands)
        if not (
            whole and bands and list(bands) == sorted(set(bands)) and 0 < bands[0] <= bands[-1] <= feature.greatest
        ):
            expected = f"ascending first values of bands, from 1 to {feature.greatest} {feature.unit}"
            raise CriteriaError(name, found=bands, expected=expected)
    elif not isinstance(bands, int) or isinstance(bands, bool) or not 1 <= bands <= feature.greatest:
        expected = f"a whole number from 1 to {feature.greatest} {feature.unit}, or first values of bands"
        raise CriteriaError(name, found=bands, expected=expected)


@lru_cache(_MAX_KEYS)
def key_codes(key: RankingKey) -> NDArray[np.unsignedinteger[Any]]:
    """Return (greatest + 1,) the code of each value of a key's feature, then that of unknown values, where it has any.

    There are none of a feature of which every donor has a value of its own: its values are codes.
    """
    feature = key.declared
    if not feature.greatest:
        return np.zeros(0, np.uint32)
    value = np.arange(feature.greatest + 1)
    band = np.searchsorted(key.bands, value, side="right") if isinstance(key.bands, tuple) else value // key.bands
    if key.zero_apart:
        band = np.where(value > 0, band + 1, 0)
    code = np.unique(band if key.direction == "ascending" else -band, return_inverse=True)[1]
    worst = code.max()
    if key.unknown is not None:
        unknown = {"first": -1, "before-worst": worst, "with-worst": worst, "last": worst + 1}[key.unknown]
        code = np.append(code + (code == worst) * (key.unknown == "before-worst"), unknown) + (unknown < 0)
    found = code.astype(np.min_scalar_type(int(code.max())))
    found.setflags(write=False)
    return found
