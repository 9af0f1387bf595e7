"""Notices of use cases as lines on standard error: at once, but for cautions, which are the last lines."""

from __future__ import annotations

from collections.abc import Iterable

from hla_match.cli.messages import say
from hla_match.language import translated
from hla_match.language.retelling import retold
from hla_match.services.notices import Notice, NoticeKind

_OPTIONS = {"only_donors": "--only-donors", "without_donors": "--without-donors"}
"""What the command calls the arguments that notices are about."""


def say_notice(notice: Notice) -> None:
    """Say a notice; a caution waits for the end of the command (`warn_of_cautions`)."""
    if notice.kind is not NoticeKind.CAUTION:
        about = _OPTIONS.get(notice.about, notice.about)
        text = retold(notice.text)
        say(translated("{about}: {text}", about=about, text=text) if about else text, err=True)


def warn_of_cautions(cautions: Iterable[str]) -> None:
    """Print the cautions: what may have gone wrong without an error, a line each on standard error."""
    for caution in cautions:
        say(translated("warning: {caution}", caution=retold(caution)), err=True)


def warn_of_notices(notices: Iterable[Notice]) -> None:
    """Say those of the notices that are cautions."""
    warn_of_cautions(notice.text for notice in notices if notice.kind is NoticeKind.CAUTION)
