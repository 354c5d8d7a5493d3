"""The pages of problem records, and what the incident's page shows and asks of problems."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response

from watcher.decide.lifecycle import RefusedError
from watcher.decide.problem import LIVE, Texts
from watcher.engine.articles import KNOWN
from watcher.engine.command import NotThereError
from watcher.engine.problems import ProblemDesk
from watcher.model.incident import Incident
from watcher.model.person import Principal
from watcher.model.problem import Bond, Problem, ProblemStatus, Tie
from watcher.store.views import View
from watcher.web.deps import Parts
from watcher.web.guard import Operator, Viewer
from watcher.web.pages.articles import LANGUAGES
from watcher.web.pages.lists import Asked, Kind, list_page
from watcher.web.pages.render import Frame

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Prose = Annotated[str, Form(max_length=10_000)]
Line = Annotated[str, Form(max_length=200)]
Id = Annotated[int, Form(ge=1, le=2**63 - 1)]

WEEKS = 12
_WEEK = timedelta(days=7)
_KIND = Kind(
    "problems.html",
    "Problems",
    "status=known_error",
    (("Ask you", "status=proposed"), ("Known errors", "status=known_error")),
)


@dataclass(frozen=True, slots=True)
class Verb:
    """A step that a person may take, as a button says it."""

    name: str
    word: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Belonging:
    """An incident with what ties it to a problem."""

    tie: Tie
    incident: Incident


@dataclass(frozen=True, slots=True)
class Week:
    """How many incidents opened in the seven days that began then; `share` is of the fullest."""

    begun: datetime
    count: int
    share: int


@dataclass(frozen=True, slots=True)
class Cause:
    """A problem as the page of an incident shows it."""

    problem: Problem
    tie: Tie


@dataclass(frozen=True, slots=True)
class TextForm:
    """The fields in which people write what is known."""

    title: Line = ""
    service: Line = ""
    runbook: Line = ""
    root_cause: Prose = ""
    workaround: Prose = ""
    fix: Prose = ""
    awaits: Annotated[bool, Form()] = False

    def texts(self) -> Texts:
        """The same for the desk; an empty title leaves it as it is."""
        return Texts(
            title=self.title.strip() or None,
            service=self.service,
            root_cause=_plain(self.root_cause),
            workaround=_plain(self.workaround),
            fix=_plain(self.fix),
            runbook=self.runbook,
            awaits=self.awaits,
        )


@dataclass(frozen=True, slots=True)
class CauseForm:
    """What somebody chose about the incidents of a problem."""

    verb: Annotated[Literal["tie", "untie", "split", "merge"], Form()]
    incident: Annotated[list[Id], Form(max_length=1000)] = field(default_factory=list)
    into: Annotated[int, Form(ge=0, le=2**63 - 1)] = 0
    title: Line = ""

    def carry_out(self, desk: ProblemDesk, number: int, by: Principal) -> int:
        """Does it, and returns the number of the problem to look at then."""
        if self.verb == "merge":
            return desk.merge(number, self.into, by).number
        if self.verb == "split":
            return desk.split(number, self.incident, self.title, by).number
        for each in self.incident:
            (desk.tie if self.verb == "tie" else desk.untie)(number, each, by)
        return number


_VERBS: Mapping[ProblemStatus, tuple[Verb, ...]] = {
    ProblemStatus.PROPOSED: (Verb("confirm", "Confirm", "primary"), Verb("refuse", "Refuse")),
    ProblemStatus.NEW: (
        Verb("investigate", "Investigate", "primary"),
        Verb("known-error", "Known error"),
        Verb("resolve", "Resolve"),
    ),
    ProblemStatus.INVESTIGATING: (
        Verb("known-error", "Known error", "primary"),
        Verb("resolve", "Resolve"),
    ),
    ProblemStatus.KNOWN_ERROR: (
        Verb("resolve", "Resolve", "primary"),
        Verb("investigate", "Investigate"),
    ),
    ProblemStatus.RESOLVED: (Verb("close", "Close", "primary"), Verb("reopen", "Reopen")),
    ProblemStatus.CLOSED: (Verb("reopen", "Reopen"),),
}
_STEPS: Mapping[str, Callable[[ProblemDesk, int, Principal, str], Problem]] = {
    "confirm": ProblemDesk.confirm,
    "refuse": ProblemDesk.refuse,
    "investigate": ProblemDesk.investigate,
    "known-error": lambda desk, number, by, text: desk.known_error(number, by, text=text),
    "resolve": lambda desk, number, by, text: desk.resolve(number, by, text=text),
    "close": ProblemDesk.close,
    "reopen": ProblemDesk.reopen,
    "note": ProblemDesk.note,
    "own": lambda desk, number, by, text: desk.own(number, text or by.name, by),
    "disown": lambda desk, number, by, _: desk.own(number, None, by),
}


@router.get("/problems")
def problem_list(
    request: Request, parts: Parts, by: Viewer, asked: Annotated[Asked, Depends()]
) -> Response:
    """The problems, the newest first."""
    with parts.store.view() as view:
        return list_page(Frame(request, parts, by, view), _KIND, asked, view.problem_list)


@router.get("/problems/{number}")
def problem_page(request: Request, parts: Parts, by: Viewer, number: Number) -> Response:
    """One problem."""
    return _page(request, parts, by, number)


@router.post("/problems/{number}")
def act_on_problem(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    verb: Annotated[str, Form()],
    text: Prose = "",
) -> Response:
    """Takes a step, or says on the page why it may not be taken."""
    if verb not in _STEPS:
        raise RefusedError(f"there is no such step: {verb!r}")
    try:
        _STEPS[verb](ProblemDesk(parts.desk), number, by, _plain(text))
    except RefusedError as error:
        return _page(request, parts, by, number, str(error))
    return RedirectResponse(f"/problems/{number}", 303)


@router.post("/problems/{number}/texts")
def write_texts(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    form: Annotated[TextForm, Depends()],
) -> Response:
    """Writes down what is known."""
    try:
        ProblemDesk(parts.desk).edit(number, form.texts(), by)
    except RefusedError as error:
        return _page(request, parts, by, number, str(error))
    return RedirectResponse(f"/problems/{number}", 303)


@router.post("/problems/{number}/incidents")
def change_incidents(
    request: Request,
    parts: Parts,
    by: Operator,
    number: Number,
    form: Annotated[CauseForm, Depends()],
) -> Response:
    """Says which incidents have this cause, or another one."""
    try:
        number = form.carry_out(ProblemDesk(parts.desk), number, by)
    except RefusedError as error:
        return _page(request, parts, by, number, str(error))
    return RedirectResponse(f"/problems/{number}", 303)


@router.post("/incidents/{number}/problem")
def answer_for_incident(
    parts: Parts,
    by: Operator,
    number: Number,
    problem: Id,
    verb: Annotated[Literal["tie", "untie", "helped", "vain"], Form()],
) -> Response:
    """Whether the incident belongs to a problem, or whether its workaround helped."""
    desk = ProblemDesk(parts.desk)
    if verb == "tie":
        desk.tie(problem, number, by)
    elif verb == "untie":
        desk.untie(problem, number, by)
    else:
        desk.used(problem, number, verb == "helped", by)
    return RedirectResponse(f"/incidents/{number}", 303)


def causes(view: View, incident: Incident) -> list[Cause]:
    """The problems that an incident belongs to or may belong to, the surest first."""
    ties = [each for each in view.ties_of_incidents([incident.number]) if _asks(each)]
    known = view.problems(each.problem for each in ties)
    found = [Cause(known[each.problem], each) for each in ties if each.problem in known]
    shown = [each for each in found if each.tie.firm or each.problem.status in LIVE]
    return sorted(shown, key=lambda each: (not each.tie.firm, -each.tie.score))


def weeks(opened: Sequence[datetime], now: datetime) -> list[Week]:
    """How often it came back in each of the last weeks, the oldest first."""
    counts = [0] * WEEKS
    for at in opened:
        ago = (now - at) // _WEEK
        if 0 <= ago < WEEKS:
            counts[WEEKS - 1 - ago] += 1
    most = max(counts) or 1
    first = now - WEEKS * _WEEK
    return [Week(first + n * _WEEK, each, 100 * each // most) for n, each in enumerate(counts)]


def _page(request: Request, parts: Parts, by: Principal, number: int, wrong: str = "") -> Response:
    now = parts.clock.now()
    with parts.store.view() as view:
        found = view.problem(number, by.customer)
        if found is None:
            raise NotThereError(f"there is no problem {number}")
        ties = view.ties_of_problem(number)
        known = view.incidents(each.incident for each in ties)
        members = [Belonging(each, known[each.incident]) for each in ties if each.incident in known]
        mine = [each.incident.opened_at for each in members if each.tie.bond is not Bond.REFUSED]
        return Frame(request, parts, by, view).page(
            "problem.html",
            status=409 if wrong else 200,
            problem=found,
            verbs=() if found.merged_into else _VERBS.get(found.status, ()),
            live=found.status in LIVE,
            may_edit=found.merged_into is None and found.status in (*LIVE, ProblemStatus.CLOSED),
            may_draft=found.merged_into is None and found.status in KNOWN,
            languages=LANGUAGES,
            members=[each for each in reversed(members) if each.tie.bond is not Bond.SUGGESTED],
            suggested=[each for each in reversed(members) if each.tie.bond is Bond.SUGGESTED],
            weeks=weeks(mine, now),
            timeline=list(reversed(view.problem_timeline(number))),
            customer=parts.catalogue.customers.get(found.customer),
            service=parts.catalogue.services.get((found.customer, found.service or "")),
            wrong=wrong,
        )


def _asks(tie: Tie) -> bool:
    return tie.bond is not Bond.REFUSED


def _plain(text: str) -> str:
    """What somebody wrote, with the ends of lines that everything else has."""
    return text.replace("\r\n", "\n").strip()
