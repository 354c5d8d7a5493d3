"""Row 13: what news costs that comes late or out of order, without receivers and store.

A reconciliation finds alerts that a source never told of, just after others began; and a stream of
which all is up to three quarters of a minute late.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from statistics import median
from time import process_time

from benchmarks.table import Effort, Row
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.rulebook import News, Rulebook, identify
from watcher.kit.collector import relax
from watcher.kit.shipped import shipped
from watcher.model.catalogue import Catalogue
from watcher.model.event import Event, Kind, Severity
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy

_START = datetime(2026, 1, 1, tzinfo=UTC)
_LATE, _LIVE = 1000, 500
_DENSE, _APART, _HOSTS = 1200, timedelta(seconds=0.1), 4000
_CATALOGUE = Catalogue()


def measure(effort: Effort) -> Iterator[Row]:
    """CPU seconds of late news beside live ones, and milliseconds for each event out of order."""
    relax()
    share = 1 if effort.stored > 10_000 else 5
    late, live, dense = _LATE // share, _LIVE // share, _DENSE // share
    missed, began = _missed(late, live), _began(live)
    before, after, calm, mixed = [], [], [], []
    for run in range(effort.runs):
        before.append(_spent([*missed, *began]))
        after.append(_spent([*began, *missed]))
        stream = _stream(dense, Random(run))
        calm.append(1000 * _spent(sorted(stream, key=_at)) / dense)
        mixed.append(1000 * _spent(stream) / dense)
    one, other = median(after), median(before)
    yield Row(
        13,
        f"{late:,} alerts that were missed, found just after {live:,} began, CPU",
        "<= 3 s",
        f"{one:.2f} s; the other way round {other:.2f} s",
        one <= 3,
    )
    one, other = median(mixed), median(calm)
    yield Row(
        13,
        "ten alerts a second, all up to 45 s late, CPU for each",
        "<= 1.5 ms",
        f"{one:.2f} ms; in order {other:.2f} ms",
        one <= 1.5,
    )


def _spent(news: Sequence[News]) -> float:
    """The CPU that it takes to decide."""
    problems = Problems()
    policy = load_policy([shipped("rules")], (), (), problems)
    assert policy is not None, list(problems)
    fold = Fold(Book(count(1)), Rulebook(policy, _CATALOGUE))
    begun = process_time()
    for each in news:
        fold.take(each)
    return process_time() - begun


def _began(live: int) -> list[News]:
    """So many alerts within half a minute, each on a host of its own."""
    apart = timedelta(seconds=30) / live
    return [_news(f"live{each}", each, _START + each * apart) for each in range(live)]


def _missed(late: int, live: int) -> list[News]:
    """So many that began an hour ago, two on each of other hosts, and are heard of after that."""
    heard = _START + timedelta(seconds=31)
    begun = _START - timedelta(hours=1)
    return [
        _news(f"missed{each}", live + each // 2, begun, heard + timedelta(microseconds=each))
        for each in range(late)
    ]


def _stream(events: int, dice: Random) -> list[News]:
    """Alerts of many hosts, in an order in which each is up to 45 seconds late."""
    late = timedelta(seconds=45)
    stream = []
    for each in range(events):
        at = _START + each * _APART
        heard = at + dice.random() * late
        stream.append(_news(f"dense{each}", dice.randrange(_HOSTS), at, heard))
    return sorted(stream, key=lambda each: each.received_at)


def _at(news: News) -> datetime:
    return news.event.at


def _news(key: str, host: int, at: datetime, heard: datetime | None = None) -> News:
    event = Event(
        source="bench",
        kind=Kind.FIRING,
        key=key,
        occurrence=key,
        at=at,
        name=f"Disk {key} is full",
        severity=Severity.HIGH,
        host=f"host{host}",
    )
    return identify(event, "default", heard or at, _CATALOGUE)
