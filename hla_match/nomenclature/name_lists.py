"""Lists in which names are cut short, such as 02:01/05: each name is completed from the one before it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hla_match.loci import LOCI
from hla_match.nomenclature.spelling import Spelling

_SECOND_FIELD = re.compile(r"[0-9]{2,4}[NLSCAQ]?")
_OLD_SECOND_FIELD = re.compile(r"[0-9]{2}[NLSCAQ]?")
_OLD_FIRST_FIELD = re.compile(r"([0-9]{2})[0-9]{2,6}[NLSCAQ]?")
_FIRST_FIELD = re.compile(r"[0-9]{2,3}")
_LIST = re.compile(r"[^?^|+~ ,;]+")


def fill_lists(spelling: Spelling) -> None:
    """Give every name of a list the locus and the first field that it leaves out because an earlier name has them.

    Behind a locus a lone first field is a family, not an antigen; so it is behind another family: ``A*02/03``.
    Behind an allele, group or code the digits are a second field: ``02:01/05``, ``0201/05``.
    """
    lists = _LIST.finditer(spelling.text)
    spelling.insert([place for match in lists for place in _lacking(match.start(), match[0])])


def _lacking(start: int, members: str) -> Iterator[tuple[int, str]]:
    """Yield what the names of a list lack, and before which position, in ascending order."""
    locus = before = ""
    for member in members.split("/"):
        own, star, name = member.rpartition("*")
        locus = own + star or locus
        # MICA*008 is an allele: only the first fields of loci that are compared are families.
        head, tail = _missing(name, before, starred=own.removeprefix("HLA-") in LOCI)
        before = head + name + tail
        if not star and (head or tail or ":" in name):
            head = locus + head
        start += len(own + star)
        yield start, head
        start += len(name)
        yield start, tail
        start += 1


def _missing(name: str, before: str, *, starred: bool) -> tuple[str, str]:
    """Return what a name lacks in front and behind because of its locus, or of the full name before it in the list."""
    if starred or before.endswith(":XX"):
        return "", ":XX" if _FIRST_FIELD.fullmatch(name) else ""
    if ":" in before and _SECOND_FIELD.fullmatch(name):
        return before.partition(":")[0] + ":", ""
    old = _OLD_FIRST_FIELD.fullmatch(before)
    return (old[1] if old and _OLD_SECOND_FIELD.fullmatch(name) else ""), ""
