"""Who and what was erased while the desk runs, whose lists it then shows no longer: cases, and records of donors."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from hla_match.errors import ErrorCode, RegistryError
from registry_io.store.case_records import erased_cases
from registry_io.store.past_registry import last_erased_at
from registry_io.store.registry_folder import record_state


@dataclass(frozen=True, slots=True)
class _Read:
    """What the record told when it was read.

    Attributes:
        state: of its files then.
        cases: those that were erased.
        last: number of the latest transaction that erased records of donors; None where nobody can read it.
    """

    state: object
    cases: frozenset[int]
    last: int | None


class Erasures:
    """What was erased from a registry, read again when somebody has written to the record; threads may share it.

    Args:
        folder: the registry's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read: _Read | None = None

    def has_case(self, number: int) -> bool:
        """Say whether a case was erased.

        Raises:
            RegistryError: the record is damaged.
        """
        return number in self._now().cases

    def may_follow(self, transaction: int | None) -> bool:
        """Say whether a registry as of a transaction may hold donors who were erased after it.

        Args:
            transaction: the number; None where the registry tells none.

        Raises:
            RegistryError: the record is damaged.
        """
        last = self._now().last
        return last is None or (last > 0 if transaction is None else transaction < last)

    def _now(self) -> _Read:
        with self._lock:
            # What is written while the record is read is read the next time.
            state = record_state(self._folder)
            if self._read is None or self._read.state != state:
                try:
                    self._read = _Read(state, erased_cases(self._folder), last_erased_at(self._folder))
                except RegistryError as error:
                    # Without its key an encrypted record tells of no erasure; no case can be opened without it, either.
                    if error.code != ErrorCode.REGISTRY_KEY:
                        raise
                    return _Read(state, frozenset(), None)
            return self._read
