"""The names in a reported typing: where each stands in the text, which form it has, and its text in full.

Source: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291), "Allele names".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hla_match.errors import Reason, TypingError

ALLELE = re.compile(r"[0-9]{2,4}(?::[0-9]{2,4}){0,3}[NLSCAQ]?", re.ASCII)

# The name of the group that matches is the form. Behind a locus ("*") a number is no antigen.
_FORM = re.compile(
    r"""(?P<antigen> (?: Cw | DR | DQ | DP | [ABC] )? [0-9]{1,4} )
    | \*? (?:
      (?P<new>    (?: [0-9]{2,4}: )? NEW )
    | (?P<family> [0-9]{2,4} :XX )
    | (?P<code>   [0-9]{2,4} :[A-Z]{2,5} )
    | (?P<group>  [0-9]{2,4} (?: :[0-9]{2,4} ){1,2} (?: [GP] | [NLSCAQ]?g ) )
    | (?P<allele> [0-9]{2,4} (?: :[0-9]{2,4} ){1,3} [NLSCAQ]? )
    | (?P<old>    [0-9]{4,8} [NLSCAQ]? )
    )""",
    re.ASCII | re.VERBOSE,
)
# How far a text that is no name reads like one: where it ends is where the fault is.
_READABLE = re.compile(
    r"""(?: Cw | DR | DQ | DP | [ABC] )? (?:
      [0-9]{2,4} :[A-Z]{1,5}
    | [0-9]{2,4} (?: :[0-9]{2,4} ){1,2} (?: [GP] | [NLSCAQ]?g )
    | [0-9]{2,4} (?: :[0-9]{2,4} ){3} [NLSCAQ]?
    | [0-9]{2,4} (?: :[0-9]{2,4} ){0,2} (?: :[0-9]? | [NLSCAQ] )?
    | [0-9]{4,8} [NLSCAQ]?
    | [0-9]
    )?""",
    re.ASCII | re.VERBOSE,
)
_LOCUS = re.compile(r"Cw|[A-Z]{1,4}[0-9]?", re.ASCII)
_FIRST_FIELD = re.compile(r"[0-9]{2,3}", re.ASCII)
_SECOND_FIELD = re.compile(r"[0-9]{2,4}[NLSCAQ]?", re.ASCII)
_OLD_SECOND_FIELD = re.compile(r"[0-9]{2}[NLSCAQ]?", re.ASCII)
_OLD_FIRST_FIELD = re.compile(r"(\*?[0-9]{2})[0-9]{2,6}[NLSCAQ]?", re.ASCII)


class ReportedName(NamedTuple):
    """One name of a typing.

    Attributes:
        position: where it begins in the text of the typing, behind its locus.
        form: "antigen", "new", "family", "code", "group", "allele" or "old", a name before April 2010.
        text: the name, without locus and in full.
    """

    position: int
    form: str
    text: str


def reported_names(locus: str, typing: str) -> Iterator[ReportedName]:
    """Yield the names of a typing, which stand between slashes.

    Raises:
        TypingError: a name has no known form, or stands behind another locus.

    >>> [(name.form, name.text) for name in reported_names("A", "HLA-A*02:01/05/A*03")]
    [('allele', '02:01'), ('allele', '02:05'), ('family', '03:XX')]
    """
    position = 0
    before = ""
    for member in typing.split("/"):
        name = _without_locus(locus, typing, member, position)
        start = position + len(member) - len(name.removeprefix("*"))
        before = _in_full(name, before)
        match = _FORM.fullmatch(before)
        if match is None:
            readable = _READABLE.match(name.removeprefix("*"))
            raise TypingError(
                typing,
                start + (readable.end() if readable else 0),
                expected="an allele, group, code or antigen such as 02:01, 02:01:01G, 02:XX or 2",
            )
        yield ReportedName(start, match.lastgroup or "", before.removeprefix("*"))
        position += len(member) + 1


def _without_locus(locus: str, typing: str, member: str, position: int) -> str:
    """Return a member without ``HLA-`` and locus; the ``*`` tells that there was one."""
    name = member.removeprefix("HLA-")
    before, star, after = name.partition("*")
    if not star:
        return name
    position += len(member) - len(name)
    known = _LOCUS.match(before)
    if known is None or known.end() < len(before):
        at = known.end() if known else 0
        raise TypingError(typing, position + at, expected=f"the locus {locus}, in ASCII capitals, before '*'")
    if ("C" if before == "Cw" else before) != locus:
        raise TypingError(
            typing,
            position,
            expected=f"an allele of locus {locus}",
            reason=Reason.WRONG_LOCUS,
            hint="check that the columns are not swapped",
        )
    return star + after


def _in_full(name: str, before: str) -> str:
    """Return in full a name that is cut short because of its locus, or of the full name before it in the list.

    Behind a locus a lone first field is a family, not an antigen; so it is behind another family: ``A*02/03``. Behind
    an allele, group or code the digits are a second field: ``02:01/05``, ``0201/05``.
    """
    if name.startswith("*") or before.endswith(":XX"):
        return f"{name}:XX" if _FIRST_FIELD.fullmatch(name.removeprefix("*")) else name
    if ":" in before and _SECOND_FIELD.fullmatch(name):
        return f"{before.partition(':')[0]}:{name}"
    old = _OLD_FIRST_FIELD.fullmatch(before)
    return old[1] + name if old and _OLD_SECOND_FIELD.fullmatch(name) else name
