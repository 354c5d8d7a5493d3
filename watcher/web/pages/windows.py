"""The page of maintenance and mutes, and the forms that plan them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi import Query as Parameter
from fastapi.responses import RedirectResponse, Response

from watcher.decide.lifecycle import RefusedError
from watcher.decide.match import MatcherError
from watcher.decide.windows import Span, WindowError
from watcher.engine import planning
from watcher.engine.planning import Plan, Planned
from watcher.model.alert import Alert
from watcher.model.matcher import Matcher, Operator
from watcher.model.person import Principal
from watcher.model.silence import WindowKind
from watcher.store.base import UnknownField
from watcher.store.query import Query
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator as MayAct
from watcher.web.guard import Viewer
from watcher.web.matchers import read
from watcher.web.pages.render import Frame
from watcher.web.pages.search import chosen

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Line = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=2000)]
Asked = Annotated[str, Parameter(max_length=2000)]

REPEATS = {
    "": "Once",
    "FREQ=DAILY": "Every day",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "Monday to Friday",
    "FREQ=WEEKLY": "Every week, on that day",
    "FREQ=WEEKLY;INTERVAL=2": "Every second week",
    "FREQ=MONTHLY": "Every month, on that date",
}
SPANS = {1: "1 hour", 4: "4 hours", 8: "8 hours", 24: "1 day", 72: "3 days", 168: "1 week"}
_REFUSED = (MatcherError, UnknownField, WindowError, RefusedError, ValueError)


@dataclass(frozen=True, slots=True)
class MaintenanceForm:
    """The fields of that form."""

    customer: Line = ""
    service: Line = ""
    host: Line = ""
    match: Text = ""
    starts: Line = ""
    ends: Line = ""
    timezone: Line = ""
    repeat: Line = ""
    rule: Line = ""
    comment: Text = ""

    def plan(self) -> Plan:
        """What the fields say. Raises one of what is refused."""
        zone = self.timezone.strip() or "UTC"
        return Plan(
            WindowKind.MAINTENANCE,
            self.customer.strip(),
            _which(self.match, service=self.service.strip(), host=self.host.strip()),
            _time(self.ends),
            _time(self.starts),
            self.rule.strip().upper() or self.repeat,
            zone,
            self.comment.strip(),
        )


@dataclass(frozen=True, slots=True)
class MuteForm:
    """The fields of that form; `key` is the alert from which somebody came."""

    customer: Line = ""
    key: Text = ""
    which: Text = ""
    match: Text = ""
    hours: Annotated[int, Form(ge=1, le=24 * 366)] = 4
    comment: Text = ""

    def plan(self, now: datetime) -> Plan:
        """What the fields say. Raises one of what is refused."""
        text = ", ".join(filter(None, (self.which.strip(), self.match.strip())))
        ends = now + timedelta(hours=self.hours)
        customer, comment = self.customer.strip(), self.comment.strip()
        return Plan(WindowKind.MUTE, customer, _which(text), ends, comment=comment)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the list under a heading of its own."""

    title: str
    windows: Sequence[Planned]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be muted about an alert."""

    text: str
    words: str


@router.get("/maintenance")
def maintenance(request: Request, parts: Parts, by: Viewer) -> Response:
    """What holds alerts back now, what will, and what did lately."""
    with parts.store.view() as view:
        found = planning.overview(parts.desk, view, by)
        running = [each for each in found if each.running]
        coming = [each for each in found if each.span is not None and not each.running]
        return Frame(request, parts, by, view).page(
            "maintenance.html",
            sections=[
                Section("Running now", running, "Nothing holds alerts back."),
                Section("Coming", coming, "Nothing is planned."),
                Section("Lately over", [each for each in found if each.span is None]),
            ],
            repeats=REPEATS,
            local=local,
            end=end,
        )


@router.get("/maintenance/new")
def new_maintenance(request: Request, parts: Parts, by: MayAct) -> Response:
    """The form for maintenance."""
    return _maintenance_form(request, parts, by, MaintenanceForm(customer=by.customer or ""))


@router.post("/maintenance/new")
def plan_maintenance(
    request: Request, parts: Parts, by: MayAct, form: Annotated[MaintenanceForm, Depends()]
) -> Response:
    """Plans it, or shows the form again with what is wrong."""
    return _plan(
        parts, by, form.plan, lambda wrong: _maintenance_form(request, parts, by, form, wrong)
    )


@router.get("/mutes/new")
def new_mute(
    request: Request, parts: Parts, by: MayAct, customer: Asked = "", key: Asked = ""
) -> Response:
    """The form for a mute, perhaps of an alert."""
    return _mute_form(request, parts, by, MuteForm(customer=customer or by.customer or "", key=key))


@router.post("/mutes/new")
def add_mute(
    request: Request, parts: Parts, by: MayAct, form: Annotated[MuteForm, Depends()]
) -> Response:
    """Mutes, or shows the form again with what is wrong."""
    return _plan(
        parts,
        by,
        lambda: form.plan(parts.clock.now()),
        lambda wrong: _mute_form(request, parts, by, form, wrong),
    )


@router.post("/maintenance/{number}/cancel")
def cancel_maintenance(parts: Parts, by: MayAct, number: Number) -> Response:
    """Ends maintenance early."""
    planning.cancel(parts.desk, WindowKind.MAINTENANCE, number, by)
    return RedirectResponse("/maintenance", 303)


@router.post("/mutes/{number}/cancel")
def lift_mute(parts: Parts, by: MayAct, number: Number) -> Response:
    """Ends a mute early."""
    planning.cancel(parts.desk, WindowKind.MUTE, number, by)
    return RedirectResponse("/maintenance", 303)


def local(moment: datetime, zone: str) -> str:
    """A moment as the clocks of a place show it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M}"


def end(span: Span, zone: str) -> str:
    """The end of a span; of one that begins and ends on a day, the time alone."""
    starts, ends = (each.astimezone(ZoneInfo(zone)) for each in (span.starts, span.ends))
    return f"{ends:%H:%M}" if starts.date() == ends.date() else local(ends, zone)


def _plan(
    parts: Deps, by: Principal, plan: Callable[[], Plan], again: Callable[[str], Response]
) -> Response:
    try:
        planning.plan(parts.desk, plan(), by)
    except _REFUSED as error:
        return again(str(error))
    return RedirectResponse("/maintenance", 303)


def _which(text: str, **fields: str) -> tuple[Matcher, ...]:
    return chosen(**fields) + (read(text) if text.strip() else ())


def _time(text: str) -> datetime:
    """What clocks show. Raises ValueError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("say when it starts and when it ends") from None


def _maintenance_form(
    request: Request, parts: Deps, by: Principal, form: MaintenanceForm, wrong: str = ""
) -> Response:
    with parts.store.view() as view:
        return Frame(request, parts, by, view).page(
            "maintenance_new.html",
            status=422 if wrong else 200,
            form=form,
            wrong=wrong,
            customers=_customers(parts, by),
            services=sorted({name for _, name in parts.catalogue.services}),
            repeats=REPEATS,
            zones=_zones(),
        )


def _mute_form(
    request: Request, parts: Deps, by: Principal, form: MuteForm, wrong: str = ""
) -> Response:
    with parts.store.view() as view:
        alert = None
        if form.key:
            only = chosen(key=form.key, customer=form.customer)
            alert = next(iter(view.alert_list(Query(only, by.customer, 1)).items), None)
        return Frame(request, parts, by, view).page(
            "mute_new.html",
            status=422 if wrong else 200,
            form=form,
            wrong=wrong,
            alert=alert,
            choices=_choices(alert) if alert else (),
            customers=_customers(parts, by),
            spans=SPANS,
        )


def _choices(alert: Alert) -> list[Choice]:
    """From the alert alone to all of its service."""
    named = (
        ("key", alert.key, "This alert"),
        ("host", alert.host, f"All alerts of the host {alert.host}"),
        ("service", alert.service, f"All alerts of the service {alert.service}"),
    )
    return [
        Choice(str(Matcher(name, Operator.EQUAL, value)), words)
        for name, value, words in named
        if value
    ]


@cache
def _zones() -> list[str]:
    return sorted(name for name in available_timezones() if "/" in name or name == "UTC")


def _customers(parts: Deps, by: Principal) -> list[str]:
    return [by.customer] if by.customer else sorted(parts.catalogue.customers)
