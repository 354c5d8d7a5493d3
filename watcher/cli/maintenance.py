"""`watcher maintenance plan|list|cancel`: when alerts are expected, and open no incident."""

from datetime import datetime
from typing import Annotated

import typer

from watcher.cli._common import Config, check_customer, settings_of
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
from watcher.model.silence import WindowKind

_LOCAL = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Planned maintenance.", no_args_is_help=True)
    group.command("plan")(_plan)
    group.command("list")(_list)
    group.command("cancel")(_cancel)
    app.add_typer(group, name="maintenance")


def _plan(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    when: When,
    starts: Annotated[datetime, typer.Option(formats=_LOCAL, help="Local time of the beginning.")],
    ends: Annotated[datetime, typer.Option(formats=_LOCAL, help="Local time of its end.")],
    customer: Customer = "default",
    repeat: Annotated[str, typer.Option(help="An RFC 5545 rule, as FREQ=WEEKLY;BYDAY=SU.")] = "",
    timezone: Annotated[str, typer.Option(help="By which clocks.")] = "UTC",
    comment: Comment = "",
    config: Config = None,
) -> None:
    """Plan maintenance, once or again and again."""
    settings = settings_of(config, brief=True)
    check_customer(settings, customer)
    kind, which = WindowKind.MAINTENANCE, matchers(when)
    planned(settings, Plan(kind, customer, which, ends, starts, repeat, timezone, comment))


def _list(config: Config = None) -> None:
    """List what runs now, what comes, and what was over lately."""
    listed(settings_of(config, brief=True), WindowKind.MAINTENANCE)


def _cancel(number: Number, config: Config = None) -> None:
    """End maintenance early: what it holds back and still fires is raised."""
    cancelled(settings_of(config, brief=True), WindowKind.MAINTENANCE, number)
