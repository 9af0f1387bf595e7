"""The benchmark suite: one table of cases whose results are compared first and timed then (`benchmarks.cases`).

A *case* says what it proves, how its result is checked, and what is timed. A *place* is a registry to run cases on: the
shared one, or a synthetic one of a given size. A *figure* is a number that a case gives, a *target* a bound on one.
Floors (`benchmarks.floors`) and other programs (`benchmarks.peers`) are measured in the same run.
"""
