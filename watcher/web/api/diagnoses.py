"""What may be asked of hosts: diagnoses by hand, a word on what is held, the log of all runs."""

from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict

from watcher.engine import ask
from watcher.engine.ask import Choice, Wish
from watcher.engine.command import NotThereError, only
from watcher.model.person import Principal, Role
from watcher.web.api.answers import errors
from watcher.web.api.findings import RunItem
from watcher.web.api.incidents import Id, Reason, detail
from watcher.web.api.lists import Wanted, listing
from watcher.web.api.models import ActionItem, IncidentDetail, Line, Listing, Prose
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Manager, Operator, Viewer
from watcher.web.whole import whole

router = APIRouter(prefix="/api/v1")


class NewDiagnosis(BaseModel):
    """What is to be run, where, and why: all that applies, on the hosts of the incident, unless
    named. `approve` also agrees to what waits for a person.
    """

    model_config = ConfigDict(extra="forbid")

    runbook: Line | None = None
    host: Line | None = None
    approve: bool = False
    reason: Prose = ""


Wanting = Annotated[NewDiagnosis, Body(default_factory=NewDiagnosis)]


class RunbookChoice(BaseModel):
    """A runbook that may be run by hand on a host. `applies`: to an alert there; `role`: who must
    agree to it, or to what of it does more than read.
    """

    model_config = ConfigDict(from_attributes=True)

    host: str
    runbook: str
    applies: bool
    role: Role | None


class Script(BaseModel):
    """What ran on a host, as it was sent but for the mark that frames its output."""

    sha256: str
    text: str


Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="As a run has it.")]


@router.get("/incidents/{id}/runbooks", responses=errors(404))
def list_runbooks(parts: Parts, by: Viewer, number: Id) -> list[RunbookChoice]:
    """The runbooks that may be run by hand on the hosts of an incident."""
    return [RunbookChoice.model_validate(each) for each in _choices(parts, number, by)]


@router.post("/incidents/{id}/diagnoses", status_code=202, responses=errors(404, 409))
def diagnose_incident(parts: Parts, by: Operator, number: Id, new: Wanting) -> IncidentDetail:
    """Has runbooks run on hosts; what they bring comes with the incident in a while."""
    wish = Wish(number, new.runbook or "", new.host or "", new.approve, new.reason)
    ask.diagnose(parts.desk, wish, by)
    return detail(parts, number, by)


@router.post("/actions/{id}/approve", responses=errors(404, 409))
def approve_action(parts: Parts, by: Operator, action: Id, because: Reason) -> ActionItem:
    """Agrees to an action that is held."""
    ask.approve(parts.desk, action, by, because.text)
    return _action(parts, action, by)


@router.post("/actions/{id}/refuse", responses=errors(404, 409))
def refuse_action(parts: Parts, by: Operator, action: Id, because: Reason) -> ActionItem:
    """Ends an action that is held."""
    ask.refuse(parts.desk, action, by, because.text)
    return _action(parts, action, by)


@router.get("/runs", responses=errors(), response_model_exclude_unset=True)
def list_runs(parts: Parts, by: Manager, asked: Wanted) -> Listing[RunItem]:
    """The run log, newest first: who ran which runbook on which host, as whom and why."""
    with parts.store.view() as view:
        page = view.run_list(asked.by(by, parts))
    return listing(page, RunItem.model_validate)


@router.get("/scripts/{sha256}", responses=errors(404))
def get_script(parts: Parts, by: Manager, sha256: Sha256) -> Script:
    """What a run of the log ran, by its SHA-256, without Watcher's own secrets."""
    with parts.store.view() as view:
        text = view.script(sha256, by.customer)
    if text is None:
        raise NotThereError(f"there is no script {sha256}")
    return Script(sha256=sha256, text=text)


def _choices(parts: Deps, number: int, by: Principal) -> tuple[Choice, ...]:
    with parts.store.view() as view:
        found = whole(view, number, by)
    return ask.choices(parts.desk, found.incident, [alert for alert, _ in found.alerts])


def _action(parts: Deps, action: int, by: Principal) -> ActionItem:
    with parts.store.view() as view:
        [item] = view.action_list(only(action, by)).items
    return ActionItem.model_validate(item)
