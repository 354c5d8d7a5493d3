"""A diagnosis on a terminal, the way an incident shows it."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from watcher.cli.rules._shared import said
from watcher.decide.findings import summary
from watcher.diagnostics.extract import shown
from watcher.model.evidence import Diagnosis, Level, StepResult, StepStatus

_STYLES = {Level.BAD: "bold red", Level.WARN: "yellow", Level.INFO: "", Level.GOOD: "green"}
_MARKS = {
    StepStatus.OK: ("\u2713", "green"),
    StepStatus.NO_DATA: ("\u2713", "green"),
    StepStatus.FAILED: ("\u2717", "red"),
    StepStatus.TIMEOUT: ("\u2717", "red"),
    StepStatus.UNAVAILABLE: ("-", "dim"),
    StepStatus.SKIPPED: ("-", "dim"),
}


def lines_of(diagnosis: Diagnosis, verbose: bool) -> Iterator[RenderableType]:
    """The summary and every step; with `verbose` its values and its text."""
    yield said(summary(diagnosis), "bold")
    if diagnosis.problem and diagnosis.steps:
        yield said(diagnosis.problem, "red")
    if diagnosis.facts:
        facts = " ".join(f"{name}={value}" for name, value in diagnosis.facts.items())
        yield said(f"{diagnosis.seconds:.1f} s; {facts}", "dim")
    for step in diagnosis.steps:
        yield from _step(step, verbose)


def indented(by: int, text: Text) -> Padding:
    """A paragraph that stands further right."""
    return Padding(text, (0, 0, 0, by), expand=False)


def _step(step: StepResult, verbose: bool) -> Iterator[RenderableType]:
    mark, style = _MARKS[step.status]
    notes = ", ".join(filter(None, [step.reason, step.partial, "cut" if step.truncated else ""]))
    about = f"{step.title} ({step.step}): {step.status}{f', {notes}' if notes else ''}"
    yield Text.assemble((mark, style), " ", said(about))
    for each in step.highlights:
        yield indented(2, said(f"{each.level}: {each.say}", _STYLES[each.level]))
    if verbose:
        for name, value in step.values.items():
            yield indented(2, said(f"{name} = {shown(value)}", "dim"))
        for line in step.output.splitlines():
            yield indented(4, Text(line))
    elif step.output:
        count = len(step.output.splitlines())
        yield indented(2, said(f"{count} line{'s' * (count != 1)} of output; -v shows", "dim"))
