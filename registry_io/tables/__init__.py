"""Tables as bytes: text, Parquet and workbooks in, results out, each cell with its place.

    source_file -> budgets -> text_file, parquet_file, workbook -> table_file -> slices of text cells
    opened once,   bounds of                                        any format
    hashed         work

    text_encoding, chinese_text              the encoding of a text
    workbook_cells, spreadsheet_values       cells that hold something else than Excel shows
    quarantine                               reports of rows and cells that could not be read
    results_file, spreadsheet_text           results out
    list_workbook                            one match list as a workbook
    sealed_parts                             finished parts of a long work, with checksums

What a cell means is decided in `persons` and `formats`.
"""
