"""`watcher mute add|list|lift`: alerts that somebody does not want for a while."""

import typer

from watcher.cli._common import Config, Span, check_customer, settings_of
from watcher.cli._windows import (
    Comment,
    Customer,
    Number,
    When,
    cancelled,
    listed,
    matchers,
    planned,
)
from watcher.engine.planning import Plan
from watcher.kit.clock import Clock
from watcher.model.silence import WindowKind


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Muted alerts.", no_args_is_help=True)
    group.command("add")(_add)
    group.command("list")(_list)
    group.command("lift")(_lift)
    app.add_typer(group, name="mute")


def _add(
    when: When,
    span: Span,
    customer: Customer = "default",
    comment: Comment = "",
    config: Config = None,
) -> None:
    """Hold alerts back from now on."""
    settings = settings_of(config, brief=True)
    check_customer(settings, customer)
    ends = Clock().now() + span
    planned(settings, Plan(WindowKind.MUTE, customer, matchers(when), ends, comment=comment))


def _list(config: Config = None) -> None:
    """List what is muted now, and what was lately."""
    listed(settings_of(config, brief=True), WindowKind.MUTE)


def _lift(number: Number, config: Config = None) -> None:
    """End a mute early: what it holds back and still fires is raised."""
    cancelled(settings_of(config, brief=True), WindowKind.MUTE, number)
