"""`watcher problem replay`: asks of recorded incidents which known cause each has, offline."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from watcher.cli._common import fail
from watcher.decide.recur import Thresholds
from watcher.engine.hindcast import Answer, hindcast, read_faults, read_tickets, written
from watcher.engine.replay import ReplayError
from watcher.kit.shipped import shipped
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy


class Format(StrEnum):
    """How answers are written."""

    NDJSON = "ndjson"


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("replay")(_command)


def _command(
    file: Annotated[Path, typer.Argument(help="Incidents or alerts, one a line.", exists=True)],
    truth: Annotated[
        list[Path] | None,
        typer.Option(help="What is true of them, as JSON; several are read as one.", exists=True),
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Rules on top of the shipped ones.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write.")] = Format.NDJSON,
) -> None:
    """Ask of recorded incidents which cause each has, by what was known before it.

    Writes one line for each that is asked about.
    """
    thresholds = _thresholds(rules)
    try:
        for answer in _answers(file, _truth(truth or []), thresholds):
            sys.stdout.buffer.write(_WRITERS[form](answer))
    except ReplayError as error:
        fail(f"{file}: {error}")


_WRITERS = {Format.NDJSON: written}


def _answers(file: Path, truth: dict[str, Any], thresholds: Thresholds) -> Iterator[Answer]:
    with file.open("rb") as lines:
        if "alerts" in truth:
            for system in read_faults(lines, truth):
                yield from hindcast(system, thresholds)
        else:
            yield from hindcast(read_tickets(lines, truth), thresholds)


def _truth(files: list[Path]) -> dict[str, Any]:
    """What the files say, of which a later one counts for more."""
    found: dict[str, Any] = {}
    for each in files:
        try:
            found |= orjson.loads(each.read_bytes())
        except (TypeError, ValueError) as error:
            fail(f"{each}: {error}")
    return found


def _thresholds(rules: Path | None) -> Thresholds:
    problems = Problems()
    policy = load_policy([shipped("rules"), *([rules] if rules else [])], (), (), problems)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems.errors or policy is None:
        fail("the rules cannot be used")
    told = policy.problems
    return Thresholds(told.pattern, told.margin, told.sure, told.suggest)
