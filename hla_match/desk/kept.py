"""Values that are kept for a while, under keys that nobody can guess; the one that was longest unused is forgotten."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")

_KEY_BYTES = 16


class Kept(Generic[Value]):
    """A store of at most so many values; threads may share it.

    Args:
        most: values that are kept.

    >>> store = Kept[str](most=1)
    >>> first = store.add("a")
    >>> second = store.add("b")
    >>> store.get(first), store.get(second), len(store)
    (None, 'b', 1)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, value: Value) -> str:
        """Keep a value and return its key."""
        key = secrets.token_urlsafe(_KEY_BYTES)
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return key

    def get(self, key: str) -> Value | None:
        """Return the value of a key, None where it was never given or is forgotten."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def remove(self, key: str) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._values.pop(key, None)

    def values(self) -> list[Value]:
        """Return all values, the one that was longest unused first."""
        with self._lock:
            return list(self._values.values())

    def items(self) -> list[tuple[str, Value]]:
        """Return all keys with their values, the one that was longest unused first."""
        with self._lock:
            return list(self._values.items())

    def __len__(self) -> int:
        return len(self._values)
