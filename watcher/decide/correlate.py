"""Which incident does an alert belong to? One for each disruption of a service (or a host).

Alerts that share a group and start no further apart than the activity gap are one disruption. A
condition that comes back soon after its recovery returns to its own incident; what soon means, a
condition that flaps has taught (`watcher.decide.flapping`). News that arrives
late, but within the lateness window, is placed as if it had come in time: an incident which it
shows to be part of an earlier one is merged into that, as long as it is still provisional.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.apart import apart, put_home
from watcher.decide.dedup import Identity
from watcher.decide.flapping import Hold
from watcher.model.alert import Occurrence
from watcher.model.change import replace
from watcher.model.incident import Incident, Status
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

SAME = "same-condition"
"""The rule by which a condition returns to the incident that it was in."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The incident an occurrence joins, None for a new one, and the evidence for it."""

    incident: Incident | None
    reason: Reason


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
class Start:
    """An occurrence that begins: in which group, from which point on, and when it was heard of.

    `hold` is for how long its condition may have been away and still be the same disruption.
    """

    occurrence: Occurrence
    group: str
    point: datetime
    now: datetime
    hold: Hold


def place(
    start: Start,
    previous: Occurrence | None,
    home: Incident | None,
    neighbours: Iterable[Incident],
    rules: Grouping,
) -> Placement:
    """Where a started occurrence belongs.

    `previous` is the condition's last span and `home` its incident; `neighbours` are the incidents
    of the same group. What a person decided goes first.
    """
    put = put_home(previous, home)
    if put is not None:
        return Placement(home, put)
    if start.occurrence.placed is not None:
        neighbours = [each for each in neighbours if apart(start.occurrence, each) is None]
    near = _nearest(neighbours, start, rules)
    if previous is None or home is None or home.status is Status.CLOSED:
        return near
    away = _away(previous, start.occurrence)
    # After a longer time, whatever is new on its group is more likely to be what it belongs to.
    longest = rules.gap if near.incident is not None else away
    if away > min(start.hold.length, longest):
        return near
    text, seconds = _back(away, start.hold), away.total_seconds()
    return Placement(home, Reason(SAME, text, keys=(start.occurrence.key,), gap=seconds))


def _back(away: timedelta, hold: Hold) -> str:
    """A second outage within the hold would be taken for a return: a person has to see that."""
    if not hold.special:
        return f"the same condition, {_span(away)} after it was last seen"
    taught = f"it came back {hold.returns} times before, usually within {_span(hold.usual)}"
    because = hold.because or taught
    return f"back after {_span(away)}; held for up to {_span(hold.length)} because {because}"


def extend(incident: Incident, point: datetime, gap: timedelta) -> Incident:
    """The incident with one more start: in its newest burst, or in a newer one."""
    if incident.burst_at - gap <= point <= incident.last_at + gap:
        burst_at, last_at = min(incident.burst_at, point), max(incident.last_at, point)
        return replace(incident, burst_at=burst_at, last_at=last_at)
    if point > incident.last_at:
        return replace(incident, burst_at=point, last_at=point, before_at=incident.last_at)
    return incident


def fuse(earlier: Incident, later: Incident, gap: timedelta) -> Incident:
    """The earlier incident with the starts of both."""
    first, second = sorted((earlier, later), key=lambda each: (each.burst_at, each.last_at))
    last_at = max(first.last_at, second.last_at)
    if second.burst_at - first.last_at <= gap:
        return replace(earlier, burst_at=first.burst_at, last_at=last_at, before_at=first.before_at)
    return replace(earlier, burst_at=second.burst_at, last_at=last_at, before_at=first.last_at)


@dataclass(frozen=True, slots=True)
class Merger:
    """Two incidents that late news has shown to be one disruption."""

    later: Incident
    earlier: Incident
    reason: Reason


def bridged(
    joined: Incident, neighbours: Iterable[Incident], start: Start, rules: Grouping
) -> list[Merger]:
    """The mergers due because a start came late: it lies before the first one of an incident that
    would have joined an earlier incident, had it been heard of in time.

    `joined` is the incident that took the start in, `neighbours` are those of its group; all are
    as they were before.
    """
    near = {each.number: each for each in neighbours if _gap(each, start, rules) is not None}
    near[joined.number] = joined
    earliest = near.pop(min(near))
    mergers = []
    for later in near.values():
        gap = later.burst_at - start.point
        if timedelta() <= gap <= rules.gap:
            text = f"late news shows one disruption: alerts {_span(gap)} apart"
            reason = Reason("late-start", text, keys=(later.group,), gap=gap.total_seconds())
            mergers += _merger(later, earliest, reason, start.now, rules)
    return mergers


def reunited(
    past: Occurrence,
    current: Occurrence,
    homes: tuple[Incident, Incident],
    hold: Hold,
    now: datetime,
    rules: Grouping,
) -> list[Merger]:
    """The merger due because a late recovery shows that a condition came back soon after it.

    `homes` are the incidents of the two occurrences.
    """
    away = (current.started_at or now) - past.heard_at
    if not timedelta() <= away <= hold.length:
        return []
    text = f"a late recovery shows the same condition, {_span(away)} after it was last seen"
    reason = Reason("late-recovery", text, keys=(past.key,), gap=away.total_seconds())
    return _merger(*homes, reason, now, rules)


def _merger(
    one: Incident, other: Incident, reason: Reason, now: datetime, rules: Grouping
) -> list[Merger]:
    earlier, later = sorted((one, other), key=lambda each: each.number)
    if earlier.status is Status.CLOSED or not _provisional(later, now, rules.lateness):
        return []
    if apart(later, earlier) is not None:
        return []
    return [Merger(later, earlier, reason)]


def _nearest(neighbours: Iterable[Incident], start: Start, rules: Grouping) -> Placement:
    near = [
        (away, each.number, each)
        for each in neighbours
        if each.status is not Status.CLOSED and (away := _gap(each, start, rules)) is not None
    ]
    group = start.group
    if not near:
        text = f"nothing on {_spoken(group)} in the {_span(rules.gap)} before"
        return Placement(None, Reason("new-disruption", text, keys=(group,)))
    away, _, incident = min(near, key=lambda each: each[:2])
    text = f"same {_spoken(group)}, {_span(away)} apart"
    return Placement(incident, Reason("same-group", text, keys=(group,), gap=away.total_seconds()))


def _away(previous: Occurrence, occurrence: Occurrence) -> timedelta:
    """How long nothing was heard of a condition between two of its spans, whichever came first.

    An end that was only inferred from the next span does not count: the source did not say it.
    """
    gaps = [timedelta()]
    for first, second in ((previous, occurrence), (occurrence, previous)):
        if second.started_at is not None:
            gaps.append(second.started_at - first.heard_at)
    return max(gaps)


def _gap(incident: Incident, start: Start, rules: Grouping) -> timedelta | None:
    """How long before it the incident last had a start, None if that is too long ago.

    A young incident may also begin within the gap after it: had the start been heard of in time,
    the incident would have been its.
    """
    point = start.point
    if point >= incident.burst_at:
        away = max(point - incident.last_at, timedelta())
    elif incident.before_at is not None:
        away = abs(point - incident.before_at)
    elif _young(incident, start.now, rules.lateness):
        away = incident.burst_at - point
    else:
        return None
    return away if away <= rules.gap else None


def _young(incident: Incident, now: datetime, lateness: timedelta) -> bool:
    return now - incident.opened_at <= lateness


def _provisional(incident: Incident, now: datetime, lateness: timedelta) -> bool:
    untouched = incident.opened_by == "watcher" and incident.acknowledged_at is None
    untouched &= incident.arranged is None
    return untouched and _young(incident, now, lateness) and incident.status is not Status.CLOSED


def _spoken(group: str) -> str:
    kind, _, name = group.partition(":")
    return f"{kind} {name}"


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    return f"{seconds // 60} min {seconds % 60} s" if seconds % 60 else f"{seconds // 60} min"
