"""ITIL problem records: the cause behind incidents that come back, and what binds them to it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.model.incident import Priority, Term
from watcher.model.reason import Reason


class ProblemStatus(StrEnum):
    """Where a problem stands. One that the machine `proposed` waits for a person, who makes it
    `new` or has it `refused`; a known error has a workaround.
    """

    PROPOSED = "proposed"
    REFUSED = "refused"
    NEW = "new"
    INVESTIGATING = "investigating"
    KNOWN_ERROR = "known_error"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Cost:
    """What the incidents of a problem have cost: how many there were, how long they lasted in all,
    how many broke a promise of service, and how often somebody was woken.
    """

    incidents: int = 0
    lasted: timedelta = timedelta()
    breaches: int = 0
    woken: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One cause. `number` is its identity within the installation; `last_at` is when the newest of
    its incidents opened.

    `runbook` is the one to use while it lasts. Where it `awaits`, its incidents wait for it rather
    than for people. `worked` and `failed` count the uses of its workaround, `returns` how often it
    came back after it was resolved. One that was merged is closed and names the other.
    """

    number: int
    customer: str
    title: str
    status: ProblemStatus
    priority: Priority
    opened_at: datetime
    opened_by: str
    last_at: datetime
    terms: tuple[Term, ...] = ()
    service: str | None = None
    owner: str | None = None
    root_cause: str = ""
    workaround: str = ""
    fix: str = ""
    runbook: str = ""
    awaits: bool = False
    tickets: tuple[str, ...] = ()
    changes: tuple[int, ...] = ()
    cost: Cost = field(default_factory=Cost)
    worked: int = 0
    failed: int = 0
    returns: int = 0
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    merged_into: int | None = None


class Bond(StrEnum):
    """How an incident and a problem belong together: the machine was sure, or suggests it and asks;
    a person said so, or said that they do not.
    """

    SURE = "sure"
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Tie:
    """An incident and a problem. `score` is the logarithm of how much likelier this likeness is
    among incidents of one cause than by chance, `reasons` say in words what is alike.
    """

    incident: int
    problem: int
    customer: str
    bond: Bond
    at: datetime
    by: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()

    @property
    def firm(self) -> bool:
        """Whether the incident counts as one of the problem."""
        return self.bond is Bond.SURE or self.bond is Bond.CONFIRMED

    @property
    def by_person(self) -> bool:
        """Whether a person decided, whom the machine does not contradict."""
        return self.bond is Bond.CONFIRMED or self.bond is Bond.REFUSED


class ProblemEntryKind(StrEnum):
    """What an entry on the timeline of a problem tells of."""

    PROPOSED = "proposed"
    OPENED = "opened"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    INVESTIGATING = "investigating"
    KNOWN_ERROR = "known_error"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    SPLIT = "split"
    TIED = "tied"
    UNTIED = "untied"
    EDITED = "edited"
    WORKAROUND = "workaround"
    PRIORITY = "priority"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class ProblemEntry:
    """One line of a problem's timeline, as `Entry` is one of an incident's."""

    problem: int
    at: datetime
    kind: ProblemEntryKind
    text: str
    reason: Reason
    actor: str = "watcher"
    key: str | None = None
