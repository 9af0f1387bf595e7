"""``hla-match policy``: the orders of donors."""

from __future__ import annotations

from pathlib import Path

import click

from hla_match.cli.messages import say
from hla_match.cli.spoken_commands import SpokenGroup
from hla_match.language import translated


@click.group(cls=SpokenGroup)
def command() -> None:
    """List, show and check ranking policies: in which order donors stand, and why."""


@command.command("list")
def list_policies() -> None:
    """List the policies that are shipped."""
    from hla_match.choice.policies import POLICIES, policy_for

    used = {
        policy_for(None, has_probabilities=True).name: translated("used with frequencies"),
        policy_for(None, has_probabilities=False).name: translated("used where there are no frequencies"),
        policy_for(None, has_probabilities=False, declined=True).name: translated("used with --frequencies none"),
    }
    for name, policy in POLICIES.items():
        title = translated(policy.title)
        if name in used:
            say(translated("{name}: {title} ({used})", name=name, title=title, used=used[name]))
        else:
            say(translated("{name}: {title}", name=name, title=title))


@command.command()
@click.argument("policy", metavar="NAME|FILE")
@click.option("--toml", "as_toml", is_flag=True, help="Print it as the TOML file that makes it.")
def show(policy: str, as_toml: bool) -> None:
    """Show a policy: its keys in words, its filters, its sources and its caveat."""
    from hla_match.reporting.policy_text import policy_description, policy_toml
    from hla_match.services.policy_files import open_policy

    found = open_policy(policy)
    say(*(policy_toml(found).rstrip("\n").split("\n") if as_toml else policy_description(found)))


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check the policy in FILE, and print the order that it makes."""
    from hla_match.services.policy_files import read_policy

    policy = read_policy(file)
    say(translated("{file} holds the policy {policy}", file=file.name, policy=policy))
