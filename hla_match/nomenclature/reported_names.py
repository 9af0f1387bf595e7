"""The names in a reported typing in standard form: where each stands in the text and which form it has.

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
    r"""
      (?P<antigen> (?: Cw | DR | DQ | DP | [ABC] )? [0-9]{1,4} )
      (?: \( (?P<broad> (?: Cw | DR | DQ | [ABC] )? [0-9]{1,4} ) \) )?
    | \*? (?:
      (?P<new>     (?: [0-9]{2,4}: )? NEW )
    | (?P<any>     UUUU | XXXX )
    | (?P<family>  [0-9]{2,4} :XX )
    | (?P<code>    [0-9]{2,4} :[A-Z]{2,5} )
    | (?P<group>   [0-9]{2,4} (?: :[0-9]{2,4} ){1,2} (?: [GP] | [NLSCAQ]?g ) )
    | (?P<allele>  [0-9]{2,4} (?: :[0-9]{2,4} ){1,3} [NLSCAQ]? )
    | (?P<old>     [0-9]{4,8} [NLSCAQ]? )
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
_LOCUS = re.compile(r"[A-Z]{1,4}[0-9]?", re.ASCII)


class ReportedName(NamedTuple):
    """One name of a typing.

    Attributes:
        position: where it begins in the text of the typing, behind its locus.
        form: "antigen", "new", "any" (unknown or present), "family", "code", "group", "allele" or "old", a name before
            April 2010.
        text: the name, without locus.
        broad: the antigen in brackets behind one, or "".
    """

    position: int
    form: str
    text: str
    broad: str = ""


def antigen_parts(name: str) -> tuple[str, str]:
    """Return the letters and the number of an antigen.

    >>> antigen_parts("Cw7"), antigen_parts("C7"), antigen_parts("62")
    (('Cw', '7'), ('Cw', '7'), ('', '62'))
    """
    number = name.lstrip("ABCDPQRw")
    prefix = name.removesuffix(number)
    return ("Cw" if prefix == "C" else prefix), number


def reported_names(locus: str, typing: str) -> Iterator[ReportedName]:
    """Yield the names of a typing in standard form, which stand between slashes.

    Raises:
        TypingError: a name has no known form, or stands behind another locus.

    >>> [(name.form, name.text) for name in reported_names("A", "HLA-A*02:01/A*03:XX/A24(9)")]
    [('allele', '02:01'), ('family', '03:XX'), ('antigen', 'A24')]
    """
    position = 0
    for member in typing.split("/"):
        name = _without_locus(locus, typing, member, position)
        bare = name.removeprefix("*")
        start = position + len(member) - len(bare)
        match = _FORM.fullmatch(name)
        if match is None:
            readable = _READABLE.match(bare)
            raise TypingError(
                typing,
                start + (readable.end() if readable else 0),
                expected="an allele, group, code or antigen such as 02:01, 02:01:01G, 02:XX or 2",
            )
        if match["antigen"]:
            yield ReportedName(start, "antigen", match["antigen"], match["broad"] or "")
        else:
            yield ReportedName(start, match.lastgroup or "", bare)
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
        raise TypingError(typing, position + at, expected=f"the locus {locus}, before '*'")
    if before != locus:
        raise TypingError(
            typing,
            position,
            expected=f"an allele of locus {locus}",
            reason=Reason.WRONG_LOCUS,
            hint="check that the columns are not swapped",
        )
    return star + after
