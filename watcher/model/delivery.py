"""One HTTP request as received, stored before it was answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """Whether its events have reached the incidents."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One stored request: `id` grows with time, `body` is as it came over the wire."""

    id: int
    source: str
    received_at: datetime
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery as it is listed; `reason` says why it is dead or why it held no event."""

    id: int
    source: str
    customer: str
    received_at: datetime
    status: DeliveryStatus
    reason: str
    size: int
