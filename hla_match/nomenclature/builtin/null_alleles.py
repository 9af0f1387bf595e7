"""Two-field names with an expression suffix: null alleles (N) and alleles of questionable expression (Q).

Chosen as those that the catalogue of common, intermediate and well-documented alleles, CIWD 3.0, lists in one of these
categories over all its populations (Hurley et al., HLA 2020;95:516, supplementary table), and the nulls of B*95, one
of the two special first fields before 2010. Nulls with an expressed sister of the same two fields, such as
A*01:01:01:02N, A*24:02:01:02L or DRB4*01:03:01:02N, have no two-field name and stand in no table here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NULL: Mapping[str, str] = MappingProxyType(
    {
        "A": (
            "01:04N 01:15N 01:16N 01:57N 01:123N 02:53N 02:83N 02:94N 02:113N 02:125N 02:227N 02:514N 03:21N 11:21N "
            "11:109N 23:11N 23:19N 24:09N 24:11N 24:36N 24:84N 24:90N 24:252N 25:12N 30:70N 30:78N 31:14N 31:60N "
            "32:27N 32:45N 34:10N 68:18N"
        ),
        "B": (
            "07:67N 07:181N 14:07N 15:79N 15:111N 15:149N 15:181N 15:182N 15:190N 35:165N 37:03N 37:42N 39:40N "
            "40:22N 40:142N 40:155N 44:23N 51:11N"
        ),
        "C": (
            "02:38N 02:92N 04:09N 04:93N 04:95N 05:07N 05:99N 06:16N 06:79N 07:32N 07:33N 07:55N 07:61N 07:104N "
            "07:198N 07:227N 07:452N 08:127N 15:122N 16:30N"
        ),
        "DRB1": "07:10N 07:26N 12:24N",
        "DRB4": "01:16N 02:01N 03:01N",
        "DRB5": "01:08N 01:10N",
        "DQB1": "06:26N 06:75N 06:77N 06:144N 02:18N 02:20N 03:118N",
        "DPB1": "61:01N 64:01N 120:01N 154:01N 161:01N 218:01N 357:01N 570:01N",
    }
)
"""By locus, the two-field names of which every allele is null."""

QUESTIONABLE: Mapping[str, str] = MappingProxyType(
    {
        "A": "32:11Q",
        "B": "35:65Q 37:16Q",
        "C": "01:121Q 02:25Q 02:67Q 04:59Q 05:51Q 07:121Q 12:42Q 12:139Q 15:32Q 16:16Q",
        "DQB1": "05:132Q 02:53Q 03:197Q",
    }
)
"""By locus, expressed two-field names that are written with a suffix."""
