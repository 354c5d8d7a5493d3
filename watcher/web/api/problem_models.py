"""The bodies of the API about problem records."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from watcher.model.incident import Priority
from watcher.model.problem import Bond, Problem, ProblemEntryKind, ProblemStatus
from watcher.model.reason import Reason
from watcher.store.views import View
from watcher.web.api.models import Line, Prose, Term

_MOST = 1_000
# Up to what every reader of JSON holds exactly.
Number = Annotated[int, Field(ge=1, le=2**53 - 1)]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=_MOST)]


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProblemCost(_Read):
    """What its incidents have cost; `lasted` is in seconds."""

    incidents: int
    lasted: float
    breaches: int
    woken: int


class ProblemItem(_Read):
    """A problem as it is listed; `last_at` is when its newest incident opened."""

    number: int
    title: str
    status: ProblemStatus
    priority: Priority
    customer: str
    service: str | None
    owner: str | None
    opened_at: datetime
    last_at: datetime
    returns: int
    cost: ProblemCost
    url: str

    @classmethod
    def of(cls, problem: Problem, public_url: str) -> Self:
        """The problem in plain values."""
        return cls.model_validate(_plain(cls, problem, public_url))


class ProblemTie(_Read):
    """An incident, how sure it is that it belongs to the problem, and what is alike."""

    incident: int
    bond: Bond
    score: float
    reasons: list[str]
    at: datetime
    by: str


class ProblemLine(_Read):
    """One line of the timeline of a problem."""

    at: datetime
    kind: ProblemEntryKind
    text: str
    reason: Reason
    actor: str


class ProblemDetail(ProblemItem):
    """A problem with all that is known of it."""

    terms: list[Term]
    opened_by: str
    root_cause: str
    workaround: str
    fix: str
    runbook: str
    awaits: bool
    tickets: list[str]
    worked: int
    failed: int
    resolved_at: datetime | None
    closed_at: datetime | None
    merged_into: int | None
    incidents: list[ProblemTie]
    timeline: list[ProblemLine]

    @classmethod
    def whole(cls, problem: Problem, view: View, public_url: str) -> Self:
        """The problem with what belongs to it."""
        ties = view.ties_of_problem(problem.number)
        parts = {
            "incidents": [ProblemTie.model_validate(each) for each in ties],
            "timeline": [
                ProblemLine.model_validate(each) for each in view.problem_timeline(problem.number)
            ],
        }
        return cls.model_validate(_plain(cls, problem, public_url) | parts)


class NewProblem(_Asked):
    """A problem that a person knows of; the customer may be left out where incidents say it."""

    title: Line
    customer: Line | None = None
    service: Line | None = None
    incidents: Annotated[list[Number], Field(max_length=_MOST)] = []
    reason: Prose = ""


class ProblemTexts(_Asked):
    """What is known of a problem; what is left out stays as it is."""

    title: Line | None = None
    service: Prose | None = None
    root_cause: Prose | None = None
    workaround: Prose | None = None
    fix: Prose | None = None
    runbook: Prose | None = None
    awaits: bool | None = None


class Saying(_Asked):
    """Why."""

    reason: Prose = ""


class KnownError(Saying):
    """What helps until the cause is gone."""

    workaround: Prose = ""


class Resolution(Saying):
    """What the cause was, and what took it away."""

    root_cause: Prose = ""
    fix: Prose = ""


class Ownership(Saying):
    """Who answers for it; nobody where it is left out."""

    owner: Line | None = None


class MergeProblem(Saying):
    """The problem that is to take this one in."""

    into: Number


class SplitProblem(Saying):
    """The incidents that have another cause, and what that is called."""

    incidents: Numbers
    title: Line


class OneIncident(Saying):
    """An incident."""

    incident: Number


class Used(OneIncident):
    """Whether the workaround helped with an incident."""

    helped: bool


def _plain(model: type[ProblemItem], problem: Problem, public_url: str) -> dict[str, object]:
    """The problem's own values, as a model has them."""
    named = {name: getattr(problem, name) for name in model.model_fields if hasattr(problem, name)}
    cost = problem.cost
    return named | {
        "cost": ProblemCost(
            incidents=cost.incidents,
            lasted=cost.lasted.total_seconds(),
            breaches=cost.breaches,
            woken=cost.woken,
        ),
        "url": f"{public_url}/problems/{problem.number}",
    }
