"""`watcher problem import`: takes old tickets in as history, with the problems behind them."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from watcher.app.keeping import holder_here
from watcher.cli._common import Config, check_customer, fail, me, settings_of, store_of
from watcher.engine.oldtickets import Importer
from watcher.engine.reconcile import BusyError
from watcher.engine.rulebook import Rulebook
from watcher.kit.clock import Clock
from watcher.policy.spreadsheet import TableError
from watcher.policy.tickets import COLUMNS, read_tickets


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("import")(_import)


def _import(
    file: Annotated[Path, typer.Argument(help="The table, as CSV.")],
    customer: Annotated[str, typer.Option(help="Whose tickets they are.")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="OURS=THEIRS: the heading of a column, as title=Summary."),
    ] = None,
    zone: Annotated[
        str, typer.Option("--timezone", help="Of times that do not say, as Europe/Moscow.")
    ] = "UTC",
    config: Config = None,
) -> None:
    """Take old tickets in as closed incidents with their problems; what is known stays as it is."""
    settings = settings_of(config, brief=True)
    check_customer(settings, customer)
    now = Clock().now()
    try:
        tickets, notes = read_tickets(file, _columns(column or []), _zone(zone), now)
    except TableError as error:
        fail(f"{error}; nothing was taken in")
    for each in notes:
        typer.echo(each, err=True)
    rulebook = Rulebook(settings.policy, settings.catalogue)
    with store_of(settings) as store:
        importer = Importer(store, rulebook, customer, me().name, holder_here())
        try:
            taken = importer.run(tickets, now)
        except BusyError as error:
            fail(str(error))
    typer.echo(
        f"{len(tickets)} tickets read: {taken.incidents} incidents and {taken.problems} problems "
        "are new"
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fail(f"--timezone {name}: there is no such time zone; write one as Europe/Moscow")


def _columns(given: list[str]) -> dict[str, str]:
    columns = {}
    for each in given:
        ours, _, theirs = each.partition("=")
        if not theirs or ours not in COLUMNS:
            fail(f"--column {each}: write one of {', '.join(COLUMNS)}, and = with its heading")
        columns[ours] = theirs
    return columns
