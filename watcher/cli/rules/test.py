"""`watcher rules test`: whether every rule does what its own examples say."""

from collections.abc import Iterator

import typer
from rich.console import Group, RenderableType
from rich.table import Table

from watcher.cli.rules._shared import Config, Folders, console, folders_of, said, where
from watcher.policy.problems import Problems
from watcher.policy.rules import Loaded, load_rules
from watcher.policy.rules.load import Tried


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("test")(_command)


def _command(rules: Folders = None, config: Config = None) -> None:
    """Run the examples that stand beside the rules; fails if one does not hold."""
    problems = Problems()
    loaded = load_rules(folders_of(rules, config), problems)
    for problem in problems:
        typer.echo(problem, err=True)
    console().print(Group(*_report(loaded)))
    if problems.errors or any(each.trial.complaint for each in loaded.trials):
        raise typer.Exit(1)


def _report(loaded: Loaded) -> Iterator[RenderableType]:
    if loaded.trials:
        yield _table(loaded.trials)
    failing = sum(bool(each.trial.complaint) for each in loaded.trials)
    count = len(loaded.trials)
    if failing:
        yield said(f"{failing} of {count} examples {'fails' if failing == 1 else 'fail'}.", "red")
    else:
        yield said(f"{count} {'example holds' if count == 1 else 'examples hold'}.", "green")
    if untried := loaded.untried():
        names = ", ".join(name for _, name in untried)
        yield said(f"Without an example: {names}", "yellow")


def _table(trials: list[Tried]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "rule", "example"):
        table.add_column(heading)
    table.add_column("", no_wrap=True)
    for each in trials:
        trial = each.trial
        name = said(trial.name or f"example {int(trial.place.name) + 1}")
        mark = said("✗", "red") if trial.complaint else said("✓", "green")
        table.add_row(mark, said(each.rule, "bold"), name, where(trial.place))
        if trial.complaint:
            table.add_row("", "", said(trial.complaint, "red"))
    return table
