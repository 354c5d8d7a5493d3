"""`watcher connect grafana`: all that Grafana needs to send to Watcher and to take its answers."""

from base64 import b64encode
from functools import partial
from typing import Annotated

import typer

from watcher.cli._common import Config, store_of
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
from watcher.cli.connect._test_alert import send_test
from watcher.kit.clock import Clock
from watcher.model.answer import Verb
from watcher.model.survey import Held
from watcher.monitors._grafana_connect import Admin
from watcher.monitors._grafana_setup import Proof, Signature, Wish
from watcher.monitors.grafana import Options
from watcher.policy.endpoints import Auth

_KIND = "grafana"
_WHOSE = "Service account token of an administrator in Grafana, or user:password"

Url = Annotated[
    str | None, typer.Option(help="The address of Grafana, unless `monitor.url` says it.")
]
Token = Annotated[
    str | None,
    typer.Option(help=f"{_WHOSE}: env:NAME, file:PATH, or - to be asked.", metavar="REFERENCE"),
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="No right to answer, only to ask.")]


def connect(
    source: SourceName = None,
    url: Url = None,
    token: Token = None,
    read_only: ReadOnly = False,
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Make or put right all that Grafana needs, and have it send a test alert."""
    chosen = choose(_KIND, source, config)
    wish = _wish(chosen, read_only=read_only)
    with said():
        admin = _admin(chosen, url, token)
        admin.check(wish)
        admin.check_own(*_on_record(chosen))
        changes = told(admin.connect(wish, dry_run=dry_run))
        if not changes:
            typer.echo("There is nothing to change in Grafana.")
        _give_token(admin, chosen, wish, dry_run)
    if not dry_run:
        send_test(chosen, lambda mark: admin.send_test(wish, mark))


def disconnect(
    source: SourceName = None,
    url: Url = None,
    token: Token = None,
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Take away what `watcher connect grafana` made in Grafana."""
    chosen = choose(_KIND, source, config)
    wish = _wish(chosen, read_only=True)
    with said():
        changes = told(_admin(chosen, url, token).disconnect(wish, dry_run=dry_run))
    if not changes:
        typer.echo("There is nothing to take away.")
    typer.echo(f"The source {chosen.source.name!r} and all that it reported stay in Watcher.")
    if chosen.token_file is not None and chosen.token_file.exists():
        typer.echo(f"The file {chosen.token_file} stays; its token has gone with the account.")


def _on_record(chosen: Chosen) -> tuple[list[Held], str]:
    """What of the source still fires for us, and of which organisation it was last time."""
    source = chosen.source
    with store_of(chosen.settings) as store, store.view() as view:
        return view.held(source.customer, source.name), view.source(source.name).asked.cursor


def _wish(chosen: Chosen, *, read_only: bool) -> Wish:
    """What the configuration wants of Grafana; who does not answer needs no right to."""
    access = chosen.source.monitor
    options = access.options if access else None
    answers = access.answers if access and not read_only else frozenset[Verb]()
    return Wish(
        hook=chosen.hook,
        contact=(options.receiver if isinstance(options, Options) else "") or Options().receiver,
        proof=_proof(chosen.source.auth),
        account=f"watcher-{chosen.source.name}",
        role="Editor" if answers else "Viewer",
    )


def _proof(auth: Auth) -> Proof:
    hmac = auth.hmac
    return Proof(
        auth.bearer,
        (auth.basic.user, auth.basic.password) if auth.basic else None,
        (auth.header.name, auth.header.value) if auth.header else None,
        Signature(hmac.secret, hmac.header, hmac.timestamp_header) if hmac else None,
    )


def _admin(chosen: Chosen, url: str | None, token: str | None) -> Admin:
    access, where = chosen.source.monitor, pages(chosen, url, "Grafana")
    secret = lent(token, _WHOSE).reveal()
    # A token has no colon; a user and a password are parted by one.
    basic = f"Basic {b64encode(secret.encode()).decode()}"
    authorization = basic if ":" in secret else f"Bearer {secret}"
    return Admin(where.rstrip("/"), authorization, access.ca_file if access else "", Clock())


def _give_token(admin: Admin, chosen: Chosen, wish: Wish, dry_run: bool) -> None:
    """Sees to it that Watcher can ask, and answer as the service account."""
    access, file = chosen.source.monitor, chosen.token_file
    if access is None:
        typer.echo(_ONLY_LISTENS)
        return
    why = admin.rejects(access.token) if access.token else "there is none yet"
    if not why:
        return
    if file is None:
        remedy = "let `monitor.token` be {file: PATH}, and run this again"
        typer.echo(f"Token of the monitor: {why}; {remedy}")
        return
    if not dry_run:
        keep(file, partial(admin.new_token, wish))
    typer.echo(f"Token in {file}: new, because {why}; Watcher reads it when it starts")


_ONLY_LISTENS = (
    "Watcher will only listen: with `monitor: {url: …, token: {file: …}}` in the source it also "
    "asks, and answers."
)
