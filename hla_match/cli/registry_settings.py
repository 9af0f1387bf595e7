"""``hla-match registry settings``: what a registry has set for itself."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.messages import say
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated
from hla_match.language.retelling import retold


@click.command(cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Set min-age or max-age; can be repeated.")
@click.option("--unset", multiple=True, metavar="NAME", help="Take a setting back; can be repeated.")
def settings(registry: Path, given: tuple[str, ...], unset: tuple[str, ...]) -> None:
    """Show or change the settings of REGISTRY: the ages at which its donors can donate.

    Nothing is set at first. Lists say what is set, and mark donors beyond it.
    """
    from registry_io.store.registry_folder import current_snapshot
    from registry_io.store.registry_settings import change_registry_settings, registry_settings

    current_snapshot(registry)
    changes: dict[str, int | None] = {}
    set_to = ((name, _number(text)) for name, _, text in (part.partition("=") for part in given))
    for name, value in (*set_to, *((name, None) for name in unset)):
        if (key := _name(name)) in changes:
            raise click.BadParameter(translated("found {name} twice, expected each name once", name=name.strip()))
        changes[key] = value
    found = change_registry_settings(registry, changes) if changes else registry_settings(registry)
    say(*(f"{name.replace('_', '-')}={value}" for name, value in found.to_dict().items()), retold(str(found)))


def _name(text: str) -> str:
    return text.strip().replace("-", "_")


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(translated("expected NAME=VALUE with a whole number, such as min-age=18")) from None
