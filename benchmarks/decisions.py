"""Row 13: what the decisions alone cost, without receivers and store, whatever is known.

The alerts that are known began over the last days on many hosts; those that are measured come in at
500 a second, half of them on hosts that were heard of before.
"""

import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from time import process_time

from benchmarks.table import Effort, Row
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.rulebook import Rulebook, identify
from watcher.kit.shipped import shipped
from watcher.model.catalogue import Catalogue
from watcher.model.event import Event, Kind, Severity
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy

_TARGET = 5000.0
_FLAT = 1.3
_MEASURED = 5_000
_START = datetime(2026, 1, 1, tzinfo=UTC)
_APART = timedelta(milliseconds=2)


def measure(effort: Effort) -> Iterator[Row]:
    """Decisions a second with few and with many alerts known, in turns."""
    many = effort.stored
    folds = {known: _known(known) for known in (1000, many)}
    speeds: dict[int, list[float]] = {known: [] for known in folds}
    for run in range(effort.runs):
        for known, (fold, catalogue) in folds.items():
            speeds[known].append(_speed(fold, catalogue, known, run))
    few_a_second, many_a_second = (statistics.median(each) for each in speeds.values())
    ratio = few_a_second / many_a_second
    yield Row(
        13,
        f"decisions alone, with 1,000 and {many:,} alerts known",
        f">= {_TARGET:,.0f} alerts/s a core; <= {_FLAT} x",
        f"{few_a_second:,.0f}/s and {many_a_second:,.0f}/s; {ratio:.2f} x",
        many_a_second >= _TARGET and ratio <= _FLAT,
    )


def _known(alerts: int) -> tuple[Fold, Catalogue]:
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
            _take(fold, catalogue, _event(f"known{number}", number, kind, began))
        book.entries.clear()
        book.intents.clear()
    return fold, catalogue


def _speed(fold: Fold, catalogue: Catalogue, known: int, run: int) -> float:
    """Alerts a second of CPU."""
    started = _START + timedelta(hours=1 + run)
    events = [
        _event(f"new{run}-{n}", n if n % 2 else known + n, Kind.FIRING, started + n * _APART)
        for n in range(_MEASURED)
    ]
    spent = process_time()
    for event in events:
        _take(fold, catalogue, event)
    return _MEASURED / (process_time() - spent)


def _take(fold: Fold, catalogue: Catalogue, event: Event) -> None:
    fold.take(identify(event, "default", event.at, catalogue))


def _event(key: str, host: int, kind: Kind, at: datetime) -> Event:
    return Event(
        source="bench",
        kind=kind,
        key=key,
        occurrence=key,
        at=at,
        name="CPU is high",
        severity=Severity.HIGH,
        host=f"host{host}",
    )
