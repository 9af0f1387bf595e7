"""Bombs: small files that ask for much, given to the command that reads them; none takes much memory or time."""

from __future__ import annotations

from benchmarks.reliability import bomb_files, bomb_runs, bombs
from benchmarks.reliability.attack import Attack, Tally
from benchmarks.reliability.scene import Scene


def _explode(scene: Scene, number: int, tally: Tally) -> None:
    bomb = bombs.BOMBS[number]
    folder = scene.folder / "bombs"
    bomb_runs.prepare(folder)
    found = bomb_runs.run(bomb, folder)
    tally.did("bombs")
    tally.did("read" if found.status == 0 else "refused")
    how = f"exit {found.status}, {found.seconds:.0f} s, {found.peak_mb:,.0f} MB: {found.said[:200]}"
    tally.expect(found.is_within, f"{bomb.name}: {how}")


BOMBS = Attack(
    "bombs",
    f"No input below {bomb_files.LARGEST_FILE // 1_000_000} MB takes more than {bomb_files.MOST_MEMORY_MB:,} MB or "
    f"{bomb_files.MOST_SECONDS} s, or ends in a traceback.",
    _explode,
    long=len(bombs.BOMBS),
    quick=1,
    at_once=1,
)
