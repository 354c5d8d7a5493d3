"""The incident list, the incident page, and the forms on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi import Query as Parameter
from fastapi.responses import RedirectResponse, Response

from watcher.decide.answers import hearing
from watcher.decide.article import Known
from watcher.decide.lifecycle import RefusedError, Report
from watcher.decide.match import MatcherError
from watcher.decide.sla import promises
from watcher.engine.articles import helpful
from watcher.engine.changes import shortly_before
from watcher.engine.command import Desk
from watcher.model.answer import Verb
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.matcher import Matcher
from watcher.model.person import Principal, Role
from watcher.store.base import UnknownField
from watcher.store.query import Query
from watcher.store.views import View
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.pages.articles import LANGUAGES
from watcher.web.pages.asking import held, offer
from watcher.web.pages.findings import seen
from watcher.web.pages.problems import causes
from watcher.web.pages.render import Frame
from watcher.web.pages.search import chosen, query_string, searched, status_is
from watcher.web.pages.show import by_need, deeds, diagnosing, lines, members, verbs
from watcher.web.pages.windows import SPANS
from watcher.web.whole import Whole, whole

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Asked = Annotated[str, Parameter(max_length=200)]
Line = Annotated[str, Form(max_length=200)]
Prose = Annotated[str, Form(max_length=10_000)]

_PAGE = 100
_LATELY = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader chose above the list."""

    status: Asked = ""
    priority: Asked = ""
    customer: Asked = ""
    q: Asked = ""
    cursor: Asked = ""


@dataclass(frozen=True, slots=True)
class ReportForm:
    """The fields of that form."""

    title: Line
    customer: Line
    severity: Annotated[Severity, Form()]
    service: Line = ""
    host: Line = ""
    text: Prose = ""

    def report(self) -> Report:
        """What the fields say; an empty one says nothing."""
        return Report(
            customer=self.customer.strip(),
            title=self.title.strip(),
            severity=self.severity,
            service=self.service.strip() or None,
            host=self.host.strip() or None,
            text=self.text.strip(),
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the list under a heading of its own."""

    title: str
    incidents: Sequence[Incident]
    empty: str
    hint: str = ""
    cut: bool = False


@router.get("/incidents")
def incident_list(
    request: Request, parts: Parts, by: Viewer, wanted: Annotated[Filter, Depends()]
) -> Response:
    """The list: what needs work first, the most urgent at the top."""
    with parts.store.view() as view:
        wrong, following = "", ""
        try:
            sections, following = _sections(view, by, wanted)
        except (MatcherError, UnknownField) as error:
            sections, wrong = [], str(error)
        numbers = [each.number for section in sections for each in section.incidents]
        return Frame(request, parts, by, view).page(
            "incidents.html",
            status=422 if wrong else 200,
            sections=sections,
            evidence=view.evidence_counts(numbers),
            filter=wanted,
            filtered=any((wanted.status, wanted.priority, wanted.customer, wanted.q)),
            next=query_string(
                following,
                status=wanted.status,
                priority=wanted.priority,
                customer=wanted.customer,
                q=wanted.q,
            ),
            wrong=wrong,
            statuses=[each.value for each in Status],
            priorities=[each.value for each in Priority],
            customers=_customers(parts, by),
        )


@router.get("/incidents/new")
def new_incident(request: Request, parts: Parts, by: Operator) -> Response:
    """The form for an incident that monitoring did not tell of."""
    return _new_form(request, parts, by, Report(by.customer or "", "", Severity.AVERAGE))


@router.post("/incidents/new")
def open_incident(
    request: Request,
    parts: Parts,
    by: Operator,
    report: Annotated[ReportForm, Depends()],
) -> Response:
    """Opens it, or shows the form again with what is wrong."""
    try:
        incident = parts.desk.open(report.report(), by)
    except RefusedError as error:
        return _new_form(request, parts, by, report.report(), str(error))
    return RedirectResponse(f"/incidents/{incident.number}", 303)


@router.get("/incidents/{number}")
def incident_page(request: Request, parts: Parts, by: Viewer, number: Number) -> Response:
    """One incident."""
    with parts.store.view() as view:
        found = whole(view, number, by)
        incident = found.incident
        known = [alert for alert, _ in found.alerts]
        return Frame(request, parts, by, view).page(
            "incident.html",
            incident=incident,
            service=parts.catalogue.services.get((incident.customer, incident.service or "")),
            customer=parts.catalogue.customers.get(incident.customer),
            verbs=verbs(incident),
            suspect_name=_suspect_name(found),
            alerts=members(found, parts.spell),
            hosts=seen(found.evidence, known),
            held=held(found.actions, parts.runbooks, known, by),
            offer=offer(parts.desk, incident, known, parts.runbooks),
            may_audit=by.role.rank >= Role.MANAGER.rank,
            diagnosing=diagnosing(found.actions),
            timeline=lines(found),
            silencers=_silencers(parts, found),
            spans=SPANS,
            deeds=deeds(by_need(found.actions)),
            changes=shortly_before(view, parts.catalogue, incident, found.spans),
            helpful=helpful(view, _known(found), by),
            causes=causes(view, incident),
            recurring=found.recurring,
            promises=promises(incident, parts.catalogue, parts.clock.now()),
            languages=LANGUAGES,
        )


_ACTS: dict[str, Callable[[Desk, int, Principal, str], Incident]] = {
    "acknowledge": Desk.acknowledge,
    "resolve": Desk.resolve,
    "close": Desk.close,
    "reopen": Desk.reopen,
    "note": Desk.note,
}


@router.post("/incidents/{number}")
def act_on_incident(
    parts: Parts,
    by: Operator,
    number: Number,
    verb: Annotated[str, Form()],
    text: Prose = "",
) -> Response:
    """Does what the button says."""
    act = _ACTS.get(verb)
    if act is None or (verb == "note" and not text.strip()):
        raise RefusedError("this form says nothing that could be done")
    act(parts.desk, number, by, text.strip())
    return RedirectResponse(f"/incidents/{number}", 303)


@router.post("/incidents/{number}/priority")
def set_priority(
    parts: Parts,
    by: Operator,
    number: Number,
    priority: Annotated[Priority | Literal["rules"], Form()],
    text: Prose = "",
) -> Response:
    """Sets the priority, or leaves it to the rules again."""
    parts.desk.set_priority(number, priority if priority != "rules" else None, by, text)
    return RedirectResponse(f"/incidents/{number}", 303)


@router.post("/incidents/{number}/silence")
def silence(
    parts: Parts,
    by: Operator,
    number: Number,
    hours: Annotated[int, Form(ge=1, le=24 * 366)],
    text: Prose = "",
) -> Response:
    """Has the monitoring systems of its alerts be silent for so long."""
    until = parts.clock.now() + timedelta(hours=hours)
    parts.desk.silence(number, until, by, text.strip())
    return RedirectResponse(f"/incidents/{number}", 303)


def _silencers(parts: Deps, found: Whole) -> str:
    """The monitoring systems of its alerts that fire, as far as they can be silenced."""
    firing = sorted({alert.source for alert, span in found.spans if span.ended_at is None})
    return " and ".join(hearing(firing, parts.listeners, Verb.SILENCE))


def _sections(view: View, by: Principal, wanted: Filter) -> tuple[list[Section], str]:
    """What to list, and the cursor of what follows. Raises MatcherError."""
    matchers = searched(wanted.q) + chosen(priority=wanted.priority, customer=wanted.customer)
    if wanted.status or wanted.cursor:
        only = matchers + chosen(status=wanted.status)
        page = view.incident_list(Query(only, by.customer, _PAGE, wanted.cursor or None))
        title = (wanted.status or "all").capitalize()
        return [Section(title, page.items, "No incident matches.")], page.next or ""
    work = _most_urgent(view, by, matchers)
    over = matchers + status_is(Status.RESOLVED, Status.CLOSED)
    page = view.incident_list(Query(over, by.customer, _LATELY))
    hint = "New incidents appear here by themselves."
    cut = len(work) == _PAGE
    sections = [Section("Needs work", work, "Nothing needs work.", hint, cut)]
    if page.items:
        sections.append(Section("Over", page.items, ""))
    return sections, page.next or ""


def _most_urgent(view: View, by: Principal, matchers: tuple[Matcher, ...]) -> list[Incident]:
    """The first page of what needs work, by priority; within one, the newest first."""
    work: list[Incident] = []
    matchers += status_is(Status.OPEN, Status.ACKNOWLEDGED)
    for priority in Priority:
        if len(work) < _PAGE:
            only = matchers + chosen(priority=priority)
            work += view.incident_list(Query(only, by.customer, _PAGE - len(work))).items
    return work


def _new_form(
    request: Request, parts: Deps, by: Principal, form: Report, wrong: str = ""
) -> Response:
    customers = _customers(parts, by)
    mine = [name for customer, name in parts.catalogue.services if customer in customers]
    with parts.store.view() as view:
        return Frame(request, parts, by, view).page(
            "incident_new.html",
            status=409 if wrong else 200,
            form=form,
            wrong=wrong,
            customers=customers,
            services=sorted(set(mine)),
            severities=[each.value for each in reversed(Severity)],
        )


def _customers(parts: Deps, by: Principal) -> list[str]:
    return [by.customer] if by.customer else sorted(parts.catalogue.customers)


def _known(found: Whole) -> Known:
    alerts = [alert for alert, _ in found.alerts]
    diagnoses = [each.diagnosis for each in found.evidence]
    return Known(found.incident, alerts, diagnoses, found.timeline)


def _suspect_name(found: Whole) -> str:
    """The suspected alert's name, or its key once the alert itself is gone; else its host."""
    suspect = found.incident.suspect
    if suspect is None or not suspect.key:
        return (suspect and suspect.host) or ""
    return next((alert.name for alert, _ in found.alerts if alert.key == suspect.key), suspect.key)
