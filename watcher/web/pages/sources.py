"""The page of the sources: who posts alerts, and how that goes."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from watcher.decide.heartbeat import lasting
from watcher.engine.overview import overview, worded
from watcher.web.deps import Parts
from watcher.web.guard import Viewer
from watcher.web.pages.render import Frame

router = APIRouter(include_in_schema=False)


@router.get("/sources")
def sources(request: Request, parts: Parts, by: Viewer) -> Response:
    """When each was last heard of and asked, what it did not tell, and what is wrong with it."""
    with parts.store.view() as view:
        return Frame(request, parts, by, view).page(
            "sources.html",
            sources=overview(view, parts.sources, by, parts.clock.now()),
            lasting=lasting,
            worded=worded,
        )
