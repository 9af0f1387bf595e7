"""Double-blind codes: what names a patient or a donor to whoever must not know who it is.

A code is a letter (P of a patient, D of a donor), eleven characters of a keyed hash (HMAC-SHA-256, RFC 2104) and a
check character, so that a character that was misread or two that changed places are found. A donor has another code in
every case: whoever sees the letters of two cases cannot tell that the donor is the same. The key stays in the registry.
"""

from __future__ import annotations

import hmac
import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"
"""31 characters, a prime number: without I, L, O, U and Z, which are taken for others."""
_VALUE = {one: value for value, one in enumerate(_ALPHABET)}
_BODY = 11
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "Z": "2", "-": "", " ": ""})
_FORM = re.compile(rf"([PD])([{_ALPHABET}]{{{_BODY + 1}}})")


def patient_code(secret: bytes, case: int) -> str:
    """Return the code of the patient of a case.

    >>> patient_code(b"key", 1) != patient_code(b"key", 2)
    True
    """
    return _code("P", secret, f"patient\n{case}")


def donor_code(secret: bytes, case: int, donor: int) -> str:
    """Return the code of a donor in a case; `donor` is the number that the record has of the donor.

    >>> read_code(donor_code(b"key", 1, 7).lower()) == donor_code(b"key", 1, 7)
    True
    """
    return _code("D", secret, f"donor\n{case}\n{donor}")


def read_code(text: str) -> str | None:
    """Return the code that a text is, in its usual form; None where it is none, or one that was miswritten.

    >>> read_code("D0000") is None
    True
    """
    packed = text.strip().upper()
    found = _FORM.fullmatch(packed[:1] + packed[1:].translate(_READ_AS))
    if found is None:
        return None
    letter, written = found[1], found[2]
    return _written(letter, written) if _check(letter, written[:-1]) == written[-1] else None


def _code(letter: str, secret: bytes, text: str) -> str:
    number = int.from_bytes(hmac.digest(secret, text.encode(), "sha256"))
    body = ""
    for _ in range(_BODY):
        number, digit = divmod(number, len(_ALPHABET))
        body += _ALPHABET[digit]
    return _written(letter, body + _check(letter, body))


def _check(letter: str, body: str) -> str:
    """Return the check character: a weighted sum modulo a prime, so that no single slip keeps it."""
    weighted = sum(place * _VALUE[one] for place, one in enumerate(body, start=2))
    return _ALPHABET[(weighted + (letter == "P")) % len(_ALPHABET)]


def _written(letter: str, body: str) -> str:
    return "-".join((letter, *(body[at : at + 4] for at in range(0, len(body), 4))))
