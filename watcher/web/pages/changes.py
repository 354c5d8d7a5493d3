"""The list of changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from watcher.decide.deployments import is_known
from watcher.model.deployment import Deployment
from watcher.web.deps import Parts
from watcher.web.guard import Viewer
from watcher.web.pages.lists import Asked, Kind, list_page
from watcher.web.pages.render import Frame

router = APIRouter(include_in_schema=False)

_CHANGES = Kind(
    "changes.html",
    "Changes",
    "service=billing",
    (
        ("Failed", "status=failed"),
        ("Running", "status=running"),
        ("Production", 'environment=~"prod.*"'),
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A change, and whether anything in the catalogue or inventory is called like what it is of."""

    change: Deployment
    known: bool


@router.get("/changes")
def changes(
    request: Request, parts: Parts, by: Viewer, asked: Annotated[Asked, Depends()]
) -> Response:
    """What was deployed or altered, the last begun first."""

    def rows(found: Sequence[Deployment]) -> list[Row]:
        return [Row(each, is_known(each, parts.catalogue)) for each in found]

    with parts.store.view() as view:
        frame = Frame(request, parts, by, view)
        return list_page(frame, _CHANGES, asked, view.change_list, rows)
