"""Takes in what a source lived through before Watcher listened: for problem records and backtests.

Nobody is told anything and nothing is diagnosed, now or later; what is alive is not touched. Only
spans that are over and that nobody knew are taken, decided in virtual time as if they had been
heard of then, and stored as closed incidents.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from typing import TypeVar

from watcher.engine.book import Book
from watcher.engine.digest import LEASE, Read, recoveries_last
from watcher.engine.fold import Fold
from watcher.engine.reconcile import BusyError
from watcher.engine.rulebook import News, Rulebook, identify
from watcher.model.alert import Alert, Occurrence
from watcher.model.change import replace
from watcher.model.delivery import HISTORY, ORIGIN, Arrival, Delivery
from watcher.model.event import Event, Kind
from watcher.model.incident import Entry, EntryKind, Incident, Status
from watcher.model.reason import Reason
from watcher.monitors.base import Access, Historian
from watcher.receivers.base import Unparsable
from watcher.store.store import Store
from watcher.store.tx import Tx

_TTL = timedelta(hours=1)
_SWEEP_EVERY = timedelta(hours=1)
# The digest waits for so much at once.
_INCIDENTS_AT_ONCE = 50
_SPANS_AT_ONCE = 2000
_BODIES_AT_ONCE = 200

Span = tuple[str, str]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Told:
    """One body of the past with its events."""

    at: datetime
    body: bytes
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of it: how many bodies were read, and what was new among them."""

    read: int = 0
    spans: int = 0
    incidents: int = 0
    kept: int = 0


class Backfill:
    """Fills in the past of one source."""

    def __init__(
        self, store: Store, access: Access, read: Read, rulebook: Rulebook, holder: str
    ) -> None:
        self._store = store
        self._access = access
        self._read = read
        self._rulebook = rulebook
        self._holder = holder

    def run(self, monitor: Historian, since: datetime, now: datetime) -> Filled:
        """Takes in what began since then and is over; doing it again adds nothing.

        Raises BusyError while somebody else does; MonitorError, then nothing was taken in; or
        StoreUnavailable, then perhaps a part.
        """
        lease = f"backfill:{self._access.source}"
        with self._store.begin() as tx:
            if tx.lease(lease, self._holder, now, _TTL) is None:
                raise BusyError(f"the past of {self._access.source} is being taken in")
        try:
            return self._fill(monitor, since, now)
        finally:
            with self._store.begin() as tx:
                tx.release(lease, self._holder)

    def _fill(self, monitor: Historian, since: datetime, now: datetime) -> Filled:
        # What may yet come back to an incident belongs to the present.
        until = now - self._rulebook.policy.grouping.close_after
        told = sorted(self._told(monitor.history(since, until)), key=lambda each: each.at)
        spans = self._unknown(_over(told, until))
        kept = self._archive(each for each in told if _spans_of(each.events) & spans)
        book = self._folded(told, spans, now)
        incidents = self._store_all(book, spans)
        return Filled(len(told), len(spans), incidents, kept)

    def _told(self, bodies: Iterable[tuple[datetime, bytes]]) -> Iterator[Told]:
        source, customer = self._access.source, self._access.customer
        for at, body in bodies:
            try:
                events = self._read(Delivery(0, source, customer, at, body)).events
            except Unparsable:
                continue
            if events:
                yield Told(at, body, events)

    def _unknown(self, spans: Collection[Span]) -> set[Span]:
        """Those of which nobody has heard."""
        known: set[Span] = set()
        for some in _some(sorted(spans), _SPANS_AT_ONCE):
            with self._store.view() as view:
                found = view.occurrences([(self._access.customer, *span) for span in some])
            known |= {each.span for each in found.values()}
        return set(spans) - known

    def _archive(self, told: Iterable[Told]) -> int:
        """Keeps the bodies, for backtests."""
        source, customer = self._access.source, self._access.customer
        arrivals = (
            Arrival(source, customer, each.at, {ORIGIN: HISTORY}, each.body) for each in told
        )
        return sum(self._store.archive(some) for some in _some(arrivals, _BODIES_AT_ONCE))

    def _folded(self, told: Iterable[Told], spans: Collection[Span], now: datetime) -> Book:
        """The book of it. It is decided twice: the first time tells how many numbers it takes."""
        news = [*self._news(told, spans)]
        book = self._fold(news, count(1), now)
        needed = len(book.issued)
        if not needed:
            return book
        with self._store.begin() as tx:
            numbers = tx.numbers(needed)
        return self._fold(news, iter(numbers), now)

    def _news(self, told: Iterable[Told], spans: Collection[Span]) -> Iterator[News]:
        catalogue, customer = self._rulebook.catalogue, self._access.customer
        for each in told:
            for event in sorted(each.events, key=recoveries_last):
                if (event.key, event.occurrence) in spans:
                    yield identify(event, customer, each.at, catalogue)

    def _fold(self, news: Iterable[News], numbers: Iterator[int], now: datetime) -> Book:
        book = Book(numbers)
        fold = Fold(book, self._rulebook)
        swept: datetime | None = None
        for each in news:
            if swept is None or each.received_at - swept >= _SWEEP_EVERY:
                swept = each.received_at
                fold.sweep(swept)
            fold.take(each)
            book.intents.clear()
        fold.advance(now)
        fold.sweep(now)
        return book

    def _store_all(self, book: Book, spans: Collection[Span]) -> int:
        """Stores what is closed, a few incidents at a time, and counts those that opened."""
        closed = [_past(each) for _, each in sorted(book.incidents.items()) if _is_over(each)]
        for some in _some(closed, _INCIDENTS_AT_ONCE):
            self._write(book, some, [span for each in some for span in book.members(each.number)])
        # What was held back until it was over belongs to none, and is known from now on.
        free = (each for each in book.occurrences.values() if each.incident is None)
        for rest in _some(free, _SPANS_AT_ONCE):
            self._write(book, (), rest)
        return sum(each.merged_into is None for each in closed)

    def _write(
        self, book: Book, incidents: Sequence[Incident], spans: Sequence[Occurrence]
    ) -> None:
        numbers = {each.number for each in incidents}
        with self._store.begin() as tx:
            tx.freeze(LEASE)
            tx.save_incidents(incidents)
            tx.save_occurrences(spans)
            tx.save_alerts(_unheard(tx, book, spans))
            tx.add_entries(self._marked(incidents))
            tx.add_entries(each for each in book.entries if each.incident in numbers)
            tx.regrouped()

    def _marked(self, incidents: Iterable[Incident]) -> Iterator[Entry]:
        """Says on each timeline how it came about."""
        text = f"taken from the history of {self._access.source}: nobody was told of it"
        reason = Reason("history", "it was over before Watcher listened")
        for each in incidents:
            yield Entry(each.number, each.opened_at, EntryKind.NOTE, text, reason)


def _spans_of(events: Iterable[Event]) -> set[Span]:
    return {(each.key, each.occurrence) for each in events}


def _over(told: Iterable[Told], until: datetime) -> set[Span]:
    """The spans that began and ended in what was told, and by then."""
    begun: set[Span] = set()
    ended: set[Span] = set()
    for each in told:
        begun |= _spans_of(event for event in each.events if event.kind is Kind.FIRING)
        over = (event for event in each.events if event.kind is Kind.RESOLVED)
        ended |= _spans_of(event for event in over if event.at <= until)
    return {span for span in begun & ended if span[1]}


def _is_over(incident: Incident) -> bool:
    return incident.status is Status.CLOSED


def _past(incident: Incident) -> Incident:
    return replace(incident, course=replace(incident.course, history=True))


def _unheard(tx: Tx, book: Book, spans: Iterable[Occurrence]) -> list[Alert]:
    """The alerts of these spans that nobody knows: what is known may be alive."""
    keys = {(each.customer, each.key) for each in spans}
    known = tx.alerts(keys)
    return [book.alerts[key] for key in sorted(keys - known.keys())]


def _some(all_of_them: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """So many at a time."""
    rest = iter(all_of_them)
    while some := list(islice(rest, size)):
        yield some
