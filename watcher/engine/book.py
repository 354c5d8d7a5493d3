"""The working set of a digest or a replay: what is known, and what has changed since."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import heappop, heappush
from typing import Protocol

from watcher.decide.reasons import NEW
from watcher.decide.recount import Member, Roll
from watcher.decide.route import HELD
from watcher.model.action import Intent
from watcher.model.alert import Alert, Occurrence, Withheld
from watcher.model.change import replace
from watcher.model.incident import Entry, Incident, Status
from watcher.model.reason import Reason


class Shelf(Protocol):
    """Where a book finds what it does not hold."""

    def incident(self, number: int) -> Incident | None:
        """The incident of that number."""

    def span(self, key: tuple[str, str, str]) -> Occurrence | None:
        """The occurrence of that (customer, key, occurrence)."""

    def members(self, number: int) -> Iterable[Member]:
        """All spans of an incident, in the order in which they joined."""

    def alert(self, key: tuple[str, str]) -> Alert | None:
        """The alert of that (customer, key)."""

    def untell(self, number: int) -> int:
        """Takes back what still waits to tell of the end of an incident, and counts it."""


class _Bare:
    """The shelf of a book that holds all there is."""

    def incident(self, _: int) -> Incident | None:
        return None

    def span(self, _: tuple[str, str, str]) -> Occurrence | None:
        return None

    def members(self, _: int) -> Iterable[Member]:
        return ()

    def alert(self, _: tuple[str, str]) -> Alert | None:
        return None

    def untell(self, _: int) -> int:
        return 0


class Book:
    """Alerts, occurrences and incidents by their keys, with everything that was written to them.

    `numbers` yields the numbers of new incidents; on the `shelf` is what the book does not hold.
    """

    def __init__(self, numbers: Iterator[int], shelf: Shelf | None = None) -> None:
        self.alerts: dict[tuple[str, str], Alert] = {}
        self.occurrences: dict[tuple[str, str, str], Occurrence] = {}
        self.incidents: dict[int, Incident] = {}
        self.entries: list[Entry] = []
        self.intents: list[Intent] = []
        self.merges: list[tuple[int, int]] = []
        self.changed_alerts: set[tuple[str, str]] = set()
        self.changed_occurrences: set[tuple[str, str, str]] = set()
        self.changed_incidents: set[int] = set()
        self.issued: set[int] = set()
        self._numbers = numbers
        self._shelf = shelf or _Bare()
        self._members: dict[int, dict[tuple[str, str, str], None]] = defaultdict(dict)
        self._conditions: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._reviews: list[tuple[datetime, int]] = []
        self._resolved: list[tuple[datetime, int]] = []
        self._due: list[tuple[datetime, tuple[str, str, str]]] = []
        self._inhibited: dict[tuple[str, str], set[tuple[str, str, str]]] = defaultdict(set)

    def load(
        self,
        alerts: Iterable[Alert] = (),
        occurrences: Iterable[Occurrence] = (),
        incidents: Iterable[Incident] = (),
    ) -> None:
        """Takes in what the store knows; nothing of it counts as changed."""
        for alert in alerts:
            self.alerts[alert.customer, alert.key] = alert
        for occurrence in occurrences:
            self._keep(occurrence)
        for incident in incidents:
            self._file(incident)

    def number(self) -> int:
        """The number of the next new incident."""
        number = next(self._numbers)
        self.issued.add(number)
        return number

    def put_alert(self, alert: Alert) -> None:
        """Writes an alert; the same again is no change."""
        key = (alert.customer, alert.key)
        if self.alerts.get(key) != alert:
            self.alerts[key] = alert
            self.changed_alerts.add(key)

    def put_occurrence(self, occurrence: Occurrence) -> None:
        """Writes an occurrence; the same again is no change."""
        key = _key(occurrence)
        if self.occurrences.get(key) != occurrence:
            self._keep(occurrence)
            self.changed_occurrences.add(key)

    def put_incident(self, incident: Incident) -> None:
        """Writes an incident; the same again is no change."""
        if self.incidents.get(incident.number) != incident:
            self._file(incident)
            self.changed_incidents.add(incident.number)

    def take_back(self, number: int) -> bool:
        """Whether nobody has been told yet that an incident is over; then nobody will be."""
        kept = [
            each for each in self.intents if each.incident != number or not each.lane.endswith(HELD)
        ]
        taken, self.intents = len(kept) < len(self.intents), kept
        return self._shelf.untell(number) > 0 or taken

    def find(self, number: int) -> Incident | None:
        """The incident of that number, wherever it is."""
        if number not in self.incidents and number not in self.issued:
            found = self._shelf.incident(number)
            if found is not None:
                self._file(found)
        return self.incidents.get(number)

    def span(self, key: tuple[str, str, str]) -> Occurrence | None:
        """The occurrence of that (customer, key, occurrence), wherever it is."""
        if key not in self.occurrences:
            found = self._shelf.span(key)
            if found is not None:
                self._keep(found)
        return self.occurrences.get(key)

    def alert(self, key: tuple[str, str]) -> Alert | None:
        """The alert of that (customer, key), wherever it is."""
        if key not in self.alerts:
            found = self._shelf.alert(key)
            if found is not None:
                self.alerts[key] = found
        return self.alerts.get(key)

    def roll(self, incident: Incident) -> Roll:
        """An incident with all of its spans."""
        self._fetch(incident.number)
        spans = self.members(incident.number)
        return Roll(incident, tuple((self.alerts[each.customer, each.key], each) for each in spans))

    def members(self, number: int) -> list[Occurrence]:
        """The known occurrences of an incident, in the order in which they joined."""
        return [self.occurrences[key] for key in self._members.get(number, ())]

    def has(self, number: int, customer: str, key: str) -> bool:
        """Whether an incident has a span of a condition."""
        self._fetch(number)
        return self._conditions[number][customer, key] > 0

    def move(self, source: int, into: int, reason: Reason, now: datetime) -> int:
        """All that belongs to one incident belongs to the other from now on; returns how many
        alerts that has then.

        What had opened the one has the reason of the move; the rest keeps the company it had.
        """
        self._fetch(source)
        self._fetch(into)
        for occurrence in self.members(source):
            opener = occurrence.reason is None or occurrence.reason.rule == NEW
            why = reason if opener else occurrence.reason
            self.put_occurrence(replace(occurrence, incident=into, joined_at=now, reason=why))
            alert = self.alerts.get((occurrence.customer, occurrence.key))
            if alert is not None and alert.incident == source:
                self.put_alert(replace(alert, incident=into))
        self.merges.append((source, into))
        return len({occurrence.key for occurrence in self.members(into)})

    def resolved_before(self, before: datetime) -> list[Incident]:
        """The resolved incidents that have been so since before that time, each asked for once."""
        found = set()
        while self._resolved and self._resolved[0][0] <= before:
            resolved_at, number = heappop(self._resolved)
            incident = self.incidents[number]
            if incident.status is Status.RESOLVED and incident.resolved_at == resolved_at:
                found.add(number)
        return [self.incidents[number] for number in sorted(found)]

    def due(self, now: datetime) -> tuple[datetime, Occurrence] | None:
        """The next span that is held back, and has been due since that time, which is asked once;
        None if none is yet.
        """
        while self._due and self._due[0][0] <= now:
            until, key = heappop(self._due)
            span = self.occurrences[key]
            held = _held(span)
            if held is not None and held.until == until:
                return until, span
        return None

    def inhibited(self, source: Alert) -> list[Occurrence]:
        """The spans that are held back because that alert fires."""
        keys = sorted(self._inhibited.get((source.customer, source.key), ()))
        spans = map(self.occurrences.__getitem__, keys)
        return [each for each in spans if (held := _held(each)) and held.source == source.key]

    def to_review(self, now: datetime) -> Incident | None:
        """The next incident whose priority the clock may have changed by now; None if none is."""
        while self._reviews and self._reviews[0][0] <= now:
            review_at, number = heappop(self._reviews)
            incident = self.incidents[number]
            if incident.living and incident.review_at == review_at:
                return incident
        return None

    def _fetch(self, number: int) -> None:
        for alert, occurrence in self._shelf.members(number):
            self.alerts.setdefault((alert.customer, alert.key), alert)
            if _key(occurrence) not in self.occurrences:
                self._keep(occurrence)

    def _keep(self, occurrence: Occurrence) -> None:
        key = _key(occurrence)
        before = self.occurrences.get(key)
        if before is not None and before.incident not in {None, occurrence.incident}:
            self._leave(before.incident or 0, key)
        if occurrence.incident is not None and key not in self._members[occurrence.incident]:
            self._members[occurrence.incident][key] = None
            self._conditions[occurrence.incident][key[:2]] += 1
        self.occurrences[key] = occurrence
        held = _held(occurrence)
        if held is not None and (before is None or before.withheld != held):
            heappush(self._due, (held.until, key))
            if held.source is not None:
                self._inhibited[occurrence.customer, held.source].add(key)

    def _leave(self, number: int, key: tuple[str, str, str]) -> None:
        if key in self._members[number]:
            del self._members[number][key]
            self._conditions[number][key[:2]] -= 1

    def _file(self, incident: Incident) -> None:
        before = self.incidents.get(incident.number)
        known = before.review_at if before is not None and before.living else None
        if incident.review_at is not None and incident.review_at != known:
            heappush(self._reviews, (incident.review_at, incident.number))
        since = incident.resolved_at
        if since is not None and (before is None or before.resolved_at != since):
            heappush(self._resolved, (since, incident.number))
        self.incidents[incident.number] = incident


def _key(occurrence: Occurrence) -> tuple[str, str, str]:
    return occurrence.customer, occurrence.key, occurrence.occurrence


def _held(occurrence: Occurrence) -> Withheld | None:
    """What holds a span back that still fires."""
    return occurrence.withheld if occurrence.ended_at is None else None
