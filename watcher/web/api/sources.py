"""The sources: when they spoke, how far what is known of them is true, what is wrong."""

from datetime import datetime, timedelta
from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel

from watcher.engine.overview import Condition, Overview, overview
from watcher.model.alert import Alert
from watcher.model.concern import Concern
from watcher.model.source import Drift
from watcher.web.api.answers import errors
from watcher.web.api.models import Listing
from watcher.web.deps import Parts
from watcher.web.guard import Viewer

router = APIRouter(prefix="/api/v1")


class Heartbeat(BaseModel):
    """For how many seconds a source may be silent, and why; null while its habit is not known."""

    learned: bool
    limit: float | None
    because: str


class Monitor(BaseModel):
    """The monitoring system behind a source: its host, when it was asked, when it last gave a
    complete answer, and how many seconds ago that was (`lag`). `unproven` alerts are open here that
    it does not show and nothing proves to be over. `left_out` says which maintenance that is
    planned there is not taken over, and why. `problem` is why it does not answer.
    """

    host: str
    asked_at: datetime | None
    complete_at: datetime | None
    took: float | None
    lag: float | None
    unproven: int
    left_out: list[str]
    problem: str
    problem_since: datetime | None


class Wrong(BaseModel):
    """What is wrong with a source, and the incident about it."""

    condition: Concern
    since: datetime
    text: str
    incident: int | None

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """The alert in plain words."""
        return cls(
            condition=Concern(alert.labels["condition"]),
            since=alert.started_at,
            text=alert.summary,
            incident=alert.incident,
        )


class SourceItem(BaseModel):
    """A sender of alerts. `missed_today` and `missed_week` count what it did not tell by itself."""

    name: str
    kind: str
    customer: str
    condition: Condition
    heard_at: datetime | None
    heartbeat: Heartbeat | None
    monitor: Monitor | None
    missed_today: dict[Drift, int]
    missed_week: dict[Drift, int]
    wrong: list[Wrong]

    @classmethod
    def of(cls, found: Overview) -> Self:
        """The source as it is listed."""
        source = found.source
        return cls(
            name=source.name,
            kind=source.kind,
            customer=source.customer,
            condition=found.condition,
            heard_at=found.heard_at,
            heartbeat=_heartbeat(found) if source.heartbeat else None,
            monitor=_monitor(found) if source.every else None,
            missed_today=dict(found.today),
            missed_week=dict(found.week),
            wrong=[Wrong.of(each) for each in found.wrong],
        )


@router.get("/sources", responses=errors())
def list_sources(parts: Parts, by: Viewer) -> Listing[SourceItem]:
    """Who posts alerts, by name, and how that goes."""
    with parts.store.view() as view:
        found = overview(view, parts.sources, by, parts.clock.now())
    return Listing(items=[SourceItem.of(each) for each in found], next=None)


def _heartbeat(found: Overview) -> Heartbeat:
    limit = found.limit
    return Heartbeat(
        learned=found.source.told is None,
        limit=limit.length.total_seconds() if limit else None,
        because=limit.because if limit else "its habit is not known yet",
    )


def _monitor(found: Overview) -> Monitor:
    asked = found.asked
    return Monitor(
        host=found.source.address,
        asked_at=asked.at,
        complete_at=asked.complete_at,
        took=_seconds(asked.took),
        lag=_seconds(found.lag),
        unproven=found.unproven,
        left_out=list(found.left_out),
        problem=asked.problem,
        problem_since=asked.since if asked.problem else None,
    )


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()
