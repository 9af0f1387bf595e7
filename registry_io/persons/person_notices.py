"""What the reader of persons noticed about a file: what was read differently than written, and what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from registry_io.persons.column_lookalikes import Lookalikes, listed
from registry_io.tables.spreadsheet_values import Doubts, joined_doubts, said_doubts


@dataclass(frozen=True, slots=True)
class ReadNotes:
    """What the reader noticed about a file, or a slice of one.

    Attributes:
        file_notes: what is said of the whole file, such as its encoding.
        file_cautions: what may have gone wrong with it.
        ignored_columns: columns without a meaning, those that look as if they had one among them.
        named_columns: columns that go by another name than the project's, and the name they are read as.
        n_empty: rows without any content.
        ignored_loci: loci of GL Strings that are not read.
        n_reconciled: typings that stood in columns and in a GL String, of which one was taken.
        lookalikes: ignored columns that look as if they were meant to be read.
        doubts: what is doubtful of identifiers.
        cells: number of cells, by what was read differently than written, and column.
    """

    file_notes: tuple[str, ...]
    file_cautions: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    named_columns: Mapping[str, str]
    n_empty: int
    ignored_loci: frozenset[str]
    n_reconciled: int = 0
    lookalikes: Lookalikes = field(default_factory=Lookalikes)
    doubts: Doubts = field(default_factory=dict)
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __add__(self, other: ReadNotes) -> ReadNotes:
        """Add what was noticed about another slice of the same file."""
        return replace(
            self,
            n_empty=self.n_empty + other.n_empty,
            ignored_loci=self.ignored_loci | other.ignored_loci,
            n_reconciled=self.n_reconciled + other.n_reconciled,
            lookalikes=self.lookalikes | other.lookalikes,
            doubts=joined_doubts(self.doubts, other.doubts),
            cells=self.cells + other.cells,
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What may have gone wrong without an error, in words, for the last lines of a command."""
        return (*said_doubts(self.doubts), *self.lookalikes.cautions, *self.file_cautions)

    @property
    def notes(self) -> tuple[str, ...]:
        """The rest in words."""
        ignored = self.lookalikes.ignored(self.ignored_columns)
        named = [f"{name} as {meant}" for name, meant in self.named_columns.items()]
        words = {
            f"columns read: {listed(named)}": named,
            f"ignored columns: {', '.join(ignored)}": ignored,
            f"skipped {self.n_empty:,} empty rows": self.n_empty,
            f"ignored loci of GL Strings: {', '.join(sorted(self.ignored_loci))}": self.ignored_loci,
            f"{self.n_reconciled:,} typings given in columns and in gl_string: "
            "the DNA one or the finer one was taken": self.n_reconciled,
        }
        return (*self.file_notes, *(note for note, holds in words.items() if holds), *self._cell_notes)

    @property
    def _cell_notes(self) -> list[str]:
        """What is said of cells: one sentence a kind, with the columns and how many cells of each."""
        kinds: dict[str, list[str]] = {}
        for (note, column), n in self.cells.items():
            kinds.setdefault(note, []).append(f"{column} ({n:,})")
        return [f"{note}, cells of {listed(columns)}" for note, columns in kinds.items()]
