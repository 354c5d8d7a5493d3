"""Deliveries in, incidents out: parses a batch, folds it, and writes it all in ONE transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.engine.book import Book
from watcher.engine.fold import Fold, News, Rulebook, identify
from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.model.delivery import Delivery
from watcher.model.event import Event, Kind, Reading
from watcher.receivers.base import Unparsable
from watcher.store.base import StoreUnavailable
from watcher.store.store import Store
from watcher.store.tx import Tx

Read = Callable[[Delivery], Reading]
"""Reads the events out of a delivery of one source. Raises Unparsable."""

LEASE = "digest"
_TTL = timedelta(seconds=15)
_BATCH = 1000
_BATCH_BYTES = 16 * 1024 * 1024
_log = logger("digest")


@dataclass(frozen=True, slots=True)
class Parsed:
    """One delivery with its news, or with the reason why it can have no effect."""

    delivery: Delivery
    news: tuple[News, ...] = ()
    dead: str = ""
    note: str = ""


class LostLeaseError(Exception):
    """Another replica digests now."""


class Digest:
    """Digests what the inbox holds, as long as this replica holds the lease to do so."""

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Read],
        rulebook: Callable[[], Rulebook],
        clock: Clock,
        holder: str,
    ) -> None:
        self._store = store
        self._sources = sources
        self._rulebook = rulebook
        self._clock = clock
        self._holder = holder
        self._token: int | None = None
        self._renew_at = clock.now()

    def inherit(self, gone: Callable[[str], bool]) -> None:
        """Ends the lease of a holder that is certainly gone, so that its time need not run out."""
        with self._store.begin() as tx:
            holder = tx.holder(LEASE)
            if holder is not None and gone(holder):
                tx.release(LEASE, holder)

    def release(self) -> None:
        """Lets another replica digest at once."""
        self._token = None
        with self._store.begin() as tx:
            tx.release(LEASE, self._holder)

    def step(self, limit: int = _BATCH) -> int:
        """Digests one batch, oldest deliveries first; returns how many there were.

        Raises StoreUnavailable when the database cannot take it: nothing is lost, try again later.
        """
        token = self._lease()
        if token is None:
            return 0
        with self._store.begin() as tx:
            deliveries = tx.undigested(limit, _BATCH_BYTES)
        if deliveries:
            rulebook = self._rulebook()
            parsed = [self._parse(each, rulebook) for each in deliveries]
            try:
                self._commit(parsed, rulebook, token)
            except LostLeaseError:
                return 0
        return len(deliveries)

    def _lease(self) -> int | None:
        now = self._clock.now()
        if self._token is None or now >= self._renew_at:
            with self._store.begin() as tx:
                self._token = tx.lease(LEASE, self._holder, now, _TTL)
            self._renew_at = now + _TTL / 3
        return self._token

    def _parse(self, delivery: Delivery, rulebook: Rulebook) -> Parsed:
        read = self._sources.get(delivery.source)
        if read is None:
            return Parsed(delivery, dead=f"there is no source {delivery.source!r} any more")
        try:
            reading = read(delivery)
        except Unparsable as error:
            return Parsed(delivery, dead=str(error))
        except Exception as error:  # noqa: BLE001 - one bad body must not stop the others
            _log.exception("a receiver failed", delivery=delivery.id, source=delivery.source)
            return Parsed(delivery, dead=f"the receiver failed: {type(error).__name__}: {error}")
        news = tuple(
            identify(event, delivery.customer, delivery.received_at, rulebook.catalogue)
            for event in sorted(reading.events, key=_recoveries_last)
        )
        return Parsed(delivery, news, note=reading.note)

    def _commit(self, parsed: Sequence[Parsed], rulebook: Rulebook, token: int) -> None:
        """Writes a batch; one that fails is halved until the culprit stands alone and is dead."""
        try:
            with self._store.begin() as tx:
                self._write(tx, parsed, rulebook, token)
        except (StoreUnavailable, LostLeaseError):
            raise
        except Exception as error:  # noqa: BLE001 - the culprit is found and put aside, visibly
            if len(parsed) > 1:
                half = len(parsed) // 2
                self._commit(parsed[:half], rulebook, token)
                self._commit(parsed[half:], rulebook, token)
                return
            _log.exception("a delivery could not be digested", delivery=parsed[0].delivery.id)
            dead = f"digesting failed: {type(error).__name__}: {error}"
            # Where not even that can be written, it is no fault of the delivery: it stays pending.
            with self._store.begin() as tx:
                self._write(tx, [Parsed(parsed[0].delivery, dead=dead)], rulebook, token)

    def _write(self, tx: Tx, parsed: Sequence[Parsed], rulebook: Rulebook, token: int) -> None:
        if not tx.held(LEASE, token):
            self._token = None
            raise LostLeaseError
        now = self._clock.now()
        news = [each for one in parsed for each in one.news]
        if news:
            book = load(tx, news, rulebook)
            fold = Fold(book, rulebook)
            for each in news:
                fold.take(each)
            save(tx, book, now)
        for one in parsed:
            if one.dead or one.note:
                tx.verdict(one.delivery.id, bool(one.dead), one.dead or one.note, now)
        tx.digested([one.delivery for one in parsed])


def load(tx: Tx, news: Sequence[News], rulebook: Rulebook) -> Book:
    """A book with everything that these news can touch."""
    book = Book(_Numbers(tx), lambda number: tx.members([number]))
    alerts = tx.alerts({(each.who.customer, each.event.key) for each in news})
    spans = {
        (each.who.customer, each.event.key, each.event.occurrence)
        for each in news
        if each.event.occurrence
    }
    spans |= {(each.customer, each.key, each.occurrence) for each in alerts.values()}
    occurrences = tx.occurrences(spans)
    rules = rulebook.policy.grouping
    since = min(each.received_at for each in news) - rules.gap - rules.lateness
    recent = tx.recent({(each.who.customer, each.group) for each in news}, since)
    held = {each.incident for each in occurrences.values() if each.incident is not None}
    held -= {each.number for each in recent}
    incidents = [*recent, *tx.incidents(held).values()]
    book.load(alerts.values(), occurrences.values(), incidents)
    return book


def save(tx: Tx, book: Book, now: datetime) -> None:
    """Writes what changed in a book."""
    tx.save_incidents(book.incidents[key] for key in book.changed_incidents)
    tx.save_alerts(book.alerts[key] for key in book.changed_alerts)
    tx.save_occurrences(book.occurrences[key] for key in book.changed_occurrences)
    tx.add_entries(book.entries)
    tx.queue(book.intents, now)
    # Last, so that nobody is told of an incident that was taken in within the same batch.
    for source, into in book.merges:
        tx.merge(source, into)


def _recoveries_last(event: Event) -> bool:
    """What fires goes first, so that a group of alerts does not resolve and reopen an incident."""
    return event.kind is not Kind.FIRING


class _Numbers:
    """Incident numbers, taken from the store only when one is needed."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def __iter__(self) -> "_Numbers":
        return self

    def __next__(self) -> int:
        return self._tx.numbers(1)[0]
