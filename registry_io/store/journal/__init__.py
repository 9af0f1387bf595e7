"""The record of a registry: every version of every donor, as it was reported, one transaction after another.

The record is what a registry knows; its snapshots are derived from it and can be made again::

    txn       1 import        2 update        3 withdraw
              |               |               |
    version   ZJ1 add         ZJ2 update      ZJ1 withdraw     a donor's newest version up to a transaction
              ZJ2 add         ZJ4 add                          is what the registry knew then:
              ZJ3 add                                          at 2: ZJ1 ZJ2' ZJ3 ZJ4   at 3: ZJ2' ZJ3 ZJ4

Nothing is overwritten. A version has a digest of a salt and its content, a transaction the digest of its versions, and
the hash of a transaction covers that of the one before, so that a record that was changed anywhere is found out.

It is one SQLite file beside the snapshots. `journal_file` opens it, `person_texts` says how a person becomes text and a
person again, `transactions` what a transaction says of itself, `contents` keeps the nomenclature and the multiple
allele codes that it was read with, `journal` reads, `versions` says what, `entry` writes,
`erasure` forgets, and `verification` proves. `case_book` keeps the cases of patients beside the donors, in tables of
their own (`case_tables`) with a chain of their own, which `case_verification` proves.
"""
