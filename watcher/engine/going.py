"""What is going on at all customers, from one batch of news to the next."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from watcher.decide.activity import Onset
from watcher.decide.correlate import SAME, Homecoming, onset_of, point_of
from watcher.decide.correlator import Correlator
from watcher.decide.disruptions import horizon
from watcher.decide.recount import Member
from watcher.decide.topology import Topology
from watcher.engine.rulebook import News, Rulebook
from watcher.engine.suspects import Suspects, Tally
from watcher.model.alert import Alert, Occurrence
from watcher.model.incident import Incident


class Going:
    """A correlator for each customer; nothing is known of strangers there."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rules = rulebook.policy.grouping
        self._settling = self._rules.suspect_after + self._rules.lateness
        self._services = rulebook.catalogue.services
        self._correlators: dict[str, Correlator] = {}
        self._topologies: dict[str, Topology] = {}
        self.tally = Tally()
        self.suspects = Suspects(self._topology, self._rules.suspect_after)

    def __contains__(self, customer: object) -> bool:
        return customer in self._correlators

    def of(self, customer: str) -> Correlator:
        """The correlator of a customer."""
        found = self._correlators.get(customer)
        if found is None:
            correlator = Correlator(self._topology(customer), self._rules)
            found = self._correlators[customer] = correlator
        return found

    def _topology(self, customer: str) -> Topology:
        found = self._topologies.get(customer)
        if found is None:
            mine = [each for (whose, _), each in self._services.items() if whose == customer]
            found = self._topologies[customer] = Topology(mine)
        return found

    def likely(self, news: Sequence[News]) -> set[int]:
        """The incidents that these news have most to do with, as far as is known before."""
        found: set[int] = set()
        for each in news:
            correlator = self._correlators.get(each.who.customer)
            node = each.who.host or each.who.service
            if correlator is not None and node is not None:
                found |= correlator.on(node)
        return found

    def since(self, now: datetime) -> datetime:
        """From when on something may still matter to what comes in now."""
        return now - horizon(self._rules)

    def recall(
        self, customer: str, incidents: Iterable[Incident], members: Iterable[Member], now: datetime
    ) -> None:
        """Takes up what is on record of a customer: open incidents with their alerts, and what
        people reported.
        """
        incidents, members = list(incidents), list(members)
        onsets = [(_reported(each), each.number) for each in incidents if each.held_by]
        for alert, span in members:
            point = point_of(span, span.joined_at or span.heard_at, self._rules.lateness)
            if span.incident is not None and point >= self.since(now):
                onset = onset_of(alert, span, point, _home(span), self._rules)
                onsets.append((onset, span.incident))
        young = {each.number for each in incidents if each.opened_at >= now - self._settling}
        for number in young:
            self.suspects.open(number, customer)
        for alert, span in members:
            if span.incident in young and span.started_at is not None:
                point = point_of(span, span.joined_at or span.heard_at, self._rules.lateness)
                self.suspect(alert, onset_of(alert, span, point, None, self._rules), span.incident)
        overtaken = {each.number: each.overtaken_by for each in incidents if each.overtaken_by}
        self.of(customer).recall(onsets, overtaken)

    def suspect(self, alert: Alert, onset: Onset, number: int, source: int | None = None) -> None:
        """An alert of an incident begins, or turns out to be that of another."""
        before = self.tally.of((alert.customer, onset.node)) - alert.count
        counts = max(alert.count - 1, 0), max(before, 0)
        if source is None:
            self.suspects.note(number, onset, *counts)
        else:
            self.suspects.move(onset, source, number, *counts)


def _home(span: Occurrence) -> Homecoming | None:
    """Where a span had returned to, as far as that is on record."""
    if span.incident is None or span.reason is None:
        return None
    if span.placed is None and span.reason.rule != SAME:
        return None
    return Homecoming(span.incident, span.reason, pinned=span.placed is not None)


def _reported(incident: Incident) -> Onset:
    """What a person reported is where an alert of its host or service would be."""
    node = (*incident.hosts, incident.service, incident.group)[0] or incident.group
    name = f"#{incident.number}"
    return Onset(incident.opened_at.timestamp(), name, name, node, name)
