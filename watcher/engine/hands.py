"""What doing an action means, and how people are told of an incident."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from watcher.decide.lifecycle import News
from watcher.engine.causes import leading
from watcher.kit.clock import Clock
from watcher.model.action import Action, Intent, Outcome, Verdict
from watcher.model.evidence import Diagnosis
from watcher.model.incident import Incident
from watcher.model.problem import Problem, ProblemStatus
from watcher.model.review import FiledItem
from watcher.model.run import Run
from watcher.notifiers import OF_PROBLEMS, Briefing, Outlet, compose
from watcher.store.views import View


@dataclass(frozen=True, slots=True)
class Result:
    """What one attempt brought: its outcome, evidence where there is any, a line for the run log.

    `whole` says that the evidence is all that its runbook has to say by itself; `follows` is what
    is to be done later because of it, `script` what ran, `filed` what has become a ticket. What is
    `quiet` is not told on the timeline.
    """

    outcome: Outcome
    diagnosis: Diagnosis | None = None
    run: Run | None = None
    script: str = field(default="", repr=False)
    whole: bool = False
    follows: tuple[Intent, ...] = ()
    quiet: bool = False
    filed: FiledItem | None = None


Errand = Callable[[], Sequence[Result]]


class Hand(Protocol):
    """Does one kind of action."""

    @property
    def longest(self) -> float:
        """Seconds after which an errand has come back for certain."""

    def label(self, action: Action) -> str:
        """What the timeline calls the action."""

    def prepare(self, actions: Sequence[Action], view: View) -> Errand:
        """Reads all that is needed for actions that were claimed together; the errand then goes out
        without the store, and comes back with one result for each.
        """


@dataclass(frozen=True, slots=True)
class NotifyHand:
    """Tells people. `outlets` are the channels by name, `public_url` is where people find us."""

    outlets: Mapping[str, Outlet]
    clock: Clock
    public_url: str

    @property
    def longest(self) -> float:
        """The most patient of the channels."""
        return max((outlet.longest for outlet in self.outlets.values()), default=0.0)

    def label(self, action: Action) -> str:
        """Which news over which channel."""
        return f"message {action.payload['event']!r} to {action.payload['channel']}"

    def prepare(self, actions: Sequence[Action], view: View) -> Errand:
        """Writes the message from the incident, and its problem, as they are now."""
        [action] = actions
        channel = action.payload["channel"]
        outlet = self.outlets.get(channel)
        if outlet is None:
            return _gave_up(f"there is no channel {channel!r} any more")
        incident = view.incident(action.incident, action.customer)
        if incident is None:
            return _gave_up("the incident is not there any more")
        event = News(action.payload["event"])
        problem, likeness = _behind(view, action, incident)
        url = f"{self.public_url}/incidents/{incident.number}"
        problem_url = f"{self.public_url}/problems/{problem.number}" if problem else ""
        if event in OF_PROBLEMS and (problem is None or problem.status is ProblemStatus.REFUSED):
            return _done("the problem is refused or gone meanwhile")
        briefing = Briefing(
            event=event,
            incident=incident,
            alerts=tuple(alert for alert, _ in view.alerts_of(incident.number)),
            evidence=tuple(view.evidence_of(incident.number)),
            url=url,
            now=self.clock.now(),
            problem=problem,
            problem_url=problem_url,
            likeness=likeness,
        )
        about = problem_url if event in OF_PROBLEMS else url
        message = compose(briefing, action.key, thread=f"{about} {channel}")
        return lambda: (Result(outlet.send(message)),)


def _behind(
    view: View, action: Action, incident: Incident
) -> tuple[Problem | None, tuple[str, ...]]:
    """The problem that a message is about, else that of its incident; and what is alike."""
    number = int(action.payload.get("problem", 0)) or incident.problem
    problem = leading(view, number) if number else None
    if problem is None or problem.customer != incident.customer:
        return None, ()
    ties = view.ties_of_incidents([incident.number])
    return problem, next((each.reasons for each in ties if each.problem == problem.number), ())


def _done(reason: str) -> Errand:
    return lambda: (Result(Outcome(Verdict.DONE, reason)),)


def _gave_up(reason: str) -> Errand:
    return lambda: (Result(Outcome(Verdict.GAVE_UP, reason)),)
