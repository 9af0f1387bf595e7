"""The `hla-match` command: arguments in, known errors out as one line with exit status 2."""
