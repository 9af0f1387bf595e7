"""The entry point of a search: patients in, ranked donors out.

A `Matcher` holds a registry, and with frequencies its donors imputed, ready for any number of patients:

    patient, criteria
        |  matching     the counts of each locus; the donors within the mismatches asked for
        |  prediction   what is worked out of probabilities only where the order or the reader asks
        |  choice       the donors in the order of a policy, as many as asked for
        v
    MatchList           rows and counts; frames, text and pages by `reporting` when they are asked for

A list explains itself (`explanations`, `sensitivity`): it searches again for the same patient by other criteria or in
another order, for one donor (`placed_donors`) or for the head of the list.

`batch` searches many patients: blocks of them go to threads, processes or a cluster, shards of the donors where there
are fewer patients than workers. Neither changes a result.
"""
