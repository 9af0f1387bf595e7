"""The registry before the last change made valid again, which the record tells of as a change of its own."""

from __future__ import annotations

import datetime
from contextlib import ExitStack
from pathlib import Path

from hla_match.errors import ErrorCode, RegistryError
from registry_io.disk.writer_lock import user_name
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import has_journal
from registry_io.store.journal.transactions import Cause
from registry_io.store.record_state import catch_up, highest_published, is_gone, publish_state, transaction_of
from registry_io.store.recorded_registry import put_registry
from registry_io.store.registry_folder import current_snapshot, previous_snapshot, valid_snapshot, writing_registry
from registry_io.store.registry_versions import make_current, require_registry
from registry_io.store.snapshot_part import united
from registry_io.store.snapshot_store import open_parts


def roll_back(folder: Path, *, actor: str = "", reason: str = "") -> tuple[Path, Path | None]:
    """Make the previous snapshot valid again; return its folder, and that of the one which now is the previous one.

    Args:
        folder: the registry's.
        actor: who does it; by default the user's name.
        reason: why.

    Raises:
        RegistryError: there is no registry or no previous snapshot, or it is damaged, or the registry's record is gone;
            nothing was changed.
        LockedError: another process writes.
    """
    require_registry(folder)
    with writing_registry(folder), ExitStack() as opened:
        journal = opened.enter_context(Journal.writing(folder)) if has_journal(folder) else None
        if journal is not None:
            catch_up(folder, journal)
        elif published := highest_published(filter(None, (valid_snapshot(folder), previous_snapshot(folder)))):
            raise is_gone(folder, published)
        previous = _previous(folder)
        parts = open_parts(previous, verify=True)
        registry = united(parts)
        restored = registry.provenance.transaction
        if journal is not None:
            # Of a record that is gone, or of none: the donors are recorded as they are.
            if restored is not None and not journal.has_transaction(restored):
                restored = None
            cause = Cause(
                action="rollback",
                day=datetime.date.today(),
                actor=actor or user_name(),
                reason=reason,
                same_as=restored,
            )
            # The snapshot of then has them, or its reports do.
            known = restored if restored is not None else transaction_of(registry.provenance, journal)
            if journal.erasures(known or 0):
                if known is None or not journal.has_transaction(known):
                    raise _of_no_record(folder)
                _restore(folder, journal, cause, known)
                return current_snapshot(folder), previous_snapshot(folder)
            with journal.transaction(cause) as entry:
                put_registry(entry, registry)
                if restored is not None:
                    # Without the codes that came since, which typings would be read with from then on.
                    entry.settings = journal.transaction_at(restored).settings
        if journal is not None and restored is None:
            publish_state(folder, journal)
            return current_snapshot(folder), previous_snapshot(folder)
        make_current(
            previous, [part.path for part in parts], acknowledge=journal.commit if journal is not None else None
        )
        return previous, previous_snapshot(folder)


def _restore(folder: Path, journal: Journal, cause: Cause, number: int) -> None:
    """Publish the donors of a transaction as the record has them: without those who were erased since."""
    with journal.transaction(cause) as entry:
        entry.settings = journal.transaction_at(number).settings
        for persons in journal.persons_at(number):
            entry.put(persons.drop("row"), action="rollback")
        entry.withdraw_others(action="rollback")
    if entry.recorded is not None:
        publish_state(folder, journal)


def _previous(folder: Path) -> Path:
    found = previous_snapshot(folder)
    if found is None:
        raise RegistryError(
            str(folder),
            found="no earlier snapshot",
            expected="the one before the last import",
            hint="import an earlier donor file in its place",
            code=ErrorCode.REGISTRY_NO_EARLIER,
        )
    return found


def _of_no_record(folder: Path) -> RegistryError:
    return RegistryError(
        str(folder),
        found="an earlier snapshot of a record that is gone, with persons who may have been erased since",
        expected="one that the record knows",
        hint="import an earlier donor file in its place",
        code=ErrorCode.REGISTRY_NO_EARLIER,
    )
