"""`watcher runbook coverage`: which alerts have no runbook, and which runbooks have no alert."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table

from watcher.cli._common import (
    AsFormat,
    Format,
    check_customer,
    fail,
    settings_of,
    store_of,
    write_json,
)
from watcher.cli.rules._shared import Config, console, said
from watcher.decide.conditions import Facts
from watcher.decide.identify import resolve
from watcher.decide.runbooks import applying, names
from watcher.kit.clock import Clock
from watcher.model.alert import Alert
from watcher.model.catalogue import Host
from watcher.model.policy import RunbookTrigger
from watcher.policy.runbooks.stock import stock
from watcher.policy.values import parse_duration
from watcher.settings import Settings
from watcher.store.query import Query
from watcher.store.store import Store

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Gap:
    """Alerts of one name that have no runbook: how often they came, and how one of them reads."""

    name: str
    times: int
    example: str
    source: str


@dataclass(slots=True)
class Coverage:
    """What was looked at, and what came of it."""

    triggers: tuple[RunbookTrigger, ...]
    alerts: int = 0
    covered: int = 0
    times: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def take(self, alert: Facts, host: Host | None, times: int) -> None:
        """Notes which runbooks an alert has."""
        found = applying(self.triggers, alert, host)
        self.alerts += 1
        self.covered += bool(found)
        self.used.update(each.name for each in found)
        if not found:
            bare = names(alert.name)[-1]
            self.times[bare] += times
            self.examples.setdefault(bare, (alert.name, alert.source))

    @property
    def gaps(self) -> list[Gap]:
        """The names without a runbook, the commonest first."""
        ordered = sorted(self.times.items(), key=lambda each: (-each[1], each[0]))
        return [Gap(name, times, *self.examples[name]) for name, times in ordered]

    @property
    def unused(self) -> list[str]:
        """The runbooks that no alert has."""
        return [each.name for each in self.triggers if each.name not in self.used]


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("coverage")(_command)


def _command(
    since: Annotated[str, typer.Option(help="How far back, as 30d or 12h.")] = "30d",
    customer: Annotated[str | None, typer.Option(help="Only the alerts of this customer.")] = None,
    only_stock: Annotated[
        bool,
        typer.Option("--stock", help="The alerts of Zabbix templates and common Prometheus rules."),
    ] = False,
    form: AsFormat = Format.TEXT,
    config: Config = None,
) -> None:
    """Find the alerts that have no runbook, and the runbooks that no alert has.

    The alerts are those that were heard of lately. With --stock they are those that come with
    Zabbix templates and with common Prometheus rules; of these only the name and the source are
    known, so that a runbook which asks for labels or for tags of the host has none of them.
    """
    settings = settings_of(config)
    check_customer(settings, customer)
    found = Coverage(settings.policy.runbooks)
    if only_stock:
        for each in chain.from_iterable(stock().values()):
            found.take(each, None, 1)
    else:
        for alert, host in _seen(settings, _begin(since), customer):
            found.take(alert, host, alert.count)
    if form is Format.JSON:
        write_json(_plain(found))
    else:
        console().print(Group(*_lines(found)))


def _begin(since: str) -> datetime:
    try:
        return Clock().now() - parse_duration(since)
    except ValueError as error:
        fail(f"--since: {error}")


def _seen(
    settings: Settings, since: datetime, customer: str | None
) -> Iterator[tuple[Alert, Host | None]]:
    with store_of(settings) as store:
        for alert in _alerts(store, since, customer):
            yield alert, resolve(settings.catalogue, alert.customer, alert.host or "")


def _alerts(store: Store, since: datetime, customer: str | None) -> Iterator[Alert]:
    """The alerts that were heard of since then, the newest first."""
    query = Query(customer=customer, limit=_PAGE)
    while True:
        with store.view() as view:
            page = view.alert_list(query)
        fresh = [alert for alert in page.items if alert.last_at >= since]
        yield from fresh
        if page.next is None or len(fresh) < len(page.items):
            return
        query = Query(customer=customer, limit=_PAGE, cursor=page.next)


def _lines(found: Coverage) -> Iterator[RenderableType]:
    yield said(f"{found.covered:,} of {found.alerts:,} alerts have a runbook.", "bold")
    if found.gaps:
        yield _table(found.gaps)
    if found.unused:
        yield said(f"Runbooks without an alert: {', '.join(found.unused)}", "yellow")


def _table(gaps: Iterable[Gap]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("times", justify="right")
    for heading in ("without a runbook", "source", "for example"):
        table.add_column(heading)
    for gap in gaps:
        table.add_row(
            f"{gap.times:,}", said(gap.name, "bold"), said(gap.source), said(gap.example, "dim")
        )
    return table


def _plain(found: Coverage) -> dict[str, object]:
    return {
        "alerts": found.alerts,
        "covered": found.covered,
        "gaps": [asdict(gap) for gap in found.gaps],
        "unused": found.unused,
    }
