"""What the correlator is told of an alert that starts: when and where it counts as having started,
and whether its condition is back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.activity import Onset
from watcher.decide.apart import put_home
from watcher.decide.dedup import Identity
from watcher.decide.flapping import Hold
from watcher.decide.reasons import spoken
from watcher.model.alert import Alert, Occurrence
from watcher.model.incident import Incident, Status
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

SAME = "same-condition"
"""The rule by which a condition returns to the incident that it was in."""

_SERVICES = "services"


def group_of(who: Identity, key: str) -> str:
    """What the alerts of one disruption share: the known service, else the host, else the name of a
    service that nobody knows, else the condition.
    """
    if who.service and (who.service_known or not who.host):
        return f"service:{who.service}"
    return f"host:{who.host}" if who.host else f"alert:{key}"


def point_of(occurrence: Occurrence, received_at: datetime, lateness: timedelta) -> datetime:
    """When an occurrence counts as having started for grouping.

    A clock that is wrong by more than the lateness window must not move incidents about.
    """
    started_at = occurrence.started_at or received_at
    return min(max(started_at, received_at - lateness), received_at)


@dataclass(frozen=True, slots=True)
class Homecoming:
    """The incident that a condition returns to, because a person put it there (`pinned`) or because
    it is back; after a `long` time, whatever else it has to do with comes first.
    """

    number: int
    reason: Reason
    pinned: bool = False
    long: bool = False


def homecoming(
    previous: Occurrence | None,
    home: Incident | None,
    occurrence: Occurrence,
    hold: Hold,
    gap: timedelta,
) -> Homecoming | None:
    """Where a condition returns to whose last span is `previous`, with the incident of that."""
    if previous is None or home is None:
        return None
    put = put_home(previous, home)
    if put is not None:
        return Homecoming(home.number, put, pinned=True)
    away = _away(previous, occurrence)
    if home.status is Status.CLOSED or away > hold.length:
        return None
    reason = Reason(SAME, _back(away, hold), keys=(occurrence.key,), gap=away.total_seconds())
    return Homecoming(home.number, reason, long=away > gap)


def onset_of(
    alert: Alert,
    occurrence: Occurrence,
    point: datetime,
    home: Homecoming | None,
    rules: Grouping,
) -> Onset:
    """What the correlator is told of an occurrence that begins at that point."""
    barred = occurrence.placed.out_of if occurrence.placed is not None else ()
    return Onset(
        at=point.timestamp(),
        key=occurrence.key,
        occurrence=occurrence.occurrence,
        node=alert.host or alert.service or alert.key,
        name=alert.name,
        place=_place_of(alert, rules),
        service=alert.service,
        home=home.number if home else None,
        why=home.reason if home else None,
        pinned=home.pinned if home else False,
        long=home.long if home else False,
        barred=frozenset(barred),
    )


def _place_of(alert: Alert, rules: Grouping) -> str | None:
    """Where the alert says that it is; services are all in one place."""
    for label in rules.places:
        if value := alert.labels.get(label):
            return f"{label}={value}"
    return _SERVICES if alert.service and alert.host in {None, alert.service} else None


def _back(away: timedelta, hold: Hold) -> str:
    """A second outage within the hold would be taken for a return: a person has to see that."""
    gone, usual, length = (spoken(each.total_seconds()) for each in (away, hold.usual, hold.length))
    if not hold.special:
        return f"the same condition, {gone} after it was last seen"
    taught = f"it came back {hold.returns} times before, usually within {usual}"
    return f"back after {gone}; held for up to {length} because {hold.because or taught}"


def _away(previous: Occurrence, occurrence: Occurrence) -> timedelta:
    """How long nothing was heard of a condition between two of its spans, whichever came first.

    An end that was only inferred from the next span does not count: the source did not say it.
    """
    gaps = [timedelta()]
    for first, second in ((previous, occurrence), (occurrence, previous)):
        if second.started_at is not None:
            gaps.append(second.started_at - first.heard_at)
    return max(gaps)
