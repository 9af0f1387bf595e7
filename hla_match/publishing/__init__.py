"""Figures of a registry for the public: how many donors there are, came and went, and none that tells of one person.

    donors at the end of the year  --> counts by city, age, sex, resolution --> small cells withheld --> a table, a page
    donors at its beginning                                                     (small_cells)

Counts are made of frames of donors (`yearly_figures`); which of them can be published is a rule of its own.
"""
