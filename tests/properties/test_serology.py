"""Antigens, the P groups behind them and what typings count as, against the oracle of `tests.oracle.serology`."""

from hypothesis import given
from hypothesis import strategies as st

from hla_match.errors import TypingError
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tables import AntigenRelation, LocusTables, NomenclatureTables
from tests.examples import examples
from tests.oracle import serology as oracle

# A broad antigen with a variant of its own, a pair of broad ones, splits with variants, an antigen alone.
RELATIONS = [
    ["B", "15", "62/75", "63"],
    ["B", "70", "71/72", ""],
    ["B", "16", "38/39", ""],
    ["B", "39", "", "3901/3902"],
]
ANTIGENS = ("15", "62", "63", "75", "70", "71", "72", "16", "38", "39", "3901", "3902", "46")
FAMILIES = ("15", "38", "46")


def cells(most: int) -> st.SearchStrategy[str]:
    """Nothing, or up to so many antigens; at times the marks of a release for none and for unknown."""
    names = st.lists(st.sampled_from(("0", "?", *ANTIGENS, *ANTIGENS)), max_size=most, unique=True)
    return st.just("") | names.map("/".join)


@st.composite
def releases(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    """Rows of alleles with their antigens, the first expressed, and of P groups: some of a family share one."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(FAMILIES), st.sampled_from("-NLPQ")), min_size=1, max_size=9))
    dna, members = [["B*", "46:99", *["46"] * draw(st.integers(0, 1)), "", "", "", ""][:6]], {}
    for number, (first, kind) in enumerate(drawn, 1):
        name = f"{first}:{number:02}" + (kind if kind in "NLQ" else "")
        dna.append(["B*", name, draw(cells(1)), draw(cells(2)), draw(cells(2)), draw(cells(1))])
        if kind != "N" and draw(st.booleans()):
            members.setdefault(f"{first}:98P", []).append(name)
    return dna, [["B*", "/".join(names), group] for group, names in members.items() if names]


def tables(dna: list[list[str]], groups: list[list[str]]) -> NomenclatureTables:
    group = {name: label for _, names, label in groups for name in names.split("/")}
    columns = [tuple("" if row[1].endswith("N") else cell for row in dna for cell in (of(row),)) for of in _COLUMNS]
    names = tuple(row[1] for row in dna)
    unambiguous, possible, expert = columns
    nothing = ("",) * len(names)
    locus = LocusTables(
        locus="B",
        allele=names,
        g_group=nothing,
        p_group=tuple(group.get(name, "") for name in names),
        antigen=unambiguous,
        possible_antigen=possible,
        expert_antigen=expert,
        tce_group=nothing,
    )
    relations = tuple(AntigenRelation(p, a, _names(s), _names(x)) for p, a, s, x in RELATIONS)
    return NomenclatureTables("1", "small", "made up", "", {"B": locus}, relations, {"B": ANTIGENS})


_COLUMNS = (lambda row: row[2], lambda row: "/".join(filter(None, row[3:5])), lambda row: row[5])


def _names(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split("/")))


def read(nomenclature: Nomenclature, text: str) -> tuple[set[str], set[str], set[str]]:
    """The P groups, without suffixes, the antigens and the antigens reported of a text; nothing of no allele."""
    try:
        found = nomenclature.expand("B", text)
    except TypingError:
        return set(), set(), set()
    names = nomenclature.p_groups("B")
    groups = {name if name.endswith("P") else oracle.two_fields(name) for name in (names[c] for c in found.p_codes)}
    return groups, set(found.antigens), set(found.serology)


@given(releases())
@examples(500)
def test_antigens_are_the_oracles(release):
    serology = oracle.Serology("B", *release, RELATIONS)
    nomenclature = Nomenclature(tables(*release))
    index = nomenclature.index("B").antigens
    for protein, members in serology.members.items():
        found = read(nomenclature, members[0])
        assert found == ({protein}, serology.antigens_of_protein(protein), set())
    for antigen in ANTIGENS:
        proteins = serology.proteins_of_report(antigen)
        wanted = (proteins, serology.antigens_of_report(antigen), {antigen}) if proteins else (set(), set(), set())
        assert read(nomenclature, antigen) == wanted
        assert [index.are_related(antigen, other) for other in ANTIGENS] == [
            serology.are_related(antigen, other) for other in ANTIGENS
        ]
    for first in FAMILIES:
        proteins = serology.proteins_of_family(first)
        if proteins:
            assert read(nomenclature, f"{first}:XX")[:2] == (proteins, serology.antigens_of_family(first))


@given(releases(), st.data())
@examples(200)
def test_a_list_is_the_union_of_its_names_and_serology_only_if_all_are(release, data):
    serology = oracle.Serology("B", *release, RELATIONS)
    nomenclature = Nomenclature(tables(*release))
    alone = [antigen for antigen in ANTIGENS if serology.proteins_of_report(antigen)]
    texts = data.draw(st.lists(st.sampled_from([*alone, *serology.marks]), min_size=1, max_size=4))
    each = [read(nomenclature, text) for text in texts]
    proteins, antigens, reported = (set().union(*parts) for parts in zip(*each, strict=True))
    by_serology = all(text in alone for text in texts)
    written = "/".join(f"B*{text}" if ":" in text else f"B{text}" for text in texts)
    assert read(nomenclature, written) == (proteins, antigens, reported if by_serology else set())
