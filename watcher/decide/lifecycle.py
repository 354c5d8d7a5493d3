"""What may happen to an incident now, and what follows from it.

Every function takes the incident as it is and returns a Step: the incident as it becomes, what the
timeline says of it, and the news that somebody may want to hear. The machine (alerts, the clock)
and people go through the same functions.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.decide.adopt import kept_ticket
from watcher.decide.course import joint, resumed, risen
from watcher.decide.priority import Scale, basis, pooled, prioritise
from watcher.model.alert import Alert
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import (
    Entry,
    EntryKind,
    Incident,
    Judgement,
    Priority,
    Stake,
    Status,
    Suspect,
)
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

MACHINE = "watcher"

FIRST = "first-to-fire"
"""The rule by which the first alert is suspected until more is known."""


class News(StrEnum):
    """What is worth telling somebody."""

    OPENED = "opened"
    RAISED = "raised"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    EVIDENCE = "evidence"
    CAUSE_RESOLVED = "cause_resolved"
    PROBLEM_PROPOSED = "problem_proposed"
    PROBLEM_OPENED = "problem_opened"
    KNOWN_ERROR = "known_error"
    PROBLEM_BACK = "problem_back"


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of an incident."""

    incident: Incident
    entries: tuple[Entry, ...] = ()
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens, why, and who made it happen."""

    now: datetime
    reason: Reason
    actor: str = MACHINE


class RefusedError(Exception):
    """The incident is not in a state in which this may be done; the text says so to a person."""


def is_machine(name: str) -> bool:
    """Whether whoever is called that would be taken for Watcher itself."""
    return name.strip().casefold() == MACHINE


@dataclass(frozen=True, slots=True)
class Arrival:
    """An alert that starts to fire, with its severity the highest heard of, and what it puts at
    stake.

    `point` is its start as it counts for grouping; `alert.incident` is where it belonged before.
    """

    alert: Alert
    started_at: datetime
    point: datetime
    stake: Stake


def open_by_alert(number: int, arrival: Arrival, group: str, moment: Moment, scale: Scale) -> Step:
    """A new incident of one alert, the first of a disruption."""
    alert = arrival.alert
    incident = replace(
        blank(number, alert.customer, group, alert.severity, arrival.point, moment),
        service=alert.service,
        hosts=_with_host((), alert.host),
        title=titled(alert),
        suspect=_first(alert, arrival.started_at),
        alerts=1,
        firing=1,
        stakes=(arrival.stake,),
    )
    incident = _prioritised(incident, scale, moment.now)
    text = f"opened by {named(alert)}"
    return Step(incident, (_entry(incident, EntryKind.OPENED, text, moment),), (News.OPENED,))


@dataclass(frozen=True, slots=True)
class Report:
    """What a person who opens an incident by hand knows."""

    customer: str
    title: str
    severity: Severity
    service: str | None = None
    host: str | None = None
    text: str = ""


def open_by_hand(number: int, report: Report, moment: Moment, scale: Scale) -> Step:
    """An incident that a person opens: a user phoned before monitoring said anything."""
    group = f"manual:{number}"
    if report.service or report.host:
        group = f"service:{report.service}" if report.service else f"host:{report.host}"
    incident = blank(number, report.customer, group, report.severity, moment.now, moment)
    hosts = (report.host,) if report.host else ()
    incident = replace(
        incident,
        service=report.service,
        title=report.title,
        hosts=hosts,
        held_by=moment.actor,
        stakes=(Stake(report.service, report.severity),),
    )
    incident = _prioritised(incident, scale, moment.now)
    text = f"opened by {moment.actor}" + (f": {report.text}" if report.text else "")
    return Step(incident, (_entry(incident, EntryKind.OPENED, text, moment),), (News.OPENED,))


def join(
    incident: Incident, arrival: Arrival, moment: Moment, scale: Scale, grouping: Grouping
) -> Step:
    """An alert that starts to fire becomes part of an incident that is there."""
    alert = arrival.alert
    first = incident.alerts == 0 and incident.opened_by == MACHINE
    grown = replace(
        incident,
        last_at=max(incident.last_at, arrival.point),
        hosts=_with_host(incident.hosts, alert.host),
        severity=max(incident.severity, alert.severity, key=lambda each: each.rank),
        alerts=incident.alerts + (alert.incident != incident.number),
        firing=incident.firing + 1,
        stakes=pooled((*incident.stakes, arrival.stake)),
    )
    if moment.now - incident.opened_at <= grouping.suspect_after:
        grown = _suspected(grown, alert, arrival.started_at)
    entries: tuple[Entry, ...] = ()
    if not first:
        text = f"{named(alert)} joined"
        entries = (_entry(grown, EntryKind.JOINED, text, moment),)
    back = reopened(grown, moment)
    if not first and _as_urgent(incident, back.incident):
        return Step(back.incident, entries + back.entries, back.news)
    raised = reprioritised(back.incident, scale, moment, was=incident.severity)
    news = back.news + (() if first else raised.news)
    return Step(raised.incident, entries + back.entries + raised.entries, news)


def _as_urgent(before: Incident, after: Incident) -> bool:
    """Whether nothing is different that priorities are made of; most alerts of a storm say nothing
    new, and the clock is looked at elsewhere.
    """
    return (
        after.stakes == before.stakes
        and after.hosts == before.hosts
        and after.severity == before.severity
        and after.status == before.status
    )


def severity_heard(
    incident: Incident,
    alert: Alert,
    severity: Severity,
    stake: Stake,
    moment: Moment,
    scale: Scale,
) -> Step:
    """The severity of one of its alerts is another; the highest heard of is at stake. What its
    source was told to call it is no news.
    """
    text = f"{named(alert)}: severity {severity}"
    entry = _entry(incident, EntryKind.ALERT, text, moment)
    grown = replace(
        incident,
        severity=max(incident.severity, stake.severity, key=lambda each: each.rank),
        stakes=pooled((*incident.stakes, stake)),
    )
    told = incident.judgement.told if incident.judgement is not None else None
    was = max(incident.severity, told or incident.severity, key=lambda each: each.rank)
    raised = reprioritised(grown, scale, moment, was=was)
    return replace(raised, entries=(entry, *raised.entries))


def alert_ended(incident: Incident, alert: Alert, ended_at: datetime, moment: Moment) -> Step:
    """One of its alerts has ended; with the last of them the incident is resolved, at the newest of
    their ends, unless a person holds it open.
    """
    entry = _entry(incident, EntryKind.ALERT, f"{named(alert)} ended", moment)
    incident = replace(
        incident,
        firing=max(0, incident.firing - 1),
        ended_at=max(ended_at, incident.ended_at or ended_at),
    )
    if incident.firing or incident.status not in {Status.OPEN, Status.ACKNOWLEDGED}:
        return Step(incident, (entry,))
    if incident.held_by is not None:
        text = f"no alert is left; {incident.held_by} said that it is there, and has to resolve it"
        reason = Reason("held-open", "what a person said is not undone by alerts")
        held = _entry(incident, EntryKind.NOTE, text, replace(moment, reason=reason))
        return Step(incident, (entry, held))
    reason = Reason("all-alerts-ended", "every alert of the incident has ended")
    resolved_at = max(incident.ended_at or ended_at, incident.opened_at)
    resolved = replace(incident, status=Status.RESOLVED, resolved_at=resolved_at)
    done = _entry(resolved, EntryKind.RESOLVED, "resolved", replace(moment, reason=reason))
    return Step(resolved, (entry, done), (News.RESOLVED,))


@dataclass(frozen=True, slots=True)
class Both:
    """Two incidents that are one, and how many alerts they have between them."""

    later: Incident
    earlier: Incident
    alerts: int


def merge(both: Both, moment: Moment, scale: Scale, grouping: Grouping) -> tuple[Step, Step]:
    """The later of two incidents is closed into the earlier. Returns (closed, grown)."""
    later, earlier = both.later, both.earlier
    closed = replace(
        later,
        status=Status.CLOSED,
        closed_at=moment.now,
        merged_into=earlier.number,
        firing=0,
    )
    ends = [each.ended_at for each in (earlier, later) if each.ended_at is not None]
    ticket, besides = kept_ticket(earlier, later, moment.now)
    grown = replace(
        earlier,
        last_at=max(earlier.last_at, later.last_at),
        hosts=tuple(sorted({*earlier.hosts, *later.hosts})),
        severity=max(earlier.severity, later.severity, key=lambda each: each.rank),
        alerts=both.alerts,
        firing=earlier.firing + later.firing,
        ended_at=max(ends, default=None),
        took=(*earlier.took, later.number, *later.took),
        ticket=ticket,
        stakes=pooled((*earlier.stakes, *later.stakes)),
        judgement=weightier(earlier, later),
        course=joint(earlier, later),
    )
    if moment.now - earlier.opened_at <= grouping.suspect_after:
        grown = _with_suspect_of(grown, later)
    away = _entry(closed, EntryKind.MERGED, f"merged into #{earlier.number}", moment)
    taken = _entry(grown, EntryKind.MERGED, f"took in #{later.number}", moment)
    back = reopened(grown, moment, later.opened_at) if grown.firing else Step(grown)
    raised = reprioritised(back.incident, scale, moment, was=earlier.severity)
    entries = (taken, *besides, *back.entries, *raised.entries)
    return Step(closed, (away,)), Step(raised.incident, entries, back.news + raised.news)


def acknowledge(incident: Incident, moment: Moment) -> Step:
    """Somebody works on it. Raises RefusedError unless it is open."""
    _require(incident, "acknowledged", Status.OPEN)
    taken = replace(
        incident,
        status=Status.ACKNOWLEDGED,
        acknowledged_at=moment.now,
        acknowledged_by=moment.actor,
    )
    return _told(taken, EntryKind.ACKNOWLEDGED, f"acknowledged by {moment.actor}", moment)


def resolve(incident: Incident, moment: Moment) -> Step:
    """A person says that it is over. Raises RefusedError unless it is open or acknowledged."""
    _require(incident, "resolved", Status.OPEN, Status.ACKNOWLEDGED)
    over = replace(incident, status=Status.RESOLVED, resolved_at=moment.now, held_by=None)
    return _told(over, EntryKind.RESOLVED, f"resolved by {moment.actor}", moment, News.RESOLVED)


def close(incident: Incident, moment: Moment) -> Step:
    """Nothing is left to do. Raises RefusedError unless it is resolved."""
    _require(incident, "closed", Status.RESOLVED)
    closed = replace(incident, status=Status.CLOSED, closed_at=moment.now)
    return _told(closed, EntryKind.CLOSED, f"closed by {moment.actor}", moment)


def set_priority(
    incident: Incident, priority: Priority | None, moment: Moment, scale: Scale
) -> Step:
    """A person sets the priority, or leaves it to the rules again. Raises RefusedError if closed.

    From then on only facts that are worse than they are now make it more urgent, and nothing less.
    """
    _require(incident, "given another priority", Status.OPEN, Status.ACKNOWLEDGED, Status.RESOLVED)
    text, judgement = f"priority left to the rules by {moment.actor}", None
    if priority is not None:
        text = f"priority set to {priority} by {moment.actor}"
        facts = basis(scale, incident, moment.now)
        judgement = Judgement(priority, moment.actor, moment.reason.text, facts)
    said = _entry(incident, EntryKind.PRIORITY, text, moment)
    after = reprioritised(replace(incident, judgement=judgement), scale, moment)
    return replace(after, entries=(said, *after.entries))


def close_quiet(incident: Incident, now: datetime, after: timedelta) -> Step:
    """It has been resolved for so long, and nothing came back. Raises RefusedError as `close`."""
    reason = Reason("quiet", "resolved, and nothing came back", gap=after.total_seconds())
    return close(incident, Moment(now, reason))


def reopen(incident: Incident, moment: Moment) -> Step:
    """It is not over after all. Raises RefusedError unless resolved or closed, or if merged."""
    _require(incident, "reopened", Status.RESOLVED, Status.CLOSED)
    if incident.merged_into is not None:
        raise RefusedError(f"this incident was merged into #{incident.merged_into}: reopen that")
    return reopened(replace(incident, held_by=moment.actor), moment)


def note(incident: Incident, text: str, moment: Moment, key: str | None = None) -> Step:
    """A line on the timeline, whatever the state; with a key it is written once for ever."""
    entry = _entry(incident, EntryKind.NOTE, text, moment)
    return Step(incident, (replace(entry, key=key),))


def blank(
    number: int, customer: str, group: str, severity: Severity, point: datetime, moment: Moment
) -> Incident:
    """A new incident of which no more is known yet."""
    return Incident(
        number=number,
        customer=customer,
        title="",
        status=Status.OPEN,
        priority=Priority.P5,
        terms=(),
        group=group,
        severity=severity,
        opened_at=moment.now,
        last_at=point,
        opened_by=moment.actor,
    )


def named(alert: Alert) -> str:
    """The alert with its host, unless its name holds that already."""
    if alert.host is None or alert.host.casefold() in alert.name.casefold():
        return alert.name
    return f"{alert.name} on {alert.host}"


def titled(alert: Alert) -> str:
    """What the incident is called; the service comes first."""
    return f"{alert.service}: {named(alert)}" if alert.service else named(alert)


def _suspected(incident: Incident, alert: Alert, started_at: datetime) -> Incident:
    """The first alert to fire is suspected of being the cause, and gives the incident its title."""
    suspect = incident.suspect
    if suspect is not None and (
        suspect.reason.rule != FIRST or (suspect.started_at, suspect.key) <= (started_at, alert.key)
    ):
        return incident
    title = titled(alert) if incident.opened_by == MACHINE else incident.title
    return replace(incident, suspect=_first(alert, started_at), title=title)


def _first(alert: Alert, started_at: datetime) -> Suspect:
    reason = Reason(FIRST, "the first alert of the incident to fire", keys=(alert.key,))
    return Suspect(alert.key, alert.host, started_at, reason)


def _with_suspect_of(incident: Incident, other: Incident) -> Incident:
    mine, theirs = incident.suspect, other.suspect
    if theirs is None or (
        mine is not None and (mine.started_at, mine.key) <= (theirs.started_at, theirs.key)
    ):
        return incident
    title = other.title if incident.opened_by == MACHINE else incident.title
    return replace(incident, suspect=theirs, title=title)


def reopened(incident: Incident, moment: Moment, since: datetime | None = None) -> Step:
    """An incident that was over and is not, perhaps since before; any other stays as it is."""
    if incident.status not in {Status.RESOLVED, Status.CLOSED}:
        return Step(incident)
    status = Status.ACKNOWLEDGED if incident.acknowledged_at else Status.OPEN
    # Meanwhile nobody looked at what the clock does to its priority.
    back = replace(
        incident,
        status=status,
        resolved_at=None,
        closed_at=None,
        review_at=moment.now,
        course=resumed(incident, since or moment.now),
    )
    return _told(back, EntryKind.REOPENED, "reopened", moment, News.REOPENED)


def _prioritised(incident: Incident, scale: Scale, now: datetime) -> Incident:
    found = prioritise(scale, incident, now)
    known = (incident.priority, incident.terms, incident.review_at)
    if (found.priority, found.terms, found.review_at) == known:
        return incident
    return replace(
        incident,
        priority=found.priority,
        terms=found.terms,
        review_at=found.review_at,
        course=risen(incident, found.priority, now),
    )


def reprioritised(
    incident: Incident, scale: Scale, moment: Moment, was: Severity | None = None
) -> Step:
    """The incident with the priority that follows from what is known now.

    People are told of a higher priority, and of a severity above what it `was` that they would get
    up for, though the priority be the same.
    """
    after = _prioritised(incident, scale, moment.now)
    worse = was is not None and max(was.rank, Severity.WARNING.rank) < incident.severity.rank
    if after.priority != incident.priority:
        text = f"priority {incident.priority} -> {after.priority}"
    elif worse:
        text = f"severity {was} -> {incident.severity}, the priority stays {after.priority}"
    else:
        return Step(after)
    because = "; ".join(f"{term.name} {term.value}: {term.because}" for term in after.terms)
    said = replace(moment, reason=Reason("priority", because))
    raised = worse or after.priority < incident.priority
    return _told(after, EntryKind.PRIORITY, text, said, *((News.RAISED,) if raised else ()))


def weightier(earlier: Incident, later: Incident) -> Judgement | None:
    """What a person made of two incidents that are one: what he said of the earlier, unless he
    said that the later is more urgent.
    """
    theirs = later.judgement
    return theirs if theirs and theirs.priority < earlier.priority else earlier.judgement


def _with_host(hosts: tuple[str, ...], host: str | None) -> tuple[str, ...]:
    """The hosts, which are in order, with one more."""
    if host is None:
        return hosts
    place = bisect_left(hosts, host)
    if hosts[place : place + 1] == (host,):
        return hosts
    return (*hosts[:place], host, *hosts[place:])


def _require(incident: Incident, verb: str, *allowed: Status) -> None:
    if incident.status not in allowed:
        article = "an" if incident.status[0] in "ao" else "a"
        raise RefusedError(f"{article} {incident.status} incident cannot be {verb}")


def _told(incident: Incident, kind: EntryKind, text: str, moment: Moment, *news: News) -> Step:
    return Step(incident, (_entry(incident, kind, text, moment),), news)


def _entry(incident: Incident, kind: EntryKind, text: str, moment: Moment) -> Entry:
    return Entry(incident.number, moment.now, kind, text, moment.reason, moment.actor)
