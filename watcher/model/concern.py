"""What can be wrong with a source itself rather than with what it watches, or with a channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.model.event import Severity

OWN = "watcher"
"""The source by which Watcher speaks of the others."""


class Concern(StrEnum):
    """It should speak and does not; its monitoring system refuses the token, does not answer as it
    should, cannot be reached, or has not been reconciled with for long; much of what it posts
    cannot be understood. Or, of a channel: messages over it are given up.
    """

    SILENT = "silent"
    TOKEN = "token"  # noqa: S105 - a word, no secret
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    OVERDUE = "overdue"
    DEAD_LETTERS = "dead-letters"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Watched:
    """A source as far as it is looked after, without any secret.

    It should speak where it has a `heartbeat`: at least as often as it is `told`, else as it is its
    habit. The monitoring system behind it is at `address` and asked `every` so often, if ever.
    """

    name: str
    kind: str
    customer: str
    heartbeat: bool = False
    told: timedelta | None = None
    address: str = ""
    every: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Letters:
    """How many of its newest deliveries are `dead`, the first of them since then."""

    dead: int
    total: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Lost:
    """Messages to one customer's people over one channel that were given up: how many of them
    lately (`count`), when the first of these and the last of all; and when one last `arrived`.
    """

    count: int
    first: datetime
    last: datetime
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Worry:
    """A concern that begins or is over; `since` is when what it is about began, which names it."""

    concern: Concern
    firing: bool
    since: datetime
    severity: Severity
    text: str
