"""Texts that are not quite a typing: each is refused, or means what the strict text meant, or what it says strictly.

The strict reader below knows names with star and colons, half-width and in capitals, and nothing else; it shares no
code with the product.
"""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from hla_match.errors import TypingError
from hla_match.nomenclature.gl_string import column_notes, genotypes, split_loci
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.name_line import standard_gl_string
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.standard_form import NOT_TYPED, standard_typing

BUILTIN = Nomenclature.builtin()
CODES = MacTable.from_items([("AB", "01/02"), ("ZAAB", "01/03")])
ALLELES = [
    "02:01",
    "24:02",
    "02:01:01:01",
    "24:09N",
    "03:01:01G",
    "02:01P",
    "02:01g",
    "02:XX",
    "11:AB",
    "02:ZAAB",
    "NEW",
]
ANTIGENS = {"A": ["A2", "A24", "A9", "A203"], "B": ["B62", "B40", "B2708"], "C": ["Cw7"], "DRB1": ["DR17", "DR4"]}
SECOND = {"A": ALLELES, "B": ["40:01", "15:01", "07:XX"], "C": ["07:02", "03:04g"], "DRB1": ["15:01", "09:XX"]}
FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})

names = st.sampled_from(sorted(SECOND)).flatmap(
    lambda locus: st.sampled_from([f"{locus}*{name}" for name in SECOND[locus]] + ANTIGENS[locus])
)


def strict(text: str) -> tuple[str, str] | None:
    """Locus and name of a text in the one strict spelling, or None."""
    starred = re.fullmatch(
        r"(A|B|C|DRB1)\*((?:[0-9]{2,4}(?::[0-9]{2,4}){1,3}[NLSCAQ]?|[0-9]{2,4}(?::[0-9]{2,4}){1,2}(?:[GP]|[NLSCAQ]?g)"
        r"|[0-9]{2,4}:[A-Z]{2,5}|NEW|[0-9]{4}|[0-9]{6}|[0-9]{8}))",
        text,
    )
    if starred:
        name = starred[2]
        return starred[1], f"{starred[1]}*{name}" if name.isdigit() else name
    antigen = re.fullmatch(r"(A|B|Cw|DR)([1-9][0-9]{0,3})", text)
    return ({"Cw": "C", "DR": "DRB1"}.get(antigen[1], antigen[1]), text) if antigen else None


def meaning(locus: str, text: str) -> tuple[object, ...] | None:
    """What a text means at a locus, or None where it is refused."""
    try:
        found = BUILTIN.expand(locus, text, CODES)
    except TypingError:
        return None
    return found.p_codes, found.has_null, found.is_new, tuple(sorted(found.alleles))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A strict name, and it with a few characters changed, left out, doubled, or put in."""
    original = draw(names)
    text = original
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(text)))
        put = draw(
            st.sampled_from(["", "0", "1", "2", "5", "*", ":", " ", "-", ".", "N", "G", "g", "X", "w", "(", "/"])
        )
        cut = draw(st.integers(0, 1))
        text = text[:at] + put + text[at + cut :]
    return original, text


SPELLINGS = [
    str.lower,
    lambda text: text.translate(FULL_WIDTH),
    lambda text: f" {text}\u00a0",
    lambda text: text.replace("*", " * ").replace(":", " :"),
    lambda text: f"HLA-{text}",
    lambda text: f"hla_{text.lower()}",
    lambda text: text.replace("*", ""),
    lambda text: text.replace("*", " "),
    lambda text: re.sub(r"^([A-Z0-9]+)\*([0-9]{2}):(XX|[A-Z]{2,5}|[0-9]{2}[NLSCAQ]?g)$", r"\1*\2\3", text),
]


@given(names, st.sampled_from(SPELLINGS))
def test_a_spelling_that_is_read_otherwise_means_the_same(name: str, spelling: object) -> None:
    locus, bare = strict(name) or ("", "")
    written = spelling(name)  # type: ignore[operator]
    # A small g is another group than G, and NEW without star is no name.
    if (name.endswith("G") and written.endswith("g")) or "NEW" in name:
        return
    assert meaning(locus, written) == meaning(locus, bare)
    assert split_loci(written) == split_loci(name)


@given(mutated())
@example(("A*02:01", "A*2:01"))
@example(("A*02:01", "A02:01"))
@example(("A2", "A 2"))
@example(("A*02:01", "A*02:0 1"))
def test_a_mutated_name_is_refused_or_means_what_the_original_or_the_strict_reader_says(pair: tuple[str, str]) -> None:
    original, text = pair
    locus, bare = strict(original) or ("", "")
    found = meaning(locus, text)
    if found is None or "/" in text or "(" in text:
        return
    allowed = [meaning(locus, bare)]
    allowed += [
        meaning(*read)
        for variant in variants(text, locus)
        if (read := strict(variant)) is not None and read[0] == locus
    ]
    assert found in allowed, (text, standard_typing(locus, text))


def variants(text: str, locus: str) -> list[str]:
    """The strict texts that may be meant: the same letters and digits, with star and colons where they belong."""
    letters = re.sub(r"[\s*:]", "", text).upper()
    if text.rstrip().endswith("g"):
        letters = letters[:-1] + "g"
    bare = re.sub(r"^HLA[-_]?", "", letters)
    bare = re.sub("^CW(?=[0-9])", "C", bare)
    name = bare.removeprefix(locus)
    digits = re.sub("[^0-9].*", "", name)
    pairs = ":".join(re.findall("..", digits)) + name[len(digits) :] if len(digits) % 2 == 0 else name
    colons = re.sub(r"\s", "", text).rpartition("*")[2].upper()
    colons = re.sub(r"^(?:HLA[-_]?)?(?:DRB1|CW|[ABC])(?=[0-9])", "", colons)
    if text.rstrip().endswith("g"):
        colons = colons[:-1] + "g"
    found = [f"{locus}*{one}" for one in (name, pairs, colons, re.sub("^([0-9]{2})([A-Z]{2,5})$", r"\1:\2", name))]
    found += [f"{locus}*{name[:4]}0{name[4:]}", f"{locus}*{name[:2]}:XX", f"{locus}*{name[:3]}:XX"]
    found += [f"{prefix}{name.lstrip('W')}" for prefix in ("A", "B", "Cw", "DR")]
    number = re.sub("^(?:DR|A|B|C)W?", "", bare)
    return [*found, *(f"{prefix}{number}" for prefix in ("A", "B", "Cw", "DR"))]


@given(st.text(alphabet="AaBCDRQw24170:*/+^|~?, ()-.\uff21\uff12NXXgG", max_size=16))
def test_a_standard_form_points_into_the_text_and_is_its_own_standard_form(text: str) -> None:
    refused: TypingError | None = None
    try:
        standard = standard_gl_string(text)
    except TypingError as error:
        refused = error
    if refused is not None:
        assert 0 <= refused.position <= len(text)
        return
    if standard.origin:
        assert len(standard.origin) == len(standard.text) + 1
        assert all(0 <= at <= len(text) for at in standard.origin)
    try:
        again = split_loci(standard.text)
    except TypingError:
        return
    assert again == split_loci(text)


@given(st.text(alphabet="A24019:*/ NXxgGw()\uff10", max_size=12))
def test_any_text_is_read_or_refused_at_a_position_inside(text: str) -> None:
    try:
        BUILTIN.expand("A", text, CODES)
    except TypingError as error:
        refused: TypingError | None = error
    else:
        refused = None
    assert refused is None or (refused.text == text.strip() and 0 <= refused.position <= len(refused.text))


@given(st.text("*|+-/ .NTUX1A02:()#", max_size=9), st.text("*|+- .NTUX1A02:", max_size=5))
def test_columns_of_signs_are_read_or_refused(first: str, second: str) -> None:
    try:
        pairs = genotypes(first, second)
    except TypingError:
        return
    notes = column_notes(first, second)
    assert bool(pairs) or not (first + second).strip() or notes[-1:] == [NOT_TYPED]
    assert all(one and other for one, other in pairs)
