"""`watcher connect zabbix`: all that Zabbix needs to send to Watcher and to take its answers."""

import re
from dataclasses import replace
from typing import Annotated, Any

import typer

from watcher.cli._common import Config, fail
from watcher.cli.connect._arrival import send_test
from watcher.cli.connect._shared import (
    Chosen,
    DryRun,
    SourceName,
    choose,
    keep,
    lent,
    pages,
    said,
    told,
)
from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.kit.shipped import shipped
from watcher.monitors._zabbix_connect import Admin, Doubt
from watcher.monitors._zabbix_server import PORT
from watcher.monitors._zabbix_setup import Wish
from watcher.monitors.zabbix import Options
from watcher.policy import yamlfile

_KIND = "zabbix"
_WHOSE = "API token of a Super admin in Zabbix"

Url = Annotated[
    str | None, typer.Option(help="The address of Zabbix's pages, unless `monitor.url` says it.")
]
Token = Annotated[
    str | None,
    typer.Option(help=f"{_WHOSE}: env:NAME, file:PATH, or - to be asked.", metavar="REFERENCE"),
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="A host group to hear of; else all.")
]
People = Annotated[
    list[str] | None, typer.Option(help="A user group whose members' names are to be readable.")
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="No right to answer, only to ask.")]
Server = Annotated[
    str | None, typer.Option(help="Where the Zabbix server listens, as in zabbix:10051.")
]


def connect(  # noqa: PLR0913, PLR0917 - each is an option of the command
    source: SourceName = None,
    url: Url = None,
    token: Token = None,
    groups: Groups = None,
    people: People = None,
    read_only: ReadOnly = False,
    server: Server = None,
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Make or put right all that Zabbix needs, and have it send a test message."""
    chosen = choose(_KIND, source, config)
    bearer = chosen.source.auth.bearer
    if bearer is None:
        fail(f"source {chosen.source.name!r} needs `auth: {{bearer: …}}`, which Zabbix shows")
    wish = _wish(chosen, pages(chosen, url, "Zabbix").rstrip("/"), bearer)
    wish = replace(
        wish,
        groups=tuple(groups or wish.groups),
        people=tuple(people or ()),
        answers=frozenset() if read_only else wish.answers,
    )
    with said():
        admin = _admin(chosen, wish.pages, token)
        _set_up(admin, wish, dry_run)
        _give_token(admin, chosen, dry_run)
        if not dry_run:
            send_test(admin, chosen, wish, _server(server) or admin.server())


def disconnect(
    source: SourceName = None,
    url: Url = None,
    token: Token = None,
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Take away what `watcher connect zabbix` made in Zabbix."""
    chosen = choose(_KIND, source, config)
    wish = _wish(chosen, pages(chosen, url, "Zabbix").rstrip("/"), Secret(""))
    with said():
        admin = _admin(chosen, wish.pages, token)
        told(admin.disconnect(wish, dry_run=dry_run))
    typer.echo(f"The source {chosen.source.name!r} and all that it reported stay in Watcher.")
    if chosen.token_file is not None and chosen.token_file.exists():
        typer.echo(f"The file {chosen.token_file} stays; the token in it has gone with its user.")


def _wish(chosen: Chosen, pages: str, bearer: Secret) -> Wish:
    """What the configuration wants of Zabbix; who does not ask needs no right to answer."""
    file = shipped("integrations") / "zabbix" / "media_watcher.yaml"
    exported: Any = yamlfile.load(file).data
    [media_type] = exported["zabbix_export"]["media_types"]
    access = chosen.source.monitor
    options = access.options if access else None
    return Wish(
        hook=chosen.hook,
        pages=pages,
        token=bearer,
        answers=access.answers if access else frozenset(),
        media_type=file.read_text(encoding="utf-8"),
        shipped=media_type,
        groups=options.groups if isinstance(options, Options) else (),
    )


def _admin(chosen: Chosen, pages: str, token: str | None) -> Admin:
    """Zabbix, once it is certain that the token lets us do what we are asked to."""
    access = chosen.source.monitor
    admin = Admin(pages, lent(token, _WHOSE), ca_file=access.ca_file if access else "")
    admin.check()
    return admin


def _set_up(admin: Admin, wish: Wish, dry_run: bool) -> None:
    if not told(admin.connect(wish, dry_run=dry_run)):
        typer.echo("There is nothing to change in Zabbix.")
    elif not dry_run and (left := list(admin.connect(wish, dry_run=True))):
        fail(f"Zabbix did not keep all of it: {'; '.join(map(str, left))}")


def _give_token(admin: Admin, chosen: Chosen, dry_run: bool) -> None:
    """Sees to it that Watcher asks as the user to whom the messages go: nothing comes back then."""
    access, file = chosen.source.monitor, chosen.token_file
    if access is None:
        typer.echo(_ONLY_LISTENS)
        return
    doubt = admin.doubt(access.token, Clock().now()) if access.token else _MISSING
    if doubt is None:
        return
    if file is None or not doubt.spent:
        remedy = "let `monitor.token` be {file: PATH} with a file that is not there yet"
        typer.echo(f"API token of the monitor: {doubt.why}; {remedy}, and run this again")
        return
    if not dry_run:
        keep(file, admin.new_token)
    typer.echo(f"API token in {file}: new, because {doubt.why}; Watcher reads it when it starts")


_MISSING = Doubt("there is none yet", spent=True)
_ONLY_LISTENS = (
    "Watcher will only listen: with `monitor: {url: …, token: {file: …}}` in the source it also "
    "asks, and answers."
)


def _server(given: str | None) -> tuple[str, int] | None:
    """Host and port of a server, the port being the usual one where it is not said."""
    if given is None:
        return None
    match = re.fullmatch(r"(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?", given)
    if match is None:
        fail(f"--server takes HOST:PORT, not {given}")
    return match[1] or match[2], int(match[3] or PORT)
