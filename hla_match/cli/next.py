"""``hla-match next``: which typing to order next for one patient, and how many donors to ask."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.search_options import SearchOptions, attribute_options, attributes_of, search_options
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.errors import CriteriaError
from hla_match.language import translated
from hla_match.language.retelling import retold
from registry_io.disk.writer_lock import user_name


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--hla", required=True, help="The patient's typing as a GL String.")
@click.option("--matched", type=click.IntRange(0, 6), help="Most mismatches of a matched donor.  [default: see page]")
@click.option("--wanted", default=1, show_default=True, type=click.IntRange(1), help="Donors matched and available.")
@click.option("--certainty", default=0.9, show_default=True, type=float, help="With which probability.")
@click.option(
    "--available", default="typing", show_default=True,
    help="typing, typing-asian, work-up, work-up-asian (published), or a share such as 0.6.",
)  # fmt: skip
@click.option("--odds", "odds", multiple=True, help="As woman=0.76, age=0.9 (ten years) or contact=0.95 (a year).")
@click.option("--cost", "costs", multiple=True, help="Of a locus as DPB1=2, each=1, or order=3; can be repeated.")
@search_options(limit=20, limit_help="Donors to look at.")
@attribute_options
def command(
    registry: Path,
    hla: str,
    matched: int | None,
    wanted: int,
    certainty: float,
    available: str,
    odds: tuple[str, ...],
    costs: tuple[str, ...],
    options: SearchOptions,
    **of_patient: str | None,
) -> None:
    """Say which typing to order next in REGISTRY for one patient, and how many of the donors to ask."""
    from hla_match.matching.criteria import Patient
    from hla_match.next_steps.availability import Availability
    from hla_match.next_steps.typing_costs import TypingCosts
    from hla_match.services.notices import Notices
    from hla_match.services.searched_registry import SearchedRegistry

    assumed = Availability.named(available, **named_numbers("odds", odds, _ODDS))
    prices = named_numbers("cost", costs)
    named = {name: prices.pop(word) for word, name in _PRICES.items() if word in prices}
    of_typings = TypingCosts(**named, loci={locus.upper(): cost for locus, cost in prices.items()})
    patient = Patient.from_gl_string("patient", hla).model_copy(update=attributes_of(of_patient))
    searched = SearchedRegistry.open(registry, options.request, Notices(say_notice))
    prepare_kernels(probabilities=searched.will_predict)
    from hla_match.reporting.next_steps_table import next_steps_table
    from hla_match.services.search import search_opened

    with own_progress() as on_iteration:
        searched = searched.ready(on_iteration)
    matches = search_opened(searched, patient, actor=user_name())
    steps = matches.next_steps(
        first=max(1, len(matches)),
        mismatches=matched,
        wanted=wanted,
        certainty=certainty,
        availability=assumed,
        costs=of_typings,
    )
    for notice in matches.notices:
        say(translated("note: {note}", note=retold(notice)))
    next_steps_table(steps)


_ODDS = {"woman": "woman", "age": "ten_years", "contact": "year_since_contact"}
_PRICES = {"each": "locus", "order": "order"}


def named_numbers(option: str, texts: tuple[str, ...], names: dict[str, str] | None = None) -> dict[str, float]:
    """Read numbers with names, such as ``DPB1=2``.

    Args:
        option: that gave them.
        texts: as given.
        names: what each name stands for; None for any name.

    Raises:
        CriteriaError: a text is no name and number, or a name is unknown or given twice.

    >>> named_numbers("odds", ("woman=0.8", "age = 0.9"), _ODDS)
    {'woman': 0.8, 'ten_years': 0.9}
    """
    found: dict[str, float] = {}
    given: set[str] = set()
    for text in texts:
        word, _, written = (part.strip() for part in text.partition("="))
        name = word if names is None else names.get(word, "")
        try:
            number = float(written)
        except ValueError:
            name = ""
            number = 0.0
        # Loci are named in letters of either kind.
        if not name or name.casefold() in given:
            known = "a name" if names is None else f"one of {', '.join(names)}"
            raise CriteriaError(option, found=text, expected=f"{known}, once, and a number, such as age=0.9")
        given.add(name.casefold())
        found[name] = number
    return found
