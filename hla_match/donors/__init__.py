"""Donors as immutable columns, their attributes, and their order by typing.

    persons in a frame --> person_frame --> typing_book (each locus) --> arrangement --> Registry
                           checked          typings as integers          sorted by typing

A `Registry` holds one code a donor and locus, and what each code means. It is never changed: an import makes another.

    attributes, attribute_types     the vocabulary: each attribute of donors and patients is declared once
    attribute_codes                 attributes as numbers
    ages                            completed years at a date
    arrangement                     the order of donors, and the rank of their identifiers
    registry_union                  a registry and its changes as one registry
    typing_index                    donors in three orders by typing, which a search reads instead of all donors
    provenance                      what a registry was made from
"""
