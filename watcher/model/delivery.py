"""One HTTP request as received, stored before it was answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# What a delivery that Watcher made by asking a monitoring system carries among its headers: it had
# missed this, or it wanted to know the past.
ORIGIN = "x-watcher-origin"
RECONCILED = "reconciled"
HISTORY = "history"


class DeliveryStatus(StrEnum):
    """Whether its events have reached the incidents."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One authenticated request on its way into the store; `body` is as it came over the wire."""

    source: str
    customer: str
    received_at: datetime
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One stored request: `id` grows with time within its `stream`, the process that took it."""

    id: int
    source: str
    customer: str
    received_at: datetime
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: int = 0

    @property
    def origin(self) -> str:
        """How it came about, empty where the source posted it by itself."""
        return self.headers.get(ORIGIN, "")


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery as it is listed; `reason` says why it is dead or why it held no event, `origin` is
    empty where the source posted it.
    """

    id: int
    source: str
    customer: str
    received_at: datetime
    status: DeliveryStatus
    reason: str
    size: int
    origin: str = ""
