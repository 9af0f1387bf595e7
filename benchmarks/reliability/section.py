"""What attacks found, in words: a line while they run, a section of the report afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.machine import machine_line

FORMAT = "hla-match reliability results"
_SHOWN = 10


def in_words(found: dict[str, Any]) -> str:
    """Return what an attack found in one line."""
    n = len(found["findings"])
    return f"{n:,} problem{'s' * (n != 1)} in {found['trials']:,} trials, {found['seconds']:.0f} s: {_counts(found)}"


def reliability_section(document: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the report's section on attacks.

    Args:
        document: as `benchmarks.reliability.course.attack` returns it.
    """
    settings = document["settings"]
    yield from ("## Reliability", "")
    yield (
        "Attacks on the commands themselves, by `python -m benchmarks reliability`; a trial is run again with "
        f"`--only ATTACK --seed {settings['seed']} --trial N`."
    )
    yield from ("", f"{machine_line(document['machine'])}; {document['seconds'] / 60:.0f} minutes.", "")
    if settings["quick"]:
        yield from ("**A quick run: a few trials of each attack.**", "")
    yield from ("| attack | what it proves | done | problems |", "|---|---|---|---|")
    for found in document["results"]:
        n = len(found["findings"])
        problems = f"**{n:,}**" if n else "none"
        yield f"| {found['attack']} | {found['proves']} | {_counts(found)} | {problems} |"
    for found in document["results"]:
        if found["findings"]:
            yield from ("", f"### Problems of {found['attack']}", "")
            yield from (f"- trial {one['trial']}: {one['problem']}" for one in found["findings"][:_SHOWN])
            if len(found["findings"]) > _SHOWN:
                yield f"- {len(found['findings']) - _SHOWN:,} more in the results"


def _counts(found: dict[str, Any]) -> str:
    return ", ".join(f"{times:,} {what}" for what, times in found["counts"].items())
