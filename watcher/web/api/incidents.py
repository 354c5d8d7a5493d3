"""One incident: all of it, and what may be done to it; and the retries that people order."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field

from watcher.decide.lifecycle import Report
from watcher.decide.sla import promises
from watcher.engine.changes import shortly_before
from watcher.engine.command import only
from watcher.model.incident import Incident
from watcher.model.person import Principal
from watcher.web.api.answers import errors
from watcher.web.api.models import (
    ActionItem,
    Because,
    DeliveryItem,
    IncidentDetail,
    NewIncident,
    NewNote,
    NewPriority,
    Prose,
)
from watcher.web.api.promises import PromiseItem
from watcher.web.api.suspects import ChangeBefore
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.whole import whole

router = APIRouter(prefix="/api/v1")


class NewSilence(BaseModel):
    """Until when the monitoring systems of its alerts are to be silent, and why."""

    model_config = ConfigDict(extra="forbid")

    until: datetime = Field(description="Without a zone it is UTC")
    text: Prose = ""


Id = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
Reason = Annotated[Because, Body(default_factory=Because)]


@router.get("/incidents/{id}", responses=errors(404))
def get_incident(parts: Parts, by: Viewer, number: Id) -> IncidentDetail:
    """An incident with its alerts, evidence, timeline and actions."""
    return detail(parts, number, by)


@router.post("/incidents", status_code=201, responses=errors(409))
def open_incident(parts: Parts, by: Operator, new: NewIncident) -> IncidentDetail:
    """Opens an incident that monitoring did not tell of."""
    incident = parts.desk.open(Report(**new.model_dump()), by)
    return detail(parts, incident.number, by)


@router.post("/incidents/{id}/acknowledge", responses=errors(404, 409))
def acknowledge_incident(parts: Parts, by: Operator, number: Id, because: Reason) -> IncidentDetail:
    """Takes an open incident on."""
    return _after(parts, parts.desk.acknowledge(number, by, because.text), by)


@router.post("/incidents/{id}/resolve", responses=errors(404, 409))
def resolve_incident(parts: Parts, by: Operator, number: Id, because: Reason) -> IncidentDetail:
    """Says that an open or acknowledged incident is over."""
    return _after(parts, parts.desk.resolve(number, by, because.text), by)


@router.post("/incidents/{id}/close", responses=errors(404, 409))
def close_incident(parts: Parts, by: Operator, number: Id, because: Reason) -> IncidentDetail:
    """Closes a resolved incident."""
    return _after(parts, parts.desk.close(number, by, because.text), by)


@router.post("/incidents/{id}/reopen", responses=errors(404, 409))
def reopen_incident(parts: Parts, by: Operator, number: Id, because: Reason) -> IncidentDetail:
    """Opens a resolved or closed incident again."""
    return _after(parts, parts.desk.reopen(number, by, because.text), by)


@router.post("/incidents/{id}/notes", responses=errors(404))
def add_note(parts: Parts, by: Operator, number: Id, note: NewNote) -> IncidentDetail:
    """Writes a line onto the timeline."""
    return _after(parts, parts.desk.note(number, by, note.text), by)


@router.post("/incidents/{id}/priority", responses=errors(404, 409))
def set_priority(parts: Parts, by: Operator, number: Id, new: NewPriority) -> IncidentDetail:
    """Sets the priority, or leaves it to the rules again."""
    return _after(parts, parts.desk.set_priority(number, new.priority, by, new.text), by)


@router.post("/incidents/{id}/silence", responses=errors(404, 409))
def silence_incident(parts: Parts, by: Operator, number: Id, new: NewSilence) -> IncidentDetail:
    """Has the monitoring systems of its alerts be silent; Watcher itself goes on."""
    until = new.until if new.until.tzinfo else new.until.replace(tzinfo=UTC)
    return _after(parts, parts.desk.silence(number, until, by, new.text), by)


@router.post("/deliveries/{id}/replay", responses=errors(404, 409))
def replay_delivery(parts: Parts, by: Operator, delivery: Id) -> DeliveryItem:
    """Has a dead delivery digested again."""
    parts.desk.replay(delivery, by)
    with parts.store.view() as view:
        [item] = view.delivery_list(only(delivery, by)).items
    return DeliveryItem.of(item)


@router.post("/actions/{id}/retry", responses=errors(404, 409))
def retry_action(parts: Parts, by: Operator, action: Id) -> ActionItem:
    """Makes an action that was given up due again."""
    parts.desk.retry(action, by)
    with parts.store.view() as view:
        [item] = view.action_list(only(action, by)).items
    return ActionItem.model_validate(item)


def _after(parts: Deps, incident: Incident, by: Principal) -> IncidentDetail:
    return detail(parts, incident.number, by)


def detail(parts: Deps, number: int, by: Principal) -> IncidentDetail:
    """An incident with all that belongs to it. Raises NotThereError."""
    with parts.store.view() as view:
        found = whole(view, number, by)
        near = shortly_before(view, parts.catalogue, found.incident, found.spans)
        changes = [ChangeBefore.near(each, parts.catalogue) for each in near]
        held = promises(found.incident, parts.catalogue, parts.clock.now())
        promised = [PromiseItem.of(each) for each in held]
        return IncidentDetail.of(found, changes, promised, parts.public_url, parts.spell)
