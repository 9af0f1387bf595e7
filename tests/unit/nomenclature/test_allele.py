from __future__ import annotations

import pytest

from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.allele import AlleleName


@pytest.mark.parametrize(
    ("text", "locus", "fields", "suffix"),
    [
        ("A*02", "A", ("02",), ""),
        ("HLA-DRB1*15:01", "DRB1", ("15", "01"), ""),
        ("A*24:09N", "A", ("24", "09"), "N"),
        ("DPB1*1001:01:01:02", "DPB1", ("1001", "01", "01", "02"), ""),
    ],
)
def test_parse_takes_a_name_apart(text: str, locus: str, fields: tuple[str, ...], suffix: str) -> None:
    name = AlleleName.parse(text)
    assert (name.locus, name.fields, name.suffix) == (locus, fields, suffix)
    assert str(name) == text.removeprefix("HLA-")


def test_two_fields_drop_locus_and_suffix() -> None:
    assert AlleleName.parse("A*24:02:01:02L").two_fields == "24:02"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("a*02", 0),
        ("A", 1),
        ("A*", 2),
        ("A*2", 2),
        ("A*02:1", 4),
        ("A*02:01x", 7),
        ("A*\uff10\uff12", 2),
        ("A\uff0a02", 1),
    ],
)
def test_parse_says_where_a_name_goes_wrong(text: str, position: int) -> None:
    with pytest.raises(TypingError) as raised:
        AlleleName.parse(text)
    assert (raised.value.position, raised.value.reason) == (position, Reason.MALFORMED)
