"""Runs the stored history under the rules in force and under others, in virtual time.

The deliveries are read in bounded chunks and parsed again; nothing is written, and nothing that
people did is done again. Both runs begin with nothing known.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import count

from watcher.engine.alias import settled
from watcher.engine.book import Book
from watcher.engine.digest import Read, recoveries_last
from watcher.engine.fold import Fold
from watcher.engine.rulebook import News, Rulebook, identify
from watcher.model.action import ActionKind, Intent
from watcher.model.delivery import Delivery
from watcher.model.incident import Incident, Priority
from watcher.model.silence import Window
from watcher.receivers.base import Unparsable
from watcher.store.history import Period
from watcher.store.store import Store
from watcher.store.views import View

# Closing what is quiet changes nothing but what has to be remembered, so that once an hour will do.
_SWEEP_EVERY = timedelta(hours=1)
_AT_ONCE = 1000
_BYTES_AT_ONCE = 16 * 1024 * 1024

_Part = Callable[[View, Period, int | None, int, int], list[Delivery]]


@dataclass(slots=True)
class Account:
    """What was read: how many deliveries and events, and why some deliveries were not."""

    deliveries: int = 0
    events: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None


class Run:
    """A history under one rulebook: the book of it, and whom it would have told of what.

    `pages` counts messages by channel and priority, `told` by incident.
    """

    def __init__(self, rulebook: Rulebook, windows: Sequence[Window] = ()) -> None:
        self.rulebook = rulebook
        self.book = Book(count(1))
        self.pages: Counter[tuple[str, Priority]] = Counter()
        self.told: Counter[int] = Counter()
        self._fold = Fold(self.book, rulebook, windows)
        self._swept: datetime | None = None

    def take(self, news: News) -> None:
        """Decides about one piece of news; time must not run back."""
        now = news.received_at
        if self._swept is None or now - self._swept >= _SWEEP_EVERY:
            self._fold.sweep(now)
            self._swept = now
        self._fold.take(news)
        self._harvest(now)

    def end(self, until: datetime) -> None:
        """Does what time alone brings about up to then."""
        self._fold.advance(until)
        self._harvest(until)

    def living(self) -> Iterator[Incident]:
        """The incidents that were not merged into others, in the order of opening."""
        for number in sorted(self.book.incidents):
            if self.book.incidents[number].merged_into is None:
                yield self.book.incidents[number]

    def home(self, number: int) -> int:
        """The incident, or the one that took it in."""
        while (into := self.book.incidents[number].merged_into) is not None:
            number = into
        return number

    def tickets(self) -> int:
        """How many incidents were there for long enough to get a ticket."""
        lateness = self.rulebook.policy.grouping.lateness
        return sum(
            each.merged_into is None
            or (each.closed_at is not None and each.closed_at - each.opened_at > lateness)
            for each in self.book.incidents.values()
        )

    def _harvest(self, now: datetime) -> None:
        """Counts who is told; what waits for the end of a hold may yet be taken back."""
        waiting = []
        for intent in self.book.intents:
            if intent.not_before is not None and intent.not_before > now:
                waiting.append(intent)
            elif intent.kind is ActionKind.NOTIFY:
                self._count(intent)
        self.book.intents[:] = waiting
        self.book.entries.clear()
        self.book.merges.clear()

    def _count(self, intent: Intent) -> None:
        incident = self.book.incidents[intent.incident]
        self.pages[intent.payload["channel"], incident.priority] += 1
        self.told[intent.incident] += 1


@dataclass(frozen=True, slots=True)
class Backtest:
    """The same history twice."""

    period: Period
    account: Account
    before: Run
    after: Run


def backtest(
    store: Store,
    period: Period,
    sources: Mapping[str, Read],
    before: Rulebook,
    after: Rulebook,
    at_once: int = _AT_ONCE,
) -> Backtest:
    """Both runs over the period. Raises StoreUnavailable."""
    with store.view() as view:
        windows = view.windows(period.since, period.customer)
    runs = Run(before, windows), Run(after, windows)
    account = Account()
    history = _news(_history(store, period, at_once), sources, runs[0].rulebook, account)
    for news in settled(history, {}):
        for run in runs:
            run.take(news)
    for run in runs:
        run.end(period.until)
    return Backtest(period, account, *runs)


def _history(store: Store, period: Period, at_once: int) -> Iterator[Delivery]:
    """The deliveries of a period, with what was fetched of the time before they came."""
    walks = (_walk(store, period, at_once, part) for part in (View.archived, View.history))
    return merge(*walks, key=lambda each: each.received_at)


def _walk(store: Store, period: Period, at_once: int, part: _Part) -> Iterator[Delivery]:
    """Either of them. Between chunks nothing of the store is held."""
    last = None
    while True:
        with store.view() as view:
            found = part(view, period, last, at_once, _BYTES_AT_ONCE)
        if not found:
            return
        yield from found
        last = found[-1].id


def _news(
    deliveries: Iterable[Delivery],
    sources: Mapping[str, Read],
    rulebook: Rulebook,
    account: Account,
) -> Iterator[News]:
    """What the deliveries say, by a clock that never runs back."""
    for delivery in deliveries:
        now = max(delivery.received_at, account.last_at or delivery.received_at)
        account.deliveries += 1
        account.first_at, account.last_at = account.first_at or now, now
        read = sources.get(delivery.source)
        if read is None:
            account.unread[f"there is no source {delivery.source!r} any more"] += 1
            continue
        try:
            events = read(delivery).events
        except Unparsable as error:
            account.unread[f"{delivery.source}: {error}"] += 1
            continue
        for event in sorted(events, key=recoveries_last):
            account.events += 1
            yield identify(event, delivery.customer, now, rulebook.catalogue)
