"""`watcher replay`: runs recorded events through the same decisions, in virtual time, offline."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import fail
from watcher.engine.replay import ReplayError, read_events, replay, write_incidents
from watcher.engine.rulebook import Rulebook
from watcher.kit.shipped import shipped
from watcher.policy.catalogue import load_topology
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy


class Format(StrEnum):
    """How incidents are written."""

    NDJSON = "ndjson"


_WRITERS = {Format.NDJSON: write_incidents}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("replay")(_command)


def _command(
    events: Annotated[Path, typer.Argument(help="Events, one JSON object a line.", exists=True)],
    services: Annotated[Path, typer.Option(help="The service catalogue.", exists=True)],
    rules: Annotated[Path | None, typer.Option(help="Rules on top of the shipped ones.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write.")] = Format.NDJSON,
) -> None:
    """Replay events and write one line for each incident that comes of them."""
    rulebook = _rulebook(services, rules)
    try:
        with events.open("rb") as lines:
            book = replay(read_events(lines), rulebook)
    except ReplayError as error:
        fail(f"{events}: {error}")
    for line in _WRITERS[form](book):
        sys.stdout.buffer.write(line)


def _rulebook(services: Path, rules: Path | None) -> Rulebook:
    problems = Problems()
    catalogue = load_topology(services, problems)
    folders = [shipped("rules"), *([rules] if rules else [])]
    policy = load_policy(folders, (), (), problems)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems.errors or policy is None:
        fail("the rules or the catalogue cannot be used")
    return Rulebook(policy, catalogue)
