"""Deliveries in, incidents out: parses a batch, folds it, and writes it all in ONE transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.silence import Inhibitors
from watcher.engine.alias import named, settled
from watcher.engine.changes import keep
from watcher.engine.fold import Fold
from watcher.engine.going import Going
from watcher.engine.hearing import note
from watcher.engine.marks import count_drift, explained
from watcher.engine.rulebook import News, Rulebook, identify
from watcher.engine.shelf import firing, held, load, recall, save
from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.model.delivery import Delivery
from watcher.model.deployment import Deployment
from watcher.model.event import Event, Kind, Reading
from watcher.model.policy import Policy
from watcher.receivers.base import Unparsable
from watcher.store.base import StoreUnavailable
from watcher.store.store import Store
from watcher.store.tx import Tx

Read = Callable[[Delivery], Reading]
"""Reads the events out of a delivery of one source. Raises Unparsable."""

LEASE = "digest"
_TTL = timedelta(seconds=15)
# A request has its time before its group is stored; what is due waits for those that came earlier.
_UNDER_WAY = timedelta(seconds=2)
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
    changes: tuple[Deployment, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known from one batch to the next, under one policy and one lease: nobody else writes
    alerts meanwhile.
    """

    policy: Policy
    token: int
    regroupings: int
    inhibitors: Inhibitors
    going: Going


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
        self._known: Standing | None = None
        self._renew_at = self._since = clock.now()
        self._noted: dict[str, datetime] = {}

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
        rulebook = self._rulebook()
        with self._store.begin() as tx:
            deliveries = tx.undigested(limit, _BATCH_BYTES)
            idle = not deliveries and self._is_due(tx, rulebook.policy, token)
        parsed = [self._parse(each, rulebook) for each in deliveries]
        try:
            if parsed:
                self._commit(parsed, rulebook, token)
            elif idle:
                self._transact((), rulebook, token)
        except LostLeaseError:
            return 0
        return len(deliveries)

    def _is_due(self, tx: Tx, policy: Policy, token: int) -> bool:
        """Whether time alone brings something about, or what is held back is to be read anew."""
        known, now = self._standing(policy, token), self._lately()
        return known is None or known.going.suspects.due(now) or bool(tx.due(now))

    def _lately(self) -> datetime:
        """Up to when no more deliveries are under way from a front to the inbox."""
        return self._clock.now() - _UNDER_WAY

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
            for event in sorted(explained(delivery, reading.events), key=recoveries_last)
        )
        return Parsed(delivery, news, note=reading.note, changes=reading.deployments)

    def _commit(self, parsed: Sequence[Parsed], rulebook: Rulebook, token: int) -> None:
        """Writes a batch; one that fails is halved until the culprit stands alone and is dead."""
        try:
            self._transact(parsed, rulebook, token)
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
            self._transact([Parsed(parsed[0].delivery, dead=dead)], rulebook, token)

    def _transact(self, parsed: Sequence[Parsed], rulebook: Rulebook, token: int) -> None:
        """Writes a batch in ONE transaction, or without one what time alone brings about."""
        known, self._known = self._standing(rulebook.policy, token), None
        with self._store.begin() as tx:
            if not tx.held(LEASE, token):
                self._token = None
                raise LostLeaseError
            news = _settled(tx, [each for one in parsed for each in one.news])
            if news or not parsed:
                before, known = known, self._brought_up(tx, known, rulebook, token)
                self._fold(tx, news, rulebook, known, anew=known is not before)
            self._settle(tx, parsed)
            if told := [(one.delivery.customer, each) for one in parsed for each in one.changes]:
                keep(tx, told, rulebook.catalogue)
            noted = note(tx, (one.delivery for one in parsed), self._noted, self._since)
        # Only what was committed is known: after a failure all is read anew.
        self._known, self._noted = known, noted

    def _standing(self, policy: Policy, token: int) -> "Standing | None":
        known = self._known
        return known if known and known.policy is policy and known.token == token else None

    @staticmethod
    def _brought_up(tx: Tx, known: "Standing | None", rulebook: Rulebook, token: int) -> "Standing":
        """What is known, without what people changed meanwhile."""
        regroupings = tx.regroupings()
        if known is not None and known.regroupings == regroupings:
            return known
        inhibitors = known.inhibitors if known else firing(tx, rulebook.policy)
        return Standing(rulebook.policy, token, regroupings, inhibitors, Going(rulebook))

    def _fold(
        self, tx: Tx, news: Sequence[News], rulebook: Rulebook, known: "Standing", anew: bool
    ) -> None:
        until = max((each.received_at for each in news), default=self._lately())
        back = held(tx, news, until, rulebook.policy, anew)
        times = [each.received_at for each in news]
        times += [span.withheld.until for span in back.spans if span.withheld]
        first = min(times, default=until)
        recall(tx, known.going, news, back, first, anew)
        if not (news or back.spans or known.going.suspects.due(until)):
            return
        book = load(tx, news, known.going, until, back)
        fold = Fold(book, rulebook, back.windows, known.inhibitors, known.going)
        for each in news:
            fold.take(each)
        fold.advance(until)
        save(tx, book, self._clock.now())

    def _settle(self, tx: Tx, parsed: Sequence[Parsed]) -> None:
        now = self._clock.now()
        for one in parsed:
            if one.dead or one.note:
                tx.verdict(one.delivery.id, bool(one.dead), one.dead or one.note, now)
        count_drift(tx, (one.delivery for one in parsed if not one.dead))
        tx.digested([one.delivery for one in parsed])


def _settled(tx: Tx, news: list[News]) -> list[News]:
    """The news under the keys first heard of; most sources tell of a span by one way only."""
    names = named(news)
    return list(settled(news, tx.keys_of(names))) if names else news


def recoveries_last(event: Event) -> bool:
    """What fires goes first, so that a group of alerts does not resolve and reopen an incident."""
    return event.kind is not Kind.FIRING
