"""Text in other encodings than UTF-8: found, said, read alike in any chunks, and refused where it is not certain."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from hla_match.errors import BudgetError, FileError
from registry_io.persons.column_names import ATTRIBUTE_NAMES, IDENTIFIERS
from registry_io.persons.person_table import read_persons
from registry_io.tables import text_encoding, text_file, text_table
from registry_io.tables.budgets import Budgets
from registry_io.tables.table_file import scan_slices, scan_table
from registry_io.tables.text_encoding import UndecodableError, text_of

CITIES = "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 嵊州".split()
WORDS = {
    "latin-1": "Zürich Genève München Köln Málaga Besançon Ångström Straße naïve créée garçon",
    "cp1250": "Łódź Kraków Gdańsk Poznań Wrocław Plzeň Győr Žilina",
    "big5": "高雄 臺北 台中 臺南 新竹 基隆 桃園 男 女 陽性 陰性 血型 編號 王小明",
    "shift-jis": "東京 大阪 京都 名古屋 札幌 福岡 男 女 陽性 山田",
    "euc-jp": "東京 大阪 京都 名古屋 札幌 福岡 陽性 山田 鈴木",
    "euc-kr": "서울 부산 대구 인천 광주 남 여 양성 음성 김철수",
    "cp1251": "Москва Пермь Казань УФА Ижевск Иван Мария муж жен",
    "koi8-r": "Москва Пермь Казань УФА Ижевск Иван Мария муж жен",
}
OTHERS = ["gb18030", "utf-16", "utf-16-le", "utf-16-be"]


def table(cities: list[str]) -> str:
    return "id,A_1,A_2,city\n" + "".join(f"X{n},02:01,24:02,{city}\n" for n, city in enumerate(cities))


def written(folder: Path, content: bytes, name: str = "donors.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", OTHERS)
@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("chunk", [2, 3, 7, 64])
def test_a_text_in_chunks_is_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, quoted: bool, chunk: int
) -> None:
    text = table(CITIES * 3)
    text = text.replace("02:01", '"02:01"') if quoted else text
    expected = scan_table(written(tmp_path, text.encode(), "utf8.csv"))
    for module, name in (
        (text_encoding, "_CHUNK"), (text_encoding, "_MOST_RUN"), (text_file, "_BLOCK"), (text_table, "_BATCH"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, chunk)
    monkeypatch.setattr(text_file, "_CHUNK", 8 * chunk)
    # The first bytes tell UTF-16 without a mark: they are more than a chunk of this test.
    if encoding.endswith(("le", "be")):
        monkeypatch.setattr(text_file, "_CHUNK", 64)
    for name, content in (("d.csv", text.encode(encoding)), ("d.csv.gz", gzip.compress(text.encode(encoding)))):
        got = scan_table(written(tmp_path, content, name))
        assert got.frame.equals(expected.frame)
        assert got.row.equals(expected.row)
        assert len(got.notes) == 1


@pytest.mark.parametrize("encoding", WORDS)
def test_a_text_in_an_encoding_that_is_not_read_is_never_something_else(tmp_path: Path, encoding: str) -> None:
    choice, words = random.Random(1), WORDS[encoding].split()
    for _ in range(200):
        text = table(choice.sample(words, choice.randint(1, 4)))
        if encoding == "cp1250" and text.isascii():
            continue
        with pytest.raises(UndecodableError):
            text_of(text.encode(encoding))
    path = written(tmp_path, table(words).encode(encoding))
    with pytest.raises(FileError, match=r"row 2: found the byte 0x.. \(byte 3\d of the text\), expected text in UTF-8"):
        scan_table(path)


def test_few_words_of_chinese_are_enough() -> None:
    for city in (*CITIES, "女", "男", "一"):
        assert text_of(table([city]).encode("gb18030")) == (table([city]), "gb18030")


@pytest.mark.parametrize("name", ["Zürich", "Ů", "Žena", "Éire", "Ü", "Москва", "ñ,é"])
def test_letters_of_utf_8_are_not_taken_for_chinese(tmp_path: Path, name: str) -> None:
    if name != "Ů":
        assert text_of(table([name]).encode()) == (table([name]), "utf-8")
        assert scan_table(written(tmp_path, table([name]).encode())).notes == ()
    # A letter that stands alone is rather the sign for woman, unless a mark says that it is none.
    assert text_of(table([name]).encode("utf-8-sig")) == (table([name]), "utf-8")
    assert scan_table(written(tmp_path, table([name]).encode("utf-8-sig"))).notes == ()


@pytest.mark.parametrize(
    ("content", "row", "found"),
    [
        (
            table(CITIES).encode("gb18030") + "Y1,02:01,,杭州\n".encode(),
            15,
            "a word in UTF-8 among others in GB18030 (byte ",
        ),
        (table(["杭州"]).encode() + "Y1,02:01,,杭州\n".encode("gb18030"), 2, "a word in UTF-8"),
        (table(CITIES).encode("gb18030") + "Y1,02:01,,Zürich\n".encode("latin-1"), 2, "the byte 0xBA"),
        (table(["X"]).encode("utf-16") + b"\0", 3, "the byte 0x00"),
        (table(["X\ud800Y"]).encode("utf-16-be", "surrogatepass"), 2, "the byte 0xD8"),
        (b"\xff\xfe" + table(["X\udc00Y"]).encode("utf-16-le", "surrogatepass"), 2, "the byte 0x00"),
        (table(["X\0Y"]).encode("utf-16"), 2, "a NUL byte"),
        (table(["\0"]).encode("gb18030"), 2, "a NUL byte"),
        (table(CITIES).encode("gb18030") + b"Y1,02:01,,\xff\n", 2, "the byte 0xBA"),
        ("\ufeff".encode() + table(["杭州"]).encode("gb18030"), 2, "the byte 0xBA"),
        (table(["杭州\ue000"]).encode("gb18030"), 2, "the byte 0xBA"),
        (table(["X"]).encode("utf-32"), 1, "a NUL byte"),
    ],
)
def test_damaged_text_is_refused_with_its_place(tmp_path: Path, content: bytes, row: int, found: str) -> None:
    with pytest.raises(FileError) as caught:
        scan_table(written(tmp_path, content))
    assert caught.value.row == row
    assert caught.value.found.startswith(found)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_bomb_in_another_encoding_is_refused_before_it_is_unpacked(tmp_path: Path, encoding: str) -> None:
    import tracemalloc

    line = gzip.compress(("id,A_1,city\nX1,02:01,杭州\n" + "1" * 1_000_000).encode(encoding) * 40)
    rows = gzip.compress(table(["杭州"] * 400_000).encode(encoding))
    tracemalloc.start()
    with pytest.raises(FileError, match="a line of more than"):
        scan_table(written(tmp_path, line, "line.csv.gz"))
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()
    with pytest.raises(BudgetError, match="unpacked"):
        list(scan_slices(written(tmp_path, rows, "rows.csv.gz"), budgets=Budgets(unpacked_mb=1, ratio=1)))


def test_identifiers_and_findings_keep_their_rows(tmp_path: Path) -> None:
    text = "编号,A_1,A_2\nX1,02:01,\n\nX2,,02:01\nX3,1,2,3\n"
    for encoding in OTHERS:
        records = read_persons(written(tmp_path, text.encode(encoding)), kind="donor")
        assert [(record.row, record.column) for record in records.quarantined] == [(4, "A_2"), (5, "")]
        assert records.notes[0].startswith("the text is in ")


def test_every_chinese_word_of_a_header_tells_gb18030_by_itself() -> None:
    words = [word for word in (*IDENTIFIERS, *ATTRIBUTE_NAMES) if not word.isascii()]
    assert len(words) > 40
    for word in words:
        text = f"id,A_1,A_2,{word}\nX1,02:01,24:02,\n"
        assert text_of(text.encode("gb18030")) == (text, "gb18030")
