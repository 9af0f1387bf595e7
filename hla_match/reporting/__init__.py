"""What a person reads: ranked donors as tables, text and pages, and typings as they were understood.

    RankedDonors --> match_frame      one row a donor, every column, for files and notebooks
                 --> match_summary    the few columns that a person reads, as text
                 --> search_notices   what of the patient was missing, assumed or left aside
                 --> terminal, notebook, search_page, match_figure
                 --> grade_tiles      the letters and colours of grades and of numbers of mismatches
                 --> list_view        a list as pages show it: every text in the language of the moment
                 --> page_templates   the templates of pages, and the pieces that they share
                 --> list_about       what a list is of, beside its rows
                 --> explanation, comparison_page, list_story    why a donor stands where it stands, in 80 columns

Nothing here decides anything. Numbers become text in this room only, and every text from outside passes
`hla_match.visible_text`.
"""
