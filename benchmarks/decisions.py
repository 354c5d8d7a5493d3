"""Row 13: what the decisions alone cost, without receivers and store, whatever is known.

The alerts that are known began over the last days on many hosts; what is measured comes in at 500 a
second, half of it on hosts that were heard of before.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from time import process_time

from benchmarks.table import Effort, Row
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.rulebook import Rulebook, identify
from watcher.kit.collector import relax
from watcher.kit.shipped import shipped
from watcher.model.catalogue import Catalogue
from watcher.model.event import Event, Kind, Severity
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy

_TARGET = 5000.0
_FLAT = 1.3
_MEASURED = 4_800
_START = datetime(2026, 1, 1, tzinfo=UTC)
_APART = timedelta(milliseconds=2)
_CPU = "CPU is high"

Events = Iterator[tuple[str, int, Kind, str]]
"""What is heard of: the key, the number of the host, what it says, the name of the alert."""


@dataclass(frozen=True)
class _Known:
    """A book that knows so many alerts, and how many alerts a second it took, by load."""

    alerts: int
    fold: Fold
    catalogue: Catalogue
    speeds: dict[str, list[float]] = field(default_factory=dict)


def measure(effort: Effort) -> Iterator[Row]:
    """Decisions a second with few, with more and with many alerts known, in turns."""
    relax()
    books = [_known(alerts) for alerts in (1000, effort.stored // 10, effort.stored)]
    for run in range(effort.runs):
        for number, (what, load) in enumerate(_LOADS.items()):
            for known in books:
                speed = _speed(known, load, number + run * len(_LOADS))
                known.speeds.setdefault(what, []).append(speed)
    for what in _LOADS:
        speeds = [statistics.median(known.speeds[what]) for known in books]
        ratio = speeds[0] / min(speeds)
        yield Row(
            13,
            f"decisions alone, {what}, with {_listed([known.alerts for known in books])} known",
            f">= {_TARGET:,.0f} alerts/s a core; <= {_FLAT} x",
            f"{_listed(speeds)} alerts/s; {ratio:.2f} x",
            min(speeds) >= _TARGET and ratio <= _FLAT,
        )


def _opening(known: int, run: int) -> Events:
    """Every alert is on another host and opens an incident."""
    for number in range(_MEASURED):
        host = number if number % 2 else known + number
        yield f"new{run}-{number}", host, Kind.FIRING, _CPU


def _mixed(known: int, run: int) -> Events:
    """Four alerts on each host, of which the first opens an incident; each is repeated twice and
    recovers.
    """
    said = (Kind.FIRING, Kind.FIRING, Kind.FIRING, Kind.RESOLVED)
    names = (_CPU, "Memory is short", "Requests are slow", "Requests fail")
    for kind in said:
        for name in names:
            for number in range(_MEASURED // (len(said) * len(names))):
                host = number if number % 2 else known + number
                yield f"mixed{run}-{number}-{name}", host, kind, name


_LOADS: dict[str, Callable[[int, int], Events]] = {
    "each alert opens an incident": _opening,
    "of 16 one opens, 3 join, 8 repeat, 4 recover": _mixed,
}


def _known(alerts: int) -> _Known:
    """A book with so many alerts, one every two seconds, each of which has ended."""
    problems = Problems()
    policy = load_policy([shipped("rules")], (), (), problems)
    assert policy is not None, list(problems)
    catalogue = Catalogue()
    book = Book(count(1))
    fold = Fold(book, Rulebook(policy, catalogue))
    for number in range(alerts):
        began = _START - timedelta(seconds=2 * (alerts - number))
        for kind in (Kind.FIRING, Kind.RESOLVED):
            _take(fold, catalogue, _event(f"known{number}", number, kind, _CPU, began))
        book.entries.clear()
        book.intents.clear()
    return _Known(alerts, fold, catalogue)


def _speed(known: _Known, load: Callable[[int, int], Events], run: int) -> float:
    """Alerts a second of CPU."""
    started = _START + timedelta(hours=1 + run)
    events = [
        _event(*each, started + number * _APART)
        for number, each in enumerate(load(known.alerts, run))
    ]
    spent = process_time()
    for event in events:
        _take(known.fold, known.catalogue, event)
    return len(events) / (process_time() - spent)


def _take(fold: Fold, catalogue: Catalogue, event: Event) -> None:
    fold.take(identify(event, "default", event.at, catalogue))


def _listed(figures: Iterable[float]) -> str:
    """The figures in words."""
    *others, last = (f"{each:,.0f}" for each in figures)
    return f"{', '.join(others)} and {last}"


def _event(key: str, host: int, kind: Kind, name: str, at: datetime) -> Event:
    return Event(
        source="bench",
        kind=kind,
        key=key,
        occurrence=key,
        at=at,
        name=name,
        severity=Severity.HIGH,
        host=f"host{host}",
    )
