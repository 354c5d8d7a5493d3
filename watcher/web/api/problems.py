"""Problem records: the causes behind incidents, what is known of them, and what belongs to them."""

from collections.abc import Callable

from fastapi import APIRouter

from watcher.decide.problem import Texts
from watcher.engine.command import NotThereError
from watcher.engine.problems import Draft, ProblemDesk
from watcher.model.person import Principal
from watcher.model.problem import Problem
from watcher.web.api.answers import errors
from watcher.web.api.incidents import Id
from watcher.web.api.lists import Wanted, listing
from watcher.web.api.models import Listing
from watcher.web.api.problem_models import (
    KnownError,
    MergeProblem,
    NewProblem,
    OneIncident,
    Ownership,
    ProblemDetail,
    ProblemItem,
    ProblemTexts,
    Resolution,
    Saying,
    SplitProblem,
    Used,
)
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator, Viewer

router = APIRouter(prefix="/api/v1")


@router.get("/problems", responses=errors(), response_model_exclude_unset=True)
def list_problems(parts: Parts, by: Viewer, asked: Wanted) -> Listing[ProblemItem]:
    """Problems, newest first."""
    with parts.store.view() as view:
        page = view.problem_list(asked.by(by, parts))
    return listing(page, lambda each: ProblemItem.of(each, parts.public_url))


@router.post("/problems", status_code=201, responses=errors(404, 409))
def open_problem(parts: Parts, by: Operator, new: NewProblem) -> ProblemDetail:
    """Opens a problem by hand, with the incidents that it is behind."""
    draft = Draft(new.title, new.customer or "", new.service, tuple(new.incidents))
    return _detail(parts, _desk(parts).open(draft, by, new.reason).number, by)


@router.get("/problems/{id}", responses=errors(404))
def get_problem(parts: Parts, by: Viewer, number: Id) -> ProblemDetail:
    """A problem with its incidents and its timeline."""
    return _detail(parts, number, by)


@router.patch("/problems/{id}", responses=errors(404, 409))
def edit_problem(parts: Parts, by: Operator, number: Id, new: ProblemTexts) -> ProblemDetail:
    """Writes down what is known of a problem."""
    texts = Texts(**new.model_dump())
    return _after(parts, by, lambda desk: desk.edit(number, texts, by))


@router.post("/problems/{id}/confirm", responses=errors(404, 409))
def confirm_problem(parts: Parts, by: Operator, number: Id, why: Saying) -> ProblemDetail:
    """Agrees to a problem that Watcher proposed."""
    return _after(parts, by, lambda desk: desk.confirm(number, by, why.reason))


@router.post("/problems/{id}/refuse", responses=errors(404, 409))
def refuse_problem(parts: Parts, by: Operator, number: Id, why: Saying) -> ProblemDetail:
    """Refuses a problem that Watcher proposed; it is not proposed again."""
    return _after(parts, by, lambda desk: desk.refuse(number, by, why.reason))


@router.post("/problems/{id}/investigate", responses=errors(404, 409))
def investigate_problem(parts: Parts, by: Operator, number: Id, why: Saying) -> ProblemDetail:
    """Looks for the cause."""
    return _after(parts, by, lambda desk: desk.investigate(number, by, why.reason))


@router.post("/problems/{id}/known-error", responses=errors(404, 409))
def make_known_error(parts: Parts, by: Operator, number: Id, new: KnownError) -> ProblemDetail:
    """Makes it a known error, which needs a workaround."""
    return _after(parts, by, lambda desk: desk.known_error(number, by, new.workaround, new.reason))


@router.post("/problems/{id}/resolve", responses=errors(404, 409))
def resolve_problem(parts: Parts, by: Operator, number: Id, new: Resolution) -> ProblemDetail:
    """The cause is gone; if it comes back, the problem reopens."""
    return _after(
        parts, by, lambda desk: desk.resolve(number, by, new.fix, new.root_cause, new.reason)
    )


@router.post("/problems/{id}/close", responses=errors(404, 409))
def close_problem(parts: Parts, by: Operator, number: Id, why: Saying) -> ProblemDetail:
    """Nothing is left to do."""
    return _after(parts, by, lambda desk: desk.close(number, by, why.reason))


@router.post("/problems/{id}/reopen", responses=errors(404, 409))
def reopen_problem(parts: Parts, by: Operator, number: Id, why: Saying) -> ProblemDetail:
    """The cause is not gone after all."""
    return _after(parts, by, lambda desk: desk.reopen(number, by, why.reason))


@router.post("/problems/{id}/owner", responses=errors(404, 409))
def own_problem(parts: Parts, by: Operator, number: Id, new: Ownership) -> ProblemDetail:
    """Says who answers for it."""
    return _after(parts, by, lambda desk: desk.own(number, new.owner, by, new.reason))


@router.post("/problems/{id}/notes", responses=errors(404, 409))
def note_problem(parts: Parts, by: Operator, number: Id, new: Saying) -> ProblemDetail:
    """Writes a line on its timeline."""
    return _after(parts, by, lambda desk: desk.note(number, by, new.reason))


@router.post("/problems/{id}/merge", responses=errors(404, 409))
def merge_problem(parts: Parts, by: Operator, number: Id, new: MergeProblem) -> ProblemDetail:
    """Two problems have one cause; answers with the one that is left."""
    return _after(parts, by, lambda desk: desk.merge(number, new.into, by, new.reason))


@router.post("/problems/{id}/split", responses=errors(404, 409))
def split_problem(parts: Parts, by: Operator, number: Id, new: SplitProblem) -> ProblemDetail:
    """Some of its incidents have another cause; answers with that problem."""
    return _after(
        parts, by, lambda desk: desk.split(number, new.incidents, new.title, by, new.reason)
    )


@router.post("/problems/{id}/tie", responses=errors(404, 409))
def tie_incident(parts: Parts, by: Operator, number: Id, new: OneIncident) -> ProblemDetail:
    """An incident belongs to it; also how a suggestion is confirmed."""
    return _after(parts, by, lambda desk: desk.tie(number, new.incident, by, new.reason))


@router.post("/problems/{id}/untie", responses=errors(404, 409))
def untie_incident(parts: Parts, by: Operator, number: Id, new: OneIncident) -> ProblemDetail:
    """An incident does not belong to it; also how a suggestion is refused."""
    return _after(parts, by, lambda desk: desk.untie(number, new.incident, by, new.reason))


@router.post("/problems/{id}/used", responses=errors(404, 409))
def use_workaround(parts: Parts, by: Operator, number: Id, new: Used) -> ProblemDetail:
    """Whether its workaround helped with an incident; the first word counts."""
    return _after(
        parts, by, lambda desk: desk.used(number, new.incident, new.helped, by, new.reason)
    )


def _desk(parts: Deps) -> ProblemDesk:
    return ProblemDesk(parts.desk)


def _after(parts: Deps, by: Principal, act: Callable[[ProblemDesk], Problem]) -> ProblemDetail:
    return _detail(parts, act(_desk(parts)).number, by)


def _detail(parts: Deps, number: int, by: Principal) -> ProblemDetail:
    with parts.store.view() as view:
        found = view.problem(number, by.customer)
        if found is None:
            raise NotThereError(f"there is no problem {number}")
        return ProblemDetail.whole(found, view, parts.public_url)
