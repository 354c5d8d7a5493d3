"""`watcher problem open|confirm|refuse|investigate|known-error|resolve|close|reopen`: its life."""

from typing import Annotated

import typer

from watcher.cli._common import me
from watcher.cli.problem._desk import Config, Number, Text, carry_out
from watcher.engine.problems import Draft


def register(group: typer.Typer) -> None:
    """Adds the commands."""
    group.command("open")(_open)
    group.command("confirm")(_confirm)
    group.command("refuse")(_refuse)
    group.command("investigate")(_investigate)
    group.command("known-error")(_known_error)
    group.command("resolve")(_resolve)
    group.command("close")(_close)
    group.command("reopen")(_reopen)


def _open(
    title: Annotated[str, typer.Argument(help="What the cause is thought to be.")],
    incident: Annotated[
        list[int] | None, typer.Option(help="An incident it is behind; may be repeated.", min=1)
    ] = None,
    customer: Annotated[str, typer.Option(help="Whose it is; incidents say it as well.")] = "",
    service: Annotated[str, typer.Option(help="The service that suffers from it.")] = "",
    reason: Text = "",
    config: Config = None,
) -> None:
    """Open a problem that nobody knew of."""
    draft = Draft(title, customer, service or None, tuple(incident or ()))
    carry_out(config, lambda desk: desk.open(draft, me(), reason))


def _confirm(number: Number, reason: Text = "", config: Config = None) -> None:
    """Agree to a problem that Watcher proposes."""
    carry_out(config, lambda desk: desk.confirm(number, me(), reason))


def _refuse(number: Number, reason: Text = "", config: Config = None) -> None:
    """Refuse a problem that Watcher proposes; it does not ask again."""
    carry_out(config, lambda desk: desk.refuse(number, me(), reason))


def _investigate(number: Number, reason: Text = "", config: Config = None) -> None:
    """Look for the cause."""
    carry_out(config, lambda desk: desk.investigate(number, me(), reason))


def _known_error(
    number: Number,
    workaround: Annotated[str, typer.Option(help="What helps until the cause is gone.")] = "",
    reason: Text = "",
    config: Config = None,
) -> None:
    """Make it a known error: there is a workaround."""
    carry_out(config, lambda desk: desk.known_error(number, me(), workaround, reason))


def _resolve(
    number: Number,
    fix: Annotated[str, typer.Option(help="What took the cause away.")] = "",
    root_cause: Annotated[str, typer.Option(help="What the cause was.")] = "",
    reason: Text = "",
    config: Config = None,
) -> None:
    """The cause is gone; if it comes back, the problem reopens by itself."""
    carry_out(config, lambda desk: desk.resolve(number, me(), fix, root_cause, reason))


def _close(number: Number, reason: Text = "", config: Config = None) -> None:
    """Nothing is left to do."""
    carry_out(config, lambda desk: desk.close(number, me(), reason))


def _reopen(number: Number, reason: Text = "", config: Config = None) -> None:
    """The cause is not gone after all."""
    carry_out(config, lambda desk: desk.reopen(number, me(), reason))
