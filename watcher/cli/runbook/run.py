"""`watcher runbook run`: a real run on a host of the inventory, shown as an incident would."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group

from watcher.cli._common import Config, fail, settings_of
from watcher.cli.rules._shared import console
from watcher.cli.runbook._given import Alert, Inputs, given, only, way_in
from watcher.cli.runbook._named import named
from watcher.cli.runbook._real import really
from watcher.cli.runbook._shown import lines_of
from watcher.model.evidence import Diagnosis, Level, StepStatus

_BAD, _UNSEEN = 1, 2
_PRINTED = (StepStatus.OK, StepStatus.NO_DATA, StepStatus.FAILED, StepStatus.TIMEOUT)


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("run")(_command)


def _command(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    runbook: Annotated[str, typer.Argument(help="The file or the id of the runbook.")],
    host: Annotated[str, typer.Option(help="The host, by any name that the inventory has for it.")],
    alert: Alert = None,
    step: Annotated[list[str] | None, typer.Option(help="Only this step; may be repeated.")] = None,
    inputs: Inputs = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Let steps run that do more than read.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(help="A folder for what the steps printed: the fixtures of a test."),
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Whose host it is.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all output.")] = False,
    config: Config = None,
) -> None:
    """Run a runbook on a host now, and show what the incident would show.

    Ends with 0 where all is well, 1 where something bad was found or a step failed, and 2 where
    nothing could be seen.
    """
    settings = settings_of(config)
    (wanted,) = named([runbook], config)
    wanted = only(wanted, step or ())
    target, profile = way_in(settings, wanted, host, customer)
    job = given(alert, inputs).job(wanted, target, profile, approved=approve)
    diagnosis = really(settings, job)
    console().print(Group(*lines_of(diagnosis, verbose)))
    if record is not None:
        _record(diagnosis, record)
    raise typer.Exit(_code(diagnosis))


def _record(diagnosis: Diagnosis, folder: Path) -> None:
    """Writes what each step printed, without secrets, as a test reads it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for step in diagnosis.steps:
            if step.status in _PRINTED:
                text = f"{step.output}\n" if step.output else ""
                (folder / f"{step.step}.txt").write_text(text)
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}")
    typer.echo(f"Recorded in {folder}. Read it before you share it.", err=True)
    codes = {step.step: step.exit_code for step in diagnosis.steps if step.exit_code}
    if codes:
        pairs = ", ".join(f"{name}: {code}" for name, code in codes.items())
        typer.echo(f"The test also needs `codes: {{{pairs}}}`.", err=True)


def _code(diagnosis: Diagnosis) -> int:
    if not any(step.status in _PRINTED for step in diagnosis.steps):
        return _UNSEEN
    levels = {each.level for step in diagnosis.steps for each in step.highlights}
    failed = {step.status for step in diagnosis.steps} & {StepStatus.FAILED, StepStatus.TIMEOUT}
    return _BAD if failed or Level.BAD in levels or diagnosis.problem else 0
