"""`watcher rules explain`: which rules match an event, which do not and why, and what follows."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer

from watcher.cli._common import AsFormat, Format, check_customer, fail, settings_of, write_json
from watcher.cli.rules._explained import as_json, as_text
from watcher.cli.rules._shared import Config, Folders, console
from watcher.engine.explain import explain
from watcher.engine.replay import ReplayError, read_events
from watcher.engine.rulebook import News, Rulebook, identify
from watcher.kit.clock import Clock
from watcher.kit.plugins import adapter, kinds
from watcher.kit.shipped import shipped
from watcher.model.policy import Policy
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy
from watcher.receivers.base import Context, Unparsable
from watcher.settings import Settings

_RECEIVERS = "watcher.receivers"


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("explain")(_command)


def _command(
    event: Annotated[
        Path, typer.Option(help="A file of events, or a delivery of --source; - reads it here.")
    ],
    source: Annotated[
        str | None, typer.Option(help="The source that sent the delivery, or its kind.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Whose events they are.")] = None,
    form: AsFormat = Format.TEXT,
    rules: Folders = None,
    config: Config = None,
) -> None:
    """Explain what the rules make of events, each by itself."""
    settings = settings_of(config)
    check_customer(settings, customer)
    policy = _policy(rules, settings) if rules else settings.policy
    rulebook = Rulebook(policy, settings.catalogue)
    body = _content(event)
    if source is None:
        news = _recorded(event, body, customer, rulebook)
    else:
        news = _delivered(event, body, source, customer, settings)
    explained = list(explain(news, rulebook))
    if form is Format.JSON:
        write_json([as_json(each) for each in explained])
        return
    screen = console()
    for each in explained:
        screen.print(as_text(each))
    if not explained:
        screen.print("There is no event in it.")


def _policy(rules: Sequence[Path], settings: Settings) -> Policy:
    problems, known = Problems(), settings.policy
    folders = [shipped("rules"), *rules]
    policy = load_policy(folders, known.runbooks, known.channels, problems)
    for problem in problems:
        typer.echo(problem, err=True)
    if policy is None or problems.errors:
        fail("the rules cannot be used")
    return policy


def _content(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        fail(f"{path} cannot be read: {os.strerror(error.errno or 0)}")


def _recorded(path: Path, body: bytes, customer: str | None, rulebook: Rulebook) -> Iterator[News]:
    """The events of a file: one JSON object a line, or a single object or list of them."""
    try:
        whole = orjson.loads(body)
    except ValueError:
        lines = body.splitlines()
    else:
        lines = [orjson.dumps(each) for each in (whole if isinstance(whole, list) else [whole])]
    try:
        for each in read_events(lines):
            yield identify(each.event, customer or "default", each.received_at, rulebook.catalogue)
    except ReplayError as error:
        fail(f"{path}: {error}")


def _delivered(
    path: Path, body: bytes, source: str, customer: str | None, settings: Settings
) -> Iterator[News]:
    """The events that a receiver reads out of a delivery."""
    known = next((each for each in settings.sources if each.name == source), None)
    kind = known.kind if known else source
    if kind not in kinds(_RECEIVERS):
        names = ", ".join([each.name for each in settings.sources] + list(kinds(_RECEIVERS)))
        fail(f"there is no source {source!r}; there are: {names}")
    receiver = adapter(_RECEIVERS, kind)
    now = Clock().now()
    options = known.options if known else receiver.options({})
    try:
        reading = receiver.parse(body, Context(source, now, options))
    except Unparsable as error:
        fail(f"{path}: {error}")
    if reading.note:
        typer.echo(f"watcher: {reading.note}", err=True)
    whose = customer or (known.customer if known else "default")
    return (identify(each, whose, now, settings.catalogue) for each in reading.events)
