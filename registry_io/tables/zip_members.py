"""The files in a zip, read within a budget: what a zip says of their sizes is not believed."""

from __future__ import annotations

import copy
import io
import lzma
import struct
import zipfile
import zlib
from typing import BinaryIO

from registry_io.tables.budgets import FileBudget

# A damaged zip meets more of Python than `zipfile` admits: methods it lacks, encryption, seeks before the start, names
# in no encoding, numbers beyond every type.
_DAMAGE = (
    EOFError, IndexError, NotImplementedError, OSError, OverflowError, RuntimeError, ValueError, lzma.LZMAError,
    struct.error, zlib.error,
)  # fmt: skip
_ENDLESS = 1 << 62


class ZipMembers:
    """The files of a zip by name; together they unpack to no more than the budget.

    Every other fault of the zip is a `zipfile.BadZipFile`.
    """

    def __init__(self, source: bytes | BinaryIO, budget: FileBudget) -> None:
        self._budget = budget
        self._n_bytes = 0
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
            # Of an entry without a name Python cannot tell whether it is a folder.
            self._entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        except _DAMAGE as error:
            raise zipfile.BadZipFile(str(error)) from error
        budget.check_members(len(self._entries))

    @property
    def names(self) -> list[str]:
        """Names as they stand in the zip, one an entry."""
        return [entry.filename for entry in self._entries]

    def read(self, number: int, *, most: int | None = None) -> bytes:
        """Return the bytes of an entry, and not much more of it than `most`.

        Raises:
            BudgetError: it and the entries read before unpack to more than the budget.
            zipfile.BadZipFile: the entry is damaged, encrypted, or packed by a method that Python lacks.
        """
        entry = copy.copy(self._entries[number])
        # Python stops reading at the size that the zip declares, other programs do not.
        declared, entry.file_size = entry.file_size, _ENDLESS
        left = self._budget.unpacked - self._n_bytes
        try:
            with self._archive.open(entry) as member:
                data = member.read(min(left, left if most is None else most) + 1)
        except _DAMAGE as error:
            raise zipfile.BadZipFile(str(error)) from error
        self._n_bytes += len(data)
        self._budget.check_unpacked(self._n_bytes)
        self._budget.check_time()
        if len(data) != declared and (most is None or len(data) <= most):
            raise zipfile.BadZipFile(f"{entry.filename[:60]!r} does not have the size that the zip says")
        return data
