"""`watcher problem import`: takes old tickets in as history, with the problems behind them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from watcher.app.keeping import holder_here
from watcher.cli._common import Config, check_customer, fail, me, settings_of, store_of
from watcher.engine.oldtickets import Foreseen, Importer, Taken
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taken in; write nothing.")
    ] = False,
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
        if dry_run:
            for line in _foreseen(importer.foresee(tickets), len(tickets)):
                typer.echo(line)
            return
        try:
            taken = importer.run(tickets, now)
        except BusyError as error:
            fail(str(error))
    typer.echo(f"{_read(len(tickets), taken)} are new")


def _foreseen(found: Foreseen, read: int) -> Iterator[str]:
    for each in found.tickets:
        named = " ".join(filter(None, (f"{each.opened:%Y-%m-%d %H:%M} UTC", each.ticket)))
        yield f"{named}  {each.title}" + (f" (problem {each.problem})" if each.problem else "")
    for name, behind in found.problems.items():
        what = f"known as problem {behind.known.number}" if behind.known else "new"
        title = "" if behind.title == name else f" ({behind.title})"
        yield f"problem {name}{title}: {what}, incidents to join it: {behind.incidents}"
    yield f"{_read(read, found.taken)} would be new; nothing was written"


def _read(tickets: int, taken: Taken) -> str:
    return f"{tickets} tickets read: {taken.incidents} incidents and {taken.problems} problems"


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
