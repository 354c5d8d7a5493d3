"""`watcher change add|list`: what was changed where, told by hand, and what is known of changes."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from watcher.cli._common import Config, check_customer, fail, me, settings_of, store_of
from watcher.decide.deployments import is_known
from watcher.decide.keys import digest, moment_part, occurrence_key
from watcher.decide.match import MatcherError, parse
from watcher.engine.changes import BY_HAND, tell
from watcher.kit.clock import Clock
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.store.base import UnknownField
from watcher.store.query import Query

_FORMATS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_LONGEST = 2000


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Changes: what was deployed or altered.", no_args_is_help=True)
    group.command("add")(_add)
    group.command("list")(_list)
    app.add_typer(group, name="change")


Moment = Annotated[datetime | None, typer.Option(formats=_FORMATS, help="In UTC; now by default.")]


def _add(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    what: Annotated[str, typer.Argument(help="What was changed, in one line.")],
    service: Annotated[str, typer.Option(help="The service in the catalogue.")] = "",
    host: Annotated[str, typer.Option(help="The host, by any of its names.")] = "",
    customer: Annotated[str, typer.Option(help="Whose it is.")] = "default",
    at: Moment = None,
    until: Annotated[
        datetime | None, typer.Option(formats=_FORMATS, help="When it was over, in UTC.")
    ] = None,
    environment: Annotated[str, typer.Option(help="Such as production.")] = "",
    revision: Annotated[str, typer.Option(help="A version or commit.")] = "",
    url: Annotated[str, typer.Option(help="Where more is to be read.")] = "",
    config: Config = None,
) -> None:
    """Tell of a change, so that what goes wrong after it says so."""
    settings = settings_of(config, brief=True)
    check_customer(settings, customer)
    now = Clock().now()
    begun = _utc(at) or now
    over = _utc(until) or begun
    what = " ".join(what.split())[:_LONGEST]
    if not what or not (service or host):
        fail("say what was changed, and the --service or --host that it is of")
    if over < begun:
        fail("it cannot be over before it began")
    if url and not url.startswith(("http://", "https://")):
        fail("--url should begin with http:// or https://")
    told = Deployment(
        customer=customer,
        source=BY_HAND,
        key=occurrence_key(moment_part(now), digest(what)),
        what=what,
        at=begun,
        status=DeploymentStatus.SUCCEEDED,
        service=service or None,
        host=host or None,
        environment=environment,
        revision=revision,
        author=me().name,
        url=url,
        ended_at=over,
    )
    with store_of(settings) as store:
        change = tell(store, told, settings.catalogue)
    typer.echo(_line(change))
    if not is_known(change, settings.catalogue):
        named = " or ".join(filter(None, (change.service, change.host)))
        typer.echo(f"watcher: neither catalogue nor inventory has {named}", err=True)


def _list(
    match: Annotated[str, typer.Argument(help="Matchers, as 'service=billing'.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=500)] = 50,
    config: Config = None,
) -> None:
    """List changes, the last begun first."""
    settings = settings_of(config, brief=True)
    try:
        with store_of(settings) as store, store.view() as view:
            query = Query(parse(match) if match else (), limit=limit)
            for change in view.change_list(query).items:
                typer.echo(_line(change))
    except (MatcherError, UnknownField) as error:
        fail(str(error))


def _line(change: Deployment) -> str:
    where = ", ".join(filter(None, (change.service, change.host))) or "(unknown)"
    source = f"{change.source}, {change.author}" if change.author else change.source
    when = f"{change.at:%Y-%m-%d %H:%M}"
    return f"{change.id:<6} {when} UTC  {change.status:<10} {where:<24} {change.what}  ({source})"


def _utc(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given else None
