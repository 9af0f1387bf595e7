"""Two records side by side: which steps left the same, and where the others begin to differ."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.checkouts.course import WORK, Left, Record
from benchmarks.checkouts.steps import Step

_SNAPSHOT = re.compile(r"snapshot-[0-9a-f]{16}")
_LONGEST = 200
"""Characters of a differing line that are shown."""


def findings(steps: Sequence[Step], base: Record, candidate: Record) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of every step, and a line for each part of what it left that differs.

    Names of snapshots are compared where both checkouts write the same format of registries: they are hashes of all
    files of a registry.
    """
    formats = [_formats(record) for record in (base, candidate)]
    for step in steps:
        before, after = base.left[step.name], candidate.left[step.name]
        yield step.name, list(_differences(before, after, (base, candidate), same_format=formats[0] == formats[1]))


def n_bytes(record: Record, name: str) -> int:
    """Return the bytes that a step left: printed, and in files that are still there."""
    left = record.left[name]
    sizes = [path.stat().st_size for path in (record.folder / WORK / one for one in left.files) if path.exists()]
    return len(left.output) + len(left.messages) + sum(sizes)


def _formats(record: Record) -> set[tuple[str, tuple[str, ...]]]:
    """Return the versions of the format of registries, with the names of their files, that the checkout writes."""
    found = set()
    for path in (record.folder / WORK).glob("*/snapshot-*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found.add((str(manifest["format_version"]), tuple(sorted(manifest["files"]))))
    return found


def _differences(before: Left, after: Left, records: tuple[Record, Record], *, same_format: bool) -> Iterator[str]:
    def compared(text: str) -> str:
        return text if same_format else _SNAPSHOT.sub("snapshot-...", text)

    if before.code != after.code:
        yield f"exit code {before.code}, now {after.code}"
    for what, old, new in (("output", before.output, after.output), ("messages", before.messages, after.messages)):
        if compared(old) != compared(new):
            yield f"{what}, {_first_difference(compared(old), compared(new))}"
    old_files = {compared(path): path for path in before.files}
    new_files = {compared(path): path for path in after.files}
    for name in sorted(old_files.keys() | new_files.keys()):
        if not same_format and "snapshot-..." in name and "imputed-" not in name:
            continue
        if name not in new_files or name not in old_files:
            yield f"{name}: written by {'the base' if name in old_files else 'the candidate'} alone"
        elif before.files[old_files[name]] != after.files[new_files[name]]:
            paths = [
                record.folder / WORK / path
                for record, path in zip(records, (old_files[name], new_files[name]), strict=True)
            ]
            found = _differing_files(*paths, compared=compared)
            if found is not None:
                yield f"{name}{found}"


def _differing_files(old: Path, new: Path, *, compared: Callable[[str], str]) -> str | None:
    """Return where two files begin to differ, or None where they differ in names of snapshots only."""
    try:
        texts = [compared(path.read_text(encoding="utf-8")) for path in (old, new)]
    except UnicodeDecodeError:
        return f": {old.stat().st_size:,} bytes, now {new.stat().st_size:,} other ones"
    except FileNotFoundError:
        return ": other bytes; a later step removed them"
    return None if texts[0] == texts[1] else f", {_first_difference(*texts)}"


def _first_difference(old: str, new: str) -> str:
    old_lines, new_lines = old.splitlines(), new.splitlines()
    for number, (one, other) in enumerate(zip(old_lines, new_lines, strict=False), 1):
        if one != other:
            start = next(
                (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
                min(len(one), len(other)),
            )
            cut = slice(max(start - _LONGEST // 2, 0), start + _LONGEST // 2)
            return f"line {number}:\n      base      {one[cut]!r}\n      candidate {other[cut]!r}"
    shorter = min(len(old_lines), len(new_lines))
    longer = "base" if len(old_lines) > len(new_lines) else "candidate"
    return f"line {shorter + 1}: {longer} alone goes on: {(old_lines + new_lines)[-1][:_LONGEST]!r}"
