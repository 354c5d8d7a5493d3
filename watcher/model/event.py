"""One normalised message about one monitored condition, read out of a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watcher.model.deployment import Deployment


class Kind(StrEnum):
    """What an event says about its condition."""

    FIRING = "firing"
    UPDATE = "update"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How bad the source says it is, in Zabbix's words ("not classified" counts as information)."""

    INFORMATION = "information"
    WARNING = "warning"
    AVERAGE = "average"
    HIGH = "high"
    DISASTER = "disaster"

    @property
    def rank(self) -> int:
        """0 for information up to 4 for disaster."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Event:
    """One message about one condition.

    `at` is the source's clock for this news and `started_at` for the beginning of the occurrence
    (None where the source does not say). `key` names the condition for ever, `occurrence` one
    span of it. `host` and `service` are raw names; the inventory makes identities of them.
    `note` is prose worth a line on the timeline (who acknowledged, why evaluation stopped).
    `acknowledged` says that a person, named in `by`, took it on there, or let go of it. Where a
    source tells of a span by several ways, it is `aliased`: the key first heard of it counts.
    """

    source: str
    kind: Kind
    key: str
    occurrence: str
    at: datetime
    name: str
    severity: Severity
    host: str | None = None
    service: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    summary: str = ""
    url: str = ""
    note: str = ""
    acknowledged: bool | None = None
    by: str = ""
    aliased: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a receiver read out of one delivery: its events and the changes that it tells of, or a
    reason why there are none. Whose changes they are is not known to a receiver.
    """

    events: tuple[Event, ...]
    note: str = ""
    deployments: tuple[Deployment, ...] = ()
