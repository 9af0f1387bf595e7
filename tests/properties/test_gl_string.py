from hypothesis import given
from hypothesis import strategies as st

from hla_match.errors import TypingError
from hla_match.nomenclature.gl_string import OPERATORS, GLNode, genotypes, parse, split_loci
from tests.oracle import gl_string as oracle

NAMES = st.sampled_from(["01:01", "02:01:01:01", "02:XX", "02:01g", "02:01P", "02:ABCD", "24:09N", "0303", "NNNN"])
ANTIGENS = {"A": "A2", "B": "B62", "C": "Cw7", "DRB1": "DR17", "DQB1": "DQ7", "DRB3": "DR52"}
LOCI = ["A", "B", "C", "DRB1", "DRB3", "DQB1", "DPB1", "MICA"]


def leaves(locus: str) -> st.SearchStrategy[str]:
    starred = st.builds(lambda hla, name: f"{hla}{locus}*{name}", st.sampled_from(["", "HLA-"]), NAMES)
    return starred | st.just(ANTIGENS[locus]) if locus in ANTIGENS else starred


def joined(operator: str, operand: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    return st.lists(operand, min_size=1, max_size=most).map(operator.join)


def gene_genotypes() -> st.SearchStrategy[str]:
    """One or two places, each of any of the genes that stand for each other, or of none."""
    gene = st.sampled_from(["DRB3*01:01", "DRB3*02:02/DRB3*02:03", "DRB4*01:03", "DRB4*01:01", "DRB5*01:01"])
    return joined("+", gene | st.just("DRBX*NNNN"), 2)


GENES = joined("|", gene_genotypes(), 3)


@st.composite
def blocks(draw: st.DrawFn, loci: list[str]) -> str:
    """Alternative genotypes, every chromosome with one list for each locus."""
    haplotype = st.tuples(*(joined("/", leaves(locus), 3) for locus in loci)).map("~".join)
    return draw(joined("|", joined("+", haplotype, 2), 3))


@st.composite
def persons(draw: st.DrawFn) -> str:
    loci = draw(st.permutations(LOCI))[: draw(st.integers(1, 5))]
    texts, has_gene = [], "DRB3" in loci
    while loci:
        size = draw(st.integers(1, min(3, len(loci))))
        texts.append(draw(blocks(list(loci[:size]))))
        loci = loci[size:]
    if not has_gene and draw(st.booleans()):
        texts.append(draw(GENES))
    return "^".join(texts)


GL_STRINGS = joined("?", persons(), 3)


def trees(level: int = 0) -> st.SearchStrategy[GLNode]:
    leaf = st.sampled_from(LOCI).flatmap(leaves).map(lambda text: GLNode("", (), text))
    if level == len(OPERATORS):
        return leaf
    tighter = trees(level + 1)
    several = st.lists(tighter, min_size=2, max_size=3)
    return tighter | several.map(lambda parts: GLNode(OPERATORS[level], tuple(parts)))


@given(trees())
def test_a_tree_written_and_read_is_the_same_tree(tree: GLNode) -> None:
    assert parse(str(tree)) == tree


@given(GL_STRINGS)
def test_text_read_and_written_is_the_same_text(text: str) -> None:
    assert str(parse(text)) == text


@given(GL_STRINGS)
def test_split_loci_equals_its_oracle(text: str) -> None:
    assert split_loci(text) == oracle.split_loci(text)


@given(GL_STRINGS)
def test_every_column_pair_of_a_split_reads_as_its_genotypes(text: str) -> None:
    for first, second in split_loci(text).values():
        pairs = genotypes(first, second)
        assert pairs
        if "|" in first:
            assert "|".join(map("+".join, pairs)) == first
        else:
            assert pairs == [(first, second or first)]


@given(st.text(alphabet="AB*:021wC-" + OPERATORS, max_size=24) | st.text(max_size=12))
def test_any_text_is_read_back_or_refused_at_a_position_inside(text: str) -> None:
    refused: TypingError | None = None
    try:
        again = str(parse(text))
    except TypingError as error:
        again, refused = text, error
    assert again == text
    assert refused is None or (refused.text == text and 0 <= refused.position <= len(text))
