"""`watcher incident open`: a user phoned before monitoring said anything."""

import getpass
import socket
from typing import Annotated

import typer

from watcher.cli._common import Config, fail, settings_of, store_of
from watcher.decide.lifecycle import RefusedError, Report
from watcher.engine.command import Desk, is_machine
from watcher.kit.clock import Clock
from watcher.model.event import Severity
from watcher.model.person import Principal, Role


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Incidents.", no_args_is_help=True)
    group.command("open")(_open)
    app.add_typer(group, name="incident")


def _open(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    title: Annotated[str, typer.Argument(help="What does not work, in one line.")],
    customer: Annotated[str, typer.Option(help="Whose service it is.")] = "default",
    service: Annotated[str | None, typer.Option(help="The service in the catalogue.")] = None,
    host: Annotated[str | None, typer.Option(help="The host, by any of its names.")] = None,
    severity: Annotated[Severity, typer.Option(help="How bad it is.")] = Severity.AVERAGE,
    text: Annotated[str, typer.Option(help="What the user said.")] = "",
    config: Config = None,
) -> None:
    """Open an incident by hand; alerts of the same service join it."""
    settings = settings_of(config)
    report = Report(customer, title, severity, service, host, text)
    with store_of(settings) as store:
        desk = Desk(store, Clock(), settings.policy, settings.catalogue, wake=lambda: None)
        try:
            incident = desk.open(report, _me())
        except RefusedError as error:
            fail(str(error))
    for strange in desk.unknown(report):
        typer.echo(f"watcher: {strange}", err=True)
    link = f"{settings.public_url}/incidents/{incident.number}"
    typer.echo(f"#{incident.number} {incident.priority} {incident.title}\n{link}")


def _me() -> Principal:
    """Who types; the account of the service is called like Watcher itself, which did not do it."""
    name = getpass.getuser()
    return Principal(
        f"{name}@{socket.gethostname()}" if is_machine(name) else name, Role.ADMINISTRATOR
    )
