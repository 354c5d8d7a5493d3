"""What is going on at all customers, from one batch of news to the next."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from watcher.decide.activity import Onset
from watcher.decide.apart import chosen
from watcher.decide.correlate import SAME, Homecoming, onset_of, point_of
from watcher.decide.correlator import Correlator, Place
from watcher.decide.disruptions import horizon
from watcher.decide.recount import Member
from watcher.decide.topology import Topology
from watcher.engine.rulebook import News, Rulebook
from watcher.engine.suspects import Suspects, Tally
from watcher.model.alert import Alert, Counted, Occurrence
from watcher.model.change import replace
from watcher.model.incident import Incident
from watcher.model.reason import Reason

_RECALLED = Reason("recalled", "decided before")


class Going:
    """A correlator for each customer; nothing is known of strangers there."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rules = rulebook.policy.grouping
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
        # What is heard of now may be late, and have what came after it decided again.
        return now - horizon(self._rules) - 2 * self._rules.lateness

    def recall(
        self, customer: str, incidents: Iterable[Incident], members: Iterable[Member], now: datetime
    ) -> None:
        """Takes up what is on record of a customer: open incidents with their alerts, and what
        people reported.
        """
        incidents, members = list(incidents), list(members)
        places = [
            Place(_reported(each), each.number, _RECALLED) for each in incidents if each.held_by
        ]
        homes = {each.number: each for each in incidents}
        known = [
            (span, self._onset(alert, span, homes.get(span.incident or 0)))
            for alert, span in members
        ]
        since = self.since(now).timestamp()
        places += [
            Place(onset, span.incident, span.reason or _RECALLED)
            for span, onset in known
            if span.incident is not None and onset.at >= since
        ]
        open_ = {each.number for each in incidents if not (each.suspect and each.suspect.settled)}
        for number in open_:
            self.suspects.open(number, customer)
        for span, onset in known:
            if span.incident in open_ and span.started_at is not None:
                self.suspect(span, onset, span.incident)
        overtaken = {each.number: each.overtaken_by for each in incidents if each.overtaken_by}
        self.of(customer).recall(places, overtaken)

    def counted(self, alert: Alert, onset: Onset) -> Counted:
        """How a span counts that begins now."""
        before = self.tally.of((alert.customer, onset.node)) - alert.count
        after = onset.after[1] if onset.after else None
        at = datetime.fromtimestamp(onset.at, UTC)
        return Counted(at, max(alert.count - 1, 0), max(before, 0), after, onset.long)

    def suspect(
        self, span: Occurrence, onset: Onset, number: int, source: int | None = None
    ) -> None:
        """A span of an incident begins, or turns out to be that of another."""
        counts = (span.counted.before, span.counted.host_before) if span.counted else (0, 0)
        if source is None:
            self.suspects.note(number, onset, *counts)
        else:
            self.suspects.move(onset, source, number, *counts)

    def _onset(self, alert: Alert, span: Occurrence, home: Incident | None) -> Onset:
        """What a span was when it was decided about."""
        counted, heard_at = span.counted, span.joined_at or span.heard_at
        point = counted.at if counted else point_of(span, heard_at, self._rules.lateness)
        onset = onset_of(alert, span, point, _returned(span, home), self._rules)
        if counted is None or onset.home is None:
            return onset
        after = (span.key, counted.after) if counted.after is not None else None
        return replace(onset, after=after, long=counted.long)


def _returned(span: Occurrence, home: Incident | None) -> Homecoming | None:
    """Where a span had returned to, as far as that is on record; where people chose what belongs
    together, everything stays.
    """
    if span.incident is None or span.reason is None:
        return None
    pinned = chosen(span, home)
    if not pinned and span.reason.rule != SAME:
        return None
    return Homecoming(span.incident, span.reason, pinned)


def _reported(incident: Incident) -> Onset:
    """What a person reported is where an alert of its host or service would be."""
    node = (*incident.hosts, incident.service, incident.group)[0] or incident.group
    name = f"#{incident.number}"
    return Onset(incident.opened_at.timestamp(), name, name, node, name)
