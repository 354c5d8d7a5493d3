"""Folds one event into the book: dedup, correlation, priority, lifecycle, what follows from it.

Digest and replay both go through here, so that the same history gives the same incidents.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from watcher.decide import correlate, flapping, lifecycle, route
from watcher.decide.correlate import Merger
from watcher.decide.dedup import Change, Identity, Sighting, settle, sight
from watcher.decide.flapping import Hold
from watcher.decide.identify import resolve, service_of
from watcher.decide.lifecycle import Moment, Scale, Step
from watcher.decide.rules import effects
from watcher.engine.book import Book
from watcher.model.alert import Alert, Occurrence
from watcher.model.catalogue import Catalogue, Host
from watcher.model.change import replace
from watcher.model.event import Event
from watcher.model.incident import Incident, Status
from watcher.model.policy import Policy
from watcher.model.reason import Reason

_RECOVERED = Reason("recovery", "the source said that it recovered")
_SUPERSEDED = Reason("superseded", "a new occurrence of the same condition began")
_UPDATED = Reason("update", "the source said so")


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Under which rules and on whose map decisions are made."""

    policy: Policy
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class News:
    """One event with what the inventory makes of it: whose, when it came, on which host."""

    event: Event
    received_at: datetime
    who: Identity
    host: Host | None
    group: str


def identify(event: Event, customer: str, received_at: datetime, catalogue: Catalogue) -> News:
    """Gives an event its identity; every name of a host goes through the inventory here."""
    host = resolve(catalogue, customer, event.host) if event.host else None
    name = host.name if host is not None else event.host
    service = service_of(catalogue, customer, name, event.service)
    who = Identity(
        customer,
        name,
        host is not None,
        service.name if service is not None else event.service,
        service is not None,
    )
    return News(event, received_at, who, host, correlate.group_of(who, event.key))


class Fold:
    """Folds news into one book under one rulebook."""

    def __init__(self, book: Book, rulebook: Rulebook) -> None:
        self._book = book
        self._policy = rulebook.policy
        self._catalogue = rulebook.catalogue

    def take(self, news: News) -> None:
        """Takes one piece of news: sights its alert, and moves its incident on."""
        book, customer = self._book, news.who.customer
        alert = book.alerts.get((customer, news.event.key))
        event = settle(news.event, alert, news.received_at)
        known = book.occurrences.get((customer, event.key, event.occurrence))
        current = book.occurrences.get((customer, event.key, alert.occurrence)) if alert else None
        seen = sight(alert, known, current, event, news.who)
        if seen.change is Change.STARTED:
            self._start(seen, known, current, news)
        else:
            book.put_alert(seen.alert)
            book.put_occurrence(seen.occurrence)
            self._update(seen, known, event, news)
        if seen.change is Change.ENDED:
            self._end(seen.occurrence, seen.alert, news, _RECOVERED)
        if seen.change is Change.REPEATED and seen.occurrence != known:
            self._reunite(seen, news.received_at)
        if seen.older is not None:
            # Only now, so that an incident which the new span keeps open is not resolved between.
            self._end(seen.older, seen.alert, news, _SUPERSEDED)

    def sweep(self, now: datetime) -> None:
        """Closes what has been resolved for long enough."""
        after = self._policy.grouping.close_after
        for incident in self._book.resolved_before(now - after):
            self._step(lifecycle.close_quiet(incident, now, after), now)

    def _start(
        self, seen: Sighting, known: Occurrence | None, current: Occurrence | None, news: News
    ) -> None:
        """An occurrence begins: it joins an incident, or opens one."""
        book, rules, now = self._book, self._policy.grouping, news.received_at
        occurrence, customer = seen.occurrence, news.who.customer
        point = correlate.point_of(occurrence, now, rules.lateness)
        hold = self._hold(seen.alert)
        if current is not None and seen.alert.occurrence == occurrence.occurrence:
            seen = replace(seen, alert=_taught(seen.alert, occurrence, current))
        start = correlate.Start(occurrence, news.group, point, now, hold)
        neighbours = book.neighbours(customer, news.group, now - rules.gap - rules.lateness)
        home = book.incidents.get(current.incident or 0) if current is not None else None
        placed = correlate.place(start, current, home, neighbours, rules)
        moment = Moment(now, placed.reason)
        alert = seen.alert
        if alert.severity is not occurrence.worst:
            alert = replace(alert, severity=occurrence.worst)
        incident = placed.incident or self._open(alert, news, point, moment)
        arrival = lifecycle.Arrival(alert, occurrence.started_at or point, point)
        scale = self._scale(customer, incident.service)
        self._step(lifecycle.join(incident, arrival, moment, scale, rules), now)
        joined = self._belongs(incident.number, seen, moment, news)
        if joined.ended_at is not None:
            # Either its recovery came first, or a newer span of the condition did.
            reason = _RECOVERED if known is not None else _SUPERSEDED
            self._end(joined, seen.alert, news, reason)
        self._merge(correlate.bridged(incident, neighbours, start, rules), now)

    def _belongs(self, number: int, seen: Sighting, moment: Moment, news: News) -> Occurrence:
        """Writes down where an occurrence belongs, and what follows for its host."""
        book, alert = self._book, seen.alert
        occurrence = replace(
            seen.occurrence, incident=number, joined_at=moment.now, reason=moment.reason
        )
        if alert.occurrence == occurrence.occurrence:
            alert = replace(alert, incident=number)
        book.put_alert(alert)
        book.put_occurrence(occurrence)
        incident = book.incidents[number]
        book.intents.extend(route.diagnoses(incident, alert, news.host, self._policy))
        return occurrence

    def _open(self, alert: Alert, news: News, point: datetime, moment: Moment) -> Incident:
        scale = self._scale(news.who.customer, news.who.service)
        step = lifecycle.open_by_alert(self._book.number(), alert, news.group, point, moment, scale)
        self._step(step, news.received_at)
        return step.incident

    def _update(self, seen: Sighting, known: Occurrence | None, event: Event, news: News) -> None:
        """Severity and words of an occurrence that an incident already holds."""
        incident = self._book.incidents.get(seen.occurrence.incident or 0)
        if incident is None or known is None:
            return
        moment = Moment(news.received_at, _UPDATED)
        after = seen.occurrence
        if (known.severity, known.worst) != (after.severity, after.worst):
            scale = self._scale(incident.customer, incident.service)
            step = lifecycle.severity_heard(incident, seen.alert, after, moment, scale)
            self._step(step, news.received_at)
            incident = step.incident
        if event.note:
            step = lifecycle.note(incident, event.note, moment, key=_note_key(event))
            self._step(step, news.received_at)

    def _end(self, occurrence: Occurrence, alert: Alert, news: News, reason: Reason) -> None:
        """An occurrence has ended; what was never part of an incident changes none."""
        self._book.put_occurrence(occurrence)
        incident = self._book.incidents.get(occurrence.incident or 0)
        if incident is None or incident.status is Status.CLOSED:
            return
        moment = Moment(news.received_at, reason)
        ended_at = occurrence.ended_at or news.received_at
        self._step(lifecycle.alert_ended(incident, alert, ended_at, moment), news.received_at)

    def _reunite(self, seen: Sighting, now: datetime) -> None:
        """Merges what a recovery, heard of after the condition had come back, shows to be one."""
        past, alert, book = seen.occurrence, seen.alert, self._book
        current = book.occurrences.get((alert.customer, alert.key, alert.occurrence))
        if current is None or current.occurrence == past.occurrence:
            return
        hold = self._hold(alert)
        book.put_alert(_taught(alert, current, past))
        one, other = (book.incidents.get(each.incident or 0) for each in (past, current))
        if one is not None and other is not None and one != other:
            rules = self._policy.grouping
            self._merge(correlate.reunited(past, current, (one, other), hold, now, rules), now)

    def _merge(self, mergers: Iterable[Merger], now: datetime) -> None:
        book, rules = self._book, self._policy.grouping
        for merger in mergers:
            later, earlier = merger.later.number, merger.earlier.number
            both = lifecycle.Both(
                book.incidents[later],
                book.incidents[earlier],
                book.move(later, earlier, merger.reason, now),
            )
            scale = self._scale(both.earlier.customer, both.earlier.service)
            for step in lifecycle.merge(both, Moment(now, merger.reason), scale, rules):
                self._step(step, now)

    def _step(self, step: Step, now: datetime) -> None:
        self._book.put_incident(step.incident)
        self._book.entries.extend(step.entries)
        self._book.intents.extend(route.notifications(step.incident, step.news, self._policy, now))

    def _hold(self, alert: Alert) -> Hold:
        """For how long after a recovery the condition is the same disruption when it returns."""
        said = effects(self._policy.rules, alert).hold
        if said is not None:
            return Hold(said.value, because=said.reason.text)
        return flapping.hold_of(alert.pauses, self._policy.flapping, self._policy.grouping.gap)

    def _scale(self, customer: str, service: str | None) -> Scale:
        found = self._catalogue.services.get((customer, service or ""))
        return Scale(self._policy.priority, found.criticality if found is not None else None)


def _taught(alert: Alert, newest: Occurrence, before: Occurrence) -> Alert:
    """The alert, with the pause that ended when its newest span began."""
    if newest.started_at is None:
        return alert
    pause = flapping.pause_between(before, newest.started_at)
    return alert if pause is None else replace(alert, pauses=flapping.learn(alert.pauses, pause))


def _note_key(event: Event) -> str:
    said = "\n".join((event.key, event.occurrence, event.at.isoformat(), event.note))
    return blake2b(said.encode(), digest_size=16).hexdigest()
