"""Leader, KIR ligand and expression of sequences against the oracle, which knows where the sequence begins."""

from hypothesis import given
from hypothesis import strategies as st

from hla_match.nomenclature.dpb1_expression import expression_level
from hla_match.nomenclature.kir_ligands import kir_ligand
from hla_match.nomenclature.leader import leader_residue
from tests.examples import examples
from tests.oracle import allele_facts as oracle

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
SIGNAL_PEPTIDE = "MRVTAPRTVLLLLSGALALTETWA"
# Made up, with the residues that all class I proteins have between and behind the motif of residues 76 to 83.
BEFORE = "GSHSMRYFYTAVSRPGRGEPRFIAVGYVDDTQFVRFDSDAASPRAEPRAPWIEQEGPEYWDRNTQIFKTNTQTYR"  # residues 1 to 75
BEHIND = "YYNQSEAGSHTLQRMYGCDVGPDGRLLRGHDQYAYDG"  # from residue 84
POSITIONS = (374, 381, 406, 441, 588, 596, 624)  # of bases that tell DPB1 alleles of high and low expression apart


@st.composite
def proteins(draw):
    """A precursor, with other residues at few places and any at the motif."""
    motif = draw(st.sampled_from(("VSLRN", "ESLRN", "VNLRK", "ENLRI", "ENLRT", "VNLRE", "ENAQN")))
    end = draw(st.sampled_from(("LRG", "LLR", "ALR")))
    mature = list(BEFORE + motif + end + BEHIND)
    # Few places differ between any two alleles outside the motif.
    for place in draw(st.lists(st.integers(1, 74), max_size=5, unique=True)):
        mature[place] = draw(st.sampled_from(RESIDUES))
    signal = SIGNAL_PEPTIDE[:3] + draw(st.sampled_from("MTRVL")) + SIGNAL_PEPTIDE[4:]
    return signal + "".join(mature)


@given(proteins(), st.sampled_from("ABC"))
@examples(500)
def test_ligand_is_the_oracles(protein, locus):
    expected = oracle.kir_ligand(locus, protein[len(SIGNAL_PEPTIDE) :])
    assert kir_ligand(locus, protein) == expected
    # From residue 2, as sequences begin that lack exon 1.
    assert kir_ligand(locus, protein[len(SIGNAL_PEPTIDE) + 1 :]) == expected
    # Without its first residues.
    assert kir_ligand(locus, protein[7:]) == expected


@given(proteins(), st.sampled_from("ABC"), st.integers(30, 60), st.integers(-3, 3))
@examples(200)
def test_what_is_inserted_or_deleted_before_the_motif_changes_no_ligand(protein, locus, place, size):
    at = len(SIGNAL_PEPTIDE) + place - 25
    changed = protein[:at] + "A" * max(size, 0) + protein[at + max(-size, 0) :]
    assert kir_ligand(locus, changed) == oracle.kir_ligand(locus, protein[len(SIGNAL_PEPTIDE) :])


@given(proteins(), st.integers(1, 3))
@examples(200)
def test_leader_is_the_oracles(protein, lacking):
    assert leader_residue(protein) == oracle.leader(protein)
    # A sequence that begins in exon 1 has the residue as long as it reaches that far; one from exon 2 has none.
    # One that begins with methionine is taken for a whole precursor, whose start lies elsewhere.
    begun = protein[lacking:]
    assert leader_residue(begun) == (begun[3] if begun[0] == "M" else oracle.leader(protein))
    assert leader_residue(protein[len(SIGNAL_PEPTIDE) + 1 :]) == ""
    assert leader_residue(protein[4:]) == ""


def test_a_sequence_that_is_no_class_one_protein_has_no_facts():
    for text in ("MLVMAPX", ""):
        assert leader_residue(text) == kir_ligand("B", text) == kir_ligand("C", text) == ""


@given(st.tuples(*(st.sampled_from("AGCT"),) * 7), st.booleans())
@examples(500)
def test_expression_of_any_bases_is_the_oracles(bases, from_exon_2):
    assert_expression(bases, from_exon_2)


@given(st.sampled_from(("ACCACTC", "GTTGTCT")), st.lists(st.integers(0, 6), max_size=2), st.booleans())
@examples(200)
def test_expression_near_a_motif_is_the_oracles(motif, places, from_exon_2):
    bases = ["G" if place in places and base != "G" else base for place, base in enumerate(motif)]
    assert_expression(bases, from_exon_2)


def assert_expression(bases, from_exon_2):
    coding = list("ATG" + "A" * 97 + "AGAATTACC" + "A" * 668)
    for position, base in zip(POSITIONS, bases, strict=True):
        coding[position - 1] = base
    expected = oracle.expression("".join(coding))
    assert expression_level("".join(coding[100:] if from_exon_2 else coding)) == expected


def test_expression_is_unknown_without_exon_3():
    assert expression_level("AGAATTACC" + "A" * 255) == expression_level("GTGTAC" * 120) == ""
