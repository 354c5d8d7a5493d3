"""What people make of an incident once it is over: the post-incident review, or RCA report."""

from dataclasses import dataclass
from datetime import date, datetime

from watcher.model.action import Action
from watcher.model.incident import Ticket


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Something to be done so that it does not come back; `number` is its identity within the
    incident, None while it is new. It waits until somebody has `done` it, and its `ticket` is what
    became of it in a tracker.
    """

    text: str
    owner: str = ""
    due: date | None = None
    number: int | None = None
    done_at: datetime | None = None
    done_by: str = ""
    ticket: Ticket | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.done_at is not None


@dataclass(frozen=True, slots=True)
class Findings:
    """What people write, in their own words; `whys` are the answers to the five whys, each to why
    the one before it happened.
    """

    summary: str = ""
    impact: str = ""
    cause: str = ""
    lessons: str = ""
    whys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """One version of the review of an incident, as somebody left it; each is kept."""

    incident: int
    customer: str
    version: int
    at: datetime
    by: str
    findings: Findings
    items: tuple[ActionItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An action item that is not done, and the incident that it comes from. While it is to become
    a ticket, `filing` is the action that makes it one.
    """

    incident: int
    customer: str
    item: ActionItem
    filing: Action | None = None


@dataclass(frozen=True, slots=True)
class FiledItem:
    """The action item of that number has become a ticket."""

    incident: int
    number: int
    ticket: Ticket
