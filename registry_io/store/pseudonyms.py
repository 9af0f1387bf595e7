"""Donors under pseudonyms: for who works with a registry's data and need not know whose they are.

An identifier becomes a keyed hash (HMAC-SHA-256, RFC 2104): the same key gives the same pseudonym, so that two exports
can be joined, and without the key nobody can try identifiers. Dates become the first day of their year, and texts that
are written freely are left out. HLA genotypes stay, and are themselves nearly unique: pseudonyms are not anonymity.
"""

from __future__ import annotations

import hashlib
import hmac

import polars as pl

from hla_match.donors.attribute_types import Date
from hla_match.donors.attributes import ATTRIBUTES
from registry_io.store.journal.person_texts import TYPINGS

FREE_TEXTS = ("city", "grid")
"""Attributes that hold texts of every kind."""

_DATES = tuple(name for name, attribute in ATTRIBUTES.items() if isinstance(attribute.type, Date))


def pseudonyms(identifiers: pl.Series, key: bytes) -> pl.Series:
    """Return what takes the place of identifiers: 64 hexadecimal digits each.

    >>> pseudonyms(pl.Series(["D1"]), b"0123456789abcdef")[0][:16]
    'db855efc97b02c6b'
    """
    found = [hmac.new(key, one.encode(), hashlib.sha256).hexdigest() for one in identifiers]
    return pl.Series(identifiers.name, found, pl.String)


def without_names(persons: pl.DataFrame) -> pl.DataFrame:
    """Return persons, who have pseudonyms already, without what says who they are, as far as that can be left out.

    Attributes that no donor file has are left out, too, since nobody knows what they hold.
    """
    own = [name for name in persons.columns if name in ATTRIBUTES and name not in FREE_TEXTS]
    typings = [name for name in TYPINGS if name in persons.columns]
    dates = [pl.col(name).dt.truncate("1y") for name in own if name in _DATES]
    return persons.select("donor_id", *typings, *own).with_columns(dates)
