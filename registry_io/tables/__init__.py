"""Tables as bytes: text, Parquet and workbooks in, results out, each cell with its place."""
