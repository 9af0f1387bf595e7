"""Next steps: which typing to order, and how many donors to ask.

Both are questions about numbers that are known already: the probability of each number of mismatches, outcome by
outcome of a typing, and the chance that a donor who is asked is available. This room sees numbers only:

    typing_value ........ what a typing is expected to tell, and what it is expected to gain
    typing_costs ........ what the typing of some loci costs
    availability ........ how probable it is that a donor who is asked is available
    enough_donors ....... how many of a list are to be asked so that one of them will do

`hla_match.searches.next_step_search` joins it with the persons behind the numbers,
and `hla_match.reporting.next_steps` says it.

    outcomes of a typing -> typing_value --+
    costs of the loci ----> typing_costs --+--> typings, the most gain for its cost first
    age, sex, contact ----> availability --+--> donors in the order of the list, and how many to ask
"""
