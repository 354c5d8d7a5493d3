"""`watcher runbook render`: the script that would run, with nothing run."""

from typing import Annotated

import typer

from watcher.cli._common import Config, fail
from watcher.cli.runbook._given import Alert, Inputs, given
from watcher.cli.runbook._named import named
from watcher.diagnostics.prepare import prepare
from watcher.diagnostics.script import assemble
from watcher.model.catalogue import Host, SshProfile


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("render")(_command)


def _command(
    runbook: Annotated[str, typer.Argument(help="The file or the id of the runbook.")],
    alert: Alert = None,
    host: Annotated[str, typer.Option(help="The name of the host; it need not exist.")] = "",
    inputs: Inputs = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="With the steps that wait for approval.")
    ] = False,
    config: Config = None,
) -> None:
    """Print the script that would run on a host for an alert; nothing is run, nobody is called.

    Every value from the alert stands in an `export` of its own, where no shell reads it as text.
    What would be left out, and why, is said on standard error.
    """
    (wanted,) = named([runbook], config)
    known = given(alert, inputs)
    about = Host(known.alert.customer, host or known.alert.host or "host")
    job = known.job(wanted, about, SshProfile("none", "", "", ""), approved=approve)
    prepared = prepare(job)
    for step in prepared.left_out.values():
        typer.echo(f"watcher: step {step.step} is left out: {step.reason}", err=True)
    if not prepared.commands:
        fail("there is nothing to run")
    typer.echo(assemble([prepared.batch]).text)
