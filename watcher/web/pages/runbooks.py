"""The pages of what runs on hosts: the forms of an incident, and all runbooks that there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi import Query as Parameter
from fastapi.responses import RedirectResponse, Response

from watcher.decide.lifecycle import RefusedError
from watcher.decide.runbooks import in_words
from watcher.engine import ask
from watcher.engine.ask import Wish
from watcher.kit.shipped import shipped
from watcher.model.person import Principal, Role
from watcher.model.policy import RunbookTrigger
from watcher.model.run import Use
from watcher.model.runbook import Runbook
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.pages.asking import Preview, offer, preview
from watcher.web.pages.incidents import Line, Number
from watcher.web.pages.login import own_path
from watcher.web.pages.render import Frame
from watcher.web.whole import whole

router = APIRouter(include_in_schema=False)

LATELY = timedelta(days=30)

Asked = Annotated[str, Parameter(max_length=200)]
Back = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A runbook of the list: its clauses in words, and how it was used lately."""

    trigger: RunbookTrigger
    runbook: Runbook | None
    own: bool
    any: tuple[str, ...]
    none: tuple[str, ...]
    role: Role | None
    use: Use | None

    @property
    def title(self) -> str:
        """What it is called."""
        return self.runbook.title if self.runbook else self.trigger.name


@router.get("/incidents/{number}/look")
def look(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    host: Asked = "",
    runbook: Asked = "",
) -> Response:
    """What would be run on a host, with which values, before it is."""
    return _look(request, parts, by, Wish(number, runbook, host))


@router.post("/incidents/{number}/look")
def look_at_host(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    host: Line = "",
    runbook: Line = "",
) -> Response:
    """Has it run, or says why it cannot be."""
    wish = Wish(number, runbook, host)
    try:
        ask.diagnose(parts.desk, wish, by)
    except RefusedError as error:
        return _look(request, parts, by, wish, str(error))
    return RedirectResponse(f"/incidents/{number}#evidence", 303)


@router.post("/actions/{number}/approve")
def approve(parts: Parts, by: Operator, number: Number, back: Back = "/actions") -> Response:
    """Agrees to what is held."""
    ask.approve(parts.desk, number, by)
    return RedirectResponse(own_path(back), 303)


@router.post("/actions/{number}/refuse")
def refuse(parts: Parts, by: Operator, number: Number, back: Back = "/actions") -> Response:
    """Ends what is held."""
    ask.refuse(parts.desk, number, by)
    return RedirectResponse(own_path(back), 303)


@router.get("/runbooks")
def runbooks(
    request: Request, parts: Parts, by: Viewer, q: Asked = "", idle: bool = False
) -> Response:
    """All runbooks: when they apply, what they do, how they were used lately."""
    with parts.store.view() as view:
        uses = view.uses(parts.clock.now() - LATELY, by.customer)
        found = [_entry(each, parts, uses) for each in parts.rules.policy.runbooks]
        return Frame(request, parts, by, view).page(
            "runbooks.html",
            entries=[each for each in found if _wanted(each, q) and not (idle and each.use)],
            total=len(found),
            q=q,
            idle=idle,
            may_audit=by.role.rank >= Role.MANAGER.rank,
        )


def _look(request: Request, parts: Deps, by: Principal, wish: Wish, wrong: str = "") -> Response:
    with parts.store.view() as view:
        found = whole(view, wish.number, by)
        previews: Sequence[Preview] = ()
        try:
            if not wrong:
                plans = ask.plans(parts.desk, wish, by, view)
                previews = [preview(each, parts.runbooks) for each in plans]
        except RefusedError as error:
            wrong = str(error)
        alerts = [alert for alert, _ in found.alerts]
        return Frame(request, parts, by, view).page(
            "look.html",
            status=409 if wrong else 200,
            incident=found.incident,
            offer=offer(parts.desk, found.incident, alerts, parts.runbooks),
            wish=wish,
            previews=previews,
            wrong=wrong,
        )


def _entry(trigger: RunbookTrigger, parts: Deps, uses: dict[str, Use]) -> Entry:
    runbook = parts.runbooks.get(trigger.name)
    return Entry(
        trigger=trigger,
        runbook=runbook,
        own=runbook is not None and not File(runbook.origin).is_relative_to(shipped("runbooks")),
        any=tuple(map(in_words, trigger.any)),
        none=tuple(map(in_words, trigger.none)),
        role=ask.role(trigger),
        use=uses.get(trigger.name),
    )


def _wanted(entry: Entry, words: str) -> bool:
    """Whether every word is in the name, the title, or in what it applies to."""
    text = " ".join((entry.trigger.name, entry.title, *entry.any)).casefold()
    return all(word in text for word in words.casefold().split())
