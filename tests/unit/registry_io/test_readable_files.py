"""Every form of a file in `tests/readable_files.py` is read as the table says, or refused as it says."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hla_match.errors import FileError
from registry_io.formats.frequency_file import read_frequencies
from registry_io.persons.person_table import read_persons
from tests.readable_files import FILE_FORMS, FileForm

TODAY = datetime.date(2026, 11, 1)


@pytest.mark.parametrize("form", FILE_FORMS, ids=lambda form: f"{form.heading}: {form.form}")
def test_a_file_is_read_as_the_table_says(tmp_path: Path, form: FileForm) -> None:
    path = tmp_path / form.name
    path.write_bytes(form.text.encode(form.encoding))
    try:
        if form.name == "f.csv":
            found = read_frequencies(path)
            row, said, refused = found.frame.row(0, named=True), [*found.notes, *found.cautions], []
        else:
            persons = read_persons(path, kind="donor", today=TODAY)
            row = persons.frame.row(0, named=True) if persons.frame.height else {}
            said = [*persons.notes, *persons.read_notes.cautions]
            places = [(one.column, one.reason) for one in persons.quarantined]
            places += persons.warnings.select("column", "reason").rows()
            refused = [f"column {column}: {reason}" for column, reason in places]
    except FileError as error:
        row, said, refused = {}, [], [str(error)]
    got = {name: str(row[name]) if isinstance(row.get(name), datetime.date) else row.get(name) for name in form.read}
    assert got == form.read
    assert bool(row) == bool(form.read)
    assert form.said in "\n".join(said)
    assert bool(refused) == bool(form.refused)
    assert form.refused in "\n".join(refused)
