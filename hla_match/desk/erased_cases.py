"""Which cases were erased while the desk runs, whose lists it then shows no longer."""

from __future__ import annotations

import threading
from pathlib import Path

from registry_io.store.case_records import erased_cases
from registry_io.store.registry_folder import record_state


class ErasedCases:
    """The erased cases of a registry, read again when somebody has written to the record; threads may share it.

    Args:
        folder: the registry's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read: tuple[object, frozenset[int]] | None = None

    def __contains__(self, number: int) -> bool:
        """Say whether a case was erased.

        Raises:
            RegistryError: the record is damaged.
        """
        with self._lock:
            # What is written while the record is read is read the next time.
            state = record_state(self._folder)
            if self._read is None or self._read[0] != state:
                self._read = (state, erased_cases(self._folder))
            return number in self._read[1]
