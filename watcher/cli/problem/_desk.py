"""What the commands about problems share: the desk behind them, and how a problem is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import Config, fail, settings_of, store_of
from watcher.decide.lifecycle import RefusedError
from watcher.engine.command import Desk, NotThereError
from watcher.engine.problems import ProblemDesk
from watcher.kit.clock import Clock
from watcher.model.problem import Problem
from watcher.settings import Settings

Number = Annotated[int, typer.Argument(help="The problem.", min=1)]
Text = Annotated[str, typer.Option("--reason", help="Why; goes onto the timeline.")]

__all__ = ["Config", "Number", "Text", "carry_out", "problem_desk", "tell"]


@contextmanager
def problem_desk(config: Path | None) -> Iterator[tuple[Settings, ProblemDesk]]:
    """Where commands are carried out; what may not be done ends the command with a message."""
    settings = settings_of(config, brief=True)
    with store_of(settings) as store:
        desk = Desk(store, Clock(), settings.policy, settings.catalogue, wake=lambda: None)
        try:
            yield settings, ProblemDesk(desk)
        except (RefusedError, NotThereError) as error:
            fail(str(error))


def carry_out(config: Path | None, act: Callable[[ProblemDesk], Problem]) -> None:
    """Does one thing, and tells what the problem is after it."""
    with problem_desk(config) as (settings, desk):
        tell(settings, act(desk))


def tell(settings: Settings, problem: Problem) -> None:
    """The problem in a line, and where it is."""
    head = f"problem {problem.number} {problem.priority} {problem.status}: {problem.title}"
    typer.echo(f"{head}\n{settings.public_url}/problems/{problem.number}")
