"""How an incident went, as far as promises of service are measured by it."""

from datetime import datetime

from watcher.model.change import replace
from watcher.model.incident import Course, Incident, Priority

_Peak = tuple[Priority, datetime]


def risen(incident: Incident, priority: Priority, now: datetime) -> Course:
    """The course of an incident that gets this priority. What it has when it opens is its first."""
    if priority == incident.priority or now <= incident.opened_at:
        return incident.course
    peaks = _peaks(incident)
    if priority < peaks[-1][0]:
        peaks = (*peaks, (priority, now))
    return replace(incident.course, peaks=peaks)


def joint(kept: Incident, gone: Incident) -> Course:
    """The course of an incident that took another in: as urgent as either, from that moment on."""
    known = [(max(at, kept.opened_at), level) for level, at in (*_peaks(kept), *_peaks(gone))]
    peaks: list[_Peak] = []
    for at, level in sorted(known):
        if not peaks or level < peaks[-1][0]:
            peaks.append((level, at))
    return kept.course if tuple(peaks) == _peaks(kept) else replace(kept.course, peaks=tuple(peaks))


def resumed(incident: Incident, at: datetime) -> Course:
    """The course of an incident that was over, and is not since then."""
    gone = incident.resolved_at or at
    return replace(incident.course, breaks=(*incident.course.breaks, (gone, max(gone, at))))


def _peaks(incident: Incident) -> tuple[_Peak, ...]:
    return incident.course.peaks or ((incident.priority, incident.opened_at),)
