"""The rules under which Watcher decides, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from watcher.model.event import Severity
from watcher.model.incident import Priority


@dataclass(frozen=True, slots=True)
class Grouping:
    """When alerts belong together and for how long a decision is provisional."""

    gap: timedelta = timedelta(minutes=5)
    lateness: timedelta = timedelta(minutes=2)
    suspect_after: timedelta = timedelta(minutes=5)
    close_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """Impact x urgency (ITIL). `matrix` maps (impact, urgency) to a priority, `impact` a
    criticality to an impact, `urgency` a severity to an urgency; from `wide` hosts on, impact is
    one step up.
    `unknown` is the criticality assumed where the catalogue has none.
    """

    impacts: tuple[str, ...]
    urgencies: tuple[str, ...]
    matrix: Mapping[tuple[str, str], Priority]
    impact: Mapping[int, str]
    urgency: Mapping[Severity, str]
    unknown: int = 2
    wide: int = 5


@dataclass(frozen=True, slots=True)
class Channel:
    """Where one notifier tells of incidents: `kind` names the adapter, `at_least` the lowest
    priority told, `customers` whose incidents (empty means everybody's).
    """

    name: str
    kind: str
    at_least: Priority = Priority.P5
    customers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RunbookMatch:
    """When a runbook applies: every given field must hold; alert names are globs, without case."""

    sources: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    host_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunbookTrigger:
    """What a decision needs to know of a runbook: its name and when it applies."""

    name: str
    any: tuple[RunbookMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of one installation; replaced as a whole when they are reloaded."""

    priority: PriorityRules
    grouping: Grouping = Grouping()
    channels: tuple[Channel, ...] = ()
    runbooks: tuple[RunbookTrigger, ...] = ()
