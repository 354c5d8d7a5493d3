"""What the API says of promises of service: until when, and whether they were kept."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from watcher.decide.sla import Duty, Promise
from watcher.model.incident import Priority
from watcher.web.api.suspects import Reason


class PromiseItem(BaseModel):
    """What was promised of an incident by an SLA: the `duty` is done `within` so many seconds that
    count. So many are `spent`, and it is `late` by so many. A clock without `ended_at` runs.
    Without a `calendar` all hours count.
    """

    sla: str
    calendar: str | None
    duty: Duty
    priority: Priority
    within: float
    due_at: datetime | None
    ended_at: datetime | None
    spent: float
    broken: bool
    late: float
    reason: Reason

    @classmethod
    def of(cls, promise: Promise) -> Self:
        """The promise in plain numbers."""
        return cls(
            sla=promise.sla,
            calendar=promise.calendar or None,
            duty=promise.duty,
            priority=promise.priority,
            within=promise.within.total_seconds(),
            due_at=promise.due_at,
            ended_at=promise.ended_at,
            spent=promise.spent.total_seconds(),
            broken=promise.broken,
            late=promise.late.total_seconds(),
            reason=Reason.model_validate(promise.reason),
        )
