"""The option of commands that write text which a spreadsheet may open."""

from __future__ import annotations

import click

raw_text_option = click.option(
    "--raw-text",
    is_flag=True,
    help="Write text that begins like a formula as it is; without it, CSV and TSV have an apostrophe in front.",
)
"""Leaves text as it is that a spreadsheet would take for a formula."""
