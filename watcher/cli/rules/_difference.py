"""Writes what a backtest found, for people and for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from watcher.cli.rules._shared import said
from watcher.engine.backtest import Account, Backtest
from watcher.engine.difference import (
    Change,
    Difference,
    Noise,
    Seen,
    Total,
    differences,
    noisiest,
    total,
)
from watcher.model.incident import Priority

_NOT_REPLAYED = (
    "What people did (taking on, closing, merging, setting priorities) is not done again, and "
    "nothing is known from before the history begins."
)
_WORDS = {
    Change.GONE: "gone",
    Change.SPLIT: "split",
    Change.REGROUPED: "regrouped",
    Change.MERGED: "merged",
    Change.NEW: "new",
    Change.PRIORITY: "priority",
    Change.ALERTS: "other alerts",
}
_TONES = {Priority.P1: "bold red", Priority.P2: "red", Priority.P3: "yellow"}
_MOST_NAMES = 4


def as_text(found: Backtest, limit: int) -> RenderableType:
    """What a service manager reads: figures, then differences, then what makes noise."""
    before, after = total(found.before), total(found.after)
    different = differences(found.before, found.after)
    shown = different[: limit or None]
    parts: list[RenderableType] = [*_headline(found), "", _figures(before, after), ""]
    count = len(different)
    if not different:
        parts.append(said("No incident would have been another one.", "green"))
    else:
        noun = "difference" if count == 1 else "differences"
        parts.append(said(f"{count} {noun}, the most important first", "bold"))
    for each in shown:
        parts += ["", *_block(each)]
    if len(shown) < count:
        parts += ["", said(f"and {count - len(shown)} more: --limit 0 shows all", "dim")]
    noise = noisiest(found.before, found.after)
    if noise:
        parts += ["", said("The noisiest conditions", "bold"), _noise(noise)]
    return Group(*parts, "", said(_NOT_REPLAYED, "dim"))


def as_json(found: Backtest) -> dict[str, object]:
    """All of it as one object."""
    return {
        **_summary(found),
        "differences": [_plain(each) for each in differences(found.before, found.after)],
    }


def as_lines(found: Backtest) -> Iterator[dict[str, object]]:
    """The summary, then one object for each difference."""
    yield _summary(found)
    yield from (_plain(each) for each in differences(found.before, found.after))


def _summary(found: Backtest) -> dict[str, object]:
    account, period = found.account, found.period
    return {
        "since": period.since,
        "until": period.until,
        "customer": period.customer,
        "first_at": account.first_at,
        "last_at": account.last_at,
        "deliveries": account.deliveries,
        "events": account.events,
        "unread": dict(sorted(account.unread.items())),
        "note": _NOT_REPLAYED,
        "before": _figures_of(total(found.before)),
        "after": _figures_of(total(found.after)),
        "noisiest": [asdict(each) for each in noisiest(found.before, found.after)],
    }


def _plain(difference: Difference) -> dict[str, object]:
    return {
        "change": difference.change,
        "priority": difference.priority,
        "title": difference.title,
        **{name: value for name, value in asdict(difference).items() if name != "change"},
    }


def _figures_of(of: Total) -> dict[str, object]:
    return {
        "incidents": of.incidents,
        "priorities": {each.value: of.priorities.get(each, 0) for each in Priority},
        "pages": [
            {"channel": channel, "priority": priority, "count": count}
            for (channel, priority), count in sorted(of.pages.items())
        ],
        "tickets": of.tickets,
        "suppressed": of.suppressed,
        "waited": of.waited,
        "held_by": dict(sorted(of.held_by.items())),
    }


def _headline(found: Backtest) -> Iterator[Text]:
    account = found.account
    if account.first_at is None or account.last_at is None:
        yield said("No delivery is stored from that time.", "yellow")
        return
    whose = f" of {found.period.customer}" if found.period.customer else ""
    yield said(
        f"History{whose} from {_time(account.first_at)} to {_time(account.last_at)}: "
        f"{account.deliveries:,} deliveries with {account.events:,} events"
    )
    yield from _unread(account)


def _unread(account: Account) -> Iterator[Text]:
    for reason, count in sorted(account.unread.items(), key=lambda each: (-each[1], each[0])):
        yield said(f"{count:,} left out: {reason}", "yellow")


def _figures(before: Total, after: Total) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for heading in ("present", "changed", "difference"):
        table.add_column(heading, justify="right")
    _row(table, "incidents", before.incidents, after.incidents, style="bold")
    for priority in Priority:
        counts = before.priorities.get(priority, 0), after.priorities.get(priority, 0)
        if any(counts):
            _row(table, f"  {priority}", *counts)
    _row(table, "messages", sum(before.pages.values()), sum(after.pages.values()), style="bold")
    for key in sorted({*before.pages, *after.pages}):
        channel, priority = key
        _row(table, f"  {channel}, {priority}", before.pages.get(key, 0), after.pages.get(key, 0))
    _row(table, "tickets", before.tickets, after.tickets, style="bold")
    _row(table, "alerts held back", before.suppressed, after.suppressed, style="bold")
    _row(table, "alerts too short to count", before.waited, after.waited, style="bold")
    for by in sorted({*before.held_by, *after.held_by}):
        _row(table, f"  {by}", before.held_by.get(by, 0), after.held_by.get(by, 0))
    return table


def _row(table: Table, name: str, before: int, after: int, style: str = "") -> None:
    change = after - before
    tone = "dim" if not change else "green" if change < 0 else "yellow"
    table.add_row(
        said(name, style) if not name.startswith(" ") else Text("  ") + said(name),
        f"{before:,}",
        f"{after:,}",
        Text(f"{change:+,}" if change else "same", tone),
    )


def _block(difference: Difference) -> Iterator[RenderableType]:
    priority = difference.priority
    line = Text.assemble(
        (f"{priority} ", _TONES.get(priority, "")),
        (f"{_WORDS[difference.change]}  ", "bold"),
        f"{_time(difference.at)}  {difference.customer}  ",
    )
    yield line + said(difference.title, "bold")
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("present", said(_sides(difference.before)))
    grid.add_row("", said(difference.why_before, "dim"))
    grid.add_row("changed", said(_sides(difference.after)))
    grid.add_row("", said(difference.why_after, "dim"))
    grid.add_row("alerts", said(_names(difference.alerts)))
    yield Padding(grid, (0, 0, 0, 3), expand=False)


def _sides(sides: Sequence[Seen]) -> str:
    """The incidents of one run in a line."""
    if not sides:
        return "no incident"
    count = f"{len(sides)} incidents: " if len(sides) > 1 else ""
    return count + "; ".join(
        f"{each.priority} {_plural(each.alerts, 'alert')}, {_plural(each.pages, 'message')}"
        for each in sides
    )


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _noise(noise: Sequence[Noise]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("times", justify="right")
    table.add_column("incidents opened, present", justify="right")
    table.add_column("changed", justify="right")
    table.add_column("condition")
    for each in noise:
        table.add_row(
            f"{each.spans:,}",
            f"{each.opened_before:,}",
            f"{each.opened_after:,}",
            Text.assemble(said(each.name), "  ", said(each.customer, "dim")),
        )
    return table


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
