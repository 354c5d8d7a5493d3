"""`watcher check`: says everything that is wrong with the configuration, or that nothing is."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import Config, starter_config
from watcher.kit.clock import Clock
from watcher.model.action import Verdict
from watcher.policy.problems import Problem
from watcher.policy.rules import rule_files
from watcher.settings import Settings, SettingsError, load
from watcher.trackers.base import Tracker


def check(config: Path | None) -> list[Problem]:
    """Everything wrong with the configuration that `serve` would use, by file and line."""
    return _examine(config)[1]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("check")(_command)


def _command(
    config: Config = None,
    trackers: Annotated[
        bool, typer.Option("--trackers", help="Also ask trackers whether they let Watcher file.")
    ] = False,
) -> None:
    """Check configuration, catalogue, inventory, rules and runbooks, all at once."""
    settings, problems = _examine(config)
    for problem in problems:
        typer.echo(problem)
    if settings is None:
        raise typer.Exit(1)
    typer.echo(_summary(settings))
    if trackers and not _ask(settings.trackers):
        raise typer.Exit(1)


def _ask(trackers: Sequence[Tracker]) -> bool:
    """Says of each tracker whether it lets Watcher file; returns whether all do."""
    verdicts = set()
    for each in trackers:
        answer = each.check(Clock().now())
        typer.echo(f"tracker {each.name}: {answer.reason}")
        verdicts.add(answer.verdict)
    return verdicts <= {Verdict.DONE}


def _examine(config: Path | None) -> tuple[Settings | None, list[Problem]]:
    try:
        settings = load(config or starter_config(), os.environ, thorough=True)
    except SettingsError as error:
        return None, list(error.problems)
    return settings, list(settings.warnings)


def _summary(settings: Settings) -> str:
    catalogue = settings.catalogue
    counts = {
        "source": len(settings.sources),
        "channel": len(settings.channels),
        "tracker": len(settings.trackers),
        "customer": len(catalogue.customers),
        "service": len(catalogue.services),
        "host": len({(host.customer, host.name) for host in catalogue.by_alias.values()}),
        "runbook": len(settings.runbooks),
        "rules file": sum(len(rule_files(folder)) for folder in settings.rules),
    }
    found = (f"{count} {noun}{'s' * (count != 1)}" for noun, count in counts.items())
    return f"The configuration is sound: {', '.join(found)}."
