"""What an incident is by its alerts, counted anew after a person changed which ones it has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.decide.lifecycle import FIRST, MACHINE, titled
from watcher.decide.priority import Scale, pooled, staked
from watcher.decide.rules import effects
from watcher.model.alert import Alert, Occurrence
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.incident import Incident, Stake, Suspect
from watcher.model.policy import Grouping, Policy
from watcher.model.reason import Reason

Member = tuple[Alert, Occurrence]
"""One span of a condition, with the condition."""


@dataclass(frozen=True, slots=True)
class Roll:
    """An incident with every span that belongs to it."""

    incident: Incident
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """By which rules, and on whose map, incidents are counted anew."""

    policy: Policy
    catalogue: Catalogue

    @property
    def scale(self) -> Scale:
        """What a priority is measured by."""
        return Scale(self.policy.priority, self.catalogue)

    def stake(self, member: Member) -> Stake:
        """What an alert puts at stake."""
        alert, span = member
        return staked(alert, span.worst, effects(self.policy.rules, alert))


@dataclass(frozen=True, slots=True)
class Said:
    """What no alert accounts for: a person said it when he reported the incident, and it stays."""

    hosts: frozenset[str] = frozenset()
    stakes: tuple[Stake, ...] = ()

    def __or__(self, other: "Said") -> "Said":
        """What was said of either."""
        return Said(self.hosts | other.hosts, (*self.stakes, *other.stakes))


def said_of(roll: Roll) -> Said:
    """What a person said of an incident, its hosts and how bad it is."""
    incident, spans = roll.incident, [span for _, span in roll.members]
    accounted = any(span.worst.rank >= incident.severity.rank for span in spans)
    stakes = () if accounted else (Stake(incident.service, incident.severity),)
    return Said(frozenset(incident.hosts) - _hosts(roll.members), stakes)


def recount(incident: Incident, said: Said, after: Sequence[Member], ground: Ground) -> Incident:
    """The incident with the counts that `after` gives it, and with what a person said."""
    spans = [span for _, span in after]
    severities = [*(stake.severity for stake in said.stakes), *(span.worst for span in spans)]
    return replace(
        incident,
        firing=sum(span.ended_at is None for span in spans),
        alerts=len({alert.key for alert, _ in after}),
        hosts=tuple(sorted(said.hosts | _hosts(after))),
        severity=max(severities, key=lambda each: each.rank, default=incident.severity),
        stakes=pooled([*said.stakes, *map(ground.stake, after)]) or incident.stakes,
        ended_at=max((span.ended_at for span in spans if span.ended_at), default=None),
    )


def starts(roll: Roll, members: Iterable[Member], rules: Grouping) -> list[datetime]:
    """When these spans of an incident began, as it counts for grouping, in order.

    A clock that is wrong by more than the lateness window must not move incidents about.
    """
    earliest = roll.incident.opened_at - rules.lateness
    begun = [(span.started_at or span.heard_at, span.joined_at) for _, span in members]
    return sorted(max(min(start, known or start), earliest) for start, known in begun)


def suspected(incident: Incident, after: Sequence[Member], rules: Grouping) -> Incident:
    """The incident with its suspect among the alerts that it has now: the same, unless it is gone
    or was only the first to fire and another fired before. One without an alert of its own stays
    while there is any.
    """
    suspect = incident.suspect
    keys = {"", *(alert.key for alert, _ in after)} if after else set[str]()
    here = suspect is not None and suspect.key in keys
    if suspect is not None and here and suspect.reason.rule != FIRST:
        return incident
    if not after:
        return replace(incident, suspect=None)
    until = incident.opened_at + rules.suspect_after
    early = [each for each in after if _started(each) <= until]
    first = min(early or after, key=lambda each: (_started(each), each[0].key))
    alert = first[0]
    if suspect is not None and suspect.key == alert.key:
        return incident
    reason = Reason(FIRST, "the first alert of the incident to fire", keys=(alert.key,))
    changed = replace(incident, suspect=Suspect(alert.key, alert.host, _started(first), reason))
    # People know an incident by its title: it stays as long as what it tells of is there.
    if here or incident.opened_by != MACHINE:
        return changed
    return replace(changed, title=titled(alert))


def _started(member: Member) -> datetime:
    return member[1].started_at or member[1].heard_at


def _hosts(members: Iterable[Member]) -> set[str]:
    return {alert.host for alert, _ in members if alert.host is not None}
