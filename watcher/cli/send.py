"""`watcher send`: posts a sample to a running Watcher, as a monitoring system would."""

from typing import Annotated

import typer

from watcher.cli._common import Config, fail, local_url, settings_of
from watcher.demo.post import PostError, post
from watcher.kit.clock import Clock
from watcher.kit.plugins import adapter, kinds
from watcher.model.concern import OWN
from watcher.policy.endpoints import Source
from watcher.settings import Settings

_RECEIVERS = "watcher.receivers"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("send")(_command)


def _command(
    kind: Annotated[str, typer.Argument(help="As the kind of a source: zabbix, grafana, gitlab …")],
    sample: Annotated[str | None, typer.Option(help="Which sample; the first by default.")] = None,
    source: Annotated[str | None, typer.Option(help="The source to post as.")] = None,
    serial: Annotated[
        int | None, typer.Option(help="When the outage began, in unix seconds; names it.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where Watcher listens.")] = None,
    config: Config = None,
) -> None:
    """Post a sample; the same serial again means the same outage."""
    others = [each for each in kinds(_RECEIVERS) if each != OWN]
    if kind not in others:
        fail(f"there is no kind {kind!r}; there are: {', '.join(others)}")
    receiver = adapter(_RECEIVERS, kind)
    name = sample or next(iter(receiver.SAMPLES))
    if name not in receiver.SAMPLES:
        fail(f"{kind} has no sample {name!r}; it has: {', '.join(receiver.SAMPLES)}")
    settings = settings_of(config, brief=True)
    now = Clock().now()
    body = receiver.sample(name, now, serial or int(now.timestamp()))
    try:
        answer = post(url or local_url(settings), _source(settings, kind, source), body, now)
    except PostError as error:
        fail(str(error))
    typer.echo(answer)


def _source(settings: Settings, kind: str, name: str | None) -> Source:
    found = [each for each in settings.sources if each.kind == kind and name in {None, each.name}]
    if not found:
        fail(f"there is no source of kind {kind!r}" + (f" named {name!r}" if name else ""))
    return found[0]
