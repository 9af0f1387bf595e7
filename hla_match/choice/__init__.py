"""Choice: which of the donors found for a patient stands first, and why.

A *feature* is one thing that donors differ in: the mismatches, the probability of a full match, the age. It is declared
once, with its unit, its source, what a value costs, how a list shows it and how a reason says it. A *policy* is an
ordered list of keys, and a *key* is a feature with its bands, its direction and the place of donors of whom it is not
known. There are no weights and no score: the first key in which two donors differ orders them, and that key is the
reason. The donor's identifier ends every policy, so that the order is reproducible. Policies are data: those that are
shipped are TOML files in the folder `shipped`, with what supports them and what must be known about them.

    policy "young":  age in bands of 10    p0 in whole percent    donor_id
    donor            value -> code         value -> code          code       why before the next donor
    D7               24       2            97%      3             6          p0: ... (97% before 62%)
    D2               29       2            62%      38            1          age: ... (20 to 29 before 30 to 39 years)
    D5               33       3            not asked for          4          beyond the limit of two donors

A key turns values into codes, lower first. Each key gives one column of small integers; the columns are sorted together
and kept with the list, so that the deciding key of two neighbours is the first column in which they differ, and lists
of parts of a registry are merged by their columns.

*Lazy keys are exact.* A list of 100 donors out of 100,000 needs few values (`ranking`). Key by key, donors who are
certainly among the first are put aside, donors who certainly are not are dropped, and the next key is asked for the
contested ones only. The value of a costly feature is a prediction; it has an upper bound that costs less. Donors are
predicted in the order of the best code that their bounds allow, until the best code of the next one is greater than the
code of the last donor who is wanted. A donor who is left cannot be among the first, for any prediction within the
bound. This holds for any policy and any position of the key.

To add a feature, declare it in `match_features` or `donor_features` and name it in `features`: policies, printed
policies, reasons and the summary follow from the declaration. Its rule gets a twin in ``tests/oracle/ranking.py`` and
a test; a value that costs a prediction gets bounds.

    candidates -> feature -> features -> ranking_key -> ranking_policy -> policies -> ranking -> ranked_donors
    donors found  declaration  table      codes, words   keys as data      shipped     first donors  the list
"""
