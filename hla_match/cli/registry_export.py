"""``hla-match registry export``: all donors of a registry as a donor file, under pseudonyms where asked for."""

from __future__ import annotations

import datetime
from pathlib import Path

import click
from click.core import ParameterSource

from hla_match.cli.messages import say
from hla_match.cli.moment import at_option
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated, translated_count

_PATH = click.Path(path_type=Path)


@click.command(cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@click.option("--out", type=_PATH, required=True, help="The file, CSV or TSV by its ending; its owner's alone.")
@click.option("--pseudonyms", is_flag=True, help="Keyed hashes for identifiers, years for dates, no city and no GRID.")
@click.option(
    "--key-file",
    type=_PATH,
    envvar="HLA_MATCH_PSEUDONYM_KEY_FILE",
    help="The key of the pseudonyms; by default the file that HLA_MATCH_PSEUDONYM_KEY_FILE names.",
)
@click.option("--replace", is_flag=True, help="Replace the file where it is there.")
@at_option("Export the donors as they were then.")
@raw_text_option
def export(
    registry: Path,
    out: Path,
    pseudonyms: bool,
    key_file: Path | None,
    replace: bool,
    at: int | datetime.date | None,
    raw_text: bool,
) -> None:
    """Write all donors of REGISTRY to a file that an import reads to the same registry."""
    from registry_io.disk.key_file import read_key
    from registry_io.store.donor_export import export_donors

    if pseudonyms and key_file is None:
        raise click.UsageError(
            translated("found --pseudonyms without a key, expected --key-file or HLA_MATCH_PSEUDONYM_KEY_FILE")
        )
    named = click.get_current_context().get_parameter_source("key_file") is ParameterSource.COMMANDLINE
    if named and not pseudonyms:
        # Whoever names a key does not expect a file of names.
        raise click.UsageError(translated("found --key-file without --pseudonyms, expected both or neither"))
    key = read_key(key_file) if pseudonyms and key_file is not None else None
    n_donors = export_donors(registry, out, key=key, at=at, raw_text=raw_text, replace=replace)
    if pseudonyms:
        text = translated_count(
            "{n} donor written to {file} under pseudonyms",
            "{n} donors written to {file} under pseudonyms",
            n_donors,
            file=out,
        )
        say(text)
    else:
        say(translated_count("{n} donor written to {file}", "{n} donors written to {file}", n_donors, file=out))
