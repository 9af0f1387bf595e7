"""What an HLA name means: alleles, groups, codes and antigens, under one release of the nomenclature.

A *release* is one version of IPD-IMGT/HLA, as immutable tables. `Nomenclature` reads typings under one release, or
under the built-in nomenclature, which needs no file. Reading has two steps. The first knows spellings and no release;
the second knows a release and reads the standard form alone:

    text as reported --> spelling, standard_form, name_lists, name_line --> standard form --> gl_string
                                                                                                 |
    A02:01/06          A*02:01/A*02:06                        pairs of typings by locus <--------+
                                                                   |
    release --> tables --> locus_index, antigen_index              |
                                  |                                v
                                  +-----------------------> typing_reader --> Expansion: P groups, antigens, notes

    allele, reported_names      the parts of a name; the forms of names
    untyped                     signs and words for not typed
    typing_reader               the alleles behind a name, each form by its own rule
    abandoned_names             renamed and deleted alleles, names before 2010
    group_names                 G, P and small g groups, and groups that a release no longer has
    antigen_index, serology     antigens of alleles and alleles of antigens; broads, splits, associated antigens
    multiple_allele_codes       NMDP's codes
    identity                    which release numbers some codes
    reduction, reading          what `hla-match reduce` and `hla-match typing` show

Matching compares P groups: alleles of one P group have the same protein in the antigen recognition domain.
"""
