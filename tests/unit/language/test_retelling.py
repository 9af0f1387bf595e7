"""English texts that were composed elsewhere are told by their template, and none of their values is lost."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.language import speaking
from hla_match.language.retelling import is_number, retold
from tests.catalogues import entries, named_values, read_catalogue
from tests.composed_texts import composed_texts

TEMPLATES = sorted(str(one.id) for one in entries(read_catalogue("errors")) if named_values(str(one.id)))
# Values in one word, which have nothing of a text about them.
VALUES = st.text(string.ascii_uppercase + string.digits + "*:_", min_size=3, max_size=12)


def test_templates_are_found_where_texts_are_composed() -> None:
    found = {template for _, template in composed_texts()}
    assert {"no such file", "a name that ends in one of {join}", "{n} donors: {note}", "untyped"} <= found


def test_english_stays_as_it_is() -> None:
    assert retold("no such file") == "no such file"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no such file", "没有该文件"),
        ("a whole number of at least 3", "不小于 3 的整数"),
        ("check the name and the folder; name a new folder", "请检查名称和文件夹；请给出新文件夹"),
        ("1,204 donors: without a status, counted as available", "1,204 名供者：没有 status，按 available 计"),
        ("what no template fits: 12", "what no template fits: 12"),
        ("MICA is not compared and was passed over", "MICA 不参与比较，已跳过"),
        ("", ""),
    ],
)
def test_texts_are_told_by_their_template(text: str, told: str) -> None:
    with speaking("zh"):
        assert retold(text) == told


def test_a_name_that_reads_like_a_text_stays_a_name() -> None:
    with speaking("zh"):
        assert retold("a table of update") == "update 的表格"
        assert retold("update") != "update"


@pytest.mark.parametrize("template", TEMPLATES)
@given(st.data())
def test_no_value_is_lost(template: str, data: st.DataObject) -> None:
    """Whatever template is taken: two may fit one text."""
    names = sorted(named_values(template))
    numbers = st.integers(1, 9_999).map("{:,}".format)
    values = {name: data.draw(numbers if is_number(name) else VALUES) for name in names}
    with speaking("zh"):
        told = retold(template.format(**values))
    assert all(value in told for value in values.values()), told
    assert told != template.format(**values)


def test_long_texts_take_no_time() -> None:
    with speaking("zh"):
        assert retold("a, " * 100_000) == "a, " * 100_000
        assert len(retold("one of " + "a, " * 1_000)) > 2_000
