"""The state of one monitored condition, and the spans during which it held."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.model.event import Severity
from watcher.model.reason import Reason


class AlertStatus(StrEnum):
    """Whether the condition holds now."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """How long a condition was away, from a recovery until it came back `at`."""

    at: datetime
    away: timedelta


WAITING = "for"
"""What begins the name of that by which an alert merely waits, to see whether it lasts."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a span must not open or join an incident yet; at `until` that is decided again.

    `by` names what holds it back (`maintenance:7`, `mute:8`, `inhibit:<rule>`, `for:<rule>`), and
    `source` is the key of the alert that inhibits it. It was first held back at `since`; `after` is
    the span of the condition before it that belongs to an incident.
    """

    by: str
    reason: Reason
    since: datetime
    until: datetime
    source: str | None = None
    after: str | None = None

    @property
    def suppressed(self) -> bool:
        """Whether more than a little patience is asked for."""
        return not self.by.startswith(f"{WAITING}:")


@dataclass(frozen=True, slots=True)
class Alert:
    """One condition of one customer; `occurrence` is its newest span, `count` how many there were.

    `host` is an inventory identity where `host_known`, else the raw name from the source. `pauses`
    are the newest pauses between its spans, oldest first. `withheld` says why its newest span
    opened no incident, and `suppressed` that it was not only to see whether it lasts.
    """

    customer: str
    key: str
    source: str
    occurrence: str
    status: AlertStatus
    severity: Severity
    name: str
    first_at: datetime
    last_at: datetime
    started_at: datetime
    host: str | None = None
    host_known: bool = False
    service: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    url: str = ""
    count: int = 1
    suppressed: bool = False
    incident: int | None = None
    pauses: tuple[Pause, ...] = ()
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """What a person decided of a condition: the incident it was put in, by whom, and those it was
    taken out of. A later span of the condition takes this over.
    """

    incident: int
    by: str
    out_of: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """How a span counted when it was grouped: from when on, and how often its condition, and any on
    its host, had begun `before`. It came back `after` that span of its condition, `long` after it.
    """

    at: datetime
    before: int = 0
    host_before: int = 0
    after: str | None = None
    long: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a person has taken a span `on`, or let go of it, as its source last said."""

    at: datetime
    by: str
    on: bool


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One span of a condition. `started_at` is None while only its end has been heard of.

    `severity` is the newest that was given, as of `severity_at`, and `worst` the highest; the
    source last spoke of the span at `heard_at`. `joined_at` is Watcher's clock when the span became
    part of `incident`, and `reason` why it did; `placed` is set where a person decided on it. While
    it is `withheld` it belongs to none; what ended so stays so. It `counted` so for the machine.
    Somebody has `taken` it on where it comes from; None: nothing was heard of that.
    """

    customer: str
    key: str
    occurrence: str
    severity: Severity
    severity_at: datetime
    worst: Severity
    heard_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    incident: int | None = None
    joined_at: datetime | None = None
    reason: Reason | None = None
    placed: Placed | None = None
    withheld: Withheld | None = None
    counted: Counted | None = None
    taken: Taken | None = None

    @property
    def span(self) -> tuple[str, str]:
        """What it is called among those of its customer."""
        return self.key, self.occurrence
