"""`watcher sources`: who posts alerts, when each was last heard of and asked, and what is wrong."""

from collections.abc import Iterator
from datetime import datetime

import typer

from watcher.cli._common import AsFormat, Config, Format, me, settings_of, store_of, write_json
from watcher.decide.heartbeat import lasting
from watcher.engine.overview import Overview, overview, worded
from watcher.engine.vigil import watched
from watcher.kit.clock import Clock
from watcher.web.api.sources import SourceItem


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("sources")(_command)


def _command(
    form: AsFormat = Format.TEXT,
    config: Config = None,
) -> None:
    """List the sources of alerts: how each is, and what it did not tell."""
    settings, now = settings_of(config, brief=True), Clock().now()
    with store_of(settings) as store, store.view() as view:
        found = overview(view, map(watched, settings.sources), me(), now)
    if form is Format.JSON:
        items = [SourceItem.of(each).model_dump(mode="json") for each in found]
        write_json(items)
        return
    for each in found:
        for line in _lines(each, now):
            typer.echo(line)


def _lines(found: Overview, now: datetime) -> Iterator[str]:
    source, asked = found.source, found.asked
    heard = f"heard of {_ago(found.heard_at, now)}"
    if found.limit:
        heard += f" (expected within {lasting(found.limit.length)})"
    line = f"{source.name:<20} {source.kind:<14} {source.customer:<14} {found.condition:<9} {heard}"
    if source.every:
        line += f"; reconciled {_ago(asked.complete_at, now)}; {_missed(found)}"
    yield line
    if found.unproven:
        yield f"  {found.unproven} open here only: nothing proves them over"
    for why in found.left_out:
        yield f"  {why}"
    for alert in found.wrong:
        number = f" (#{alert.incident})" if alert.incident else ""
        yield f"  {alert.name}{number}: {alert.summary}"
    if asked.problem and asked.since and not found.wrong:
        yield f"  since {_ago(asked.since, now)}: {asked.problem}"


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{lasting(now - moment)} ago" if moment else "never"


def _missed(found: Overview) -> str:
    if not (week := worded(found.week)):
        return "posted everything in the last 7 days"
    today = worded(found.today) or "nothing"
    return f"did not post, found by asking: today {today}; in 7 days {week}"
