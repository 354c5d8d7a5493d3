"""The list of changes, as sources and people told of them."""

from fastapi import APIRouter

from watcher.web.api.answers import errors
from watcher.web.api.lists import Wanted, listing
from watcher.web.api.models import Listing
from watcher.web.api.suspects import ChangeItem
from watcher.web.deps import Parts
from watcher.web.guard import Viewer

router = APIRouter(prefix="/api/v1", responses=errors())


@router.get("/changes", response_model_exclude_unset=True)
def list_changes(parts: Parts, by: Viewer, asked: Wanted) -> Listing[ChangeItem]:
    """Changes, the last begun first."""
    with parts.store.view() as view:
        page = view.change_list(asked.by(by, parts))
    return listing(page, lambda each: ChangeItem.of(each, parts.catalogue))
