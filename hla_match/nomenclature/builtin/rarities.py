"""Null alleles and DPB1 T-cell epitope groups.

Sources: null alleles that are common, intermediate or well documented, Hurley et al., HLA 2020;95:516 (CIWD 3.0);
T-cell epitope groups, version 2, of common and intermediate DPB1 alleles, Crivello et al., Biology of Blood and Marrow
Transplantation 2015;21:233, and Fleischhauer et al., Lancet Oncology 2012;13:366.
"""

NULL_ALLELES: dict[str, str] = {
    "A": "01:04 01:15 01:16 01:57 01:123 02:53 02:83 02:94 02:113 02:125 02:227 02:514 03:21 11:21 11:109 23:11 23:19 "
    "24:09 24:11 24:36 24:84 24:90 24:252 25:12 30:70 30:78 31:14 31:60 32:27 32:45 34:10 68:18",
    "B": "07:67 07:181 14:07 15:79 15:181 15:190 35:165 37:03 37:42 39:40 40:22 40:142 40:155 44:23 51:11",
    "C": "02:38 02:92 04:09 04:93 04:95 05:07 05:99 06:16 06:79 07:32 07:33 07:55 07:61 07:104 07:198 07:227 07:452 "
    "08:127 15:122 16:30",
    "DRB1": "07:10 07:26 12:24",
    "DRB4": "01:16 02:01 03:01",
    "DRB5": "01:08 01:10",
    "DQB1": "02:18 02:20 03:118 06:26 06:75 06:77 06:144",
    "DPB1": "61:01 64:01 120:01 154:01 161:01 218:01 357:01 570:01",
}

TCE_GROUPS: dict[str, str] = {
    "1": "09 10 17 30 131",
    "2": "03 06 14 19 21 25 29 35 45 55 78 88 91 93 104 106 124 535",
    "3": "01 02 04 05 11 13 15 16 18 20 23 24 26 27 28 31 33 34 36 38 39 40 41 46 47 48 49 50 51 52 57 59 63 71 80 81 "
    "85 100 105 109 115 126 127 128 130 133 135 138 150 190 191 296 350 414 416 463 464 584",
}
"""First fields of DPB1; each holds for the proteins of that first field."""
