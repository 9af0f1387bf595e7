"""``python -m tests.mutants``: draws mutants, tries them and says which of them no test notices."""

from __future__ import annotations

import argparse
import os
import random
import shlex
import sys
import time
from collections.abc import Sequence

from tests.mutants import report
from tests.mutants.sites import Mutant, mutants
from tests.mutants.trials import ROOT, Trial, run_trials

ROOMS = ("kernels", "typings", "nomenclature", "donors", "imputation", "estimation", "prediction", "matching", "choice")
_LEAST_SHARE = 0.85
"""Of sampled mutants that are killed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 1 where too few mutants are killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=100, help="mutants; 0: all of them")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--rooms", nargs="+", default=ROOMS, choices=ROOMS)
    parser.add_argument("--only", default="", help="mutants whose name holds this text")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--least", type=float, default=_LEAST_SHARE, help="share that has to be killed")
    parser.add_argument("--write", action="store_true", help="write the figures into tests/README.md")
    options = parser.parse_args(arguments)
    drawn = sample([one for one in every(options.rooms) if options.only in one.name], options.sample, options.seed)
    print(f"{len(drawn)} mutants", flush=True)
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    trials: list[Trial] = []
    for trial in run_trials(drawn, options.workers, tell):
        trials.append(trial)
        word = "SURVIVED" if trial.survived else "killed"
        tell(f"{len(trials)} of {len(drawn)}")
        print(f"{word:<9}{trial.mutant.path}:{trial.mutant.line} {trial.mutant.name.partition(':')[2]}", flush=True)
        print(f"         {trial.said}", flush=True)
    words = sys.argv[1:] if arguments is None else arguments
    shown = shlex.join(["python", "-m", "tests.mutants", *(word for word in words if word != "--write")])
    text = report.section(trials, shown, report.reasons())
    print(f"\n{text}")
    if options.write:
        report.write_section(text)
    share = sum(not trial.survived for trial in trials) / max(len(trials), 1)
    return 0 if share >= options.least else 1


def every(rooms: Sequence[str]) -> list[Mutant]:
    """Return all mutants of rooms, in the order of their modules and lines."""
    found: list[Mutant] = []
    for room in rooms:
        for path in sorted((ROOT / "hla_match" / room).rglob("*.py")):
            found += mutants(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    return found


def sample(found: Sequence[Mutant], n: int, seed: int) -> list[Mutant]:
    """Return some mutants in their order, the same ones for the same seed; all of them where `n` is 0."""
    if n == 0 or n >= len(found):
        return list(found)
    return [found[at] for at in sorted(random.Random(seed).sample(range(len(found)), n))]


if __name__ == "__main__":
    sys.exit(main())
