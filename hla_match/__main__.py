"""``python -m hla_match``: the command ``hla-match``."""

from __future__ import annotations

from hla_match.cli.main import main

if __name__ == "__main__":
    main()
