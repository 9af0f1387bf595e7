"""Compiled rules over arrays of codes: numbers in, numbers out. `DESIGN.md` beside this file says why they look so.

    codes, schema ----- the integers and the arrays that kernels share with their callers; they need no Numba
    search ------------ typings against typings, and the donors that are left
    imputation -------- the haplotypes that can make up a person
    prediction -------- how probable each number of mismatches is
    estimation -------- how often each haplotype is expected
    auditing ---------- whether two typings can stand side by side

A kernel sees numbers only: no name of an allele, no file, no exception. A rule is a scalar function that can be read
alone, and the loop around it is another. A kernel takes named tuples of arrays (`schema`), and is compiled in advance
for what its annotations say (`signatures`).
"""
