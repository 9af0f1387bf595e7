"""The families of alleles: each first field of a locus and the highest second field given under it.

Counted from the allele list of IPD-IMGT/HLA 3.58.0 (October 2024; Barker et al., NAR 2023;51:D948). Second fields are
numbered in the order of discovery from 01 (02 where 01 became another name), so the highest one and the few numbers
that were abandoned tell all two-field names (Marsh et al., Tissue Antigens 2010;75:291, "Naming of HLA alleles").
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

HIGHEST_SECOND_FIELD: Mapping[str, str] = MappingProxyType(
    {
        "A": (
            "01:470 02:1194 03:497 11:480 23:147 24:642 25:92 26:252 29:198 30:232 31:234 32:190 33:274 34:34 36:15 "
            "43:3 66:49 68:323 69:9 74:51 80:10"
        ),
        "B": (
            "07:517 08:326 13:202 14:134 15:719 18:250 27:283 35:621 37:113 38:173 39:226 40:596 41:87 42:38 44:546 "
            "45:36 46:102 47:13 48:64 49:87 50:79 51:416 52:127 53:80 54:50 55:141 56:101 57:185 58:156 59:12 67:7 "
            "73:5 78:10 81:15 82:4 83:1"
        ),
        "C": "01:279 02:250 03:697 04:532 05:302 06:394 07:1163 08:294 12:427 14:166 15:289 16:223 17:81 18:22",
        "DRB1": "01:154 03:218 04:389 07:163 08:131 09:60 10:46 11:338 12:113 13:363 14:269 15:233 16:79",
        "DRB3": "01:130 02:212 03:76",
        "DRB4": "01:188 02:1 03:1",
        "DRB5": "01:142 02:39",
        "DQA1": "01:172 02:47 03:81 04:25 05:117 06:11",
        "DQB1": "05:352 06:519 02:238 03:565 04:104",
        "DPA1": "01:221 02:146 03:19 04:7",
    }
)
"""By locus, `first:highest`: A*01 runs from A*01:01 to A*01:470. DPB1 is counted otherwise, below."""

UNASSIGNED: Mapping[str, str] = MappingProxyType(
    {
        "A": (
            "01:05 01:34 02:23 02:98 02:100 03:194 03:200 03:260 11:28 11:53 23:69 23:113 24:01 24:12 24:16 24:65 "
            "24:211 24:471 26:44 30:05 30:21 33:02 33:38"
        ),
        "B": (
            "07:01 08:06 13:05 13:24 15:22 15:41 15:59 15:100 15:130 18:16 27:22 27:215 35:73 38:120-159 39:21 "
            "40:17 40:41 42:03 44:01 44:246 44:414-436 44:525 45:26 49:15 50:03 50:28-30 51:25 51:47 55:06 55:134 "
            "58:03 58:30"
        ),
        "C": (
            "01:01 02:01 02:41 03:01 03:12 03:99 04:02 04:21-22 05:02 05:245 06:01 07:34 07:295 08:64 12:01 12:299 "
            "14:01 15:01 15:14 15:20 16:03 16:05 16:199"
        ),
        "DRB1": "07:02 11:71 14:66 16:06",
        "DRB3": "03:22",
        "DRB5": "02:01",
        "DQA1": "02:06",
        "DQB1": "06:220 03:325",
        "DPA1": "01:01-02",
    }
)
"""By locus, two-field names and ranges of second fields that are no allele: abandoned or never given."""

HIGHEST_DPB1 = 1729
"""At DPB1 every new protein has a first field of its own, from 01 to this."""

UNASSIGNED_DPB1 = frozenset({7, 12, 42, 43, 793, 1351})
"""First fields of DPB1 that are no allele."""

DPB1_SECOND = ("02", "04")
"""First fields of DPB1 with a second field 02 beside 01: all others have 01 alone."""


def two_field_names(locus: str) -> tuple[str, ...]:
    """Return the two-field names of a locus in ascending order, without expression suffix.

    >>> two_field_names("DRB4")[-3:]
    ('01:188', '02:01', '03:01')
    """
    if locus == "DPB1":
        firsts = [f"{number:02}" for number in range(1, HIGHEST_DPB1 + 1) if number not in UNASSIGNED_DPB1]
        return tuple(f"{first}:{second}" for first in firsts for second in ("01", "02")[: 1 + (first in DPB1_SECOND)])
    absent = set[str]()
    for entry in UNASSIGNED.get(locus, "").split():
        family, _, numbers = entry.partition(":")
        low, _, high = numbers.partition("-")
        absent.update(f"{family}:{number:02}" for number in range(int(low), int(high or low) + 1))
    families = (entry.split(":") for entry in HIGHEST_SECOND_FIELD[locus].split())
    names = (f"{first}:{number:02}" for first, highest in families for number in range(1, int(highest) + 1))
    return tuple(name for name in names if name not in absent)
