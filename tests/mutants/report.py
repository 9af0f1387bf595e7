"""What the trials found, as a section of ``tests/README.md``."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.trials import ROOT, Trial

README = ROOT / "tests" / "README.md"
REASONS = Path(__file__).with_name("survivors.toml")
_BEGIN, _END = "<!-- mutants -->", "<!-- end of mutants -->"


def reasons() -> dict[str, str]:
    """Return why a mutant may survive, by its name."""
    return dict(tomllib.loads(REASONS.read_text(encoding="utf-8")))


def room_of(path: str) -> str:
    """Return the room of a module.

    >>> room_of("hla_match/kernels/search/locus_count.py"), room_of("hla_match/choice/ranking.py")
    ('kernels', 'choice')
    """
    return path.split("/")[1]


def section(trials: Sequence[Trial], command: str, known: dict[str, str]) -> str:
    """Return the figures by room, and every survivor with its reason.

    Args:
        trials: of a sample.
        command: that made them.
        known: reasons by the names of mutants.
    """
    tried = Counter(room_of(trial.mutant.path) for trial in trials)
    killed = Counter(room_of(trial.mutant.path) for trial in trials if not trial.survived)
    lines = [f"`{command}`", "", "| room | mutants | killed | share |", "|---|---|---|---|"]
    rooms = [(room, tried[room], killed[room]) for room in sorted(tried)]
    for room, n, dead in [*rooms, ("all", len(trials), killed.total())]:
        lines.append(f"| {room} | {n} | {dead} | {dead / n:.0%} |")
    survivors = sorted({trial.mutant.name for trial in trials if trial.survived})
    if survivors:
        lines += ["", "| survivor | why |", "|---|---|"]
        lines += [f"| `{_cell(name)}` | {known.get(name, 'no test notices yet')} |" for name in survivors]
    return "\n".join(lines)


def write_section(text: str, readme: Path = README) -> None:
    """Put the figures between the marks of the page.

    Raises:
        ValueError: the page has no such marks.
    """
    page = readme.read_text(encoding="utf-8")
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{readme}: found no {_BEGIN} ... {_END}, expected both marks")
    readme.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", encoding="utf-8")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
