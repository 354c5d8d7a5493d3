"""Lists with matchers, pages and totals: incidents, alerts, deliveries, actions."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field

from watcher.model.person import Principal
from watcher.store.query import Page, Query
from watcher.web.api.answers import errors
from watcher.web.api.models import (
    ActionItem,
    AlertItem,
    DeliveryItem,
    IncidentItem,
    ItemT,
    Listing,
)
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.matchers import read

router = APIRouter(prefix="/api/v1", responses=errors())
NounT = TypeVar("NounT")

_MATCH = (
    'A matcher on a field or label, such as `status=open` or `host=~"db.*"`; regular expressions '
    "are anchored. All must hold."
)


class Asked(BaseModel):
    """The part of a query that the caller writes. What it does not know it refuses: a misspelt
    matcher that is passed over would give too much.
    """

    model_config = ConfigDict(extra="forbid")

    match: Annotated[list[str], Field(max_length=20, description=_MATCH)] = []
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[
        str | None, Field(max_length=2000, description="`next` of the page before")
    ] = None
    total: Annotated[bool, Field(description="Whether to count; exact up to 10,000")] = False

    def by(self, principal: Principal, parts: Deps) -> Query:
        """The query with what its caller may see. Raises MatcherError or UnknownField."""
        return Query(
            matchers=tuple(matcher for text in self.match for matcher in read(text)),
            customer=principal.customer,
            limit=self.limit,
            cursor=self.cursor,
            total=self.total,
            site=f"{parts.public_url}/incidents/",
        )


Wanted = Annotated[Asked, Parameter()]


@router.get("/incidents", response_model_exclude_unset=True)
def list_incidents(parts: Parts, by: Viewer, asked: Wanted) -> Listing[IncidentItem]:
    """Incidents, newest first."""
    with parts.store.view() as view:
        page = view.incident_list(asked.by(by, parts))
        evidence = view.evidence_counts([each.number for each in page.items])
    return listing(
        page, lambda each: IncidentItem.of(each, evidence.get(each.number, 0), parts.public_url)
    )


@router.get("/alerts", response_model_exclude_unset=True)
def list_alerts(parts: Parts, by: Viewer, asked: Wanted) -> Listing[AlertItem]:
    """Alerts: the present state of every condition that was ever reported."""
    with parts.store.view() as view:
        page = view.alert_list(asked.by(by, parts))
    return listing(page, lambda each: AlertItem.listed(each, parts.spell(each)))


@router.get("/deliveries", response_model_exclude_unset=True)
def list_deliveries(parts: Parts, by: Operator, asked: Wanted) -> Listing[DeliveryItem]:
    """Webhook requests as received, newest first."""
    with parts.store.view() as view:
        page = view.delivery_list(asked.by(by, parts))
    return listing(page, DeliveryItem.of)


@router.get("/actions", response_model_exclude_unset=True)
def list_actions(parts: Parts, by: Operator, asked: Wanted) -> Listing[ActionItem]:
    """Actions of the outbox, newest first."""
    with parts.store.view() as view:
        page = view.action_list(asked.by(by, parts))
    return listing(page, ActionItem.model_validate)


def listing(page: Page[NounT], item: Callable[[NounT], ItemT]) -> Listing[ItemT]:
    """What is not asked for is left unset, and so is not in the answer."""
    counted: dict[str, Any] = {}
    if page.total is not None:
        counted = {"total": page.total, "total_exact": page.total_exact}
    return Listing(items=[item(each) for each in page.items], next=page.next, **counted)
