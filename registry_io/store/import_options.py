"""What can be asked of an import of donors."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import TypedDict, get_args

from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_day, check_name, check_text, check_type
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.disk.given_path import readable_name
from registry_io.disk.writer_lock import user_name
from registry_io.formats.mac_file import read_codes
from registry_io.store.import_modes import ImportMode, chosen_mode
from registry_io.store.journal.transactions import Cause
from registry_io.tables.budgets import Budgets


class ImportOptions(TypedDict, total=False):
    """The options of `registry_io.import_donors`, by name, as `ImportRequest` explains them."""

    today: datetime.date | None
    codes: MacTable | str | Path | None
    codes_source: str
    ambiguous_nulls: AmbiguousNulls | None
    add: bool
    update: bool
    replace: bool
    allow_shrink: bool
    again: bool
    file_date: datetime.date | None
    actor: str
    reason: str
    budgets: Budgets | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """The options of an import.

    Attributes:
        today: the day of the import; by default the clock's.
        codes: multiple allele codes beside those that the registry knows, or their file (NMDP's alpha.v3 layout).
        codes_source: name of their file where it is not given itself.
        ambiguous_nulls: what becomes of null alleles that a list or code names beside expressed ones; by default as in
            the registry, "drop" for a new one.
        add: take new donors; an identifier that is known is an error.
        update: add donors and replace their records.
        replace: take the file for the whole registry: who is not in it is withdrawn.
        allow_shrink: whether a replacement may lose more than a tenth of the donors.
        again: whether a file is taken that is older than what the registry knows.
        file_date: as of when the file is.
        actor: who imports it; by default the user's name.
        reason: why.
        budgets: what may be taken for the file; without them those of the environment.
    """

    today: datetime.date | None = None
    codes: MacTable | str | Path | None = None
    codes_source: str = ""
    ambiguous_nulls: AmbiguousNulls | None = None
    add: bool = False
    update: bool = False
    replace: bool = False
    allow_shrink: bool = False
    again: bool = False
    file_date: datetime.date | None = None
    actor: str = ""
    reason: str = ""
    budgets: Budgets | None = None

    def check(self) -> None:
        """Refuse what cannot be, before anything is read.

        Raises:
            CriteriaError: an option has a value that it cannot have, or several exclude each other.
        """
        if self.ambiguous_nulls is not None:
            check_name("ambiguous_nulls", self.ambiguous_nulls, get_args(AmbiguousNulls), expected="one of")
        for name in ("today", "file_date"):
            if getattr(self, name) is not None:
                check_day(name, getattr(self, name))
        # Of a clock of another time zone it may be the day after.
        last = (self.today or datetime.date.today()) + datetime.timedelta(days=1)
        if self.file_date is not None and self.file_date > last:
            raise CriteriaError(
                "file_date",
                found=self.file_date,
                expected="a day that has begun",
                hint="every later file would be out of order",
            )
        for name in ("actor", "reason"):
            check_text(name, getattr(self, name))
        expected = "a file of multiple allele codes, or a MacTable"
        check_type("codes", self.codes, MacTable, str, Path, NoneType, expected=expected)
        check_type("budgets", self.budgets, Budgets, NoneType, expected="budgets")
        chosen_mode(add=self.add, update=self.update, replace=self.replace)

    @property
    def mode(self) -> ImportMode | None:
        """What the file may do to a registry that is there; None where nothing is said.

        Raises:
            CriteriaError: several are asked for.
        """
        return chosen_mode(add=self.add, update=self.update, replace=self.replace)

    @property
    def cause(self) -> Cause:
        """The transaction that the import makes, but for what its file tells."""
        return Cause(
            action=self.mode or "import",
            day=self.today or datetime.date.today(),
            actor=self.actor or user_name(),
            reason=self.reason,
            file_date=self.file_date,
        )

    def read_codes(self) -> tuple[MacTable | None, str]:
        """Return the codes, read where they are a file, and where they come from.

        Raises:
            FileError: the file cannot be read.
        """
        if isinstance(self.codes, str | Path):
            return read_codes(Path(self.codes)), readable_name(Path(self.codes))
        return self.codes, self.codes_source
