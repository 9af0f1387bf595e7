"""Synthetic volunteers and patients: truth drawn from a pool of haplotypes, and how each decade would report it.

No real person is described: haplotypes are drawn at random (Hardy-Weinberg equilibrium, DPB1 independent of the other
loci), attributes independently of them. The same seed and date give the same persons.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_count
from hla_match.synthetic import chinese_haplotypes as published

POOL_SEED = 20_200_101
"""Seed of the pool of every registry: registries and patients of any seed come from one population."""

DONOR_PREFIX = "SYN"
"""What the identifiers of volunteers begin with."""

_ORDER = ("A", "B", "C", "DRB1", "DQB1", "DPB1")
_CITIES = (
    "Hangzhou", "Ningbo", "Wenzhou", "Jiaxing", "Huzhou", "Shaoxing", "Jinhua", "Quzhou", "Zhoushan", "Taizhou",
    "Lishui",
)  # fmt: skip
_DIAGNOSES = ("AML", "ALL", "MDS", "SAA", "NHL", "CML")
_DIAGNOSIS_SHARE = (0.36, 0.25, 0.14, 0.13, 0.07, 0.05)
_DAYS_A_YEAR = 365.25
_YEARS_OF_REGISTRATION = 30
_OLDEST = 60
# Years before the date of the registry in which one way of typing gave way to the next.
_ERA_ENDS = (20.0, 14.0, 8.0)
_RETYPED = 0.03
_BLANK_SECOND = 0.2
# The pool's tail falls as 1/(rank + 300): flat enough that none of it exceeds the published head.
_TAIL_OFFSET = 300.0

# The forms that a typing is reported in, and of 256 typings of an era how many have each: serology and XX; XX and
# lists; G groups and two fields; two to four fields.
_FORMS = ("split", "broad", "XX", "list", "G", "two", "three", "four")
_FORM_OF_256 = (
    (118, 20, 118, 0, 0, 0, 0, 0),
    (0, 0, 141, 115, 0, 0, 0, 0),
    (0, 0, 0, 13, 115, 128, 0, 0),
    (0, 0, 0, 0, 0, 64, 84, 108),
)
# The share of volunteers of an era who are typed at each locus of _ORDER.
_TYPED = (
    (1.0, 1.0, 0.0, 0.9, 0.0, 0.0),
    (1.0, 1.0, 0.4, 1.0, 0.1, 0.0),
    (1.0, 1.0, 1.0, 1.0, 0.6, 0.0),
    (1.0, 1.0, 1.0, 1.0, 1.0, 0.6),
)
_RECENT = len(_TYPED) - 1

_Codes = NDArray[np.int64]
_Era = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Truth:
    """True alleles: by locus the names there are, and of each person two indexes into them, shape (2, persons)."""

    names: dict[str, tuple[str, ...]]
    codes: dict[str, NDArray[np.uint8]]


def haplotype_pool(seed: int, n_tail: int = 6000) -> tuple[list[tuple[str, ...]], NDArray[np.float64]]:
    """Return haplotypes, alleles in the order A, C, B, DRB1, DQB1, and their frequencies, which sum to 1.

    The head is published (`hla_match.synthetic.chinese_haplotypes`). The tail holds the rest of the mass: `n_tail`
    other combinations of the head's blocks A, C~B and DRB1~DQB1, drawn without replacement in proportion to the
    product of the blocks' frequencies, the first drawn the most frequent.

    Raises:
        CriteriaError: the head's blocks have no `n_tail` further combinations, or `n_tail` is below 1.

    >>> haplotypes, frequencies = haplotype_pool(1)
    >>> haplotypes[0], float(frequencies[0]), len(haplotypes)
    (('33:03', '03:02', '58:01', '03:01', '02:01'), 0.054111, 6100)
    """
    head = [haplotype for haplotype, _ in published.HEAD]
    head_frequency = np.array([frequency for _, frequency in published.HEAD])
    blocks, shares, rows = [], [], []
    for first, last in ((0, 1), (1, 3), (3, 5)):
        parts = [haplotype[first:last] for haplotype in head]
        distinct = sorted(set(parts))
        row = np.array([distinct.index(part) for part in parts])
        blocks.append(distinct)
        rows.append(row)
        shares.append(np.bincount(row, weights=head_frequency))
    weight = shares[0][:, None, None] * shares[1][None, :, None] * shares[2][None, None, :]
    weight[tuple(rows)] = 0.0
    flat = weight.ravel()
    possible = int(np.count_nonzero(flat))
    if not 1 <= n_tail <= possible:
        raise CriteriaError("n_tail", found=n_tail, expected=f"1 to {possible}, the further combinations of blocks")
    # Gumbel's trick: the largest of log-weight plus Gumbel noise are a weighted draw without replacement, in order.
    with np.errstate(divide="ignore"):
        key = np.log(flat) + np.random.default_rng(seed).gumbel(size=flat.size)
    chosen = np.argsort(-key, kind="stable")[:n_tail]
    tail = [
        blocks[0][a] + blocks[1][cb] + blocks[2][dr]
        for a, cb, dr in zip(*(axis.tolist() for axis in np.unravel_index(chosen, weight.shape)), strict=True)
    ]
    fall = 1.0 / (np.arange(n_tail) + _TAIL_OFFSET)
    tail_frequency = fall * ((1.0 - head_frequency.sum()) / fall.sum())
    return head + tail, np.concatenate([head_frequency, tail_frequency])


def volunteers(n: int, *, seed: int = 1, as_of: datetime.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `n` volunteers as a registry reports them on `as_of`, oldest registration first, and their true alleles.

    The first frame has the columns of a donor file (locus by locus two typings, then attributes), the second
    ``donor_id`` and the two-field alleles.

    Raises:
        CriteriaError: `n` is negative.
    """
    check_count("n", n, least=0)
    return _volunteers(np.random.default_rng([seed, 0]), _identifiers(DONOR_PREFIX, 7, 1, n), as_of)


def volunteer_parts(n: int, *, seed: int = 1, as_of: datetime.date, part: int = 500_000) -> Iterator[pl.DataFrame]:
    """Yield `n` volunteers as a registry reports them on `as_of`, `part` at a time, for registries of millions.

    Every part has its own seed and is a registry of all decades in small, so that fewer volunteers of the same seed and
    part are the first ones of more. They are other persons than those of `volunteers`.

    Raises:
        CriteriaError: `n` is negative, or `part` is below 1.

    >>> [part.height for part in volunteer_parts(5, as_of=datetime.date(2026, 1, 1), part=2)]
    [2, 2, 1]
    """
    check_count("n", n, least=0)
    check_count("part", part)
    return _parts(n, seed, as_of, part)


def _parts(n: int, seed: int, as_of: datetime.date, part: int) -> Iterator[pl.DataFrame]:
    for number, first in enumerate(range(0, n, part)):
        identifier = _identifiers(DONOR_PREFIX, 8, first + 1, part)
        reported, _ = _volunteers(np.random.default_rng([seed, 2, number]), identifier, as_of)
        yield reported.head(n - first)


def _volunteers(
    rng: np.random.Generator, identifier: pl.Series, as_of: datetime.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return volunteers with these identifiers, as in `volunteers`."""
    n = len(identifier)
    years_ago = np.sort(rng.random(n) * _YEARS_OF_REGISTRATION)[::-1]
    era = np.searchsorted(-np.array(_ERA_ENDS), -years_ago, side="right").astype(np.uint8)
    era[rng.random(n) < _RETYPED] = _RECENT
    truth = _draw_truth(rng, n)
    age_at_registration = 18.0 + 22.0 * rng.beta(1.2, 3.0, n)
    age = np.minimum(age_at_registration + years_ago, _OLDEST)
    attributes = _attributes(rng, as_of, age, male=0.556, cmv=(0.50, 0.06, 0.44))
    attributes["status"] = _choice(rng, n, ("AV", "TU", "DE", "RS"), (0.859, 0.09, 0.05, 0.001))
    attributes["registered_on"] = _dates(as_of, years_ago)
    attributes["last_contact_on"] = _dates(as_of, years_ago * rng.random(n))
    attributes["city"] = _choice(rng, n, _CITIES, (1.0,) * len(_CITIES))
    reported = pl.DataFrame({"donor_id": identifier, **_report(rng, truth, era), **attributes})
    return reported, pl.DataFrame({"donor_id": identifier, **_true_columns(truth)})


def patients(n: int, *, seed: int = 1, as_of: datetime.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `n` patients as hospitals type them on `as_of`, and their true alleles, from the volunteers' population.

    The first frame has the columns of a patient file, the second ``patient_id`` and the two-field alleles. A seed gives
    other persons than the same seed gives to `volunteers`.

    Raises:
        CriteriaError: `n` is negative.
    """
    check_count("n", n, least=0)
    rng = np.random.default_rng([seed, 1])
    # A few arrive with a typing of the decade before; the search starts from it all the same.
    era = np.where(rng.random(n) < 0.1, _RECENT - 1, _RECENT).astype(np.uint8)
    truth = _draw_truth(rng, n)
    identifier = _identifiers("P", 5, 1, n)
    age = 1.0 + 69.0 * rng.beta(1.6, 1.8, n)
    attributes = _attributes(rng, as_of, age, male=0.58, cmv=(0.87, 0.13, 0.0))
    attributes["diagnosis"] = _choice(rng, n, _DIAGNOSES, _DIAGNOSIS_SHARE)
    reported = pl.DataFrame({"patient_id": identifier, **_report(rng, truth, era), **attributes})
    return reported, pl.DataFrame({"patient_id": identifier, **_true_columns(truth)})


def forms_of(locus: str, allele: str) -> dict[str, str]:
    """Return how a two-field allele of the pool is written in each form.

    A form that a locus or allele does not have is another one that it has: XX for serology at C, DQB1 and DPB1, the
    antigen itself where it has no broad one, two fields where there is no list or G group, three where there
    are no four.

    >>> forms_of("B", "15:02")["split"], forms_of("B", "15:02")["broad"], forms_of("DRB1", "09:01")["G"]
    ('75', '15', '09:01:02G')
    """
    family = allele.partition(":")[0]
    unnamed = f"{family}:XX"
    split = published.SPLIT.get((locus, allele), str(int(family))) if locus in ("A", "B", "DRB1") else unnamed
    full = published.FULL_NAME.get((locus, allele), f"{allele}:01:01")
    return {
        "split": split,
        "broad": published.BROAD.get((locus, split), split),
        "XX": unnamed,
        "list": published.NEIGHBOURS.get(locus, {}).get(family, allele),
        "G": published.G_GROUP.get((locus, allele), f"{allele}:01G") or allele,
        "two": allele,
        "three": ":".join(full.split(":")[:3]),
        "four": full,
    }


def _draw_truth(rng: np.random.Generator, n: int) -> _Truth:
    """Draw two haplotypes a person, and two DPB1 alleles."""
    haplotypes, frequencies = haplotype_pool(POOL_SEED)
    drawn = _draw(rng, frequencies, (2, n))
    names, codes = {}, {}
    for column, locus in enumerate(published.LOCI):
        alleles = [haplotype[column] for haplotype in haplotypes]
        names[locus] = tuple(sorted(set(alleles)))
        row = {allele: code for code, allele in enumerate(names[locus])}
        codes[locus] = np.array([row[allele] for allele in alleles], dtype=np.uint8)[drawn]
    names["DPB1"] = tuple(published.DPB1)
    codes["DPB1"] = _draw(rng, np.array(list(published.DPB1.values())), (2, n)).astype(np.uint8)
    return _Truth(names, codes)


def _draw(rng: np.random.Generator, shares: NDArray[np.float64], shape: tuple[int, ...]) -> _Codes:
    """Draw indexes in proportion to `shares`."""
    cumulative = np.cumsum(shares)
    return np.searchsorted(cumulative[:-1] / cumulative[-1], rng.random(shape), side="right")


def _choice(rng: np.random.Generator, n: int, values: tuple[str | None, ...], shares: tuple[float, ...]) -> pl.Series:
    """Draw values in proportion to `shares`."""
    return pl.Series(values, dtype=pl.String).gather(_draw(rng, np.array(shares), (n,)))


def _identifiers(prefix: str, digits: int, first: int, n: int) -> pl.Series:
    """Return `n` numbers as identifiers, such as "SYN0000001"."""
    number = pl.int_range(first, first + n, eager=True).cast(pl.String).str.zfill(digits)
    return (prefix + number).alias("identifier")


def _dates(as_of: datetime.date, years_ago: NDArray[np.float64]) -> pl.Series:
    """Return the dates so many years before `as_of`."""
    return pl.Series(np.datetime64(as_of, "D") - (years_ago * _DAYS_A_YEAR).astype("timedelta64[D]")).cast(pl.Date)


def _attributes(
    rng: np.random.Generator,
    as_of: datetime.date,
    age: NDArray[np.float64],
    *,
    male: float,
    cmv: tuple[float, float, float],
) -> dict[str, pl.Series]:
    """Draw what volunteers and patients alike have; ABO and rhesus as in the Han of eastern China."""
    n = age.size
    sex = _choice(rng, n, ("M", "F"), (male, 1.0 - male))
    mean = np.where((sex == "M").to_numpy(), 68.0, 57.0)
    grown = np.minimum((age + 3.0) / 20.0, 1.0)
    weight = np.round(np.clip(rng.normal(mean, 9.0), 40.0, 120.0) * grown).astype(np.int64)
    return {
        "sex": sex,
        "birth_date": _dates(as_of, age),
        "abo": _choice(rng, n, ("O", "A", "B", "AB"), (0.36, 0.29, 0.25, 0.10)),
        "rhesus": _choice(rng, n, ("P", "N"), (0.995, 0.005)),
        "cmv": _choice(rng, n, ("P", "N", None), cmv),
        "weight_kg": pl.Series(weight),
    }


def _report(rng: np.random.Generator, truth: _Truth, era: _Era) -> dict[str, pl.Series]:
    """Write each person's alleles the way that the person's era would; both columns empty where it is not typed."""
    n = era.size
    form_of_byte = np.array([np.repeat(np.arange(len(_FORMS)), counts) for counts in _FORM_OF_256])
    columns: dict[str, pl.Series] = {}
    for place, locus in enumerate(_ORDER):
        written = [forms_of(locus, allele) for allele in truth.names[locus]]
        # The last entry is the empty one, so that an index says everything.
        words = pl.Series([forms[form] for forms in written for form in _FORMS] + [None], dtype=pl.String)
        empty = len(words) - 1
        codes = truth.codes[locus]
        form = form_of_byte[era, rng.integers(0, 256, (2, n), dtype=np.uint8)]
        index = codes.astype(np.int64) * len(_FORMS) + form
        # Which of the two came from which parent is not known to a laboratory.
        index = np.where(rng.random(n) < 0.5, index, index[::-1])
        index[1][(codes[0] == codes[1]) & (rng.random(n) < _BLANK_SECOND)] = empty
        typed = rng.random(n) < np.array([shares[place] for shares in _TYPED])[era]
        index[:, ~typed] = empty
        columns |= {f"{locus}_{side + 1}": words.gather(index[side]) for side in (0, 1)}
    return columns


def _true_columns(truth: _Truth) -> dict[str, pl.Series]:
    """Return the true alleles, two columns a locus."""
    return {
        f"{locus}_{side + 1}": pl.Series(truth.names[locus], dtype=pl.String).gather(truth.codes[locus][side])
        for locus in _ORDER
        for side in (0, 1)
    }
