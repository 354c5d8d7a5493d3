"""Maintenance and mutes: planned, listed, and ended early."""

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from watcher.engine import planning
from watcher.engine.command import Desk
from watcher.engine.planning import Plan, Planned
from watcher.model.matcher import Matcher
from watcher.model.person import Principal
from watcher.model.silence import WindowKind
from watcher.web.api.answers import errors
from watcher.web.api.models import Line, Listing, Prose
from watcher.web.deps import Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.matchers import read

router = APIRouter(prefix="/api/v1")

Id = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
Texts = Annotated[
    list[Line],
    Field(
        min_length=1,
        max_length=20,
        description="Matchers, which must all hold: on name, host, service, severity, source, key "
        'or a label, as in `host=~"db.*"`',
    ),
]
_ZONED = "; without a zone it is what clocks in `timezone` show"


class _New(BaseModel):
    """What both kinds say."""

    model_config = ConfigDict(extra="forbid")

    customer: Line
    when: Texts
    comment: Prose = ""

    def matchers(self) -> tuple[Matcher, ...]:
        """All of them. Raises MatcherError."""
        return tuple(matcher for text in self.when for matcher in read(text))


class NewMaintenance(_New):
    """A time during which alerts are expected, and open no incident."""

    starts: datetime = Field(description=f"When it begins for the first time{_ZONED}")
    ends: datetime = Field(description=f"When that time ends{_ZONED}")
    repeat: Annotated[str, Field(max_length=200)] = Field(
        default="", description="A rule of RFC 5545 for further times, as `FREQ=WEEKLY;BYDAY=SU`"
    )
    timezone: Line = Field(default="UTC", description="By which clocks it repeats")


class NewMute(_New):
    """Alerts that somebody does not want until then."""

    ends: datetime = Field(description="Until when; without a zone it is UTC")


class Window(BaseModel):
    """Maintenance or a mute. `opens_at` and `closes_at` are of the time that is now or comes next,
    `holds` is how many alerts it holds back now. Without an `id` it stands in the rules.
    """

    id: int | None
    name: str
    customer: str | None
    when: list[str]
    state: Literal["running", "coming", "over"]
    opens_at: datetime | None
    closes_at: datetime | None
    starts: datetime
    repeat: str
    timezone: str
    holds: int
    comment: str
    author: str
    created_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None

    @classmethod
    def of(cls, planned: Planned) -> Self:
        """The window as it is listed."""
        window, span = planned.window, planned.span
        return cls(
            id=window.id,
            name=window.name,
            customer=window.customer,
            when=[str(matcher) for matcher in window.when],
            state="over" if span is None else "running" if planned.running else "coming",
            opens_at=span.starts if span else None,
            closes_at=span.ends if span else None,
            starts=window.starts,
            repeat=window.repeat,
            timezone=window.zone,
            holds=planned.holds,
            comment=window.comment,
            author=window.author,
            created_at=window.created_at,
            cancelled_at=window.cancelled_at,
            cancelled_by=window.cancelled_by,
        )


@router.get("/maintenance", responses=errors())
def list_maintenance(parts: Parts, by: Viewer) -> Listing[Window]:
    """Maintenance that runs now, that comes, and that was over in the last 30 days."""
    return _listing(parts.desk, by, WindowKind.MAINTENANCE)


@router.post("/maintenance", status_code=201, responses=errors(409))
def plan_maintenance(parts: Parts, by: Operator, new: NewMaintenance) -> Window:
    """Plans maintenance, once or again and again."""
    plan = Plan(
        WindowKind.MAINTENANCE,
        new.customer,
        new.matchers(),
        new.ends,
        new.starts,
        new.repeat,
        new.timezone,
        new.comment,
    )
    return _planned(parts.desk, plan, by)


@router.get("/maintenance/{id}", responses=errors(404))
def get_maintenance(parts: Parts, by: Viewer, number: Id) -> Window:
    """Maintenance that somebody planned."""
    return Window.of(planning.find(parts.desk, WindowKind.MAINTENANCE, number, by))


@router.delete("/maintenance/{id}", responses=errors(404, 409))
def cancel_maintenance(parts: Parts, by: Operator, number: Id) -> Window:
    """Ends maintenance early: what it holds back and still fires is raised."""
    return Window.of(planning.cancel(parts.desk, WindowKind.MAINTENANCE, number, by))


@router.get("/mutes", responses=errors())
def list_mutes(parts: Parts, by: Viewer) -> Listing[Window]:
    """Mutes that hold back now, and those that were over in the last 30 days."""
    return _listing(parts.desk, by, WindowKind.MUTE)


@router.post("/mutes", status_code=201, responses=errors(409))
def add_mute(parts: Parts, by: Operator, new: NewMute) -> Window:
    """Holds alerts back from now on."""
    plan = Plan(WindowKind.MUTE, new.customer, new.matchers(), new.ends, comment=new.comment)
    return _planned(parts.desk, plan, by)


@router.get("/mutes/{id}", responses=errors(404))
def get_mute(parts: Parts, by: Viewer, number: Id) -> Window:
    """One mute."""
    return Window.of(planning.find(parts.desk, WindowKind.MUTE, number, by))


@router.delete("/mutes/{id}", responses=errors(404, 409))
def lift_mute(parts: Parts, by: Operator, number: Id) -> Window:
    """Ends a mute early: what it holds back and still fires is raised."""
    return Window.of(planning.cancel(parts.desk, WindowKind.MUTE, number, by))


def _listing(desk: Desk, by: Principal, kind: WindowKind) -> Listing[Window]:
    return Listing(items=[Window.of(each) for each in planning.listed(desk, by, kind)], next=None)


def _planned(desk: Desk, plan: Plan, by: Principal) -> Window:
    window = planning.plan(desk, plan, by)
    return Window.of(planning.find(desk, plan.kind, window.id or 0, by))
