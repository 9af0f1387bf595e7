"""``hla-match registry encrypt``: the record of a registry encrypted with a key from a file."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.messages import say
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
def encrypt(registry: Path) -> None:
    """Encrypt the record of REGISTRY with the key in the file that HLA_MATCH_RECORD_KEY_FILE names.

    Every command that reads the record needs the key from then on. Snapshots stay as they are: encrypt the disk.
    """
    from registry_io.store.record_encryption import encrypt_record

    was_plain = encrypt_record(registry)
    if was_plain:
        say(translated("The record is encrypted."))
    else:
        say(translated("Nothing changed: the record is encrypted already."))
