"""Mutation testing: does a small error in a rule or kernel make a test fail?

``python -m tests.mutants --sample 100 --seed 1`` draws mutants from the rooms, runs for each of them the tests nearest
to its module, and counts those that no test notices:

    source -> sites (an operator, a number, a statement) -> a sample -> one of them changed
           -> nearest tests that reach it, kernels interpreted, until the first failure
           -> killed, or once more with all examples in a changed copy of the tree -> survived -> tests/README.md

| module | what |
|---|---|
| `sites.py` | what can be changed in a module, and how |
| `nearest_tests.py` | the tests of each module |
| `reach.py` | which test reaches which mutant |
| `quick_trials.py` | a mutant as exchanged code, in a process forked after all tests were collected |
| `trials.py` | a mutant in a copy of the tree, in a process of its own |
| `report.py` | the table in `tests/README.md`, with the survivors and their reasons |
| `survivors.toml` | why a survivor is none that a test should notice, or what is missing |
"""
