"""The page on which people correct a grouping: what, where to, what will happen, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Query as Parameter
from fastapi.responses import RedirectResponse, Response

from watcher.decide import route
from watcher.decide.lifecycle import RefusedError, Step
from watcher.decide.match import MatcherError
from watcher.decide.recount import Member
from watcher.decide.regroup import Regrouped
from watcher.decide.suggest import Suggestion, suggest
from watcher.engine.arrange import Order, Verb, carry_out, preview
from watcher.engine.command import NotThereError
from watcher.model.incident import Incident, Status
from watcher.model.person import Principal
from watcher.store.base import UnknownField
from watcher.store.query import Query
from watcher.store.views import View
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator
from watcher.web.pages.incidents import Number, Prose
from watcher.web.pages.render import Frame
from watcher.web.pages.search import searched, status_is

router = APIRouter(include_in_schema=False)

_LOOKED_AT = 200
_SHOWN = 8
Key = Annotated[str, Parameter(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has been chosen so far."""

    verb: Verb
    alert: Annotated[list[str], Parameter()]
    into: Annotated[int | None, Parameter(ge=1, le=2**63 - 1)] = None
    q: Annotated[str, Parameter(max_length=200)] = ""

    @property
    def complete(self) -> bool:
        """Whether enough is chosen to say what would come of it."""
        something = self.verb is Verb.MERGE or bool(self.alert)
        return something and (self.verb is Verb.SPLIT or self.into is not None)

    def order(self, number: int, text: str = "") -> Order:
        """The same as it is carried out; a merge is of everything."""
        some = () if self.verb is Verb.MERGE else tuple(self.alert)
        into = None if self.verb is Verb.SPLIT else self.into
        return Order(self.verb, number, into, some, text)

    def query(self, **more: str) -> str:
        """The query of this page, with another choice."""
        return urlencode({"verb": self.verb, "alert": self.alert, **more}, doseq=True)


def _asked(
    verb: Verb = Verb.MERGE,
    alert: Annotated[list[Key] | None, Parameter()] = None,
    into: Annotated[int | None, Parameter(ge=1, le=2**63 - 1)] = None,
    q: Annotated[str, Parameter(max_length=200)] = "",
) -> Wanted:
    return Wanted(verb, alert or [], into, q)


def _ordered(
    verb: Annotated[Verb, Form()],
    alert: Annotated[list[str] | None, Form()] = None,
    into: Annotated[int | None, Form(ge=1, le=2**63 - 1)] = None,
) -> Wanted:
    return Wanted(verb, alert or [], into)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two incidents as it is and as it would be; one that is new was nothing before."""

    before: Incident | None
    after: Incident
    told: tuple[str, ...]


@router.get("/incidents/{number}/regroup")
def regroup_page(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    wanted: Annotated[Wanted, Depends(_asked)],
) -> Response:
    """What would come of it, before it is done."""
    return _page(request, parts, by, number, wanted)


@router.post("/incidents/{number}/regroup")
def regroup(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    wanted: Annotated[Wanted, Depends(_ordered)],
    text: Annotated[Prose, Form()] = "",
) -> Response:
    """Does it, or shows the page again with what stands against it."""
    try:
        incident = carry_out(parts.desk, wanted.order(number, text), by)
    except RefusedError as error:
        return _page(request, parts, by, number, wanted, str(error))
    return RedirectResponse(f"/incidents/{incident.number}", 303)


def _page(
    request: Request, parts: Deps, by: Principal, number: int, wanted: Wanted, wrong: str = ""
) -> Response:
    result = None
    if not wrong and wanted.complete:
        try:
            result = preview(parts.desk, wanted.order(number), by)
        except RefusedError as error:
            wrong = str(error)
    with parts.store.view() as view:
        incident = _incident(view, number, by)
        some = [each for each in view.spans_of(number) if each[0].key in wanted.alert]
        into = _incident(view, wanted.into, by) if wanted.into is not None else None
        found, strange = _candidates(view, incident, some, wanted)
        return Frame(request, parts, by, view).page(
            "regroup.html",
            status=409 if wrong else 422 if strange else 200,
            incident=incident,
            wanted=wanted,
            alerts=list({alert.key: alert for alert, _ in some}.values()),
            into=into,
            found=found,
            wrong=wrong or strange,
            sides=_sides(parts, result, incident, into) if result else (),
        )


def _incident(view: View, number: int, by: Principal) -> Incident:
    incident = view.incident(number, by.customer)
    if incident is None:
        raise NotThereError(f"there is no incident {number}")
    return incident


def _candidates(
    view: View, incident: Incident, some: Sequence[Member], wanted: Wanted
) -> tuple[list[Suggestion], str]:
    """Where it may belong, and what is wrong with what was searched for."""
    if wanted.verb is Verb.SPLIT or wanted.into is not None:
        return [], ""
    typed = wanted.q.strip().removeprefix("#")
    try:
        only = () if typed.isdigit() else searched(wanted.q)
        living = status_is(Status.OPEN, Status.ACKNOWLEDGED, Status.RESOLVED)
        page = view.incident_list(Query(only + living, incident.customer, _LOOKED_AT))
    except (MatcherError, UnknownField) as error:
        return [], str(error)
    others = [each for each in page.items if not typed.isdigit() or str(each.number) == typed]
    hosts = {alert.host for alert, _ in some if alert.host} or set(incident.hosts)
    return suggest(incident, frozenset(hosts), others, _SHOWN), ""


def _sides(
    parts: Deps, result: Regrouped, source: Incident, into: Incident | None
) -> tuple[Side, Side]:
    return (
        Side(source, result.source.incident, _told(parts, result.source)),
        Side(into, result.into.incident, _told(parts, result.into)),
    )


def _told(parts: Deps, step: Step) -> tuple[str, ...]:
    """Who would hear of it, in words."""
    policy = parts.rules.policy
    intents = route.notifications(step.incident, step.news, policy, parts.clock.now())
    return tuple(
        f"{each.payload['channel']} is told that it was {each.payload['event']}" for each in intents
    )
