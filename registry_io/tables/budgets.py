"""What a reader may take for one file: bounds that a small file cannot exceed and that grow with the file.

Every budget is what any file may take, or so much for each byte it has, whichever is more: a file of millions of donors
is read, and one of a few kilobytes that unpacks to gigabytes is refused. The environment variable `HLA_MATCH_BUDGETS`
raises or lowers them, as in ``columns=20000,unpacked_mb=4000``.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Self

from hla_match.errors import BudgetError, CriteriaError

VARIABLE = "HLA_MATCH_BUDGETS"
"""The environment variable that sets budgets."""

_MB = 1_000_000
_BYTES_A_RECORD = 20
_BYTES_A_PERSON = 40


def _now() -> tuple[float, float]:
    """Return seconds by the clock, and by the time of the processor."""
    return time.monotonic(), time.process_time()


@dataclass(frozen=True, slots=True)
class Budgets:
    """The bounds of every reader.

    Attributes:
        unpacked_mb: megabytes that a compressed file of any size may unpack to.
        ratio: how many times its size it may unpack to, where that is more.
        held_mb: megabytes of memory, as estimated, that a file of any size may take when it is read as a whole.
        held_ratio: how many times its size it may take, where that is more.
        columns: columns of a table.
        records: records that cannot be read, in a file of up to 10 MB; one for every 20 bytes of a larger one.
        persons: persons who are held together, as patients are, in a file of up to 10 MB; one for every 40 bytes of a
            larger one.
        populations: populations of a file of frequencies.
        members: files in a zip or workbook.
        seconds: that reading a file, and the work on its rows meanwhile, may take for a file of any size.
        seconds_per_mb: seconds for each megabyte of the file, where that is more.
    """

    unpacked_mb: int = 250
    ratio: int = 25
    held_mb: int = 400
    held_ratio: int = 40
    columns: int = 5_000
    records: int = 500_000
    persons: int = 250_000
    populations: int = 2_000
    members: int = 2_000
    seconds: int = 120
    seconds_per_mb: int = 20

    @classmethod
    def from_environment(cls) -> Self:
        """Return the budgets with those that `HLA_MATCH_BUDGETS` sets.

        Raises:
            CriteriaError: the variable names no budget, or gives it a value other than a whole number above 0.
        """
        text = os.environ.get(VARIABLE, "")
        names = [budget.name for budget in fields(cls)]
        given: dict[str, int] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (word.strip() for word in part.partition("="))
            # Twelve digits are beyond any machine, and Python refuses to read some thousands of them.
            if name not in names or not (value.isascii() and value.isdigit() and int(value[:13]) and len(value) <= 12):
                raise CriteriaError(
                    VARIABLE,
                    found=part[:60],
                    expected=f"NAME=NUMBER, joined by commas, with a name of {', '.join(names)} and a number above 0",
                )
            given[name] = int(value)
        return replace(cls(), **given)


@dataclass(frozen=True, slots=True)
class FileBudget:
    """The budgets of one file.

    Attributes:
        path: the file, as errors name it.
        size: its bytes.
        budgets: what any file may take.
        began: when reading began, by the clock and by the time of the processor.
    """

    path: str
    size: int
    budgets: Budgets
    began: tuple[float, float] = field(default_factory=_now, compare=False, repr=False)

    @classmethod
    def of(cls, path: Path | str, size: int, budgets: Budgets | None = None) -> Self:
        """Return the budgets of a file, those of the environment where none are given."""
        return cls(str(path), size, budgets if budgets is not None else Budgets.from_environment())

    @property
    def unpacked(self) -> int:
        """Bytes that the file may unpack to."""
        return max(self.budgets.unpacked_mb * _MB, self.budgets.ratio * self.size)

    @property
    def held(self) -> int:
        """Bytes of memory that what is read of it may take."""
        return max(self.budgets.held_mb * _MB, self.budgets.held_ratio * self.size)

    @property
    def seconds(self) -> float:
        """Seconds that reading the file may take."""
        return max(self.budgets.seconds, self.budgets.seconds_per_mb * self.size / _MB)

    def check_time(self) -> None:
        """Refuse a file that has been read for longer than it may.

        Of the time that passed and that of the processor the lesser counts: a command that is halted, or waits for a
        slow disk or for others, is not at fault.
        """
        taken = min(now - began for now, began in zip(_now(), self.began, strict=True))
        if taken > self.seconds:
            raise self._error(
                "seconds", int(self.seconds), f"more than {self.seconds:,.0f} seconds of reading {self.size:,} bytes",
                f"at most {self.budgets.seconds:,} seconds, or {self.budgets.seconds_per_mb:,} for each MB of the file",
            )  # fmt: skip

    def check_unpacked(self, n_bytes: int) -> None:
        """Refuse a file that unpacks to more than it may."""
        if n_bytes > self.unpacked:
            raise self._error(
                "unpacked_mb", n_bytes // _MB, f"more than {self.unpacked:,} bytes unpacked from {self.size:,}",
                f"at most {self.budgets.unpacked_mb:,} MB, or {self.budgets.ratio} times the size of the file",
            )  # fmt: skip

    def check_held(self, n_bytes: int, what: str) -> None:
        """Refuse a file whose content, named by `what`, would take more memory than it may."""
        if n_bytes > self.held:
            raise self._error("held_mb", n_bytes // _MB, what, f"what takes at most {self.held // _MB:,} MB of memory")

    def check_columns(self, n_columns: int) -> None:
        """Refuse a table with too many columns."""
        if n_columns > self.budgets.columns:
            raise self._error(
                "columns", n_columns, f"{n_columns:,} columns", f"at most {self.budgets.columns:,} columns"
            )

    def check_records(self, n_records: int) -> None:
        """Refuse a file with too many records that cannot be read: it is no table of persons."""
        most = max(self.budgets.records, self.size // _BYTES_A_RECORD)
        if n_records > most:
            raise self._error(
                "records", n_records, f"more than {most:,} findings about records that cannot be read",
                "a table of persons",
            )  # fmt: skip

    def check_persons(self, n_persons: int) -> None:
        """Refuse a file with more persons than can be held together."""
        most = max(self.budgets.persons, self.size // _BYTES_A_PERSON)
        if n_persons > most:
            raise self._error("persons", n_persons, f"more than {most:,} rows", f"at most {most:,} persons at a time")

    def check_populations(self, n_populations: int) -> None:
        """Refuse frequencies of too many populations."""
        if n_populations > self.budgets.populations:
            most = f"at most {self.budgets.populations:,} populations"
            raise self._error("populations", n_populations, f"{n_populations:,} populations", most)

    def check_members(self, n_members: int) -> None:
        """Refuse a zip of too many files."""
        if n_members > self.budgets.members:
            raise self._error(
                "members", n_members, f"{n_members:,} files in the zip", f"at most {self.budgets.members:,}"
            )

    def _error(self, name: str, needed: int, found: str, expected: str) -> BudgetError:
        # Where reading stopped at the bound, what is needed is not known: twice the bound is worth a try.
        wanted = 2 * max(getattr(self.budgets, name), needed)
        return BudgetError(
            self.path,
            budget=name,
            found=found,
            expected=expected,
            hint=f"the file may be damaged or made to do harm; if it is right, set {VARIABLE}={name}={wanted}",
        )
