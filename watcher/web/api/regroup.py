"""What may be done to a grouping: merge incidents, split one, move alerts from one to another."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from watcher.engine.arrange import Order, Verb, carry_out
from watcher.model.person import Principal
from watcher.web.api.answers import errors
from watcher.web.api.incidents import Id, detail
from watcher.web.api.models import IncidentDetail, Prose
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator

router = APIRouter(prefix="/api/v1", responses=errors(404, 409))

_MOST = 10_000
# Up to what every reader of JSON holds exactly.
Number = Annotated[int, Field(ge=1, le=2**53 - 1)]
# Keys come from outside: any text without a NUL may be one.
Chosen = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")]],
    Field(
        min_length=1,
        max_length=_MOST,
        description="The `key` of an alert for all of it that belongs to the incident, or an "
        "`occurrence` for that one",
    ),
]


class Merge(BaseModel):
    """The incident that is to take this one in."""

    model_config = ConfigDict(extra="forbid")

    into: Number
    reason: Prose = ""


class Split(BaseModel):
    """The alerts that are another disruption."""

    model_config = ConfigDict(extra="forbid")

    alerts: Chosen
    reason: Prose = ""


class Move(Split):
    """The alerts that belong to another incident."""

    into: Number


@router.post("/incidents/{id}/merge")
def merge_incident(parts: Parts, by: Operator, number: Id, order: Merge) -> IncidentDetail:
    """Merges this incident into another of the same customer, and answers with that."""
    return _done(parts, Order(Verb.MERGE, number, order.into, text=order.reason), by)


@router.post("/incidents/{id}/split")
def split_incident(parts: Parts, by: Operator, number: Id, order: Split) -> IncidentDetail:
    """Makes an incident of some alerts of this one, and answers with the new one."""
    alerts = tuple(order.alerts)
    return _done(parts, Order(Verb.SPLIT, number, alerts=alerts, text=order.reason), by)


@router.post("/incidents/{id}/move")
def move_alerts(parts: Parts, by: Operator, number: Id, order: Move) -> IncidentDetail:
    """Moves alerts to another incident of the same customer, and answers with that."""
    alerts = tuple(order.alerts)
    return _done(parts, Order(Verb.MOVE, number, order.into, alerts, order.reason), by)


def _done(parts: Deps, order: Order, by: Principal) -> IncidentDetail:
    return detail(parts, carry_out(parts.desk, order, by).number, by)
