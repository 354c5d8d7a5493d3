"""One disruption that people work on: its state, its priority with every term, its timeline."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.model.event import Severity
from watcher.model.reason import Reason


class Status(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    """P1 is worked on at once, P5 when there is time."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"


class OverrideKind(StrEnum):
    """What a rule says of the priority of an alert: of a term, or of what comes of the terms."""

    IMPACT = "impact"
    URGENCY = "urgency"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Override:
    """`value` is an impact, an urgency or a priority after the `kind`; `rule` names who says so."""

    kind: OverrideKind
    value: str
    rule: str


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake for one service (None where no service is known): the highest severity among
    those of its alerts of which rules say the same.
    """

    service: str | None
    severity: Severity
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The priority that a person set. `basis` is what the rules made of the facts when he did, at
    all hours: only facts that are worse than that outdo him. Where monitoring systems are `told`
    of it as a severity, that comes back from them, and is no news.
    """

    priority: Priority
    by: str
    text: str
    basis: Priority
    told: Severity | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the priority: `name` (impact, urgency, rule, set by hand), its `value`, and what
    made it so.
    """

    name: str
    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """What is held to be the cause, as known five minutes after opening.

    `key` is its most telling alert, which began at `started_at`. It is empty where the `host` has
    no alert of its own; then what depends on it began to alert at that time. Once it is `settled`,
    alerts do not change it any more.
    """

    key: str
    host: str | None
    started_at: datetime
    reason: Reason
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Arranged:
    """Who chose by hand which alerts an incident has, and the incidents that a person told it from:
    the machine neither merges it away nor merges it with those.
    """

    by: str
    apart: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """The mirror of an incident in a tracker: `key` is what people call it there, `system` which
    kind of tracker that is, `url` leads to it. The latter two are empty where they are not known.
    """

    system: str
    key: str
    url: str = ""

    def same(self, other: "Ticket") -> bool:
        """Whether both are one ticket, whatever else is known of it."""
        return (self.system, self.key) == (other.system, other.key)


@dataclass(frozen=True, slots=True)
class Course:
    """What promises of service are measured by besides the times of the incident itself.

    `peaks` are the moments at which it became more urgent than ever before, the first of them its
    opening; none as long as its priority is the first. It was over in its `breaks`, until it was
    reopened. Of `history` nobody was told, so that nobody could acknowledge it.
    """

    peaks: tuple[tuple[Priority, datetime], ...] = ()
    breaks: tuple[tuple[datetime, datetime], ...] = ()
    history: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """One disruption. `number` is its identity within the installation.

    `group` is what its alerts share (`service:billing`, `host:db1`, `alert:<key>`, `manual:<n>`),
    or `import:<digest>` of an old ticket. Its newest alert began at `last_at`, as it counts for
    grouping. `firing` counts the alerts that hold now, `alerts` all that ever joined, and
    `ended_at` is the newest end among them. `severity` is the highest seen. While `held_by` names a
    person who opened or reopened it, only people resolve it. A merged incident is closed and names
    the one that took it in, which has it in `took`.
    `stakes` are what the priority is made of, one for each service, `judgement` what a person made
    of it, and at `review_at` the clock may change it. Once another began in its midst, it is
    `overtaken_by` that, and only its own conditions still return to it.
    """

    number: int
    customer: str
    title: str
    status: Status
    priority: Priority
    terms: tuple[Term, ...]
    group: str
    severity: Severity
    opened_at: datetime
    last_at: datetime
    service: str | None = None
    hosts: tuple[str, ...] = ()
    suspect: Suspect | None = None
    firing: int = 0
    alerts: int = 0
    opened_by: str = "watcher"
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    merged_into: int | None = None
    ticket: Ticket | None = None
    problem: int | None = None
    ended_at: datetime | None = None
    held_by: str | None = None
    stakes: tuple[Stake, ...] = ()
    review_at: datetime | None = None
    judgement: Judgement | None = None
    overtaken_by: int | None = None
    arranged: Arranged | None = None
    took: tuple[int, ...] = ()
    course: Course = Course()

    @property
    def living(self) -> bool:
        """Whether it is neither over nor part of another."""
        return self.status is Status.OPEN or self.status is Status.ACKNOWLEDGED


class EntryKind(StrEnum):
    """What a timeline entry tells of."""

    OPENED = "opened"
    JOINED = "joined"
    ALERT = "alert"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    MERGED = "merged"
    MOVED = "moved"
    PRIORITY = "priority"
    PROBLEM = "problem"
    NOTE = "note"
    ACTION = "action"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an incident's timeline; every entry has its reason.

    With a `key` the line is written once for ever, however often the news behind it is delivered.
    """

    incident: int
    at: datetime
    kind: EntryKind
    text: str
    reason: Reason
    actor: str = "watcher"
    key: str | None = None
