"""Which incident does an alert belong to? One for each disruption of a service (or a host).

Alerts that share a group and start no further apart than the activity gap are one disruption. A
condition that comes back soon after its recovery returns to its own incident. News that arrives
late, but within the lateness window, is placed as if it had come in time: an incident which it
shows to be part of an earlier one is merged into that, as long as it is still provisional.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.decide.dedup import Identity
from watcher.model.alert import Occurrence
from watcher.model.incident import Incident, Status
from watcher.model.policy import Grouping
from watcher.model.reason import Reason


@dataclass(frozen=True, slots=True)
class Placement:
    """The incident an occurrence joins, None for a new one, and the evidence for it."""

    incident: Incident | None
    reason: Reason


def group_of(who: Identity, key: str) -> str:
    """What the alerts of one disruption share: the service, else the host, else the condition."""
    if who.service:
        return f"service:{who.service}"
    return f"host:{who.host}" if who.host else f"alert:{key}"


def point_of(occurrence: Occurrence, received_at: datetime, lateness: timedelta) -> datetime:
    """When an occurrence counts as having started for grouping.

    A clock that is wrong by more than the lateness window must not move incidents about.
    """
    started_at = occurrence.started_at or received_at
    return min(max(started_at, received_at - lateness), received_at)


def place(
    occurrence: Occurrence,
    previous: Occurrence | None,
    home: Incident | None,
    neighbours: Iterable[Incident],
    *,
    group: str,
    point: datetime,
    rules: Grouping,
) -> Placement:
    """Where a started occurrence belongs.

    `previous` is the condition's last span and `home` its incident; `neighbours` are the incidents
    of the same group.
    """
    if previous is not None and home is not None and home.status is not Status.CLOSED:
        away = _away(previous, occurrence)
        if away <= rules.gap:
            reason = Reason(
                "same-condition",
                f"the same condition, {_span(away)} after it was last seen",
                keys=(occurrence.key,),
                gap=away.total_seconds(),
            )
            return Placement(home, reason)
    return _nearest(neighbours, group, point, rules)


def extend(incident: Incident, point: datetime, gap: timedelta) -> Incident:
    """The incident with one more start in its newest burst; an older straggler changes nothing."""
    if _distance(incident, point) <= gap:
        burst_at, last_at = min(incident.burst_at, point), max(incident.last_at, point)
    elif point > incident.last_at:
        burst_at = last_at = point
    else:
        return incident
    return replace(incident, burst_at=burst_at, last_at=last_at)


def bridged(
    incident: Incident, neighbours: Iterable[Incident], now: datetime, rules: Grouping
) -> list[tuple[Incident, Incident, Reason]]:
    """Pairs (later, earlier, reason) which late news has shown to be one disruption.

    Only an incident that is still provisional, and that no person has taken up, is merged.
    """
    pairs = []
    for other in neighbours:
        gap = _between(incident, other)
        earlier, later = sorted((incident, other), key=lambda each: each.number)
        if other.number == incident.number or gap > rules.gap:
            continue
        if _provisional(later, now, rules.lateness) and earlier.status is not Status.CLOSED:
            text = f"late news shows one disruption: alerts {_span(gap)} apart"
            reason = Reason("late-bridge", text, keys=(later.group,), gap=gap.total_seconds())
            pairs.append((later, earlier, reason))
    return pairs


def _nearest(
    neighbours: Iterable[Incident], group: str, point: datetime, rules: Grouping
) -> Placement:
    near = [
        (_distance(each, point), each.number, each)
        for each in neighbours
        if each.status is not Status.CLOSED and _distance(each, point) <= rules.gap
    ]
    if not near:
        text = f"nothing on {_spoken(group)} in the {_span(rules.gap)} before"
        return Placement(None, Reason("new-disruption", text, keys=(group,)))
    away, _, incident = min(near, key=lambda each: each[:2])
    text = f"same {_spoken(group)}, {_span(away)} apart"
    return Placement(
        incident, Reason("same-group", text, keys=(group,), gap=away.total_seconds())
    )


def _away(previous: Occurrence, occurrence: Occurrence) -> timedelta:
    """How long a condition was gone between two of its spans, whichever came first.

    A span whose end was never heard of counts as over when its source last spoke of it.
    """
    gaps = [timedelta()]
    for first, second in ((previous, occurrence), (occurrence, previous)):
        if second.started_at is not None:
            gaps.append(second.started_at - (first.ended_at or first.severity_at))
    return max(gaps)


def _distance(incident: Incident, point: datetime) -> timedelta:
    return max(incident.burst_at - point, point - incident.last_at, timedelta())


def _between(one: Incident, other: Incident) -> timedelta:
    return max(one.burst_at - other.last_at, other.burst_at - one.last_at, timedelta())


def _provisional(incident: Incident, now: datetime, lateness: timedelta) -> bool:
    untouched = incident.opened_by == "watcher" and incident.acknowledged_at is None
    young = now - incident.opened_at <= lateness
    return untouched and young and incident.status is not Status.CLOSED


def _spoken(group: str) -> str:
    kind, _, name = group.partition(":")
    return f"{kind} {name}"


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    return f"{seconds // 60} min {seconds % 60} s" if seconds % 60 else f"{seconds // 60} min"
