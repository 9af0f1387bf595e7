"""Which characters the fonts of this machine have, as fontconfig knows them; a PDF shows boxes for all others.

fontconfig is the library that every maker of PDF chooses fonts by; it is asked through its C functions, as its command
`fc-list` is not everywhere.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import unicodedata
from collections.abc import Iterable
from functools import cache

CHINESE = "供者患者位点分型相合不合概率捐献者资料库采集"
"""Characters that every font with Simplified Chinese has."""


_NOT_DRAWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
"""Unicode's categories of characters that nothing is drawn for."""


class _FontSet(ctypes.Structure):
    _fields_ = (
        ("nfont", ctypes.c_int),
        ("sfont", ctypes.c_int),
        ("fonts", ctypes.POINTER(ctypes.c_void_p)),
    )


def missing_characters(text: Iterable[str]) -> str | None:
    """Return the characters of a text that no font of this machine has, in order; None where fontconfig is not there.

    Blanks and control characters need no font.
    """
    sets = _character_sets()
    if sets is None:
        return None
    library, fonts = sets
    wanted = sorted({one for one in text if unicodedata.category(one) not in _NOT_DRAWN})
    return "".join(
        one for one in wanted if not any(library.FcCharSetHasChar(font, ctypes.c_uint32(ord(one))) for font in fonts)
    )


@cache
def _character_sets() -> tuple[ctypes.CDLL, list[ctypes.c_void_p]] | None:
    """Return the library and the sets of characters of all fonts; None where the library is not there."""
    name = ctypes.util.find_library("fontconfig") or "libfontconfig.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    library.FcInitLoadConfigAndFonts.restype = ctypes.c_void_p
    library.FcConfigGetFonts.restype = ctypes.POINTER(_FontSet)
    library.FcConfigGetFonts.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.FcPatternGetCharSet.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p),
    ]  # fmt: skip
    library.FcCharSetHasChar.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    config = library.FcInitLoadConfigAndFonts()
    fonts: list[ctypes.c_void_p] = []
    for kind in (0, 1):  # of the system, of the application
        found = library.FcConfigGetFonts(config, kind) if config else None
        for pattern in () if not found else found.contents.fonts[: found.contents.nfont]:
            characters = ctypes.c_void_p()
            if library.FcPatternGetCharSet(pattern, b"charset", 0, ctypes.byref(characters)) == 0:
                fonts.append(characters)
    return library, fonts
