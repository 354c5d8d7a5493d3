"""Asks the monitoring system of one source what holds, and takes in what it had not told.

The network is never inside a transaction. What was missed goes through the front door: into the
inbox, as the source would have posted it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.decide.reconcile import (
    GRACE,
    Known,
    News,
    Proof,
    Said,
    Span,
    Told,
    Verdict,
    known_of,
    on_its_way,
    reconcile,
    walked,
)
from watcher.engine.digest import Read
from watcher.engine.loop import breathe
from watcher.engine.marks import headers_of
from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.model.change import replace
from watcher.model.delivery import Arrival, Delivery
from watcher.model.event import Event
from watcher.model.source import INCOMPLETE, Asked
from watcher.model.survey import Held, Survey
from watcher.monitors.base import Access, Gathering, Monitor, MonitorError
from watcher.receivers.base import Unparsable
from watcher.store.inbox import Inbox
from watcher.store.store import Store
from watcher.store.views import View

# Far longer than any survey takes: whoever outlives it has lost its right to write.
_TTL = timedelta(minutes=15)
# So many at once hold up nobody who posts meanwhile.
_AT_ONCE = 200
# What is too late counts by when it came in. In the order of that time it is decided once; all at
# one time, each would have what came before it decided again.
_APART = timedelta(microseconds=1)
# With more of them waiting for the digest, it is too early to say what was missed.
_MOST_UNDER_WAY = 5000
_log = logger("reconcile")


@dataclass(frozen=True, slots=True)
class Round:
    """What came of asking once: how many spans are open there and held here, and what follows;
    or the `problem` that there was, which an answer that is not complete has as well.
    """

    source: str
    took: timedelta
    open: int = 0
    held: int = 0
    verdict: Verdict = field(default_factory=lambda: Verdict((), {}, {}, 0))
    problem: str = ""
    failed: bool = False


class BusyError(Exception):
    """It cannot be done now; the text says why."""


class Reconciler:
    """Keeps one source true. Its monitor is made by whoever calls first, for that thread only."""

    def __init__(
        self,
        store: Store,
        access: Access,
        read: Read,
        connect: Callable[[], Monitor],
        clock: Clock,
        holder: str,
    ) -> None:
        self._store = store
        self.access = access
        self.connect = connect
        self._read = read
        self._clock = clock
        self._holder = holder
        self._monitor: Monitor | None = None
        self._inbox: Inbox | None = None

    @property
    def name(self) -> str:
        """Under which lease it asks."""
        return f"reconcile:{self.access.source}"

    @property
    def every(self) -> float:
        """How often it asks, in seconds."""
        return self.access.every.total_seconds()

    def inherit(self, gone: Callable[[str], bool]) -> None:
        """Ends the lease of a holder that is certainly gone, so that its time need not run out."""
        with self._store.begin() as tx:
            holder = tx.holder(self.name)
            if holder is not None and gone(holder):
                tx.release(self.name, holder)

    def step(self) -> int:
        """One round, unless somebody had one just now; returns how much is on its way thereby.

        Raises StoreUnavailable.
        """
        try:
            done = self.round(at_least=self.access.every / 2)
        except BusyError:
            return 0
        if done is None:
            return 0
        _report(done)
        return len(done.verdict.news)

    def round(self, at_least: timedelta = timedelta(0)) -> Round | None:
        """Asks and takes in what was missed; None where the last time was not so long ago.

        Raises BusyError while somebody else does it, or StoreUnavailable.
        """
        now = self._clock.now()
        with self._store.begin() as tx:
            token = tx.lease(self.name, self._holder, now, _TTL)
            asked = tx.source(self.access.source).asked
        if token is None:
            raise BusyError(f"{self.access.source} is being asked at this moment")
        after = None
        try:
            if asked.at is not None and now - asked.at < at_least:
                return None
            found, answered = self._ask(asked)
            self._append(found.verdict.news, token)
            # Not before: what could not be taken in must be told again.
            after = answered
        finally:
            self._end(token, after)
        return found

    def look(self) -> Round:
        """What a round would find; nothing is changed. Raises BusyError or StoreUnavailable."""
        with self._store.view() as view:
            asked = view.source(self.access.source).asked
        return self._ask(asked)[0]

    def close(self) -> None:
        """Lets go of the inbox."""
        if self._inbox is not None:
            self._inbox.close()
            self._inbox = None

    def _end(self, token: int, after: Asked | None) -> None:
        """Writes down what came of it, if it is still ours to do, and lets the next one ask."""
        with self._store.begin() as tx:
            if after is not None and tx.held(self.name, token):
                tx.save_asked(self.access.source, after)
            tx.release(self.name, self._holder)

    def _ask(self, asked: Asked) -> tuple[Round, Asked]:
        """One answer with what follows from it, and what is known of the source after it."""
        source, begun, watch = self.access.source, self._clock.now(), self._clock.monotonic()
        with self._store.view() as view:
            held = view.held(self.access.customer, source)
        try:
            monitor = self._monitor = self._monitor or self.connect()
            survey = monitor.survey(held, asked.cursor, begun)
        except MonitorError as error:
            took = timedelta(seconds=self._clock.monotonic() - watch)
            failed = Round(source, took, held=len(held), problem=str(error), failed=True)
            after = replace(asked, trouble=error.trouble.value, problem=str(error))
            return failed, replace(after, at=begun, took=took, since=asked.since or begun)
        told = self._told(survey, begun, monitor)
        told, known = self._known(told, held)
        verdict = reconcile(told, held, known, asked.absent)
        took = timedelta(seconds=self._clock.monotonic() - watch)
        done = Round(source, took, len(survey.open), len(held), verdict, survey.problem)
        return done, replace(_after(asked, survey, told, verdict), took=took)

    def _told(self, survey: Survey, at: datetime, monitor: Monitor) -> Told:
        """The answer as the receiver of the source reads it."""
        proofs = {
            span: Proof(self._said(ending.body, at), ending.why, ending.recorded)
            for span, ending in survey.endings.items()
        }
        return Told(
            at,
            [self._said(body, at) for body in survey.bodies],
            survey.open,
            survey.suppressed,
            proofs,
            survey.complete,
            monitor.grace if isinstance(monitor, Gathering) else GRACE,
        )

    def _said(self, body: bytes, at: datetime) -> Said:
        return Said(body, self._events(Delivery(0, *self._whose, at, body)))

    @property
    def _whose(self) -> tuple[str, str]:
        return self.access.source, self.access.customer

    def _events(self, delivery: Delivery) -> tuple[Event, ...]:
        """What a delivery says; nothing where it cannot be understood, as the digest will say."""
        try:
            return self._read(delivery).events
        except Unparsable as error:
            _log.warning("an answer cannot be read", source=delivery.source, reason=error.reason)
            return ()

    def _known(self, told: Told, held: Iterable[Held]) -> tuple[Told, Mapping[Span, Known]]:
        """How far the spans in an answer are known, with what waits for its digest, and the answer
        by the names that we have for them. Raises BusyError where too much waits.
        """
        source, customer = self._whose
        with self._store.view() as view:
            waiting = [event for each in self._under_way(view) for event in self._events(each)]
            names = [each.occurrence for each in (*waiting, *_all_events(told)) if each.aliased]
            keys = view.keys_of({(customer, source, each) for each in names})
            named = {occurrence: key for (_, _, occurrence), key in keys.items()}
            waiting = _renamed(waiting, named)
            told = _by_our_names(told, named) if names else told
            spans = {(each.key, each.occurrence) for each in held}
            spans.update((event.key, event.occurrence) for event in _all_events(told))
            found = view.occurrences([(customer, *span) for span in spans])
        known = {each.span: known_of(each) for each in found.values()}
        return told, on_its_way(known, waiting)

    def _under_way(self, view: View) -> list[Delivery]:
        waiting = view.underway(self.access.source, _MOST_UNDER_WAY)
        if len(waiting) >= _MOST_UNDER_WAY:
            raise BusyError(
                f"{len(waiting)} deliveries of {self.access.source} or more are not digested yet:"
                " what it did not tell is not known before they are"
            )
        return waiting

    def _append(self, news: Sequence[News], token: int) -> None:
        """Puts news into the inbox, a few at a time, if this is still ours to do."""
        if not news:
            return
        with self._store.begin() as tx:
            if not tx.held(self.name, token):
                return
        source, customer = self._whose
        # It stays open: the digest looks into every one that there has been for days.
        inbox = self._inbox = self._inbox or self._store.inbox(self._clock.now())
        for first in range(0, len(news), _AT_ONCE):
            if first:
                breathe()
            now = self._clock.now()
            inbox.append(
                [
                    Arrival(source, customer, now + n * _APART, headers_of(each), each.body)
                    for n, each in enumerate(news[first : first + _AT_ONCE], first)
                ]
            )


def _after(asked: Asked, survey: Survey, told: Told, verdict: Verdict) -> Asked:
    """What is known of a source after an answer."""
    known = replace(
        walked(asked, survey.cursor, verdict, told),
        at=told.at,
        absent=verdict.absent,
        trouble="",
        problem="",
        since=None,
    )
    if survey.complete:
        return replace(known, complete_at=told.at)
    since = asked.since or told.at
    return replace(known, trouble=INCOMPLETE, problem=survey.problem, since=since)


def _all_events(told: Told) -> Iterator[Event]:
    for said in (*told.said, *(proof.said for proof in told.proofs.values())):
        yield from said.events


def _renamed(events: Iterable[Event], named: dict[str, str]) -> list[Event]:
    """The events of a source that tells of a span by several ways, under the key first heard of."""
    return [
        replace(each, key=named.setdefault(each.occurrence, each.key)) if each.aliased else each
        for each in events
    ]


def _by_our_names(told: Told, named: dict[str, str]) -> Told:
    def said(one: Said) -> Said:
        return Said(one.body, tuple(_renamed(one.events, named)))

    proofs = {span: replace(each, said=said(each.said)) for span, each in told.proofs.items()}
    return replace(told, said=list(map(said, told.said)), proofs=proofs)


def _report(found: Round) -> None:
    """Tells an operator of a round, if it brought anything."""
    missed = {kind.value: count for kind, count in found.verdict.missed().items()}
    seconds = round(found.took.total_seconds(), 3)
    if found.problem:
        _log.warning("not all could be asked", source=found.source, problem=found.problem)
    if missed:
        _log.info("news were missed", source=found.source, seconds=seconds, **missed)
