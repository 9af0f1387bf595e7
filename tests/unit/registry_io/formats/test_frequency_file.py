"""Files of haplotype frequencies: every layout gives the same table, and what is wrong is refused with its place."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import FileError
from hla_match.frequencies.haplotype_frequencies import ABSENT
from hla_match.loci import LOCI
from registry_io.formats.frequency_file import FrequencyFile, read_frequencies

HAPLOTYPES = ("A*01:01~C*07:01~B*08:01~DRB1*03:01~DQB1*02:01", "A*24:09N~C*07:02~B*07:02g~DRB1*15:01~DQB1*06:02")
FREQUENCIES = ("0.0625", "2.5e-3")
ALLELES = [
    {"A": "01:01", "B": "08:01", "C": "07:01", "DRB1": "03:01", "DQB1": "02:01"},
    {"A": "24:09N", "B": "07:02g", "C": "07:02", "DRB1": "15:01", "DQB1": "06:02"},
]
CSV = "haplotype,frequency\n" + "".join(f"{h},{f}\n" for h, f in zip(HAPLOTYPES, FREQUENCIES, strict=True))
NMDP = (
    "A,C,B,DRB3-4-5,DRB1,DQB1,AAFA_freq,AAFA_rank,CAU_freq,CAU_rank\n"
    "01:01g,07:01g,08:01g,DRB3*01:01,03:01,02:01g,0.01,2,0.07,1\n"
    "0301g,0702g,0702g,DRB5*0101,1501,0602,0.02,1,,\n"
    "A*02:01g,C*03:04g,B*40:01g,DRBX*NNNN,DRB1*08:01,DQB1*04:02,0,,0.005,2\n"
)
ATLAS_KEYS = ("a", "b", "c", "drb1", "dqb1", "frequency")
ATLAS = {
    "nomenclatureVersion": "3330",
    "populationId": 7,
    "donPool": ["R1", "R2"],
    "ethn": ["CAU"],
    "frequencies": [
        dict(zip(ATLAS_KEYS, values, strict=True))
        for values in (
            ("01:01:01G", "08:01:01G", "07:01:01G", "03:01:01G", "02:01:01G", 0.1),
            ("02:01:01G", "07:02:01G", "07:02:01G", "15:01:01G", "06:02:01G", 1e-7),
        )
    ],
}


def read(folder: Path, content: str | bytes, name: str = "frequencies") -> FrequencyFile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_frequencies(path)


def named(frame: pl.DataFrame) -> list[dict[str, str]]:
    """The loci that each row names."""
    return [{k: v for k, v in row.items() if v is not None} for row in frame.select(LOCI).iter_rows(named=True)]


def refused(folder: Path, content: str | bytes, name: str = "frequencies") -> FileError:
    with pytest.raises(FileError) as caught:
        read(folder, content, name)
    assert caught.value.path == str(folder / name)
    assert caught.value.expected
    return caught.value


# Layouts

TEXTS = {
    "csv": CSV,
    "tsv": CSV.replace(",", "\t"),
    "other names": CSV.replace("haplotype,frequency", "Hap,FREQ"),
    "byte order mark": "\ufeff" + CSV,
    "carriage returns": CSV.replace("\n", "\r\n"),
    "quoted": "".join(",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in CSV.splitlines()),
    "no newline at the end": CSV.rstrip(),
    "prefix HLA-": CSV.replace("A*", "HLA-A*").replace("C*", "HLA-C*").replace("~B*", "~hla-B*"),
    "other order": CSV.replace("A*01:01~C*07:01", "C*07:01~A*01:01"),
    "old names": CSV.replace("01:01", "0101").replace("07:02g", "0702g"),
    "joined by -": CSV.replace("~", "-HLA-").replace("\nA*", "\nHLA-A*"),
    "validation with header": CSV.replace(",", ";").replace("haplotype;frequency", "hap;freq"),
    "validation without header": "\n" + CSV.partition("\n")[2].replace(",", ";"),
    "Hapl-o-Mat, tab": "\n" + CSV.partition("\n")[2].replace(",", "\t"),
    "Hapl-o-Mat, blanks": "\n" + CSV.partition("\n")[2].replace(",", "  \t "),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("packing", ["plain", "gz"])
def test_every_layout_of_text_gives_the_same_table(tmp_path: Path, text: str, packing: str) -> None:
    content = gzip.compress(text.encode()) if packing == "gz" else text.encode()
    got = read(tmp_path, content, "set.dat")
    assert got.frame.columns == [*LOCI, "population", "frequency", "row"]
    assert got.frame.dtypes == [pl.String] * (len(LOCI) + 1) + [pl.Float64, pl.UInt32]
    assert named(got.frame) == ALLELES
    assert got.frame["frequency"].to_list() == [0.0625, 0.0025]
    assert got.frame["population"].to_list() == ["", ""]
    assert got.frame["row"].to_list() == [2, 3]
    assert (got.source, got.checksum) == ("set.dat", hashlib.sha256(content).hexdigest())
    assert got.notes == ("frequencies sum to 0.065",)


@pytest.mark.parametrize("header", ["hap,pop,freq", "Haplotype,Race,Frequency", "HAPLO,Population,Freq"])
def test_population_is_kept_and_its_total_noted(tmp_path: Path, header: str) -> None:
    rows = "A*01:01~B*08:01,CAU,0.5\n\n , ,\nA*01:01~B*08:01,NAM,0.25\nA*02:01~B*08:01,CAU,0.37\n"
    got = read(tmp_path, f"{header}\n{rows}")
    assert got.frame["population"].to_list() == ["CAU", "NAM", "CAU"]
    assert got.frame["row"].to_list() == [2, 5, 6]
    assert got.notes == ("frequencies of CAU sum to 0.87", "frequencies of NAM sum to 0.25")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_nmdp_tables(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"nmdp.{ending}"
    frame = pl.read_csv(NMDP.encode(), infer_schema_length=None)
    if ending == "csv":
        path.write_text(NMDP, encoding="utf-8")
    elif ending == "xlsx":
        frame.write_excel(path)
    else:
        frame.write_parquet(path)
    got = read_frequencies(path)
    columns = ["population", "row", "frequency", "A", "DRB1", "DRB3", "DRB4", "DRB5"]
    assert got.frame.select(columns).rows() == [
        ("AAFA", 2, 0.01, "01:01g", "03:01", "01:01", ABSENT, ABSENT),
        ("AAFA", 3, 0.02, "03:01g", "15:01", ABSENT, ABSENT, "01:01"),
        ("CAU", 2, 0.07, "01:01g", "03:01", "01:01", ABSENT, ABSENT),
        ("CAU", 4, 0.005, "02:01g", "08:01", ABSENT, ABSENT, ABSENT),
    ]
    assert got.frame["DPB1"].null_count() == 4
    assert got.notes == ("frequencies of AAFA sum to 0.03", "frequencies of CAU sum to 0.075")


def test_alleles_that_are_absent_can_be_said_so_at_every_locus(tmp_path: Path) -> None:
    got = read(tmp_path, "A*absent~DRB1*08:01~DRB3*absent~DRB4*absent~DRB5*absent 0.25\n")
    assert named(got.frame) == [{"A": ABSENT, "DRB1": "08:01", "DRB3": ABSENT, "DRB4": ABSENT, "DRB5": ABSENT}]


@pytest.mark.parametrize("name", ["DRB345", "HLA-DRB3/4/5", "drb3-4-5", "DRBX"])
def test_names_of_the_drb345_column(tmp_path: Path, name: str) -> None:
    got = read(tmp_path, f"HLA-DRB1,{name},frequency\n0404,DRB4*01:03,0.25\n0801,NNNN,0.25\n")
    assert named(got.frame) == [
        {"DRB1": "04:04", "DRB3": ABSENT, "DRB4": "01:03", "DRB5": ABSENT},
        {"DRB1": "08:01", "DRB3": ABSENT, "DRB4": ABSENT, "DRB5": ABSENT},
    ]


def test_a_column_for_each_of_drb3_drb4_drb5(tmp_path: Path) -> None:
    got = read(
        tmp_path, "DRB1,DRB3,DRB4,DRB5,freq\n04:04,,01:03,,0.2\n03:01,01:01,NNNN,,0.2\n08:01,NNNN,NNNN,NNNN,.2\n"
    )
    assert got.frame.select("DRB3", "DRB4", "DRB5").rows() == [
        (ABSENT, "01:03", ABSENT),
        ("01:01", ABSENT, ABSENT),
        (ABSENT, ABSENT, ABSENT),
    ]


def test_drb345_in_haplotype_texts(tmp_path: Path) -> None:
    got = read(tmp_path, "DRBX*NNNN~DRB1*01:01 0.25\nDRB1*04:01~DRB4*01:03N 0.5\n")
    assert named(got.frame) == [
        {"DRB1": "01:01", "DRB3": ABSENT, "DRB4": ABSENT, "DRB5": ABSENT},
        {"DRB1": "04:01", "DRB3": ABSENT, "DRB4": "01:03N", "DRB5": ABSENT},
    ]


def test_frequency_set_of_atlas(tmp_path: Path) -> None:
    got = read(tmp_path, json.dumps(ATLAS, indent=1))
    assert named(got.frame)[1] == {
        "A": "02:01:01G", "B": "07:02:01G", "C": "07:02:01G", "DRB1": "15:01:01G", "DQB1": "06:02:01G"
    }  # fmt: skip
    assert got.frame.select("population", "frequency", "row").rows() == [("CAU", 0.1, 1), ("CAU", 1e-7, 2)]
    assert got.notes == ("nomenclature: 3330", "population of Atlas: 7", "frequencies of CAU sum to 0.1")


@pytest.mark.parametrize(
    ("about", "population"),
    [
        ({}, ""),
        ({"ethn": [], "donPool": ["R1", "R2"]}, "R1,R2"),
        ({"EthnicityCode": "AFB", "RegistryCode": "R1"}, "AFB"),
        ({"ethn": None, "registryCodes": None}, ""),
    ],
)
def test_keys_of_atlas_may_be_missing_or_in_any_case(tmp_path: Path, about: dict[str, object], population: str) -> None:
    entries = [
        {"A": "01:01", "B": "08:01", "C": None, "Frequency": "0.5"},
        {"A": "02:01", "B": "07:02", "Frequency": 0},
    ]
    got = read(tmp_path, json.dumps({**about, "Frequencies": entries}))
    assert named(got.frame) == [{"A": "01:01", "B": "08:01"}]
    assert got.frame["population"].to_list() == [population]
    assert "rows with frequency 0, left out: 1" in got.notes


# Notes


def test_zeros_repeats_and_unused_columns_are_noted(tmp_path: Path) -> None:
    rows = "A*01:01~B*08:01,3,.5\nA*02:01~B*08:01,1,0\nB*08:01~A*01:01,1,0.25\n"
    got = read(tmp_path, f"Haplo,Count,Freq\n{rows}")
    assert got.frame["row"].to_list() == [2, 4]
    assert got.notes == (
        "columns not used: Count",
        "rows with frequency 0, left out: 1",
        "rows that repeat a haplotype of the same population: 1",
        "frequencies sum to 0.75",
    )


def test_a_file_that_may_have_been_cut_is_a_caution(tmp_path: Path) -> None:
    rows = "haplotype,frequency\nA*01:01~B*08:01,0.25\nA*02:01~B*08:01,0.12"
    (caution,) = read(tmp_path, rows).cautions
    assert caution.startswith("the last line has no line end")
    assert read(tmp_path, f"{rows}\n").cautions == ()


def test_an_unused_column_beside_its_locus_is_noted(tmp_path: Path) -> None:
    got = read(tmp_path, "A,DRB1,DR,GL,frequency\n01:01,03:01,17,x,0.5\n")
    assert got.notes[0] == "columns not used: DR, GL"


# Refusals


@pytest.mark.parametrize("name", ["DR", "HLA-DR", "DQB", "DQ", "dpb", "DRB1_1", "CW1"])
def test_a_column_that_looks_like_a_locus_is_not_left_out(tmp_path: Path, name: str) -> None:
    table = f"A,B,{name},frequency\n01:01,08:01,03:01,0.5\n"
    entries = json.dumps([{"a": "01:01", "b": "08:01", name: "03:01", "frequency": 0.5}])
    for content in (table, entries):
        with pytest.raises(FileError, match="looks like a locus") as caught:
            read(tmp_path, content)
        assert caught.value.column == name


@pytest.mark.parametrize(
    ("haplotype", "found"),
    [
        ("A*01:01~B*07:XX", "B*07:XX"),
        ("A*01:01~B*07:02/07:03", "B*07:02/07:03"),
        ("A*01:01~B*07", "B*07"),
        ("A*01:01~B*9501", "B*9501"),
        ("A*01:01~B*070201", "B*070201"),
        ("A*01:01~MICA*002", "MICA*002"),
        ("A*01:01~08:01", "08:01"),
        ("A*01:01~", "''"),
        ("A*01:01-B*07:02", "A*01:01-B*07:02"),
        ("A*01:01~DRBX*01:01", "DRBX*01:01"),
        ("A*01:01~A*02:01", "two alleles of A"),
        ("A*01:01~B*07:02~C*07:02", "the loci A, B, C"),
        ("A*01:01", "the loci A"),
        ("~".join(["A*01:01"] * 20), "20 alleles"),
        ("", "an empty field"),
    ],
)
def test_a_haplotype_that_cannot_be_read(tmp_path: Path, haplotype: str, found: str) -> None:
    error = refused(tmp_path, f"haplotype,frequency\nA*01:01~B*08:01,0.1\n\n{haplotype},0.1\n")
    assert error.row == 4
    assert found in error.found


def test_a_joint_that_may_be_part_of_a_list_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "haplotype,frequency\nA*01:01-02:01-B*08:01,0.1\n").found == "'02:01'"


@pytest.mark.parametrize(
    ("drb", "found"),
    [
        ("DRB3*01:01~DRB4*01:03", "two of the genes"),
        ("DRBX*NNNN~DRB4*01:03", "beside"),
    ],
)
def test_drb345_that_cannot_be(tmp_path: Path, drb: str, found: str) -> None:
    error = refused(tmp_path, f"hap,freq\nDRB1*03:01~DRB3*02:02,.1\nDRB1*04:01~{drb},0.1\n")
    assert (error.row, error.column) == (3, None)
    assert found in error.found


def test_nothing_said_of_some_genes_of_drb345_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "hap,freq\nDRB1*04:01~DRB4*01:03,.1\nDRB1*08:01~DRB3*NNNN,.1\n")
    assert (error.row, error.found) == (3, "the loci DRB1")


def test_haplotypes_must_all_say_what_is_at_drb345(tmp_path: Path) -> None:
    error = refused(tmp_path, "hap,freq\nDRB1*01:01,.1\nDRB1*04:01~DRB4*01:03,0.1\n")
    assert error.row == 3
    assert "DRBX*NNNN" in error.hint


@pytest.mark.parametrize(
    ("frequency", "hint"),
    [
        ("-0.1", ""),
        ("nan", ""),
        ("inf", ""),
        ("often", ""),
        ("", ""),
        ('"0,05"', "point"),
        ("5%", "percent"),
        ("1.5", "percent"),
        ("112", "counts"),
        ("112.5", "sum of its population"),
    ],
)
def test_a_frequency_that_is_none(tmp_path: Path, frequency: str, hint: str) -> None:
    error = refused(tmp_path, f"haplotype,frequency\nA*01:01,1\nA*02:01,{frequency}\n")
    assert (error.row, error.column) == (3, "frequency")
    assert hint in error.hint


def test_a_sum_above_1_is_refused(tmp_path: Path) -> None:
    assert "CAU that sum to 1.5" in refused(tmp_path, "hap,pop,freq\nA*01:01,CAU,0.75\nA*02:01,CAU,0.75\n").found
    assert read(tmp_path, "hap,freq\nA*01:01,0.5\nA*02:01,0.5001\n").notes == ("frequencies sum to 1.0001",)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("first,second,third", "the columns first, second, third"),
        ("haplotype,frequency,A", "the columns"),
        ("haplotype,frequency,CAU_freq", "the columns"),
        ("haplotype,CAU_freq,population", "a column of populations"),
        ("haplotype,hap,frequency", "two columns of haplotype"),
        ("A,HLA-A,frequency", "two columns of A"),
        ("A,B,C", "the columns"),
        ("DRB345,DRB3,freq", "DRB3/4/5 together"),
    ],
)
def test_columns_that_cannot_be_told_apart(tmp_path: Path, header: str, found: str) -> None:
    error = refused(tmp_path, f"{header}\nA*01:01,0.1,0.1\n")
    assert error.row == 1
    assert found in error.found
    assert "haplotype and frequency" in error.expected


def test_an_allele_in_the_column_of_another_locus(tmp_path: Path) -> None:
    error = refused(tmp_path, "A,B,freq\n01:01,08:01,0.1\nB*07:02,A*02:01,0.1\n")
    assert (error.row, error.column, error.found) == (3, "A", "an allele of B")
    error = refused(tmp_path, "DRB1,DRB345,freq\n03:01,DRB1*03:01,0.1\n")
    assert (error.row, error.column, error.found) == (2, "DRB345", "an allele of DRB1")
    error = refused(tmp_path, "DRB1,DRB345,freq\n03:01,01:01,0.1\n")
    assert (error.row, error.column) == (2, "DRB345")
    assert "DRB3*" in error.hint


@pytest.mark.parametrize(
    ("text", "row", "found"),
    [
        ("haplotype,frequency\nA*01:01,0.1\nA*02:01,0,05\n", 3, "3 fields"),
        ("haplotype,frequency\nA*01:01\n", 2, "1 fields"),
        ('haplotype,frequency\n"A*01:01",0.1\n\n"A*02:01",0.1,\n', 4, "3 fields"),
        ("A*01:01;CAU;NAM;0.1\n", 1, "4 columns without names"),
        ('haplotype,frequency\n"A*01:01,0.1\nA*02:01",0.1\n', None, "quotation marks"),
        ('haplotype,frequency\nA*01:01,"0.1\n', None, "quotation marks"),
        ("", None, "no haplotype"),
        (" \n,,\n", None, "no haplotype"),
        ("haplotype,frequency\n", None, "no haplotype"),
        ("haplotype,frequency\nA*01:01,0\n", None, "no haplotype"),
        ("A,B,freq\n,,0.1\n", None, "no haplotype"),
        ('{"frequencies": [', 1, "not JSON"),
        ("[" * 100_000, None, "not JSON"),
        ('{"frequencies": {}}', None, "no list"),
        ('{"frequencies": [1]}', None, "no list"),
        ("{}", None, "no list"),
        ('{"frequencies": []}', None, "no haplotype"),
        ('[{"a": "01:01", "frequency": 0.1}, {"a": ["02:01"], "frequency": 0.1}]', 2, "02:01"),
        ('[{"a": "01:01", "frequency": true}]', 1, "True"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, text: str, row: int | None, found: str) -> None:
    error = refused(tmp_path, text)
    assert error.row == row
    assert found in error.found


def test_damaged_files(tmp_path: Path) -> None:
    assert "gzip" in refused(tmp_path, gzip.compress(CSV.encode())[:-9]).found
    assert refused(tmp_path, CSV.encode() + b"A*01:01,\xff\n").row == 4
    assert "byte 0xFF" in refused(tmp_path, CSV.encode() + b"\xff\xfe").found
    assert "workbook" in refused(tmp_path, b"PK\x03\x04 and nothing else").found
    assert "workbook" in refused(tmp_path, b"\xd0\xcf\x11\xe0 and nothing else").found
    assert "plain columns" in refused(tmp_path, b"PAR1 and nothing else").found
    with pytest.raises(FileError, match="No such file"):
        read_frequencies(tmp_path / "missing.csv")
    with pytest.raises(FileError, match="directory"):
        read_frequencies(tmp_path)


def test_an_empty_workbook_and_an_empty_parquet_file(tmp_path: Path) -> None:
    pl.DataFrame().write_excel(tmp_path / "empty.xlsx")
    pl.DataFrame({"haplotype": [], "frequency": []}).write_parquet(tmp_path / "empty.parquet")
    for name in ("empty.xlsx", "empty.parquet"):
        with pytest.raises(FileError, match="no haplotype"):
            read_frequencies(tmp_path / name)


def test_frequencies_of_the_shared_data(shared_data: Path) -> None:
    path = shared_data / "data" / "frequencies" / "synthetic_han_5locus.csv"
    got = read_frequencies(path)
    with path.open(encoding="utf-8") as lines:
        assert next(lines) == "haplotype,frequency\n"
        for line, row in zip(lines, got.frame.iter_rows(named=True), strict=True):
            haplotype = "~".join(f"{locus}*{row[locus]}" for locus in ("A", "C", "B", "DRB1", "DQB1"))
            expected, frequency = line.rstrip().split(",")
            assert (haplotype, row["frequency"]) == (expected, float(frequency))


def test_a_gene_of_drb3_to_drb5_may_stand_alone_where_every_haplotype_says_whether_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "one_gene.csv"
    path.write_text("haplotype,frequency\nDRB4*01:03P~DRB1*09:01,0.4\nDRB4*absent~DRB1*08:03,0.3\n", encoding="utf-8")
    frame = read_frequencies(path).frame
    assert frame["DRB4"].to_list() == ["01:03P", "absent"]
    assert frame["DRB3"].to_list() == frame["DRB5"].to_list() == [None, None]


@pytest.mark.parametrize(
    "entry",
    [
        r'{"a":"\ud800","frequency":0.5}',
        r'{"a":"01:01","frequency":0.5,"\uDFFF":1}',
        r'{"a":"01:01","frequency":0.5,"b":["\ud83d"]}',
    ],
)
def test_half_a_character_is_not_text(tmp_path: Path, entry: str) -> None:
    with pytest.raises(FileError, match="not JSON"):
        read(tmp_path, f"[{entry}]")


def test_a_whole_character_may_be_escaped(tmp_path: Path) -> None:
    got = read(tmp_path, r'{"ethn":"\ud83d\ude00","frequencies":[{"a":"01:01","frequency":0.5}]}')
    assert got.frame["population"].to_list() == ["\U0001f600"]


@pytest.mark.parametrize(
    "content",
    [
        '[{"a":"01:01","frequency":0.5,"frequency":0.9}]',
        '{"frequencies":[],"frequencies":[{"a":"01:01","frequency":0.5}]}',
    ],
)
def test_a_key_twice_in_an_object_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileError, match="twice in one object") as caught:
        read(tmp_path, content)
    assert "'frequenc" in str(caught.value)


@pytest.mark.parametrize(
    ("part", "note"),
    [
        ("A01:01", "names without star"),
        ("A0101", "names without star"),
        ("\uff21*01:01", "full-width characters"),
        ("A* 01:01", "blanks inside typings"),
        ("hla#3.25.0#A*01:01", "GL String Codes of release 3.25.0"),
    ],
)
def test_alleles_are_read_in_the_forms_of_typings_and_noted(tmp_path: Path, part: str, note: str) -> None:
    for text in (f"hap,freq\n{part}~B*08:01,0.5\n", f"A,B,freq\n{part},08:01,0.5\n"):
        got = read(tmp_path, text)
        assert got.frame["A"].to_list() == ["01:01"]
        assert got.notes[0].startswith(note)
        assert got.notes[0].endswith(": 1 alleles or groups")


@pytest.mark.parametrize("text", ["01:01", "*01:01", "A*01:01", "0101", "\uff10\uff11:01", "*0101", "\uff0a01:01"])
def test_alleles_of_the_column_of_a_locus_may_lack_it(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"A,B,freq\n{text},08:01,0.5\n").frame["A"].to_list() == ["01:01"]


def test_alleles_may_be_joined_by_a_full_width_tilde(tmp_path: Path) -> None:
    assert read(tmp_path, "hap,freq\nA*01:01\uff5eB*08:01,0.5\n").frame.select("A", "B").rows() == [("01:01", "08:01")]


# Units


TWO = "A*01:01,{}\nA*02:01,{}\n"


@pytest.mark.parametrize(
    ("header", "first", "second", "expected", "note"),
    [
        ("haplotype,frequency", "0.25", "0.75", (0.25, 0.75), ""),
        ("haplotype,frequency", "25.5", "74.5", (0.255, 0.745), "percent, divided by 100"),
        ("haplotype,frequency", "30.1", "66", (0.301, 0.66), "percent, divided by 100"),
        ("haplotype,frequency", "25%", "10 %", (0.25, 0.1), "percent, divided by 100"),
        ("haplotype,percent", "25", "75", (0.25, 0.75), "percent, divided by 100"),
        ("haplotype,freq (%)", "0.5", "0.2", (0.005, 0.002), "percent, divided by 100"),
        ("haplotype,counts", "1", "3", (0.25, 0.75), "counts, divided by their sum"),
        ("haplotype,count", "0.2", "0.6", (0.25, 0.75), "counts, divided by their sum"),
    ],
)
def test_percent_and_counts_are_told_from_parts_of_1(
    tmp_path: Path, header: str, first: str, second: str, expected: tuple[float, float], note: str
) -> None:
    got = read(tmp_path, f"{header}\n{TWO.format(first, second)}")
    assert got.frame["frequency"].to_list() == pytest.approx(list(expected))
    assert got.notes == (*((note,) if note else ()), f"frequencies sum to {sum(expected):.6g}")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("haplotype,frequency\n" + TWO.format("30", "70"), "counts or percent"),
        ("haplotype,frequency\n" + TWO.format("3", "7"), "counts or percent"),
        ("haplotype,frequency\n" + TWO.format("30.5", "20"), "name the column percent"),
        ("haplotype,frequency\n" + TWO.format("300.5", "20"), "name the column count"),
        ("haplotype,frequency\n" + TWO.format("25%", "0.75"), "all of them as percent"),
        ("haplotype,percent\n" + TWO.format("60", "70"), "percent"),
        # One population in percent, one in parts of 1.
        ("hap,pop,freq\nA*01:01,CAU,99.5\nA*01:01,NAM,0.9\n", "name the column percent"),
        ("A,CAU_freq,NAM_freq\n01:01,99.5,0.9\n", "name the column percent"),
    ],
)
def test_numbers_of_doubtful_units_are_refused(tmp_path: Path, text: str, hint: str) -> None:
    assert hint in refused(tmp_path, text).hint


@pytest.mark.parametrize(
    "rows",
    [
        "A*01:01~B*08:01,CAU,0.5\nA*01:01~B*08:01,NAM,0.25\n",
        "A*01:01~B*08:01,0.5,CAU\nA*01:01~B*08:01,0.25,NAM\n",
        "CAU\tA*01:01~B*08:01\t0.5\nNAM\tA*01:01~B*08:01\t0.25\n",
        "A*01:01~B*08:01,CAU,50%\nA*01:01~B*08:01,NAM,25%\n",
    ],
)
def test_three_columns_without_header(tmp_path: Path, rows: str) -> None:
    got = read(tmp_path, rows)
    columns = ["A", "B", "population", "frequency", "row"]
    assert got.frame.select(columns).rows() == [("01:01", "08:01", "CAU", 0.5, 1), ("01:01", "08:01", "NAM", 0.25, 2)]
    assert got.notes[0].startswith("read without header: the columns are ")


@pytest.mark.parametrize(
    "row", ["A*01:01,0.2,0.5", "A*01:01,CAU,NAM", "A*01:01,7,9", "A*01:01,B*07:02,0.5", "A*01:01,0.5,1.5"]
)
def test_three_columns_that_could_be_anything_are_refused(tmp_path: Path, row: str) -> None:
    assert "3 columns without names" in refused(tmp_path, f"{row}\n").found


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le"])
def test_frequencies_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = "单倍型,频率,人群\nA*01:01,0.5,汉族\n"
    got = read(tmp_path, text.encode(encoding))
    assert got.frame["population"].to_list() == ["汉族"]
    assert any(note.startswith("the text is in ") for note in got.notes)
    assert "byte 0xFC" in refused(tmp_path, "hap,freq,pop\nA*01:01,0.5,Zürich\n".encode("latin-1")).found
