"""What an incident is by its alerts, counted anew after a person changed which ones it has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.decide.correlate import extend
from watcher.decide.lifecycle import MACHINE, titled
from watcher.decide.priority import Scale, pooled, staked
from watcher.decide.rules import effects
from watcher.model.alert import Alert, Occurrence
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import Incident, Stake, Suspect
from watcher.model.policy import Grouping, Policy
from watcher.model.reason import Reason

Member = tuple[Alert, Occurrence]
"""One span of a condition, with the condition."""

FIRST = "first-to-fire"


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


def recount(
    incident: Incident, before: Sequence[Member], after: Sequence[Member], ground: Ground
) -> Incident:
    """The incident with the counts that `after` gives it.

    A host or a severity that no alert of `before` accounts for was said by a person, and stays.
    """
    spans = [span for _, span in after]
    said = set(incident.hosts) - _hosts(before)
    told = _told(incident, before)
    worst = max([*told, *(span.worst for span in spans)], key=lambda each: each.rank, default=None)
    stakes = [*(Stake(incident.service, each) for each in told), *map(ground.stake, after)]
    return replace(
        incident,
        firing=sum(span.ended_at is None for span in spans),
        alerts=len({alert.key for alert, _ in after}),
        hosts=tuple(sorted(said | _hosts(after))),
        severity=worst or incident.severity,
        stakes=pooled(stakes) or incident.stakes,
        ended_at=max((span.ended_at for span in spans if span.ended_at), default=None),
    )


def starts(roll: Roll, members: Iterable[Member], rules: Grouping) -> list[datetime]:
    """When these spans of an incident began, as it counts for grouping, in order.

    A clock that is wrong by more than the lateness window must not move incidents about.
    """
    earliest = roll.incident.opened_at - rules.lateness
    begun = [(span.started_at or span.heard_at, span.joined_at) for _, span in members]
    return sorted(max(min(start, known or start), earliest) for start, known in begun)


def run_of(incident: Incident, begun: Sequence[datetime], rules: Grouping) -> Incident:
    """The incident with the newest run of these starts for its own; without any it keeps what it
    has.
    """
    if begun:
        incident = replace(incident, burst_at=begun[0], last_at=begun[0], before_at=None)
    return continued(incident, begun, rules)


def continued(incident: Incident, begun: Iterable[datetime], rules: Grouping) -> Incident:
    """The incident with these starts besides those that it had."""
    for point in begun:
        incident = extend(incident, point, rules.gap)
    return incident


def suspected(incident: Incident, after: Sequence[Member], rules: Grouping) -> Incident:
    """The incident with its suspect among the alerts that it has now: the same, unless it is gone
    or was only the first to fire and another fired before.
    """
    suspect = incident.suspect
    here = suspect is not None and any(alert.key == suspect.key for alert, _ in after)
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


def _told(incident: Incident, before: Sequence[Member]) -> list[Severity]:
    """The severity that a person gave, where none of the alerts was as bad."""
    if any(span.worst.rank >= incident.severity.rank for _, span in before):
        return []
    return [incident.severity]
