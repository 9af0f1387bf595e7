"""Which of two typings of a locus is the finer one, beside all their genotypes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hla_match.nomenclature.release import Nomenclature
from registry_io.store.typing_refinement import TypingReading
from tests.oracle.typing_refinement import allowed

READING = TypingReading(Nomenclature.builtin())
NAMES = ("01:01", "02:01", "02:06", "24:02")
side = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map("/".join)
columns = st.tuples(side, side | st.just(""))
whole = st.lists(st.tuples(side, side).map("+".join), min_size=1, max_size=2).map(lambda all_: ("|".join(all_), ""))


@given(columns | whole, columns | whole)
def test_the_finer_typing_allows_fewer_genotypes(first: tuple[str, str], second: tuple[str, str]) -> None:
    relation = READING.relation("A", first, second)
    own, other = (allowed(READING.alternatives("A", typing)) for typing in (first, second))
    assert (relation == "apart") == own.isdisjoint(other)
    assert relation != "equal" or own == other
    assert relation != "first" or own <= other
    assert relation != "second" or other <= own


@given(columns, columns)
def test_one_genotype_is_finer_than_every_typing_that_allows_it(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    one = tuple(text.split("/")[0] for text in (first[0], first[1] or first[0]))
    relation = READING.relation("A", (one[0], one[1]), second)
    own, other = allowed(READING.alternatives("A", (one[0], one[1]))), allowed(READING.alternatives("A", second))
    assert (relation in ("equal", "first")) == (own <= other)
