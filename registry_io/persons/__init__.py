"""Tables of persons: which column holds what, and what a cell says.

    header -> column_names -> person_columns        cells -> person_table -> identifiers, typings, attributes
              what a name     which columns                  |
              says            are read                       +-- locus_cells, gl_string_cells    typings
                              column_lookalikes              +-- typing_conflicts                two for one locus
                              which are not                  +-- attribute_values, blood_groups  attributes
                                                             +-- person_findings                 rows that are left out

What is read differently than written is noted (`person_notices`, `line_notes`); a row that cannot be read is a
finding with its row, column and reason, and never dropped in silence.
"""
