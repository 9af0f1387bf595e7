"""Words that the site's search knows: those of English, and pairs of Chinese characters, which has no spaces."""

from __future__ import annotations

import re

from sphinx.search.en import SearchEnglish

_HAN = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")


def words_of(text: str) -> list[str]:
    """The words of a text; of Chinese every pair of neighbouring characters, and a character that stands alone.

    >>> words_of("HLA\u9ad8\u5206\u8fa8\u5206\u578b, 10/10")
    ['HLA', '\u9ad8\u5206', '\u5206\u8fa8', '\u8fa8\u5206', '\u5206\u578b', '10', '10']
    """
    found: list[str] = []
    for run in _WORD.findall(text):
        is_han = re.match(f"[{_HAN}]", run) is not None
        found += [run[k : k + 2] for k in range(len(run) - 1)] if is_han and len(run) > 1 else [run]
    return found


class WordsOfBothLanguages(SearchEnglish):
    """English as Sphinx searches it, and Chinese by pairs of characters; the browser splits what is asked for alike."""

    js_splitter_code = r"""
var splitQuery = (query) =>
  (query.match(/[\u3400-\u9fff]+|(?:(?![\u3400-\u9fff])[\p{Letter}\p{Number}_])+/gu) || []).flatMap((run) =>
    /^[\u3400-\u9fff]{2}/.test(run)
      ? Array.from({ length: run.length - 1 }, (_, at) => run.slice(at, at + 2))
      : [run],
  );
"""

    def split(self, input: str) -> list[str]:
        """Split a text of a page into words."""
        return words_of(input)

    def word_filter(self, word: str) -> bool:
        """Keep every pair of Chinese characters; of English what Sphinx keeps."""
        return bool(re.match(f"[{_HAN}]", word)) or super().word_filter(word)
