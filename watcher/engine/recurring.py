"""Whether an incident came back: one of a problem, perhaps of one, seen before, or new."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from watcher.decide.problem import LIVE
from watcher.decide.rhythm import ordinal
from watcher.engine.recurrence import NEW, SEEN_BEFORE
from watcher.model.incident import Entry, Incident
from watcher.model.problem import Problem, ProblemStatus, Tie
from watcher.model.reason import Reason
from watcher.store.views import View


class Standing(StrEnum):
    """What an incident is by those of before."""

    OF = "of"
    PERHAPS = "perhaps"
    SEEN = "seen"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Recurring:
    """That in words, and why; where there is a problem, its number, and which of its incidents this
    is, if it surely is one.
    """

    standing: Standing
    text: str
    reason: Reason
    problem: int | None = None
    place: int | None = None


def recurring(view: View, incident: Incident, timeline: Iterable[Entry]) -> Recurring | None:
    """What an incident is now; None while that is not known, and where nobody asks."""
    if incident.merged_into is not None:
        return None
    ties = view.ties_of_incidents([incident.number])
    known = view.problems(each.problem for each in ties)
    for tie in sorted(ties, key=lambda each: (not each.firm, -each.score)):
        problem = known.get(tie.problem)
        if problem is not None and tie.firm:
            return _one_of(problem, tie, view.place(problem.number, incident))
        if problem is not None and not tie.by_person and problem.status in LIVE:
            text = f"perhaps problem {problem.number}"
            return Recurring(Standing.PERHAPS, text, _why(tie), problem.number)
    lines = {each.key: each for each in timeline}
    for key, standing in ((SEEN_BEFORE, Standing.SEEN), (NEW, Standing.NEW)):
        if (line := lines.get(key)) is not None:
            return Recurring(standing, line.text, line.reason)
    return None


def _one_of(problem: Problem, tie: Tie, place: int) -> Recurring:
    text = f"{ordinal(place)} of problem {problem.number}"
    if problem.status is ProblemStatus.PROPOSED:
        text += ", which is proposed"
    return Recurring(Standing.OF, text, _why(tie), problem.number, place)


def _why(tie: Tie) -> Reason:
    return Reason("recurrence", "; ".join(tie.reasons) or f"says {tie.by}")
