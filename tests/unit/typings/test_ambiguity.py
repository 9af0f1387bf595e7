"""Typings that stand for too much are records that cannot be read; what laboratories report is never refused."""

from __future__ import annotations

import polars as pl
import pytest

from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.typing_reader import MOST_ALLELES
from hla_match.typings import typing_book
from hla_match.typings.encoding import MOST_GENOTYPES, LocusEncoder
from hla_match.typings.typing_book import TypingBook

NOMENCLATURE = Nomenclature.builtin()


def genotypes(n: int) -> str:
    names = [name for name in NOMENCLATURE.tables.loci["A"].allele if not name.endswith("N")]
    pairs = [f"{one}+{other}" for at, one in enumerate(names) for other in names[at:]]
    return "|".join(pairs[:n])


def test_some_thousand_genotypes_are_read() -> None:
    assert len(LocusEncoder(NOMENCLATURE, "A").with_nulls(genotypes(MOST_GENOTYPES), "")) > 1_000


def test_more_genotypes_than_any_laboratory_reports() -> None:
    with pytest.raises(TypingError, match="at most 8,192 alternative genotypes, not 8,193") as caught:
        LocusEncoder(NOMENCLATURE, "A").with_nulls(genotypes(MOST_GENOTYPES + 1), "")
    assert caught.value.reason is Reason.TOO_AMBIGUOUS


def test_a_list_of_a_hundred_thousand_alleles() -> None:
    with pytest.raises(TypingError, match=f"at most {MOST_ALLELES:,} alleles") as caught:
        NOMENCLATURE.expand("A", "/".join(["02:01"] * 100_000))
    assert caught.value.reason is Reason.TOO_AMBIGUOUS


def test_every_family_of_a_locus_at_once_is_read() -> None:
    families = sorted({name.partition(":")[0] for name in NOMENCLATURE.tables.loci["B"].allele})
    assert len(NOMENCLATURE.expand("B", "/".join(f"{family}:XX" for family in families)).p_codes) > 1_000


def test_lists_that_together_fill_the_memory_are_refused_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typing_book, "MOST_CODES", 500)
    book = TypingBook(NOMENCLATURE, "A")
    lists = [f"02:XX/24:XX/01:{number:02}" for number in range(1, 20)]
    texts = [*lists, "02:01", "24:02", lists[0]]
    codes = book.code(pl.Series(texts), pl.Series([""] * len(texts)))
    refused = [text for text, code in zip(texts, codes, strict=True) if int(code) in book.unreadable]
    assert 0 < len(refused) < len(lists)
    assert lists[0] not in refused
    assert not {"02:01", "24:02"} & set(refused)
    assert {error.reason for error in book.unreadable.values()} == {Reason.TOO_AMBIGUOUS}
