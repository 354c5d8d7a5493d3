"""Folds one event into the book: dedup, correlation, priority, lifecycle, what follows from it.

Digest and replay both go through here, so that the same history gives the same incidents.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from watcher.decide import lifecycle, route
from watcher.decide.adopt import adopt, tickets
from watcher.decide.apart import inherited, told
from watcher.decide.correlate import point_of
from watcher.decide.correlator import Place
from watcher.decide.dedup import Change, Sighting, settle, sight
from watcher.decide.flapping import hold_for
from watcher.decide.lifecycle import Moment, Step
from watcher.decide.priority import Scale, staked
from watcher.decide.rules import effects
from watcher.decide.silence import Inhibitors
from watcher.engine.annotate import Annotations
from watcher.engine.attend import Attendance
from watcher.engine.book import Book
from watcher.engine.correlation import Correlation
from watcher.engine.going import Going
from watcher.engine.rulebook import News, Rulebook, revived
from watcher.engine.withhold import Withholding
from watcher.model.alert import Alert, Occurrence
from watcher.model.change import replace
from watcher.model.event import Event
from watcher.model.incident import Incident, Status
from watcher.model.policy import Occasion
from watcher.model.reason import Reason
from watcher.model.silence import Window

_RECOVERED = Reason("recovery", "the source said that it recovered")
_SUPERSEDED = Reason("superseded", "a new occurrence of the same condition began")
_UPDATED = Reason("update", "the source said so")
HOURS = Reason("business-hours", "business hours began or ended")


class Fold:
    """Folds news into one book under one rulebook, with the windows that people planned.

    `inhibitors` are the alerts that fire and `going` what is going on, for a book that does not
    hold all there is.
    """

    def __init__(
        self,
        book: Book,
        rulebook: Rulebook,
        windows: Sequence[Window] = (),
        inhibitors: Inhibitors | None = None,
        going: Going | None = None,
    ) -> None:
        self._book = book
        self._going = going or Going(rulebook)
        self._attendance = Attendance(book, self._step)
        self._annotations = Annotations(book, rulebook.listeners)
        self._correlation = Correlation(book, rulebook, self._going, self._step)
        self._withholding = Withholding(book, rulebook.policy, windows, inhibitors)
        self._policy = rulebook.policy
        self._catalogue = rulebook.catalogue
        self._estate = route.Estate(rulebook.policy, rulebook.catalogue)
        self._scale = Scale(rulebook.policy.priority, rulebook.catalogue)

    def take(self, news: News) -> None:
        """Takes one piece of news: sights its alert, and moves its incident on."""
        self.advance(news.received_at)
        book, customer = self._book, news.who.customer
        alert = book.alerts.get((customer, news.event.key))
        event = settle(news.event, alert, news.received_at)
        known = book.occurrences.get((customer, event.key, event.occurrence))
        current = book.occurrences.get((customer, event.key, alert.occurrence)) if alert else None
        seen = sight(alert, known, current, event, news.who)
        if seen.alert.host is not None:
            more = seen.alert.count - (alert.count if alert else 0)
            self._going.tally.add((customer, seen.alert.host), more)
        if seen.change is Change.STARTED:
            self._begin(seen, known, current, news)
        else:
            book.put_alert(seen.alert)
            book.put_occurrence(seen.occurrence)
            self._update(seen, known, event, news)
            before = known.taken if known is not None else None
            self._attendance.hear(seen.occurrence, before, news.received_at)
        if seen.change is Change.ENDED:
            self._end(seen.occurrence, seen.alert, news, _RECOVERED)
        if seen.change is Change.REPEATED and seen.occurrence != known:
            self._reunite(seen, news.received_at)
        if seen.older is not None:
            # Only now, so that an incident which the new span keeps open is not resolved between.
            self._end(self._ended(seen.older), seen.alert, news, _SUPERSEDED)
        self._adopt(seen.occurrence, event.labels, event.name, news.received_at)
        self._rethink(alert, seen, news.received_at)

    def advance(self, now: datetime) -> None:
        """Does what time alone brings about up to then, each thing at its own time."""
        while (found := self._book.due(now)) is not None:
            due, span = found
            self.review(due)
            self._reconsider(span, due)
        self.review(now)

    def review(self, now: datetime) -> None:
        """Settles suspects, and does what business hours do to priorities, in the order of time."""
        while incident := self._book.to_review(now):
            at = incident.review_at or now
            self._correlation.settle(at)
            self._step(lifecycle.reprioritised(incident, self._scale, Moment(at, HOURS)), at)
        self._correlation.settle(now)

    def sweep(self, now: datetime) -> None:
        """Closes what has been resolved for long enough."""
        after = self._policy.grouping.close_after
        for incident in self._book.resolved_before(now - after):
            self._step(lifecycle.close_quiet(incident, now, after), now)

    def _begin(
        self, seen: Sighting, known: Occurrence | None, current: Occurrence | None, news: News
    ) -> None:
        """An occurrence begins, which may be held back."""
        held = self._withholding.first(seen, current, news.received_at)
        if held is None:
            self._start(seen, known, current, news)
        else:
            self._withholding.hold(seen.alert, seen.occurrence, held)

    def _adopt(self, seen: Occurrence, labels: Mapping[str, str], name: str, now: datetime) -> None:
        """An incident takes the ticket that was filed at the source for one of its alerts."""
        for found in tickets(labels):
            span = self._book.occurrences[seen.customer, seen.key, seen.occurrence]
            home = self._book.find(span.incident) if span.incident is not None else None
            if home is not None:
                incident, entries = adopt(home, found, name, now)
                self._step(Step(incident, entries), now)

    def _rethink(self, before: Alert | None, seen: Sighting, now: datetime) -> None:
        """What follows for those held back, this one or others, if the alert is another one now."""
        if before is not None and _facts(before) != _facts(seen.alert):
            self._reconsider(seen.occurrence, now)
        for other in self._withholding.released(seen.alert.customer, seen.alert.key):
            self._reconsider(other, now)

    def _reconsider(self, span: Occurrence, now: datetime) -> None:
        """Decides again about a span that is held back, if it still is and fires."""
        book, was = self._book, span.withheld
        if was is None or span.ended_at is not None:
            return
        alert = book.alerts[span.customer, span.key]
        held = self._withholding.again(alert, span, was, now)
        if held is not None:
            self._withholding.hold(alert, span, held)
            return
        before = book.occurrences.get((span.customer, span.key, was.after or ""))
        seen = Sighting(alert, span, Change.STARTED)
        self._start(seen, span, before, revived(alert, span, now, self._catalogue))
        joined = book.occurrences[span.customer, span.key, span.occurrence]
        text = f"{lifecycle.named(alert)} was held back since {was.since:%Y-%m-%d %H:%M:%S} UTC"
        incident = book.incidents[joined.incident or 0]
        self._step(lifecycle.note(incident, text, Moment(now, was.reason)), now)
        self._adopt(joined, alert.labels, alert.name, now)

    def _start(
        self, seen: Sighting, known: Occurrence | None, current: Occurrence | None, news: News
    ) -> None:
        """An occurrence begins: it joins an incident, or opens one."""
        rules, now = self._policy.grouping, news.received_at
        occurrence = inherited(seen.occurrence, current)
        point = point_of(occurrence, now, rules.lateness)
        mine = self._correlation.place(seen.alert, occurrence, current, now)
        alert = self._where_it_is(seen.alert)
        worst = alert
        if alert.severity is not occurrence.worst:
            worst = replace(alert, severity=occurrence.worst)
        stake = staked(worst, occurrence.worst, effects(self._policy.rules, worst))
        arrival = lifecycle.Arrival(worst, occurrence.started_at or point, point, stake)
        opened, heard = self._enter(arrival, occurrence, mine, news)
        joined = self._belongs(alert, occurrence, mine, news)
        self._diagnose(self._book.incidents[mine.number], alert, news, (Occasion.OPENED, *heard))
        if opened:
            self._annotations.begun(self._book.incidents[mine.number], alert, now)
        self._correlation.joined(joined, mine, now, opened)
        self._attendance.hear(joined, None, now)
        if joined.ended_at is not None:
            # Either its recovery came first, or a newer span of the condition did.
            reason = _RECOVERED if known is not None else _SUPERSEDED
            self._end(joined, alert, news, reason)
        self._correlation.make_way(mine, now)

    def _enter(
        self, arrival: lifecycle.Arrival, occurrence: Occurrence, mine: Place, news: News
    ) -> tuple[bool, tuple[Occasion, ...]]:
        """An alert becomes part of an incident; returns whether it is the first one there, and what
        that is an occasion for.
        """
        alert, moment = arrival.alert, Moment(news.received_at, mine.reason)
        found = self._book.find(mine.number)
        if found is not None and self._was_there(alert, mine.number):
            arrival = replace(arrival, alert=replace(alert, incident=mine.number))
        if found is None:
            group, scale = news.group, self._scale
            step = lifecycle.open_by_alert(mine.number, arrival, group, moment, scale)
        else:
            step = lifecycle.join(found, arrival, moment, self._scale, self._policy.grouping)
        heard = self._step(step, moment.now)
        self._book.put_incident(told(step.incident, occurrence))
        return found is None or found.alerts == 0, heard

    def _where_it_is(self, alert: Alert) -> Alert:
        """The alert in its incident of now: what came in may have moved its newest span."""
        known = self._book.alerts.get((alert.customer, alert.key))
        if known is None or known.incident == alert.incident:
            return alert
        return replace(alert, incident=known.incident)

    def _ended(self, older: Occurrence) -> Occurrence:
        """The span that was ended, where it is by now."""
        known = self._book.occurrences[older.customer, older.key, older.occurrence]
        return replace(known, ended_at=older.ended_at)

    def _was_there(self, alert: Alert, number: int) -> bool:
        """Whether the incident had the condition before, though another has had it since."""
        elsewhere = alert.incident not in {None, number}
        return elsewhere and self._book.has(number, alert.customer, alert.key)

    def _belongs(self, alert: Alert, span: Occurrence, mine: Place, news: News) -> Occurrence:
        """Writes down where an occurrence belongs."""
        book = self._book
        occurrence = replace(
            span,
            incident=mine.number,
            joined_at=news.received_at,
            reason=mine.reason,
            withheld=None,
            counted=self._correlation.counted(alert, mine),
        )
        if alert.occurrence == occurrence.occurrence:
            alert = replace(alert, incident=mine.number, withheld=None, suppressed=False)
        book.put_alert(alert)
        book.put_occurrence(occurrence)
        return occurrence

    def _diagnose(
        self, incident: Incident, alert: Alert, news: News, occasions: Sequence[Occasion]
    ) -> None:
        """Has runbooks run because of an alert."""
        orders = [route.Order(each, news.received_at, alert.key) for each in occasions]
        found = route.diagnoses(incident, alert, news.host, orders, self._estate)
        self._book.intents.extend(found)

    def _update(self, seen: Sighting, known: Occurrence | None, event: Event, news: News) -> None:
        """Severity and words of an occurrence that an incident already holds."""
        incident = self._book.incidents.get(seen.occurrence.incident or 0)
        if incident is None or known is None:
            return
        moment = Moment(news.received_at, _UPDATED)
        after = seen.occurrence
        if (known.severity, known.worst) != (after.severity, after.worst):
            stake = staked(seen.alert, after.worst, effects(self._policy.rules, seen.alert))
            step = lifecycle.severity_heard(
                incident, seen.alert, after.severity, stake, moment, self._scale
            )
            heard = self._step(step, news.received_at)
            incident = step.incident
            self._diagnose(incident, seen.alert, news, heard)
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
        step = lifecycle.alert_ended(incident, alert, ended_at, moment)
        hold = hold_for(alert, self._policy) if step.news else None
        held_until = ended_at + hold.length if hold is not None and hold.special else None
        self._step(step, news.received_at, held_until)
        self._annotations.over(step, news.received_at)

    def _reunite(self, seen: Sighting, now: datetime) -> None:
        """What a recovery says of its condition that is heard of after that had come back."""
        past, alert = seen.occurrence, seen.alert
        current = self._book.occurrences.get((alert.customer, alert.key, alert.occurrence))
        if current is None or current.occurrence == past.occurrence or current.incident is None:
            return
        self._correlation.replace(alert, current, past, now)

    def _step(
        self, step: Step, now: datetime, held_until: datetime | None = None
    ) -> tuple[Occasion, ...]:
        """Writes a step down, and who is told of it; returns what it is an occasion for."""
        book, incident, news = self._book, step.incident, step.news
        book.put_incident(incident)
        book.entries.extend(step.entries)
        if lifecycle.News.REOPENED in news and book.take_back(incident.number):
            # Nobody had been told that it was over.
            news = tuple(each for each in news if each is not lifecycle.News.REOPENED)
        book.intents.extend(route.notifications(incident, news, self._policy, now, held_until))
        return tuple(route.OCCASIONS[each] for each in news if each in route.OCCASIONS)


def _facts(alert: Alert) -> tuple[object, ...]:
    """What matchers may ask of an alert."""
    return alert.severity, alert.name, alert.host, alert.service, alert.labels


def _note_key(event: Event) -> str:
    said = "\n".join((event.key, event.occurrence, event.at.isoformat(), event.note))
    return blake2b(said.encode(), digest_size=16).hexdigest()
