"""The stable address of an event: where it stands, whoever asks and whenever.

A monitoring system can name this address before Watcher has heard of the event.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.model.alert import Occurrence
from watcher.model.person import Principal
from watcher.store.views import View
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Viewer
from watcher.web.pages.render import Frame

router = APIRouter(include_in_schema=False)

Word = Annotated[str, Path(max_length=512)]


@router.get("/go/{source}/{event}")
def go(request: Request, parts: Parts, by: Viewer, source: Word, event: Word) -> Response:
    """Leads to the incident of an event, or says that there is none yet.

    What belongs to another customer is as unknown as what nobody ever heard of.
    """
    with parts.store.view() as view:
        span = _span(view, parts, by, source, event)
        if span is not None and span.incident is not None:
            return RedirectResponse(f"/incidents/{span.incident}", 303)
        return Frame(request, parts, by, view).page(
            "go.html", status=200 if span else 404, source=source, event=event, span=span
        )


def _span(view: View, parts: Deps, by: Principal, source: str, event: str) -> Occurrence | None:
    """The span of that name; some systems name conditions only, then their newest one."""
    span = view.named(source, occurrence_key(event), by.customer)
    if span is not None:
        return span
    customers = parts.catalogue.customers if by.customer is None else [by.customer]
    return view.newest(recurrence_key(source, event), customers)
