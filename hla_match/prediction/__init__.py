"""How probable it is that a donor matches a patient, where typings leave open what the two carry.

A typing is often consistent with several genotypes. Under haplotype frequencies each of them has a probability
(`hla_match.imputation`), for the patient and for the donor alike. A *match probability* is the probability that the two
persons have exactly 0, 1, 2, 3 or 4 mismatches in scope, over everything that both may carry:

    patient                                   donor
      A*02:01  B*46:01 ...   0.7                A*02:01  B*46:01 ...   0.6
      A*02:07  B*46:01 ...   0.3                A*02:06  B*46:01 ...   0.4

    P(no mismatch) = 0.7 * 0.6 = 0.42         P(one mismatch, at A) = 1 - 0.42 = 0.58

Beside it stands what matches at each locus by itself, and where the mismatch is if there is exactly one.
Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction".

Three ways lead to these numbers, by how ambiguous the patient is and how many pairs are asked for; the numbers are the
same:

    patient of few genotypes      each genotype against the haplotype classes of a donor        `few_genotypes`
    ambiguous patient             genotypes, locus by locus, against genotypes of donors        `packed_genotypes`
    many patients, many donors    genotypes of all listed once, all pairs compared              `pair_prediction`

`predictor` takes the first or the second for one patient.

**Bounds spare work.** A list needs the probabilities of its first donors only. No mismatch in all is no more probable
than no mismatch at one locus, which costs far less to compute; nor is it more probable than that the donor has no
allele that the patient cannot have. A donor whose bound is below the probability of enough others is never predicted
(`lazy_predictions`):

    donors found ---> a full match is possible ---> bound is high enough ---> P(0), P(1) ---> whole prediction
                      counts of the search          each locus by itself      the order       the donors of the list

**Counts come first.** Where typings alone make a count certain, the probability is 0 or 1 whether frequencies explain
the persons or not, and antigens that serology tells apart are a mismatch (`counted_predictions`).

**What is cut is reported.** Of very ambiguous persons the least probable diplotypes are cut. A prediction carries the
probability of what was cut: the exact probability lies between the number given and their sum.
"""
