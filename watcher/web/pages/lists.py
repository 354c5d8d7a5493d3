"""The lists of alerts, deliveries and actions, and the retries that people order there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Form, Header, Path, Request
from fastapi import Query as Parameter
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from watcher.decide.match import MatcherError
from watcher.engine.command import NotThereError, only
from watcher.kit.redact import redact
from watcher.store.base import UnknownField
from watcher.store.query import Page, Query
from watcher.web.deps import Parts
from watcher.web.guard import Manager, Operator, Viewer
from watcher.web.live import Live
from watcher.web.matchers import read
from watcher.web.pages.login import own_path
from watcher.web.pages.render import Frame
from watcher.web.pages.search import query_string
from watcher.web.pages.show import conditions, deeds

router = APIRouter(include_in_schema=False)
NounT = TypeVar("NounT")

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]

_PAGE = 100
# A body may have megabytes; a person looks at its beginning.
_SHOWN = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader typed above a list, and which page of it."""

    match: Annotated[str, Parameter(max_length=500)] = ""
    cursor: Annotated[str, Parameter(max_length=2000)] = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one list differs from the others; `shortcuts` are (word, matcher)."""

    template: str
    heading: str
    example: str
    shortcuts: tuple[tuple[str, str], ...]


_ALERTS = Kind(
    "alerts.html",
    "Alerts",
    "severity=disaster",
    (("Firing", "status=firing"), ("Suppressed", "suppressed=true")),
)
_DELIVERIES = Kind("deliveries.html", "Deliveries", "source=zabbix", (("Dead", "status=dead"),))
_ACTIONS = Kind("actions.html", "Actions", "kind=notify", (("Gave up", "status=gave_up"),))
_RUNS = Kind(
    "runs.html",
    "Runs on hosts",
    "host=db1",
    (
        ("Found something bad", "worst=bad"),
        ("In vain", 'fault!=""'),
        ("Approved", 'approved_by!=""'),
    ),
)
_NONE: Page[Any] = Page((), None, None, True)


@router.get("/alerts")
def alerts(
    request: Request, parts: Parts, by: Viewer, asked: Annotated[Asked, Depends()]
) -> Response:
    """The state of every condition that was ever reported."""
    with parts.store.view() as view:
        frame = Frame(request, parts, by, view)
        return list_page(
            frame, _ALERTS, asked, view.alert_list, partial(conditions, of=parts.spell)
        )


@router.get("/deliveries")
def deliveries(
    request: Request, parts: Parts, by: Operator, asked: Annotated[Asked, Depends()]
) -> Response:
    """What was received, the newest first."""
    with parts.store.view() as view:
        return list_page(Frame(request, parts, by, view), _DELIVERIES, asked, view.delivery_list)


@router.get("/actions")
def actions(
    request: Request, parts: Parts, by: Operator, asked: Annotated[Asked, Depends()]
) -> Response:
    """What was to be done outside, the newest first."""
    with parts.store.view() as view:
        return list_page(Frame(request, parts, by, view), _ACTIONS, asked, view.action_list, deeds)


@router.get("/runs")
def runs(
    request: Request, parts: Parts, by: Manager, asked: Annotated[Asked, Depends()]
) -> Response:
    """Who ran what on which host, the newest first."""
    with parts.store.view() as view:
        return list_page(Frame(request, parts, by, view), _RUNS, asked, view.run_list)


@router.get("/deliveries/{number}")
def delivery(request: Request, parts: Parts, by: Operator, number: Id) -> Response:
    """One request as it was received, without the secrets in it."""
    with parts.store.view() as view:
        found = view.delivery_list(only(number, by)).items
        raw = view.raw_delivery(number, by.customer)
        if not found or raw is None:
            raise NotThereError(f"there is no delivery {number}")
        body = raw.body[:_SHOWN].decode(errors="replace")
        headers = "\n".join(f"{name}: {value}" for name, value in raw.headers.items())
        return Frame(request, parts, by, view).page(
            "delivery.html",
            delivery=found[0],
            headers=redact(headers, parts.secrets),
            body=redact(body, parts.secrets),
            cut=len(raw.body) > _SHOWN,
        )


@router.post("/deliveries/{number}/replay")
def replay_delivery(parts: Parts, by: Operator, number: Id) -> Response:
    """Has a dead delivery digested again."""
    parts.desk.replay(number, by)
    return RedirectResponse(f"/deliveries/{number}", 303)


@router.post("/actions/{number}/retry")
def retry_action(
    parts: Parts, by: Operator, number: Id, back: Annotated[str, Form(max_length=200)] = "/actions"
) -> Response:
    """Makes an action that was given up due again."""
    parts.desk.retry(number, by)
    return RedirectResponse(own_path(back), 303)


@router.get("/live")
async def live(
    request: Request, by: Viewer, since: int = 0, last_event_id: Annotated[int, Header()] = 0
) -> Response:
    """Says when something has changed since the page was made."""
    stream: Live = request.app.state.live
    return StreamingResponse(stream.events(last_event_id or since), media_type="text/event-stream")


def list_page(
    frame: Frame,
    kind: Kind,
    asked: Asked,
    look_up: Callable[[Query], Page[NounT]],
    show: Callable[[Sequence[NounT]], Sequence[object]] = tuple,
) -> Response:
    """One page of a list as the reader asked for it, or what is wrong with that."""
    page, wrong = _NONE, ""
    try:
        matchers = read(asked.match) if asked.match.strip() else ()
        page = look_up(Query(matchers, frame.by.customer, _PAGE, asked.cursor or None))
    except (MatcherError, UnknownField) as error:
        wrong = str(error)
    return frame.page(
        kind.template,
        status=422 if wrong else 200,
        kind=kind,
        items=show(page.items),
        match=asked.match,
        wrong=wrong,
        next=query_string(page.next or "", match=asked.match),
    )
