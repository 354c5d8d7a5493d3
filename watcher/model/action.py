"""Something to be done outside, written down in the same transaction as the decision behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ActionKind(StrEnum):
    """What is to be done."""

    NOTIFY = "notify"
    DIAGNOSE = "diagnose"
    ANSWER = "answer"
    FILE = "file"


class ActionStatus(StrEnum):
    """Where an action stands; `held` waits for a person who agrees to it or refuses it, `gave_up`
    stays visible until a person retries it.
    """

    HELD = "held"
    WAITING = "waiting"
    RUNNING = "running"
    RETRY = "retry"
    DONE = "done"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Intent:
    """An action as decided, before the outbox gives it an identity.

    `key` is its idempotency key: the same key is never queued twice. Actions of one `lane` of one
    incident are carried out one after another, in the order in which they were decided. Whatever
    has `held_until` waits until then for a person to agree, and is over if nobody does.
    """

    incident: int
    customer: str
    kind: ActionKind
    lane: str
    key: str
    payload: Mapping[str, str]
    not_before: datetime | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A row of the outbox. `token` is the fence of the current lease (0 when nobody holds it);
    `next_at` is when it is due, or until when it is held.
    """

    id: int
    incident: int
    customer: str
    kind: ActionKind
    lane: str
    key: str
    payload: Mapping[str, str]
    status: ActionStatus
    attempts: int
    created_at: datetime
    next_at: datetime
    token: int = 0
    lease_until: datetime | None = None
    reason: str = ""


class Verdict(StrEnum):
    """What came of one attempt."""

    DONE = "done"
    RETRY = "retry"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt, in words for the person who can mend it.

    `after` is a wait in seconds the other side asked for (Retry-After). `details` is what the
    engine keeps of a success (a message id).
    """

    verdict: Verdict
    reason: str
    after: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)
