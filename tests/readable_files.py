"""The forms of donor, patient and frequency files: what each is read as, or why it is refused.

`tests/unit/registry_io/test_readable_files.py` reads every form; they stand in the page of `tests/readable_forms.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GL = "A*02:01+A*24:02^B*40:01+B*46:01"


@dataclass(frozen=True, slots=True)
class FileForm:
    """A form of a file.

    Attributes:
        heading: under which it stands.
        form: what is written, in words.
        text: the file.
        read: what its first person, or haplotype, is read as: names of the project's columns, and values.
        refused: what is said of a file that is refused, of a row that is left out, or of a cell that is left empty.
        said: what the summary says of it.
        encoding: of the file.
        name: of the file; its ending tells the kind.
    """

    heading: str
    form: str
    text: str
    read: dict[str, object] = field(default_factory=dict)
    refused: str = ""
    said: str = ""
    encoding: str = "utf-8"
    name: str = "donors.csv"

    @property
    def cells(self) -> tuple[str, str, str]:
        """What the page shows: what is written, what it is read as, and what is said."""
        lines = self.text.rstrip("\n").split("\n")
        written = f"{'' if self.form in self.text else f'{self.form}: '}{' / '.join(map(_shown, lines))}"
        read = ", ".join(f"{name} {_shown(str(value))}" for name, value in self.read.items() if value is not None)
        empty = ", ".join(f"{name} empty" for name, value in self.read.items() if value is None)
        refused = f"refused: {self.refused}" if self.refused and not self.read else self.refused
        return written, "; ".join(filter(None, (read, empty, refused))), self.said


def _shown(text: str) -> str:
    """Return a text as code in a cell of a table."""
    return "`" + text.replace("|", "\\|") + "`"


def _table(header: str, row: str) -> str:
    return f"{header}\n{row}\n"


_AB = {"A_1": "02:01", "A_2": "24:02", "B_1": "40:01", "B_2": "46:01"}
_CITY = _table("id,A_1,A_2,city", "X1,02:01,24:02,杭州")
_IN_CITY = {"A_1": "02:01", "A_2": "24:02", "city": "杭州"}
_ENCODINGS = "Encodings of text"
_IDENTIFIERS = "Columns of identifiers"
_TYPINGS = "Columns of typings"
_DRB345 = "Columns of DRB3, DRB4 and DRB5"
_NEVER = "Columns that may be something else"
_ATTRIBUTES = "Columns and cells of attributes"
_DATES = "Dates"
_HEADERLESS = "Files without header"
_FREQUENCIES = "Haplotype frequencies"


def _named(header: str, expected: dict[str, object], said: str = "columns read") -> FileForm:
    row = "X1," + ",".join(("02:01", "24:02", "40:01", "46:01")[: header.count(",")])
    return FileForm(_TYPINGS, header, _table(header, row), expected, said=said)


def _attribute(column: str, cell: str, attribute: str, value: object) -> FileForm:
    text = _table(f"id,A_1,A_2,{column}", f"X1,02:01,24:02,{cell}")
    return FileForm(_ATTRIBUTES, f"{column}: {cell}", text, {attribute: value})


def _doubtful(header: str, row: str, read: dict[str, object], said: str) -> FileForm:
    return FileForm(_NEVER, header, _table(f"id,{header},DRB1_1,DRB1_2", f"X1,{row},09:01,15:01"), read, said=said)


_DRB1 = {"DRB1_1": "09:01", "DRB1_2": "15:01"}
_HAP = "A*01:01~B*08:01"
_FREQ = {"A": "01:01", "B": "08:01"}

FILE_FORMS: tuple[FileForm, ...] = (
    FileForm(_ENCODINGS, "UTF-8, with or without byte order mark", _CITY, _IN_CITY, encoding="utf-8-sig"),
    FileForm(_ENCODINGS, "GB18030, GBK, GB 2312", _CITY, _IN_CITY, said="the text is in GB18030", encoding="gb18030"),
    FileForm(
        _ENCODINGS, "UTF-16 with byte order mark", _CITY, _IN_CITY, said="the text is in UTF-16", encoding="utf-16"
    ),
    FileForm(_ENCODINGS, "UTF-16 without, little-endian", _CITY, _IN_CITY, said="UTF-16", encoding="utf-16-le"),
    FileForm(_ENCODINGS, "UTF-16 without, big-endian", _CITY, _IN_CITY, said="UTF-16", encoding="utf-16-be"),
    FileForm(
        _ENCODINGS,
        "Latin-1",
        _CITY.replace("杭州", "Zürich"),
        refused="the byte 0xFC (byte 33 of the text)",
        encoding="latin-1",
    ),
    FileForm(_ENCODINGS, "Big5", _CITY.replace("杭州", "高雄"), refused="row 2: found the byte 0xB0", encoding="big5"),
    FileForm(_IDENTIFIERS, "donor_id", _table("donor_id,A_1,A_2", "X1,2,24"), {"person_id": "X1"}),
    *(
        FileForm(_IDENTIFIERS, name, _table(f"{name},A_1,A_2", "X1,2,24"), {"person_id": "X1"}, said=said)
        for name, said in (
            ("ID", ""),
            ("Donor ID", ""),
            ("GRID", "GRID as identifier"),
            ("subject", "subject as identifier"),
            ("sample", ""),
            ("sample_id", ""),
            ("编号", "编号 as identifier"),
            ("供者编号", ""),
            ("志愿者编号", ""),
            ("患者编号", ""),
        )
    ),
    FileForm(
        _IDENTIFIERS,
        "donor_id beside Donor ID",
        _table("donor_id,Donor ID,A_1,A_2", "X1,X1,2,24"),
        refused="column Donor ID: found the meaning of column donor_id again",
    ),
    FileForm(_IDENTIFIERS, "name", _table("name,A_1,A_2", "X1,2,24"), refused="no column of identifiers"),
    _named("id,A_1,A_2,B_1,B_2", dict(_AB), said=""),
    _named("id,HLA-A_1,HLA-A_2,HLA-B_1,HLA-B_2", dict(_AB), said=""),
    _named("id,hla_a_1,hla_a_2,HLA_B_1,HLA_B_2", dict(_AB), said="hla_a_1 as A_1"),
    _named("id,A1,A2,B1,B2", dict(_AB)),
    _named("id,DRB11,DRB12", {"DRB1_1": "02:01", "DRB1_2": "24:02"}, said="DRB11 as DRB1_1"),
    _named("id,HLA-A 1,HLA-A 2,HLA-B 1,HLA-B 2", dict(_AB)),
    _named("id,DRB1.1,DRB1.2,DQB1-1,DQB1-2", {"DRB1_1": "02:01", "DQB1_2": "46:01"}),
    _named("id,A (1),A (2),Cw 1,Cw 2", {"A_1": "02:01", "C_2": "46:01"}),
    _named("id,A,A,B,B", dict(_AB), said="A (1) as A_1"),
    FileForm(
        _TYPINGS,
        "A: 02:01,24:02",
        _table("id,A,B", 'X1,"02:01,24:02","40:01;46:01"'),
        dict(_AB),
        said="A as both typings of A",
    ),
    FileForm(
        _TYPINGS,
        "A: a GL String of the locus",
        _table("id,A,HLA-B", "X1,A*02:01+A*24:02,B*40:01/B*40:02"),
        {"A_1": "A*02:01", "A_2": "A*24:02", "B_1": "B*40:01/B*40:02", "B_2": None},
    ),
    FileForm(
        _TYPINGS,
        "A: whole genotypes",
        _table("id,A", "X1,A*02:01+A*24:02|A*02:06+A*24:03"),
        {"A_1": "A*02:01+A*24:02|A*02:06+A*24:03", "A_2": None},
    ),
    FileForm(
        _TYPINGS,
        "DRB1: one typing, reported homozygous",
        _table("id,DRB1", "X1,09:01"),
        {"DRB1_1": "09:01", "DRB1_2": None},
    ),
    FileForm(_TYPINGS, "GL String", _table("id,GL String", f"X1,{GL}"), dict(_AB), said="GL String as gl_string"),
    FileForm(
        _TYPINGS,
        "A_1 without A_2",
        _table("id,A_1,B_1,B_2", "X1,2,7,8"),
        refused="column A_1: found no column A_2 beside it",
    ),
    FileForm(
        _TYPINGS,
        "A_1, A_2 beside A1, A2",
        _table("id,A_1,A_2,A1,A2", "X1,2,24,2,24"),
        refused="column A1: found the meaning of column A_1 again",
    ),
    FileForm(
        _DRB345,
        "DRB345_1, DRB345_2",
        _table("id,DRB345_1,DRB345_2", "X1,DRB4*01:03,DRB3*02:02"),
        {"DRB3_1": "02:02", "DRB3_2": "NNNN", "DRB4_1": "01:03", "DRB4_2": "NNNN", "DRB5_1": "NNNN"},
    ),
    FileForm(
        _DRB345,
        "one place absent",
        _table("id,DRB345_1,DRB345_2", "X1,DRB4*01:03,NNNN"),
        {"DRB3_1": "NNNN", "DRB4_1": "01:03", "DRB4_2": "NNNN"},
    ),
    FileForm(
        _DRB345,
        "one place given: the genes that it does not name are not typed",
        _table("id,DRB345_1,DRB345_2", "X1,DRB4*01:03,"),
        {"DRB4_1": "01:03", "DRB4_2": None, "DRB3_1": None},
    ),
    FileForm(
        _DRB345,
        "DRB345",
        _table("id,DRB345", "X1,DRB4*01:03+DRB4*01:01"),
        {"DRB4_1": "01:03", "DRB4_2": "01:01", "DRB3_1": "NNNN"},
    ),
    FileForm(
        _DRB345,
        "DRB3/4/5",
        _table("id,DRB3/4/5", 'X1,"DR52,DR53"'),
        {"DRB3_1": "DR52", "DRB4_1": "DR53", "DRB5_1": "NNNN"},
    ),
    FileForm(
        _DRB345,
        "a cell that names no gene",
        _table("id,DRB345_1,DRB345_2", "X1,01:03,02:02"),
        refused="column DRB345_1: malformed",
    ),
    FileForm(
        _DRB345,
        "a cell that names another locus",
        _table("id,DRB345_1,DRB345_2", "X1,DRB1*04:01,"),
        refused="column DRB345_1: wrong_locus",
    ),
    _doubtful("A1", "2", dict(_DRB1), "column A1 looks like typings and was not read; name it A_1"),
    _doubtful("A1,A2,A3,A11", "1,0,0,1", dict(_DRB1), "A1, A2, A3 look like typings and were not read"),
    _doubtful("C1,C2", "+,-", dict(_DRB1), "columns C1, C2 look like typings and were not read"),
    _doubtful("B,abo", "B,B", {**_DRB1, "abo": "B"}, "ignored columns: B (did you mean HLA-B?)"),
    _doubtful("AB", "1", dict(_DRB1), "ignored columns: AB"),
    _doubtful("DR_1,DR_2", "9,15", dict(_DRB1), "DR_1, DR_2 look like typings and were not read"),
    _doubtful("DQB1,DQB2", "02:01,03:01", dict(_DRB1), "DQB1, DQB2 look like typings and were not read"),
    _doubtful("weight", "65", dict(_DRB1), "column weight looks like attributes and was not read; name it weight_kg"),
    _doubtful("民族", "汉", dict(_DRB1), "column 民族 looks like attributes and was not read; name it population"),
    _doubtful("gendre", "F", dict(_DRB1), "ignored columns: gendre (did you mean gender?)"),
    _doubtful("wieght,HLA_X", "65,1", dict(_DRB1), "wieght (did you mean weight_kg?), HLA_X (did you mean HLA-A_1?)"),
    *(
        _attribute(*row)
        for row in (
            ("性别", "女", "sex", "F"),
            ("gender", "male", "sex", "M"),
            ("血型", "AB型", "abo", "AB"),
            ("Blood Group", "O", "abo", "O"),
            ("Rh", "阴性", "rhesus", "N"),
            ("Rh(D)", "RhD+", "rhesus", "P"),
            ("CMV", "阳性", "cmv", "P"),
            ("CMV IgG", "neg", "cmv", "N"),
            ("体重", "65.5", "weight_kg", 65.5),
            ("Weight (kg)", "65", "weight_kg", 65.0),
            ("体重", "65kg", "weight_kg", 65.0),
            ("ABO", "AB-", "rhesus", "N"),
            ("状态", "可用", "status", "AV"),
            ("状态", "暂缓", "status", "TU"),
            ("状态", "退出", "status", "DE"),
            ("城市", "杭州", "city", "杭州"),
            ("登记日期", "2001/2/3", "registered_on", "2001-02-03"),
            ("最后联系日期", "2001年2月3日", "last_contact_on", "2001-02-03"),
            ("捐献日期", "2001-02-03", "donated_on", "2001-02-03"),
            ("预定截止日期", "2030-02-03", "reserved_until", "2030-02-03"),
            ("人群", "Han", "population", "Han"),
            ("cmv", "-", "cmv", "N"),
            ("sex", "-", "sex", None),
            ("城市", "未知", "city", None),
        )
    ),
    FileForm(
        _ATTRIBUTES, "status: 未知", _table("id,A_1,A_2,status", "X1,2,24,未知"), refused="column status: bad_attribute"
    ),
    FileForm(
        _ATTRIBUTES,
        "血型: A型RH阳性",
        _table("id,A_1,A_2,血型", "X1,2,24,A型RH阳性"),
        {"abo": "A", "rhesus": "P"},
        said="read as ABO and Rh",
    ),
    FileForm(
        _ATTRIBUTES,
        "A+ beside another Rh",
        _table("id,A_1,A_2,abo,Rh", "X1,2,24,A+,neg"),
        {"abo": None, "rhesus": "N"},
        refused="column abo: bad_attribute",
    ),
    FileForm(
        _ATTRIBUTES,
        "weight in another unit",
        _table("id,A_1,A_2,体重", "X1,2,24,130斤"),
        {"weight_kg": None},
        refused="column 体重: bad_attribute",
    ),
    *(
        FileForm(_DATES, text, _table("id,A_1,A_2,出生日期", f"X1,2,24,{text}"), {"birth_date": "1990-05-01"})
        for text in ("1990-05-01", "1990-5-1", "1990/5/1", "1990.5.1", "19900501", "1990年5月1日", "1990/5/1 0:00")
    ),
    *(
        FileForm(
            _DATES,
            text,
            _table("id,A_1,A_2,birth_date", f"X1,2,24,{text}"),
            {"birth_date": None},
            refused="column birth_date: bad_attribute",
        )
        for text in ("01/05/1990", "31.12.1980", "90/5/1", "1990/13/1", "1990年5月", "33359")
    ),
    FileForm(_HEADERLESS, "identifier, GL String", f"X1;{GL}\n", dict(_AB), said="read without header"),
    FileForm(
        _HEADERLESS,
        "identifier, GL String, populations of both parents (GRIM)",
        f"X1,{GL},CAU,CAU\n",
        {**_AB, "population": "CAU"},
        said="the populations of both parents",
    ),
    FileForm(
        _HEADERLESS,
        "the same with two populations",
        f"X1,{GL},CAU,AFA\n",
        {**_AB, "population": None},
        refused="column population (1): unusual_value",
    ),
    FileForm(
        _FREQUENCIES,
        "haplotype, frequency",
        _table("haplotype,frequency", f"{_HAP},0.25"),
        {**_FREQ, "frequency": 0.25},
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "haplotype, population, frequency without header (GRIM)",
        f"{_HAP},CAU,0.25\n",
        {**_FREQ, "population": "CAU", "frequency": 0.25},
        said="read without header",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "haplotype, count, frequency without header (NMDP)",
        f"{_HAP},30,0.25\n",
        {**_FREQ, "frequency": 0.25},
        said="columns not used: count",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "percent, by their sum",
        f"haplotype,frequency\n{_HAP},25.5\nA*02:01~B*07:02,74.5\n",
        {**_FREQ, "frequency": 0.255},
        said="percent, divided by 100",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "percent, by the name of the column",
        _table("haplotype,frequency (%)", f"{_HAP},25.5"),
        {**_FREQ, "frequency": 0.255},
        said="percent, divided by 100",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "percent, by their sign",
        _table("haplotype,frequency", f"{_HAP},25.5%"),
        {**_FREQ, "frequency": 0.255},
        said="percent, divided by 100",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "counts, by the name of the column",
        f"haplotype,count\n{_HAP},30\nA*02:01~B*07:02,90\n",
        {**_FREQ, "frequency": 0.25},
        said="counts, divided by their sum",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "whole numbers that sum to 100",
        f"haplotype,frequency\n{_HAP},30\nA*02:01~B*07:02,70\n",
        refused="whole numbers may be counts or percent",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "numbers that sum to 40",
        f"haplotype,frequency\n{_HAP},30.5\nA*02:01~B*07:02,9.5\n",
        refused="name the column percent if it holds percent",
        name="f.csv",
    ),
    FileForm(
        _FREQUENCIES,
        "单倍型, 频率(%) in GB18030",
        _table("单倍型,频率(%)", f"{_HAP},25.5"),
        {**_FREQ, "frequency": 0.255},
        said="the text is in GB18030",
        encoding="gb18030",
        name="f.csv",
    ),
)
"""Every form."""
