"""Which incidents a person is likely to mean who finds that alerts belong to another one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from watcher.model.incident import Incident, Status

# A host or a service in common says more than that it was at about the same time.
_SHARED, _AT_THAT_TIME = 3, 2
_NEAR = timedelta(minutes=30)
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An incident that may be meant, and what speaks for it, in words."""

    incident: Incident
    why: tuple[str, ...] = ()


def suggest(
    of: Incident, hosts: frozenset[str], others: Iterable[Incident], most: int
) -> list[Suggestion]:
    """The likeliest of the others first; what is closed cannot be meant, nor the incident itself.

    `hosts` are those of the alerts in question.
    """
    ranked = [
        (-score, away, -each.number, Suggestion(each, why))
        for each in others
        if each.number != of.number and each.status is not Status.CLOSED
        for score, away, why in [_weigh(of, hosts, each)]
    ]
    return [suggestion for *_, suggestion in sorted(ranked, key=lambda each: each[:3])[:most]]


def _weigh(
    of: Incident, hosts: frozenset[str], other: Incident
) -> tuple[int, timedelta, tuple[str, ...]]:
    why, score = [], 0
    shared = sorted(hosts & set(other.hosts))
    if shared:
        more = f" and {len(shared) - _NAMED} more" if len(shared) > _NAMED else ""
        score += _SHARED
        plural = "s" if len(shared) > 1 else ""
        why.append(f"same host{plural} {', '.join(shared[:_NAMED])}{more}")
    if of.service is not None and of.service == other.service:
        score += _SHARED
        why.append(f"same service {of.service}")
    away = _away(of, other)
    if away <= _NEAR:
        minutes = round(away.total_seconds() / 60)
        score += _AT_THAT_TIME
        why.append(f"{minutes} min apart" if minutes else "at the same time")
    return score, away, tuple(why)


def _away(one: Incident, other: Incident) -> timedelta:
    """How long nothing began between the one and the other."""
    first, second = sorted((one, other), key=lambda each: each.opened_at)
    return max(second.opened_at - first.last_at, timedelta())
