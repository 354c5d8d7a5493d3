"""What people decided about groupings, and the machine does not undo: one question for all that
place alerts or merge incidents.
"""

from watcher.model.alert import Occurrence
from watcher.model.change import replace
from watcher.model.incident import Arranged, Incident, Status
from watcher.model.reason import Reason

_AT_WORK = frozenset((Status.OPEN, Status.ACKNOWLEDGED))


def apart(one: Incident | Occurrence, other: Incident) -> Reason | None:
    """Why the one does not belong with the other incident; None where nobody said so."""
    if isinstance(one, Occurrence):
        is_told = _taken_out(one, other)
    else:
        is_told = _told(one, other) or _told(other, one)
    if not is_told:
        return None
    return Reason("told-apart", f"a person told it from #{other.number}")


def chosen(span: Occurrence, incident: Incident | None) -> bool:
    """Whether people chose where a span is, or what belongs together there: then it stays."""
    return span.placed is not None or (incident is not None and incident.arranged is not None)


def inherited(span: Occurrence, before: Occurrence | None) -> Occurrence:
    """The span that begins, with what a person decided last about its condition."""
    if before is None or before.placed is None:
        return span
    return replace(span, placed=before.placed)


def put_home(previous: Occurrence | None, home: Incident | None) -> Reason | None:
    """Why a condition returns to the incident of its last span, however long it was away: a person
    put it there, and that is still worked on. None where that is not so.
    """
    if previous is None or previous.placed is None or home is None:
        return None
    if home.status not in _AT_WORK or not _named((previous.placed.incident,), home):
        return None
    text = f"a person put this condition into #{home.number}"
    return Reason("by-hand", text, keys=(previous.key,))


def told(incident: Incident, occurrence: Occurrence) -> Incident:
    """The incident as the home of an occurrence: with it comes what a person told that from."""
    placed = occurrence.placed
    if placed is None or not placed.out_of:
        return incident
    known = incident.arranged or Arranged(placed.by)
    apart = {*known.apart, *placed.out_of} - {incident.number, *incident.took}
    if apart == set(known.apart):
        return incident
    return replace(incident, arranged=replace(known, apart=tuple(sorted(apart))))


def _taken_out(occurrence: Occurrence, incident: Incident) -> bool:
    placed = occurrence.placed
    if placed is None or _named((placed.incident,), incident):
        return False
    return _named(placed.out_of, incident)


def _told(one: Incident, other: Incident) -> bool:
    return one.arranged is not None and _named(one.arranged.apart, other)


def _named(numbers: tuple[int, ...], incident: Incident) -> bool:
    """Whether one of these numbers is that of the incident, or of one that it took in."""
    return incident.number in numbers or any(each in numbers for each in incident.took)
