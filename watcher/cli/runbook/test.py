"""`watcher runbook test`: whether every runbook does what its own tests say, without a host."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from watcher.cli._common import settings_of
from watcher.cli.rules._shared import Config, console, said
from watcher.cli.runbook._given import given, way_in
from watcher.cli.runbook._named import named
from watcher.cli.runbook._real import really
from watcher.cli.runbook._shown import indented, lines_of
from watcher.diagnostics.extract import shown
from watcher.diagnostics.rehearse import Report, never_fired, rehearse
from watcher.model.evidence import StepResult, StepStatus
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
    host: Annotated[
        str | None,
        typer.Option(help="Run them on this host instead, and say how each step ends."),
    ] = None,
    config: Config = None,
) -> None:
    """Run the tests that runbooks carry, on recorded outputs; fails if one does not hold.

    Nothing is connected to, unless you name a host. Everything but the host is as it is for real:
    the alert is matched, the inputs are checked, the steps are filled in, and their recorded
    outputs are cleaned, read and judged.
    """
    chosen = named(runbooks or [], config, recorded=host is None)
    if host is not None:
        _on_host(chosen, host, verbose, config)
        return
    tested = [
        _Tested(runbook, [rehearse(runbook, test) for test in runbook.tests]) for runbook in chosen
    ]
    console().print(Group(*_lines(tested, verbose)))
    if any(each.failing for each in tested):
        raise typer.Exit(1)


def _on_host(runbooks: list[Runbook], host: str, verbose: bool, config: Path | None) -> None:
    """Runs them for real; fails if a step does not come to a good end."""
    settings = settings_of(config)
    wrong = False
    for runbook in runbooks:
        target, profile = way_in(settings, runbook, host, None)
        job = given(None, None).job(runbook, target, profile, approved=False)
        diagnosis = really(settings, job)
        console().print(Group(*lines_of(diagnosis, verbose)))
        ends = {step.status for step in diagnosis.steps}
        wrong |= bool(diagnosis.problem or ends & {StepStatus.FAILED, StepStatus.TIMEOUT})
    if wrong:
        raise typer.Exit(1)


def _lines(tested: list[_Tested], verbose: bool) -> Iterator[RenderableType]:
    for each in tested:
        gaps = list(each.gaps)
        if verbose or each.failing or gaps:
            yield said(each.runbook.id, "bold")
        for report in each.reports:
            if verbose or report.differences:
                yield from _report(report, verbose)
        yield from (indented(2, said(f"! {gap}", "yellow")) for gap in gaps)
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
    yield indented(2, said(f"{mark} {report.test}", style))
    yield from (indented(6, said(difference)) for difference in report.differences)
    if verbose:
        for step in report.steps:
            yield from _step(step)


def _step(step: StepResult) -> Iterator[RenderableType]:
    reason = f": {step.reason}" if step.reason else ""
    yield indented(4, said(f"{step.step}: {step.status}{reason}", "dim"))
    for name, value in step.values.items():
        yield indented(6, said(f"{name} = {shown(value)}", "dim"))
    for each in step.highlights:
        yield indented(6, said(f"{each.level}: {each.say} ({each.signal})"))
