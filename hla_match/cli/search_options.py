"""The options that say which donors are wanted and in which order: one set, shared by ``search`` and ``batch``."""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from hla_match.cli.frequency_options import frequency_options
from hla_match.cli.moment import at_option
from hla_match.donors.attribute_types import Category, Number
from hla_match.donors.attributes import ATTRIBUTES, OLDEST, values_of
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.language import translated

if TYPE_CHECKING:
    from hla_match.services.searched_registry import SearchRequest


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What the options ask for.

    Attributes:
        request: which donors, in which order, under which frequencies.
        donor_lists: the files of donors to choose from or to leave out.
    """

    request: SearchRequest
    donor_lists: tuple[Path, ...]


def share(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """Return a share of one that an option states as 0.05 or 5%.

    Raises:
        click.BadParameter: it is none above 0 and up to 1.
    """
    if text is None:
        return None
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = math.nan
    if not 0 < found <= 1:
        raise click.BadParameter(
            translated("{text} is no share such as 5% or 0.05", text=repr(text)), context, parameter
        )
    return found


_AGE = click.IntRange(0, OLDEST)
_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--scope", default="10/10", show_default=True, help="6/6, 8/8, 10/10, 12/12 or loci: A,B,DRB1,DRB345."
    ),
    click.option("--max-mismatches", default=1, show_default=True, type=click.IntRange(0, 6), help="In scope."),
    click.option(
        "--locus-limit", "locus_limits", multiple=True, help="Most mismatches at a locus, as A=0; can be repeated."
    ),
    click.option(
        "--direction",
        default="both",
        show_default=True,
        type=click.Choice(["both", "gvh", "hvg"]),
        help="Which mismatches count.",
    ),
    click.option(
        "--null-rule",
        default="consensus",
        show_default=True,
        type=click.Choice(["consensus", "strict"]),
        help="Null alleles of both persons: equal (WMDA), or never.",
    ),
    click.option(
        "--ambiguous-nulls",
        type=click.Choice(["drop", "keep"]),
        help="Null alleles that a patient's lists and codes name beside others.  [default: as the donors' were read]",
    ),
    click.option("--status", default="AV", show_default=True, help="Donor statuses to include, separated by commas."),
    click.option("--min-age", type=_AGE, help="Completed years; donors without a birth date stay."),
    click.option("--max-age", type=_AGE, help="Completed years; donors without a birth date stay."),
    click.option(
        "--donor-type",
        default="donor",
        show_default=True,
        type=click.Choice(["donor", "cord", "any"]),
        help="Donors, units of cord blood, or both.",
    ),
    click.option("--sex", help="Sex of donors to include, as M or F,unknown."),
    click.option("--abo", help="Blood groups of donors to include, as A,O or O,unknown."),
    click.option("--cmv", help="CMV statuses of donors to include, as N or N,unknown."),
    click.option("--city", help="Cities of donors to include, separated by commas; unknown for none."),
    click.option(
        "--min-p",
        metavar="SHARE",
        callback=share,
        help="Least probability of at most --max-mismatches mismatches, as 5% or 0.05; unknown ones stay.",
    ),
    click.option(
        "--as-of",
        type=click.DateTime(["%Y-%m-%d"]),
        help="The date at which ages are computed.  [default: today; with --at the day then]",
    ),
    at_option("Search the registry as it was: number of a transaction, or a date, up to its end in UTC."),
    click.option(
        "--antibody-mfi",
        default=0,
        show_default=True,
        type=click.FloatRange(0),
        help="MFI from which on the patient's antibodies count.",
    ),
    click.option(
        "--without-antibodies",
        type=click.Choice(["certain", "possible", "none"]),
        callback=lambda _context, _option, value: None if value == "none" else value,
        help="Leave out donors with an allele that the patient has antibodies against, for certain or possibly; none "
        "leaves out nobody, whatever the policy says.",
    ),
    click.option("--only-donors", type=_FILE, help="File of the identifiers to choose from, one a line."),
    click.option("--without-donors", type=_FILE, help="File of identifiers to leave out, one a line."),
    frequency_options(required=False),
    click.option(
        "--verify", is_flag=True, help="Compare all files of the registry with their checksums, also of a large one."
    ),
    click.option(
        "--policy",
        metavar="NAME|FILE",
        help="Order of the donors, or its TOML file.  [default: wmda with frequencies, plain where there are none, "
        "certain-first with --frequencies none]",
    ),
)
_NAMES = (
    "scope", "max_mismatches", "locus_limits", "direction", "null_rule", "ambiguous_nulls", "status", "min_age",
    "max_age", "donor_type", "sex", "abo", "cmv", "city", "min_p", "antibody_mfi", "without_antibodies", "as_of",
    "only_donors", "without_donors", "policy", "limit", "frequencies", "global_frequencies", "verify", "at",
)  # fmt: skip


def attribute_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each attribute of a patient that has one."""
    for name, attribute in ATTRIBUTES.items():
        if attribute.option is not None:
            option = click.option(f"--patient-{name.replace('_', '-')}", type=_kind_of(name), help=attribute.option)
            command = option(command)
    return command


def _kind_of(name: str) -> click.ParamType[Any]:
    """Return what the option of an attribute takes."""
    kind = ATTRIBUTES[name].type
    if isinstance(kind, Category):
        return click.Choice(values_of(name))
    return click.FLOAT if isinstance(kind, Number) else click.STRING


def attributes_of(given: Mapping[str, str | float | None]) -> dict[str, str | float | None]:
    """Return the attributes of the patient that the options of `attribute_options` give, by their names.

    >>> attributes_of({"patient_cmv": "P", "patient_abo": None})
    {'cmv': 'P', 'abo': None}
    """
    return {name.removeprefix("patient_"): value for name, value in given.items()}


def refuse_beside_a_file(given: Mapping[str, str | float | None], *, patient_id: bool = False) -> None:
    """Refuse what is of one patient beside a file of patients.

    Args:
        given: as `attributes_of` returns it.
        patient_id: whether the patient's identifier was given, too.

    Raises:
        CriteriaError: the patient's identifier or an attribute is given.
    """
    named = [f"--patient-{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    named += ["--patient-id"] if patient_id else []
    if named:
        raise CriteriaError(
            "patients",
            found=InWords(f"{', '.join(named)} for all patients of a file"),
            expected="columns of the file, or one patient",
            code=ErrorCode.CRITERIA_CONFLICT,
        )


def search_options(*, limit: int | None, limit_help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a search; it receives them as one argument, `options`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_options(**values: Any) -> None:
            options = _options({name: values.pop(name) for name in _NAMES})
            command(options=options, **values)

        decorated: Callable[..., None] = with_options
        limited = click.option(
            "--limit", default=limit, show_default=limit is not None, type=click.IntRange(1), help=limit_help
        )
        for option in reversed((*_OPTIONS, limited)):
            decorated = option(decorated)
        return decorated

    return decorate


def _options(values: dict[str, Any]) -> SearchOptions:
    """Return what the values of the options ask for; a name that the criteria have stands for itself."""
    from hla_match.matching.criteria import SearchCriteria
    from hla_match.services.searched_registry import SearchRequest
    from registry_io.tables.identifier_file import read_identifiers

    status, as_of = values.pop("status"), values.pop("as_of")
    request = SearchRequest(
        **{name: values.pop(name) for name in ("policy", "frequencies", "global_frequencies", "verify", "at")}
    )
    request.checked()
    files = {name: path for name in ("only_donors", "without_donors") if (path := values.pop(name)) is not None}
    found = {
        **values,
        **{name: read_identifiers(path) for name, path in files.items()},
        "locus_limits": locus_limits(values["locus_limits"]),
        "statuses": tuple(part.strip().upper() for part in status.split(",")),
        **{name: _listed(values[name], is_city=name == "city") for name in ("sex", "abo", "cmv", "city")},
        "as_of": as_of.date() if as_of is not None else _day_of(request.at),
    }
    # What nobody asked for is left to the policy.
    criteria = SearchCriteria.model_validate({name: one for name, one in found.items() if not _is_default(name)})
    return SearchOptions(replace(request, criteria=criteria).checked(), tuple(files.values()))


def _is_default(name: str) -> bool:
    """Say whether a criterion that a policy can set was not asked for."""
    from hla_match.choice.ranking_policy import FILTERS

    return name in FILTERS and not was_given({"statuses": "status"}.get(name, name))


def was_given(option: str) -> bool:
    """Say whether an option of the running command was asked for."""
    return click.get_current_context().get_parameter_source(option) is not ParameterSource.DEFAULT


def _listed(text: str | None, *, is_city: bool) -> tuple[str, ...]:
    """Return the values of an option that lists some; those of few values in capitals.

    >>> _listed("n, Unknown", is_city=False), _listed("杭州", is_city=True), _listed(None, is_city=False)
    (('N', 'unknown'), ('杭州',), ())
    """
    parts = [part.strip() for part in text.split(",")] if text is not None else []
    if is_city and not all(parts):
        raise CriteriaError("city", found=InWords("nothing"), expected="names of cities, separated by commas")
    return tuple("unknown" if one.casefold() == "unknown" else one if is_city else one.upper() for one in parts)


def _day_of(at: int | datetime.date | None) -> datetime.date | None:
    """Return the date at which ages are computed; None for the one that the registry of a transaction has."""
    return at if isinstance(at, datetime.date) else None if at is not None else datetime.date.today()


def locus_limits(texts: tuple[str, ...]) -> dict[str, int]:
    """Read limits such as ``A=0``.

    Raises:
        CriteriaError: a text is no locus and number, or a locus is named twice.

    >>> locus_limits(("A=0", "drb1 = 1"))
    {'A': 0, 'DRB1': 1}
    """
    limits: dict[str, int] = {}
    for text in texts:
        locus, _, number = (part.strip() for part in text.partition("="))
        locus = locus.upper().removeprefix("HLA-")
        if number not in ("0", "1", "2") or locus in limits:
            raise CriteriaError("locus_limit", found=text, expected="a locus, once, and 0, 1 or 2, such as A=0")
        limits[locus] = int(number)
    return limits
