"""The language of a command: by the option `--lang`, else by the environment; and click's own texts in it."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

import hla_match.language
from hla_match.language import DEFAULT, LANGUAGES, LOCALES, language_of, speaking

OPTION = "--lang"
VARIABLE = "HLA_MATCH_LANG"
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""What the system says the language by; the first that is set counts."""

_DOMAIN = "click"
_FOLDER = os.path.join(os.path.dirname(hla_match.language.__file__), "catalogues")


def lang_option(*, hidden: bool) -> click.Option:
    """Return the option; what it names is read before arguments are, so that errors in them are said in it."""
    return click.Option(
        [OPTION],
        type=click.Choice(list(LANGUAGES)),
        expose_value=False,
        is_eager=True,
        hidden=hidden,
        help="English or Chinese, before or after a command.  [default: HLA_MATCH_LANG, else LANG]",
    )


def asked_for(arguments: Sequence[str]) -> str | None:
    """Return the language that `--lang` names, wherever it stands; None without one, or of none that is spoken.

    >>> asked_for(["demo", "--lang", "zh"]), asked_for(["--lang=en", "demo"]), asked_for(["--", "--lang", "zh"])
    ('zh', 'en', None)
    """
    found = None
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        option, equals, value = argument.partition("=")
        if option == OPTION:
            value = value if equals else "".join(arguments[place + 1 : place + 2])
            found = value if value in LANGUAGES else found
    return found


def language_of_command(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the language of a command.

    Raises:
        CriteriaError: `HLA_MATCH_LANG` names a language that is not spoken. The system's variables may name any.

    >>> language_of_command([], {"LANG": "zh_CN.UTF-8"}), language_of_command([], {"LANG": "zh_CN", "LC_ALL": "C"})
    ('zh', 'en')
    """
    asked = asked_for(arguments)
    if asked is not None:
        return asked
    own = environment.get(VARIABLE, "")
    if own:
        code = language_of(own)
        if code == DEFAULT and not own.lower().startswith(DEFAULT):
            from hla_match.errors import CriteriaError, ErrorCode

            expected = f"one of {', '.join(LANGUAGES)}"
            raise CriteriaError(VARIABLE, found=own, expected=expected, code=ErrorCode.CRITERIA_UNKNOWN)
        return code
    return language_of(next(filter(None, (environment.get(name) for name in _LOCALE_VARIABLES)), ""))


@contextmanager
def spoken(code: str) -> Iterator[None]:
    """Speak a language for as long as the block lasts, and let click speak it."""
    domain, named = gettext.textdomain(), os.environ.get("LANGUAGE")
    with speaking(code):
        if code in LOCALES:
            gettext.bindtextdomain(_DOMAIN, _FOLDER)
            gettext.textdomain(_DOMAIN)
            # Gettext knows no other way to name a language.
            os.environ["LANGUAGE"] = LOCALES[code]
        elif domain == _DOMAIN:
            gettext.textdomain("messages")
        try:
            yield
        finally:
            gettext.textdomain(domain)
            if named is not None:
                os.environ["LANGUAGE"] = named
            elif code in LOCALES:
                os.environ.pop("LANGUAGE", None)
