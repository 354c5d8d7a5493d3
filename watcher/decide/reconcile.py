"""What of an answer of a monitoring system is news, and what of it ends a span that we hold open.

What is promised: nothing closes on silence. An end that the other side recorded counts at once;
where what a span was about is gone or at rest, that counts when two complete answers lack the span,
and in an empty answer only after a while. What may still be on its way is left alone, what we know
is not taken in again, and each thing that was missed is counted once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.model.alert import Occurrence
from watcher.model.change import replace
from watcher.model.event import Event, Kind
from watcher.model.reason import Reason
from watcher.model.source import Ahead, Asked, Drift
from watcher.model.survey import Held

# So late may a source post without anything being missed.
GRACE = timedelta(seconds=60)
# All at once is gone more often because nobody may see it than because it is over.
PATIENCE = timedelta(minutes=15)

_UNPROVEN = "nothing proves that it is over; what it is about may be gone, or hidden from the token"

Span = tuple[str, str]
"""The key of a condition, and of its occurrence."""


@dataclass(frozen=True, slots=True)
class Known:
    """How far a span is known: that it began, that it ended, when it was last heard of."""

    begun: bool
    ended: bool
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """One body of an answer with the events that its receiver read in it."""

    body: bytes
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What says that a span is over, and why; `recorded` as in `Ending`."""

    said: Said
    why: str
    recorded: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it was read: a survey of `at`, of a source that may post so late (`grace`)."""

    at: datetime
    said: Sequence[Said]
    open: frozenset[str]
    suppressed: frozenset[str] = frozenset()
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    complete: bool = True
    grace: timedelta = GRACE


@dataclass(frozen=True, slots=True)
class News:
    """A body to take in, how much was missed by not having it, and why it is taken in; `why` is
    what people should know of an end that nobody recorded.
    """

    body: bytes
    missed: Mapping[Drift, int]
    reason: Reason
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an answer: what to take in, which spans it lacks since when and why each of
    them stays open, and how many events may still be on their way.
    """

    news: tuple[News, ...]
    absent: Mapping[str, datetime]
    kept: Mapping[str, Reason]
    put_off: int

    def missed(self) -> Counter[Drift]:
        """How much was missed, by kind."""
        total: Counter[Drift] = Counter()
        for each in self.news:
            total.update(each.missed)
        return total


def known_of(span: Occurrence) -> Known:
    """How far a span on record is known."""
    return Known(span.started_at is not None, span.ended_at is not None, span.heard_at)


def on_its_way(known: Mapping[Span, Known], events: Iterable[Event]) -> dict[Span, Known]:
    """What is known once these events, which have come in already, are digested."""
    after = dict(known)
    for event in events:
        _learn(after, event)
    return after


def reconcile(
    told: Told,
    held: Iterable[Held],
    known: Mapping[Span, Known],
    absent: Mapping[str, datetime],
) -> Verdict:
    """What an answer about the spans `held` is news of, given what is `known` of all spans in it
    and which were `absent` from complete answers before.
    """
    scale = _Scale(told, known)
    news = [each for said in told.said if (each := scale.weigh(said)) is not None]
    lacking = [
        each
        for each in held
        if each.occurrence not in told.open and not scale.over((each.key, each.occurrence))
    ]
    gone, kept = {}, {}
    for span in lacking:
        since = absent.get(span.occurrence)
        end, why = scale.end(span, since)
        if end is not None:
            news.append(end)
        elif since is not None or told.complete:
            kept[span.occurrence] = why
            gone[span.occurrence] = since or told.at
    return Verdict(tuple(news), gone, kept, scale.put_off)


def walked(before: Asked, cursor: str, verdict: Verdict, told: Told) -> Asked:
    """From where the next survey goes on, after one that ended at `cursor`.

    What was put off must be in the next answer once more: then the walk goes on from the same
    place, until all that was put off then is old enough to be judged.
    """
    if not told.complete:
        return before
    ahead = before.ahead
    if not before.cursor or not verdict.put_off:
        return replace(before, cursor=cursor, ahead=None)
    if ahead is None:
        return replace(before, ahead=Ahead(cursor, told.at))
    if told.at - ahead.at < told.grace:
        return before
    return replace(before, cursor=ahead.cursor, ahead=Ahead(cursor, told.at))


class _Scale:
    """Weighs bodies one after another, each against what the ones before have told."""

    def __init__(self, told: Told, known: Mapping[Span, Known]) -> None:
        self._told = told
        self._known = dict(known)
        # A span that was missed as a whole is one thing that was missed, whatever became of it.
        self._whole: set[Span] = set()
        self.put_off = 0

    def over(self, span: Span) -> bool:
        """Whether we know by now that it ended."""
        known = self._known.get(span)
        return known is not None and known.ended

    def weigh(self, said: Said) -> News | None:
        """What a body is news of, if anything."""
        missed: Counter[Drift] = Counter()
        first: tuple[Drift, Event] | None = None
        for event in said.events:
            kind = self._missing(event)
            if kind is not None and self._early(event):
                self.put_off += 1
            elif kind is not None:
                first = first or (kind, event)
                self._count(kind, event, missed)
                _learn(self._known, event)
        if first is None:
            return None
        kind, event = first
        return News(said.body, missed, Reason(f"missed-{kind}", _TEXTS[kind], (event.key,)))

    def end(self, span: Held, since: datetime | None) -> tuple[News | None, Reason]:
        """What ends a span that the answer lacks, or nothing; and why."""
        proof = self._told.proofs.get(span.occurrence)
        if proof is None:
            return None, _kept(span, _UNPROVEN)
        end = _end_of(proof.said, span)
        if end is None:
            return None, _kept(span, f"what is said of its end cannot be used ({proof.why})")
        if wait := self._wait(proof, end, since):
            return None, _kept(span, wait)
        rule = "recorded-end" if proof.recorded else "gone"
        reason = Reason(rule, proof.why, (span.key,))
        why = "" if proof.recorded else proof.why
        return News(proof.said.body, {Drift.RECOVERY: 1}, reason, why), reason

    def _wait(self, proof: Proof, end: Event, since: datetime | None) -> str:
        """What an end still waits for, if anything."""
        told = self._told
        if proof.recorded:
            return "its recovery may still be on its way" if self._early(end) else ""
        if not told.complete:
            return f"the answer is not complete ({proof.why})"
        if since is None:
            return f"a second complete answer must lack it as well ({proof.why})"
        if not told.open and told.at - since < PATIENCE:
            return f"an answer that suddenly is empty says little ({proof.why})"
        return ""

    def _missing(self, event: Event) -> Drift | None:
        """What we did not know before this event; None where it is no news, or of no use."""
        known = self._known.get((event.key, event.occurrence))
        if event.kind is Kind.FIRING:
            secret = event.occurrence in self._told.suppressed or not event.occurrence
            return None if secret or (known and known.begun) else Drift.OPENING
        if known is None:
            return None
        if event.kind is Kind.RESOLVED:
            return None if known.ended else Drift.RECOVERY
        return Drift.UPDATE if event.at > known.heard_at else None

    def _early(self, event: Event) -> bool:
        return event.at > self._told.at - self._told.grace

    def _count(self, kind: Drift, event: Event, missed: Counter[Drift]) -> None:
        span = event.key, event.occurrence
        if span not in self._whole:
            missed[kind] += 1
        if kind is Drift.OPENING:
            self._whole.add(span)


_TEXTS = {
    Drift.OPENING: "it holds there, or did, and nobody had told us",
    Drift.RECOVERY: "it is over there, and nobody had told us",
    Drift.UPDATE: "something was done about it there, and nobody had told us",
}


def _learn(known: dict[Span, Known], event: Event) -> None:
    """Puts down what the digest will know after that event."""
    span = event.key, event.occurrence
    before = known.get(span) or Known(begun=False, ended=False, heard_at=event.at)
    known[span] = Known(
        before.begun or event.kind is not Kind.RESOLVED,
        before.ended or event.kind is Kind.RESOLVED,
        max(before.heard_at, event.at),
    )


def _end_of(said: Said, span: Held) -> Event | None:
    """The event that says of this very span that it is over."""
    ends = (event for event in said.events if event.kind is Kind.RESOLVED)
    mine = (span.key, span.occurrence)
    return next((event for event in ends if (event.key, event.occurrence) == mine), None)


def _kept(span: Held, why: str) -> Reason:
    return Reason("kept-open", why, (span.key,))
