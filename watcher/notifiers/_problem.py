"""How a message about a problem is written: what helps first, then why, for a phone at night."""

from collections.abc import Mapping
from datetime import datetime

from watcher.decide.lifecycle import News
from watcher.kit.text import cut, one_line
from watcher.model.incident import Incident
from watcher.model.problem import Problem, ProblemStatus

_TITLE, _SENTENCE, _REASONS = 200, 300, 6
# Of what people wrote, so many lines and letters are told.
_LINES, _LETTERS = 20, 1500

# Where a problem stands as long as the news is as it was.
_AS_TOLD: Mapping[News, tuple[ProblemStatus, ...]] = {
    News.PROBLEM_PROPOSED: (ProblemStatus.PROPOSED,),
    News.PROBLEM_OPENED: (ProblemStatus.NEW,),
    News.KNOWN_ERROR: (ProblemStatus.KNOWN_ERROR,),
    News.PROBLEM_BACK: (ProblemStatus.INVESTIGATING, ProblemStatus.KNOWN_ERROR),
}
OF_PROBLEMS = frozenset(_AS_TOLD)
"""Which news are of a problem rather than of its incident."""


def subject_of(problem: Problem, event: News) -> str:
    """One line for the list of messages; without a priority, which is the incident's."""
    name = f"{_headline(problem)} (problem {problem.number})"
    what = {
        News.PROBLEM_PROPOSED: "Is this a problem?",
        News.PROBLEM_OPENED: "New problem:",
        News.KNOWN_ERROR: "Known error:",
        News.PROBLEM_BACK: "It is back:",
    }[event]
    return f"{what} {name}"


def facts_of(
    problem: Problem, event: News, incident: Incident, reasons: tuple[str, ...], url: str
) -> dict[str, object]:
    """What the templates say of a problem and of the incident by which it is news."""
    state = problem.status.replace("_", " ")
    # Whoever hears what helps has been told of the likeness before.
    told = event is News.KNOWN_ERROR
    return {
        "headline": _headline(problem),
        "number": problem.number,
        "meanwhile": "" if problem.status in _AS_TOLD[event] else state,
        "workaround": _block(problem.workaround),
        "fix": _sentence(problem.fix or problem.root_cause),
        "runbook": _sentence(problem.runbook),
        "worked": problem.worked,
        "used": problem.worked + problem.failed,
        "owner": problem.owner,
        "incidents": problem.cost.incidents,
        "incident": incident.number,
        "about": _sentence(f"{incident.title} ({incident.priority}, {incident.status})"),
        "reasons": [] if told else [_sentence(each) for each in reasons[:_REASONS]],
        "customer": problem.customer,
        "url": url,
    }


def as_api(problem: Problem, url: str) -> dict[str, object]:
    """The problem for programs, under the names of the API."""
    return {
        "number": problem.number,
        "title": problem.title,
        "status": problem.status,
        "priority": problem.priority,
        "customer": problem.customer,
        "service": problem.service,
        "owner": problem.owner,
        "opened_at": _stamp(problem.opened_at),
        "returns": problem.returns,
        "root_cause": problem.root_cause,
        "workaround": problem.workaround,
        "fix": problem.fix,
        "runbook": problem.runbook,
        "url": url,
    }


def _headline(problem: Problem) -> str:
    title = one_line(problem.title)
    if problem.service and problem.service not in title:
        title = f"{problem.service}: {title}"
    return cut(title, _TITLE)


def _sentence(text: str) -> str:
    return cut(one_line(text), _SENTENCE)


def _block(text: str) -> str:
    """What people wrote in lines, as far as it fits."""
    lines = [one_line(line) for line in text.strip().splitlines()]
    return cut("\n".join(lines[:_LINES]), _LETTERS) + ("\n…" if len(lines) > _LINES else "")


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
