"""What is known of a source besides its alerts: when it spoke, how far it was asked, what was
missed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

# The trouble of a source that answered, but not about everything.
INCOMPLETE = "incomplete"


class Drift(StrEnum):
    """What a source should have told us, and did not."""

    OPENING = "opening"
    RECOVERY = "recovery"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Missed:
    """How much of a kind was missed on a day (UTC)."""

    source: str
    day: date
    kind: Drift
    count: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far a survey of then went: the walk goes on from there once all that had happened by then
    is old enough to be judged.
    """

    cursor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking the monitoring system of a source.

    The next survey goes on from `cursor`, and the one after that from what is `ahead`. It was last
    asked `at`, which `took` so long, and last gave a complete answer `complete_at`. `trouble` and
    `problem` say why it does not answer, `since` when. `absent` are the spans (occurrence keys)
    that complete answers lack, each with the time of the first of them.
    """

    cursor: str = ""
    ahead: Ahead | None = None
    at: datetime | None = None
    complete_at: datetime | None = None
    took: timedelta | None = None
    trouble: str = ""
    problem: str = ""
    since: datetime | None = None
    absent: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """When a source last spoke by itself. `pauses` are, for each of the last days (UTC) on which it
    did, the longest silence that ended then.
    """

    at: datetime | None = None
    pauses: Mapping[date, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of one source. `left_out` says which maintenance that is planned there is not
    taken over, and why.
    """

    heard: Heard = field(default_factory=Heard)
    asked: Asked = field(default_factory=Asked)
    left_out: tuple[str, ...] = ()
