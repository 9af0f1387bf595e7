"""Damaged copies of a file, from a seed: a reader gives a result or a known error for each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_DELIMITERS = b",;\t%|+~/^?:*\"'\n\r{}[]<>=#"
_PIECES = (
    b"9" * 5_000, b"\xff", b"\0", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b'""', b"\r", b"\n\n", b",,,",
    b"-1", b"1e999", b"nan", b"\xef\xbc\x91", b"0" * 20, b"[" * 3_000, b"\\u", b"*", b":", b"/",
    b"9999999999999999999", b"A*01:01", b"XX",
)  # fmt: skip


def mutated(data: bytes, seed: int) -> bytes:
    """Return a copy of some bytes with one to four changes.

    >>> mutated(b"donor_id,A_1,A_2", 7) == mutated(b"donor_id,A_1,A_2", 7)
    True
    """
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(_CHANGES)(data, chance)
    return data


def copies(data: bytes, n: int, *, first_seed: int = 0) -> Iterator[bytes]:
    """Yield changed copies, one a seed."""
    for seed in range(first_seed, first_seed + n):
        yield mutated(data, seed)


def _flip(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    """Write random bytes, or the greatest numbers there are, over some."""
    start = chance.randrange(len(data) + 1)
    size = chance.choice((1, 2, 4, 8))
    written = chance.choice((chance.randbytes(size), b"\xff" * size, b"\0" * size, b"\x7f" + b"\xff" * (size - 1)))
    return data[:start] + written + data[start + size :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _behead(data: bytes, chance: random.Random) -> bytes:
    return data[chance.randrange(len(data) + 1) :]


def _remove(data: bytes, chance: random.Random) -> bytes:
    start, end = _chunk(data, chance)
    return data[:start] + data[end:]


def _double(data: bytes, chance: random.Random) -> bytes:
    start, end = _chunk(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 3, 50)) + data[end:]


def _move(data: bytes, chance: random.Random) -> bytes:
    start, end = _chunk(data, chance)
    rest = data[:start] + data[end:]
    at = chance.randrange(len(rest) + 1)
    return rest[:at] + data[start:end] + rest[at:]


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_PIECES) + data[at:]


def _swap_delimiter(data: bytes, chance: random.Random) -> bytes:
    one, other = (bytes([chance.choice(_DELIMITERS)]) for _ in range(2))
    return data.replace(one, other, chance.choice((1, -1)))


def _chunk(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((1, 3, 10, 100, 1_000)))


_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _flip, _overwrite, _cut, _behead, _remove, _double, _move, _insert, _insert, _swap_delimiter,
)  # fmt: skip
