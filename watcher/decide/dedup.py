"""Same condition? Same occurrence? What an event changes about the alert it belongs to.

Whatever the order in which the events of one condition arrive, they end in the same state: a span
is known by its start and its end, and either may be heard of first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from watcher.decide.flapping import learn, pause_between
from watcher.decide.keys import moment_part, occurrence_key
from watcher.model.alert import Alert, AlertStatus, Occurrence, Taken
from watcher.model.change import replace
from watcher.model.event import Event, Kind, Severity

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Change(StrEnum):
    """What is new about an occurrence."""

    STARTED = "started"
    ENDED = "ended"
    UPDATED = "updated"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an event is about: customer, host and service, by the inventory and the catalogue where
    those know them, else by the raw names of the source.
    """

    customer: str
    host: str | None = None
    host_known: bool = False
    service: str | None = None
    service_known: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one event made of its condition.

    `older` is the span that ended because this one began, None where nothing was superseded.
    """

    alert: Alert
    occurrence: Occurrence
    change: Change
    older: Occurrence | None = None


def settle(event: Event, alert: Alert | None, received_at: datetime) -> Event:
    """The event with its occurrence named, and no time later than its arrival.

    Sources without an id for a span continue the one that fires, or begin one named by its time.
    """
    at = min(event.at, received_at)
    started_at = min(event.started_at, at) if event.started_at is not None else None
    occurrence = event.occurrence
    if not occurrence:
        goes_on = event.kind is not Kind.FIRING or (alert and alert.status is AlertStatus.FIRING)
        occurrence = alert.occurrence if alert and goes_on else occurrence_key(moment_part(at))
    if (at, started_at, occurrence) == (event.at, event.started_at, event.occurrence):
        return event
    return replace(event, at=at, started_at=started_at, occurrence=occurrence)


def sight(
    alert: Alert | None,
    known: Occurrence | None,
    current: Occurrence | None,
    event: Event,
    who: Identity,
) -> Sighting:
    """What a settled event changes.

    `known` is the event's own occurrence and `current` the alert's newest, None where unheard of.
    """
    change, occurrence = _observe(known, event, who.customer)
    if alert is None:
        return Sighting(_first_alert(event, occurrence, who), occurrence, change)
    if known is not None and change is Change.REPEATED and occurrence == known:
        return Sighting(_completed(alert, event), known, change)
    occurrence, newest, older = _line_up(occurrence, current, event)
    # Words are taken from firing news, not from a recovery, though that may be all there was.
    later = event.at >= alert.last_at or change is Change.STARTED
    if newest is occurrence and event.kind is not Kind.RESOLVED and later:
        alert = _reworded(alert, event, who)
    alert = _restated(alert, occurrence, newest, event, more=known is None)
    return Sighting(_taught(alert, occurrence, older or current), occurrence, change, older)


def _line_up(
    occurrence: Occurrence, current: Occurrence | None, event: Event
) -> tuple[Occurrence, Occurrence, Occurrence | None]:
    """Puts two spans of a condition in order: (this one, the newest, the one that it ended)."""
    if current is None or current.occurrence == occurrence.occurrence:
        return occurrence, occurrence, None
    mine, other = (_begun(occurrence, event), occurrence.occurrence), _begun(current)
    if mine > (other, current.occurrence):
        older = _superseded(current, event, occurrence)
        # A span known only by its end ends the one before, but does not take its place.
        newest = occurrence if occurrence.started_at is not None else older or current
        return occurrence, newest, older
    occurrence = _cut(occurrence, current, event)
    newest = occurrence if current.started_at is None else current
    return occurrence, newest, None


def _observe(known: Occurrence | None, event: Event, customer: str) -> tuple[Change, Occurrence]:
    """The occurrence as it is after the event, and what is new about it."""
    if known is None:
        return _first_heard(event, customer)
    occurrence = _heard(known, event)
    if event.kind is Kind.RESOLVED:
        return _end(occurrence, event)
    if occurrence.started_at is None:
        over = occurrence.ended_at is not None
        if event.kind is Kind.FIRING or not over:
            return _start(occurrence, event)
    elif event.kind is Kind.FIRING:
        # An update may have been heard of first, and knows no better than its own time.
        begun = min(occurrence.started_at, event.started_at or event.at)
        if begun != occurrence.started_at:
            occurrence = replace(occurrence, started_at=begun)
    return (Change.UPDATED if event.kind is Kind.UPDATE else Change.REPEATED), occurrence


def _first_heard(event: Event, customer: str) -> tuple[Change, Occurrence]:
    """A recovery says nothing of how bad it was: whatever else is heard of the span counts more."""
    ended = event.kind is Kind.RESOLVED
    return Change.ENDED if ended else Change.STARTED, Occurrence(
        customer,
        event.key,
        event.occurrence,
        severity=event.severity,
        severity_at=_NEVER if ended else event.at,
        worst=Severity.INFORMATION if ended else event.severity,
        heard_at=event.at,
        started_at=None if ended else event.started_at or event.at,
        ended_at=event.at if ended else None,
        taken=_taken(None, event),
    )


def _heard(known: Occurrence, event: Event) -> Occurrence:
    heard_at = max(known.heard_at, event.at)
    if event.kind is Kind.RESOLVED:
        return known if heard_at == known.heard_at else replace(known, heard_at=heard_at)
    worst = max(known.worst, event.severity, key=lambda each: each.rank)
    severity, severity_at = known.severity, known.severity_at
    if event.at > severity_at:
        severity, severity_at = event.severity, event.at
    taken = _taken(known.taken, event)
    before = (known.severity_at, known.worst, known.heard_at, known.taken)
    if before == (severity_at, worst, heard_at, taken):
        return known
    return replace(
        known,
        severity=severity,
        severity_at=severity_at,
        worst=worst,
        heard_at=heard_at,
        taken=taken,
    )


def _taken(known: Taken | None, event: Event) -> Taken | None:
    """Who has taken it on by now: the newest word counts, in whatever order words come."""
    if event.acknowledged is None:
        return known
    said = Taken(event.at, event.by, event.acknowledged)
    return said if known is None else max(known, said, key=lambda each: (each.at, each.on, each.by))


def _start(known: Occurrence, event: Event) -> tuple[Change, Occurrence]:
    started_at = event.started_at or event.at
    # A source whose clock went backwards must not make an end come before its start.
    ended_at = max(known.ended_at, started_at) if known.ended_at is not None else None
    return Change.STARTED, replace(known, started_at=started_at, ended_at=ended_at)


def _end(known: Occurrence, event: Event) -> tuple[Change, Occurrence]:
    ended_at = max(event.at, known.started_at or event.at)
    if known.ended_at is None:
        return Change.ENDED, replace(known, ended_at=ended_at)
    # The end may have been inferred from a newer occurrence: the source knows better.
    return Change.REPEATED, replace(known, ended_at=min(known.ended_at, ended_at))


def _begun(occurrence: Occurrence, event: Event | None = None) -> datetime:
    """When a span began; of a span known only by its end, the best that is known."""
    hint = event.started_at if event is not None else None
    begun = occurrence.started_at or hint or occurrence.ended_at
    return begun or occurrence.heard_at


def _cut(late: Occurrence, current: Occurrence, event: Event) -> Occurrence:
    """A span heard of late ended, at the latest, when the newer one began."""
    if late.ended_at is not None:
        return late
    return replace(late, ended_at=max(_begun(current), _begun(late, event)))


def _superseded(current: Occurrence, event: Event, newer: Occurrence) -> Occurrence | None:
    """The unfinished span that ends because a newer one of the same condition began."""
    if current.ended_at is not None:
        return None
    return replace(current, ended_at=max(_begun(newer, event), _begun(current)))


def _first_alert(event: Event, occurrence: Occurrence, who: Identity) -> Alert:
    begun = _begun(occurrence, event)
    return Alert(
        customer=who.customer,
        key=event.key,
        source=event.source,
        occurrence=occurrence.occurrence,
        status=_status(occurrence),
        severity=occurrence.severity,
        name=event.name,
        first_at=begun,
        last_at=event.at,
        started_at=begun,
        host=who.host,
        host_known=who.host_known,
        service=who.service,
        labels=event.labels,
        summary=event.summary,
        url=event.url,
    )


def _restated(
    alert: Alert, occurrence: Occurrence, newest: Occurrence, event: Event, more: bool
) -> Alert:
    """The alert as its newest span says, with one more of them or as many as before."""
    begun, mine = _begun(occurrence, event), newest is occurrence
    return replace(
        alert,
        occurrence=newest.occurrence,
        status=_status(newest),
        severity=newest.severity if mine else alert.severity,
        started_at=begun if mine else alert.started_at,
        count=alert.count + more,
        first_at=min(alert.first_at, begun),
        last_at=max(alert.last_at, event.at),
    )


def _reworded(alert: Alert, event: Event, who: Identity) -> Alert:
    """The alert in the words of the event; what that leaves out stays as it was."""
    summary, url = event.summary or alert.summary, event.url or alert.url
    labels = event.labels
    if event.aliased and event.occurrence == alert.occurrence:
        labels = {**alert.labels, **labels}
    said = (event.name, who.host, who.host_known, who.service, labels, summary, url)
    if said == _words(alert):
        return alert
    return replace(
        alert,
        name=event.name,
        host=who.host,
        host_known=who.host_known,
        service=who.service,
        labels=labels,
        summary=summary,
        url=url,
    )


def _completed(alert: Alert, event: Event) -> Alert:
    """The alert with what another way of hearing of its span knows besides."""
    if not event.aliased or event.occurrence != alert.occurrence:
        return alert
    labels = {**event.labels, **alert.labels}
    summary, url = alert.summary or event.summary, alert.url or event.url
    if (labels, summary, url) == (alert.labels, alert.summary, alert.url):
        return alert
    return replace(alert, labels=labels, summary=summary, url=url)


def _words(alert: Alert) -> tuple[object, ...]:
    known = (alert.name, alert.host, alert.host_known, alert.service, alert.labels)
    return (*known, alert.summary, alert.url)


def _taught(alert: Alert, one: Occurrence, other: Occurrence | None) -> Alert:
    """The alert with the pause between two of its spans, where one is known."""
    if other is None or one.occurrence == other.occurrence:
        return alert
    before, after = sorted((one, other), key=_begun)
    pause = pause_between(before, after)
    return alert if pause is None else replace(alert, pauses=learn(alert.pauses, pause))


def _status(occurrence: Occurrence) -> AlertStatus:
    return AlertStatus.FIRING if occurrence.ended_at is None else AlertStatus.RESOLVED
