"""`watcher runbook test`: whether every runbook does what its own tests say, without a host."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from watcher.cli.rules._shared import Config, console, said
from watcher.cli.runbook._named import named
from watcher.diagnostics.extract import shown
from watcher.diagnostics.rehearse import Report, never_fired, rehearse
from watcher.model.evidence import StepResult
from watcher.model.runbook import Runbook


@dataclass(frozen=True, slots=True)
class _Tested:
    """One runbook and what came of its tests."""

    runbook: Runbook
    reports: list[Report]

    @property
    def failing(self) -> int:
        return sum(bool(report.differences) for report in self.reports)

    @property
    def gaps(self) -> Iterator[str]:
        """What its tests leave open."""
        if not self.reports:
            yield "has no test"
            return
        if silent := never_fired(self.runbook, self.reports):
            yield f"no test in which this fires: {', '.join(silent)}"
        signals = any(step.signals for step in self.runbook.steps)
        if signals and not any(report.quiet for report in self.reports):
            yield "no test of a host on which all is well: in each something is bad"


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("test")(_command)


def _command(
    runbooks: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders or ids of runbooks; all of them if none is named."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what each test came to.")
    ] = False,
    config: Config = None,
) -> None:
    """Run the tests that runbooks carry, on recorded outputs; fails if one does not hold.

    Nothing is connected to. Everything but the host is as it is for real: the alert is matched, the
    inputs are checked, the steps are filled in, and their recorded outputs are cleaned, read and
    judged.
    """
    tested = [
        _Tested(runbook, [rehearse(runbook, test) for test in runbook.tests])
        for runbook in named(runbooks or [], config)
    ]
    console().print(Group(*_lines(tested, verbose)))
    if any(each.failing for each in tested):
        raise typer.Exit(1)


def _lines(tested: list[_Tested], verbose: bool) -> Iterator[RenderableType]:
    for each in tested:
        gaps = list(each.gaps)
        if verbose or each.failing or gaps:
            yield said(each.runbook.id, "bold")
        for report in each.reports:
            if verbose or report.differences:
                yield from _report(report, verbose)
        yield from (_indented(2, f"! {gap}", "yellow") for gap in gaps)
    yield _outcome(tested)


def _outcome(tested: list[_Tested]) -> Text:
    failing = sum(each.failing for each in tested)
    count = sum(len(each.reports) for each in tested)
    runbooks = f"{len(tested)} runbook{'s' * (len(tested) != 1)}"
    if failing:
        verb = "fails" if failing == 1 else "fail"
        return said(f"{failing} of {count} tests of {runbooks} {verb}.", "red")
    tests = "1 test holds" if count == 1 else f"{count} tests hold"
    return said(f"{tests}, of {runbooks}.", "green")


def _report(report: Report, verbose: bool) -> Iterator[RenderableType]:
    mark, style = ("\u2717", "red") if report.differences else ("\u2713", "green")
    yield _indented(2, f"{mark} {report.test}", style)
    yield from (_indented(6, difference) for difference in report.differences)
    if verbose:
        for step in report.steps:
            yield from _step(step)


def _step(step: StepResult) -> Iterator[RenderableType]:
    reason = f": {step.reason}" if step.reason else ""
    yield _indented(4, f"{step.step}: {step.status}{reason}", "dim")
    for name, value in step.values.items():
        yield _indented(6, f"{name} = {shown(value)}", "dim")
    for each in step.highlights:
        yield _indented(6, f"{each.level}: {each.say} ({each.signal})")


def _indented(by: int, text: str, style: str = "") -> Padding:
    return Padding(said(text, style), (0, 0, 0, by), expand=False)
