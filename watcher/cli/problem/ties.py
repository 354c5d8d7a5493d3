"""`watcher problem tie|untie|merge|split`: which incidents have which cause."""

from typing import Annotated

import typer

from watcher.cli._common import me
from watcher.cli.problem._desk import Config, Number, Text, carry_out

Incident = Annotated[int, typer.Argument(help="The incident.", min=1)]


def register(group: typer.Typer) -> None:
    """Adds the commands."""
    group.command("tie")(_tie)
    group.command("untie")(_untie)
    group.command("merge")(_merge)
    group.command("split")(_split)


def _tie(number: Number, incident: Incident, reason: Text = "", config: Config = None) -> None:
    """Say that an incident belongs to a problem, as Watcher may have suggested."""
    carry_out(config, lambda desk: desk.tie(number, incident, me(), reason))


def _untie(number: Number, incident: Incident, reason: Text = "", config: Config = None) -> None:
    """Say that an incident does not belong to a problem; Watcher does not ask again."""
    carry_out(config, lambda desk: desk.untie(number, incident, me(), reason))


def _merge(
    number: Number,
    into: Annotated[int, typer.Option(help="The problem that is left.", min=1)],
    reason: Text = "",
    config: Config = None,
) -> None:
    """Make one of two problems that have one cause."""
    carry_out(config, lambda desk: desk.merge(number, into, me(), reason))


def _split(
    number: Number,
    incidents: Annotated[list[int], typer.Argument(help="Those that have another cause.", min=1)],
    title: Annotated[str, typer.Option(help="What the other cause is thought to be.")],
    reason: Text = "",
    config: Config = None,
) -> None:
    """Make a problem of its own of some incidents of a problem."""
    carry_out(config, lambda desk: desk.split(number, incidents, title, me(), reason))
