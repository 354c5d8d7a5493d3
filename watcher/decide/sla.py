"""What was promised of an incident: until when it is acknowledged and resolved, and whether that
was kept.

The priority that it has counts, and those that are less urgent, each from the moment on at which
the incident was that urgent for the first time: nobody breaks a promise that did not hold yet. The
clock stands still while the incident is over, and outside the business hours of the SLA.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from watcher.decide.heartbeat import lasting
from watcher.decide.hours import worked, worked_by
from watcher.model.catalogue import Calendar, Catalogue, Sla
from watcher.model.incident import Incident, Priority
from watcher.model.reason import Reason

RULE = "sla"

_DAY = 24 * 60


class Duty(StrEnum):
    """What was promised to be done in time."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise that holds of an incident, and how much of its time is spent.

    It is due at a moment, unless that is too far off to be known, and its clock runs until
    `ended_at`. Only the hours of the `calendar` count, if it has one.
    """

    sla: str
    calendar: str
    duty: Duty
    priority: Priority
    within: timedelta
    due_at: datetime | None
    ended_at: datetime | None
    spent: timedelta
    reason: Reason

    @property
    def broken(self) -> bool:
        """Whether it took longer than promised, or does so already."""
        return self.spent > self.within

    @property
    def late(self) -> timedelta:
        """By how much it was broken."""
        return max(self.spent - self.within, timedelta())

    def words(self, time: timedelta) -> str:
        """A span of its time as people say it."""
        return _long(time, self.calendar)


@dataclass(frozen=True, slots=True)
class _Clock:
    """The clock of one duty at one priority: when it began, and when it ended if it did."""

    incident: Incident
    calendar: Calendar | None
    duty: Duty
    priority: Priority
    within: timedelta
    start: datetime
    end: datetime | None

    def words(self, time: timedelta) -> str:
        """A span of its time as people say it."""
        return _long(time, self.calendar.name if self.calendar else "")

    def spent(self, now: datetime) -> timedelta:
        """How much of its time has passed."""
        stretches = self._stretches(self.end or now)
        return sum((worked(self.calendar, *each) for each in stretches), timedelta())

    def due_at(self) -> datetime | None:
        """When all of its time has passed, if it goes on from where it stands."""
        start, left = self.start, self.within
        for over, back in self.incident.course.breaks:
            done = worked(self.calendar, start, over)
            if done >= left:
                break
            left, start = left - done, max(start, back)
        return worked_by(self.calendar, start, left)

    def _stretches(self, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """From when to when it runs until the end."""
        start = self.start
        for over, back in self.incident.course.breaks:
            yield start, min(over, end)
            start = max(start, back)
        yield start, end


def agreed(incident: Incident, catalogue: Catalogue) -> Sla | None:
    """The SLA that an incident is under: that of its service, else of its customer."""
    about = catalogue.about(incident.customer, incident.service)
    return next((each.sla for each in about if each.sla is not None), None)


def promises(incident: Incident, catalogue: Catalogue, now: datetime) -> tuple[Promise, ...]:
    """What holds of an incident, for each duty that which is due first. Of one that was merged
    nothing does: what was promised is told of the incident that took it in.
    """
    sla = agreed(incident, catalogue)
    if sla is None:
        return ()
    first: dict[Duty, Promise] = {}
    for clock in _clocks(incident, sla):
        promise = _promise(clock, sla, now)
        known = first.get(clock.duty)
        if known is None or _sooner(promise.due_at, known.due_at):
            first[clock.duty] = promise
    return tuple(first.values())


def broken(incident: Incident, catalogue: Catalogue, now: datetime) -> bool:
    """Whether any promise was broken."""
    sla = agreed(incident, catalogue)
    if sla is None:
        return False
    return any(clock.spent(now) > clock.within for clock in _clocks(incident, sla))


def _clocks(incident: Incident, sla: Sla) -> Iterator[_Clock]:
    if incident.merged_into is not None:
        return
    over = incident.resolved_at or incident.closed_at
    if not incident.course.history:
        taken = min(filter(None, (incident.acknowledged_at, over)), default=None)
        yield from _of(incident, sla, Duty.ACKNOWLEDGE, sla.acknowledge, taken)
    yield from _of(incident, sla, Duty.RESOLVE, sla.resolve, over)


def _of(
    incident: Incident,
    sla: Sla,
    duty: Duty,
    times: Mapping[Priority, timedelta],
    end: datetime | None,
) -> Iterator[_Clock]:
    for priority, within in times.items():
        if priority >= incident.priority:
            start = _since(incident, priority)
            yield _Clock(incident, sla.calendar, duty, priority, within, start, end)


def _since(incident: Incident, priority: Priority) -> datetime:
    """When it was that urgent, or more so, for the first time."""
    reached = (at for peak, at in incident.course.peaks if peak <= priority)
    return next(reached, incident.opened_at)


def _sooner(due_at: datetime | None, other: datetime | None) -> bool:
    return due_at is not None and (other is None or due_at < other)


def _promise(clock: _Clock, sla: Sla, now: datetime) -> Promise:
    spent, due_at = clock.spent(now), clock.due_at()
    return Promise(
        sla=sla.name,
        calendar=clock.calendar.name if clock.calendar else "",
        duty=clock.duty,
        priority=clock.priority,
        within=clock.within,
        due_at=due_at,
        ended_at=clock.end,
        spent=spent,
        reason=Reason(RULE, f"{_promised(clock, sla, due_at)}; {_kept(clock, spent)}"),
    )


def _promised(clock: _Clock, sla: Sla, due_at: datetime | None) -> str:
    """P1 of gold: acknowledge within 15 min, due Mon 23 Nov 2026, 10:15 UTC."""
    since = ""
    if clock.start != clock.incident.opened_at:
        since = f" since {_wall(clock, clock.start)}"
    hours = f" of business hours ({clock.calendar.name})" if clock.calendar else ""
    due = f"due {_wall(clock, due_at)}" if due_at else "due in the far future"
    within = f"{clock.duty} within {clock.words(clock.within)}{hours}"
    return f"{clock.priority} of {sla.name}{since}: {within}, {due}"


def _kept(clock: _Clock, spent: timedelta) -> str:
    """What came of it until now."""
    late = f", {clock.words(spent - clock.within)} late" if spent > clock.within else ""
    took = clock.words(spent)
    if clock.end is None:
        return f"not {clock.duty}d yet, {took} have passed{late}"
    if clock.duty is Duty.ACKNOWLEDGE and clock.end != clock.incident.acknowledged_at:
        return f"resolved after {took}, and nobody had acknowledged it{late}"
    return f"{clock.duty}d after {took}{late}"


def _long(time: timedelta, calendar: str) -> str:
    """A span of time; days would mean something else where only business hours count."""
    minutes = time // timedelta(minutes=1)
    if not calendar or minutes < _DAY:
        return lasting(time)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _wall(clock: _Clock, at: datetime) -> str:
    """The time on the walls of those who work by its calendar."""
    local = at.astimezone(clock.calendar.timezone if clock.calendar else UTC)
    return f"{local:%a %d %b %Y, %H:%M %Z}"
