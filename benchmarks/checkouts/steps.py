"""The steps that both checkouts take: every command, with the options that decide results."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.checkouts import corner_persons
from benchmarks.checkouts.bad_inputs import BAD_LINES

LISTS_WORKER = "lists_worker.py"
_AS_OF = ("--as-of", "2026-11-01")
_PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01"
_OLD_PATIENT = "A*02:XX+A*24:XX^B*15:XX+B*46:XX^DRB1*09:XX+DRB1*15:XX"

_CORNER_IMPUTED = "--out corner_imputed.parquet --limit 5 --loci A,B,DPB1"
_CORNER_ESTIMATE = (
    "frequencies estimate corner --out corner_estimated.csv --loci A,B,DRB1 --restarts 2 --bootstrap 3 --seed 7"
)


@dataclass(frozen=True)
class Step:
    """One process of both checkouts.

    Attributes:
        name: of the line that the comparison prints.
        arguments: after ``hla-match``; where `script` is set, those of the script.
        script: a Python script of this package that uses public names only, in place of a command.
        standard_input: what the process reads there.
        is_needed: later steps rest on it, so that it runs in every selection.
        is_slow: left out in a quick run.
    """

    name: str
    arguments: tuple[str, ...]
    script: str = ""
    standard_input: str = ""
    is_needed: bool = False
    is_slow: bool = False


def steps(data: Path) -> tuple[Step, ...]:
    """Return all steps in their order.

    Args:
        data: the folder of shared data.
    """
    shared = data / "data" / "registry_103k"
    han = str(data / "data" / "frequencies" / "synthetic_han_5locus.csv")
    codes = ("--codes", str(shared / "mac.txt"))
    corner_imputed = ("--frequencies", corner_persons.FREQUENCIES, *_CORNER_IMPUTED.split())
    corner_codes = ("--codes", corner_persons.CODES)
    return (
        Step("install", ("nomenclature", "install", "--from", str(data / "imgt" / "3.58.0")), is_needed=True),
        Step("install-3.33", ("nomenclature", "install", "--from", str(data / "imgt" / "3.33.0")), is_needed=True),
        Step("import", ("registry", "import", "shared", str(shared / "donors.csv.gz"), *codes), is_needed=True),
        Step("corner-import", ("registry", "import", "corner", corner_persons.DONORS, *corner_codes), is_needed=True),
        Step(
            "frequencies-install",
            ("frequencies", "install", corner_persons.FREQUENCIES, "--name", "corner-set"),
            is_needed=True,
        ),
        *_first_predictions(han),
        Step(
            "corner-import-keep",
            ("registry", "import", "keeping", corner_persons.DONORS, *corner_codes, "--ambiguous-nulls", "keep"),
            is_needed=True,
        ),
        Step("nomenclature-list", ("nomenclature", "list")),
        *(
            Step(f"nomenclature-show-{number}", ("nomenclature", "show", name))
            for number, name in enumerate(("A*02:01:01G", "DPB1*04:01", "B*15:XX", "A*24:09N"))
        ),
        Step("info", ("registry", "info", "shared")),
        Step("corner-info", ("registry", "info", "corner")),
        Step("verify", ("registry", "verify", "shared")),
        *_reductions(codes),
        *_batches(str(shared / "patients.csv"), han),
        *_corner_batches(),
        *_searches(han),
        Step(
            "impute", ("impute", "shared", str(shared / "patients.csv"), "--frequencies", han, "--out", "imputed.csv")
        ),
        Step("corner-impute", ("impute", "corner", corner_persons.PATIENTS, *corner_imputed)),
        Step("frequencies-show", ("frequencies", "show", han)),
        Step("frequencies-list", ("frequencies", "list")),
        Step(
            "estimate",
            ("frequencies", "estimate", "shared", "--out", "estimated.csv", "--max-iterations", "30"),
            is_slow=True,
        ),
        Step("corner-estimate", tuple(_CORNER_ESTIMATE.split())),
        Step("demo", ("demo", "--donors", "5000", "--folder", "demo")),
        Step("lists", ("shared", han, str(shared / "patients.csv"), "lists.json"), script=LISTS_WORKER),
        Step(
            "corner-lists",
            ("corner", corner_persons.FREQUENCIES, corner_persons.PATIENTS, "corner_lists.json"),
            script=LISTS_WORKER,
        ),
        *(Step(f"bad-{name}", arguments) for name, arguments in BAD_LINES.items()),
    )


def chosen_steps(all_steps: Sequence[Step], patterns: Sequence[str], *, quick: bool) -> tuple[Step, ...]:
    """Return the steps whose names match a pattern, and those that they rest on.

    Raises:
        ValueError: a pattern matches nothing.
    """
    for pattern in patterns:
        if not fnmatch.filter([step.name for step in all_steps], pattern):
            raise ValueError(f"no step matches {pattern!r}; there are {', '.join(step.name for step in all_steps)}")

    def is_chosen(step: Step) -> bool:
        if patterns:
            return any(fnmatch.fnmatchcase(step.name, pattern) for pattern in patterns)
        return not (quick and step.is_slow)

    return tuple(step for step in all_steps if step.is_needed or is_chosen(step))


def _first_predictions(han: str) -> list[Step]:
    """Return the searches that impute the donors, which their messages say; later ones find them imputed."""
    options = ("--max-mismatches", "2", "--patient-cmv", "N", "--limit", "60", *_AS_OF)
    return [
        Step(name, ("search", registry, "--hla", _PATIENT, "--frequencies", frequencies, *options), is_needed=True)
        for name, registry, frequencies in (
            ("search-p", "shared", han),
            ("corner-search-p", "corner", corner_persons.FREQUENCIES),
        )
    ]


def _reductions(codes: tuple[str, ...]) -> list[Step]:
    typings = "A*02:01\nA*02:XX\nB*15:01/B*15:02\nDRB1*15:01:01G\nA*24:02/A*24:09N\nB*40:01P\n"
    forms = (
        "A2 A24 B62(15) B60 DR4 DR15\nA*02:01+A*02:06|A*02:01+A*02:07\na*02:01+A*24:02\n"
        "DRB1*09:01+DRB1*15:01^DRB4*01:03+DRB5*01:01\nA*02:01+A*NEW\n"
    )
    return [
        *(
            Step(f"reduce-{level}", ("reduce", "--to", level, *codes), standard_input=typings)
            for level in ("P", "G", "lg", "S")
        ),
        Step("typing", ("typing", *codes), standard_input=forms),
        Step("typing-builtin", ("typing", "--nomenclature", "builtin", "--locus", "B", "62", "15:XX")),
    ]


def _batches(patients: str, han: str) -> list[Step]:
    """Return batches of the shared patients, without frequencies and with them."""
    start = ("batch", "shared", patients)
    predict = ("--frequencies", han)
    asked: dict[str, tuple[str, ...]] = {
        "10": ("--max-mismatches", "2"),
        "12": ("--scope", "12/12", "--limit", "200", "--max-mismatches", "3"),
        "8-limits": ("--scope", "8/8", "--max-mismatches", "2", "--locus-limit", "A=0", "--locus-limit", "DRB1=1"),
        "gvh": ("--direction", "gvh", "--max-mismatches", "2", "--limit", "100"),
        "hvg-strict": ("--direction", "hvg", "--null-rule", "strict", "--limit", "100"),
        "ages": ("--min-age", "20", "--max-age", "35", "--status", "AV,TU", "--limit", "50"),
        "p-10": (*predict, "--max-mismatches", "2", "--limit", "100"),
        "p-10-all": (*predict, "--max-mismatches", "1"),
        "p-12": (*predict, "--scope", "12/12", "--max-mismatches", "2", "--limit", "50"),
        "p-8-limits": (*predict, "--scope", "8/8", "--max-mismatches", "2", "--locus-limit", "B=0", "--limit", "100"),
        "p-gvh": (*predict, "--direction", "gvh", "--max-mismatches", "2", "--limit", "100"),
        "p-certain-first": (*predict, "--policy", "certain-first", "--max-mismatches", "2", "--limit", "100"),
        "p-one-locus": (*predict, "--scope", "B", "--max-mismatches", "0", "--limit", "100"),
        "p-shards": (*predict, "--max-mismatches", "3", "--limit", "30", "--workers", "2", "--shards", "3"),
    }
    slow = {"10", "p-10-all", "p-12"}
    found = [
        Step(f"batch-{name}", (*start, "--out", f"batch_{name}.csv", *options, *_AS_OF), is_slow=name in slow)
        for name, options in asked.items()
    ]
    for ending, name in (("parquet", "10"), ("jsonl", "gvh"), ("parquet", "p-10"), ("xlsx", "p-8-limits")):
        options = (*asked[name], "--limit", "10", *_AS_OF)
        found.append(Step(f"batch-{name}-{ending}", (*start, "--out", f"batch_{name}_short.{ending}", *options)))
    return found


def _corner_batches() -> list[Step]:
    """Return batches of the persons with every kind of typing."""
    predict = ("--frequencies", corner_persons.FREQUENCIES)
    asked: dict[str, tuple[str, tuple[str, ...]]] = {
        "10": ("corner", ("--max-mismatches", "3")),
        "strict": ("corner", ("--null-rule", "strict", "--max-mismatches", "2")),
        "keep": ("corner", ("--ambiguous-nulls", "keep", "--max-mismatches", "2")),
        "kept-donors": ("keeping", ("--max-mismatches", "2")),
        "drb345": ("corner", ("--scope", "A,B,DRB1,DRB345", "--max-mismatches", "3")),
        "genes": ("corner", ("--scope", "DRB1,DRB3,DRB4,DRB5,DPB1", "--max-mismatches", "4", "--direction", "gvh")),
        "p-12": ("corner", (*predict, "--scope", "12/12", "--max-mismatches", "3")),
        "p-strict": ("corner", (*predict, "--null-rule", "strict", "--max-mismatches", "2")),
        "p-kept": ("keeping", (*predict, "--ambiguous-nulls", "keep", "--max-mismatches", "2")),
        "p-drb345": ("corner", (*predict, "--scope", "A,B,DRB1,DRB345", "--max-mismatches", "3")),
        "p-hvg": ("corner", (*predict, "--direction", "hvg", "--max-mismatches", "4", "--limit", "40")),
        "p-certain": ("corner", (*predict, "--policy", "certain-first", "--limit", "25", "--scope", "6/6")),
    }
    return [
        Step(
            f"corner-{name}",
            ("batch", registry, corner_persons.PATIENTS, "--out", f"corner_{name}.csv", *options, *_AS_OF),
        )
        for name, (registry, options) in asked.items()
    ]


def _searches(han: str) -> list[Step]:
    """Return searches whose table goes to standard output."""
    search = ("search", "shared", "--hla", _PATIENT, *_AS_OF)
    old = ("search", "shared", "--hla", _OLD_PATIENT, *_AS_OF)
    nulls = ("search", "corner", "--hla", "A*01:11N+A*02:01^B*40:01^DRB1*15:01+DRB1*09:01^DRB5*01:01", *_AS_OF)
    of_patient = ("--patient-cmv", "P", "--patient-abo", "AB")
    return [
        Step("search", search),
        Step(
            "search-attributes",
            (*search, *of_patient, "--max-mismatches", "2", "--limit", "60"),
        ),
        Step("search-old", (*old, "--scope", "6/6", "--max-mismatches", "2", "--limit", "40")),
        Step("search-old-p", (*old, "--frequencies", han, "--global-frequencies", corner_persons.FREQUENCIES)),
        Step("search-nulls", (*nulls, "--scope", "A,B,DRB1,DRB345", "--max-mismatches", "3", "--limit", "40")),
        Step("search-nobody", (*search, "--min-age", "110")),
    ]
