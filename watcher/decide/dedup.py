"""Same condition? Same occurrence? What an event changes about the alert it belongs to.

Whatever the order in which the events of one condition arrive, they end in the same state: a span
is known by its start and its end, and either may be heard of first.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.change import replace
from watcher.model.event import Event, Kind


class Change(StrEnum):
    """What is new about an occurrence."""

    STARTED = "started"
    ENDED = "ended"
    UPDATED = "updated"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an event is about, by the inventory: customer, host (known or raw) and service."""

    customer: str
    host: str | None = None
    host_known: bool = False
    service: str | None = None


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
        occurrence = alert.occurrence if alert and goes_on else at.isoformat()
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
        return Sighting(alert, known, change)
    occurrence, newest, older = _line_up(occurrence, current, event)
    if newest is occurrence:
        alert = _restate(alert, occurrence, event, who)
    else:
        alert = replace(alert, status=_status(newest))
    return Sighting(_tally(alert, known, occurrence, event), occurrence, change, older)


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
        known = Occurrence(
            customer, event.key, event.occurrence, severity=event.severity, severity_at=event.at
        )
    elif event.at > known.severity_at:
        known = replace(known, severity=event.severity, severity_at=event.at)
    if event.kind is Kind.RESOLVED:
        return _end(known, event)
    if known.started_at is None and (event.kind is Kind.FIRING or known.ended_at is None):
        return _start(known, event)
    return (Change.UPDATED if event.kind is Kind.UPDATE else Change.REPEATED), known


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
    return begun or occurrence.severity_at


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


def _restate(alert: Alert, occurrence: Occurrence, event: Event, who: Identity) -> Alert:
    """The alert as its newest span says; words are taken from firing news, not from a recovery."""
    alert = replace(
        alert,
        occurrence=occurrence.occurrence,
        status=_status(occurrence),
        severity=occurrence.severity,
        started_at=_begun(occurrence, event),
    )
    if event.kind is Kind.RESOLVED or event.at < alert.last_at:
        return alert
    return replace(
        alert,
        name=event.name,
        host=who.host,
        host_known=who.host_known,
        service=who.service,
        labels=event.labels,
        summary=event.summary or alert.summary,
        url=event.url or alert.url,
    )


def _tally(alert: Alert, known: Occurrence | None, occurrence: Occurrence, event: Event) -> Alert:
    return replace(
        alert,
        count=alert.count + (known is None),
        first_at=min(alert.first_at, _begun(occurrence, event)),
        last_at=max(alert.last_at, event.at),
    )


def _status(occurrence: Occurrence) -> AlertStatus:
    return AlertStatus.FIRING if occurrence.ended_at is None else AlertStatus.RESOLVED
