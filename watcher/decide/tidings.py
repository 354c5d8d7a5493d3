"""Whether people are to be told of what the first diagnoses of an incident found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watcher.decide.lifecycle import News
from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.evidence import Diagnosis, Level
from watcher.model.incident import Incident, Priority
from watcher.model.policy import Occasion
from watcher.model.reason import Reason

RULE = "first-diagnoses"

_UNDER_WAY = frozenset((ActionStatus.WAITING, ActionStatus.RUNNING))
_WORDS = {Level.BAD: "bad", Level.WARN: "worth a look"}


@dataclass(frozen=True, slots=True)
class Tidings:
    """The decision, and why."""

    tell: bool
    reason: Reason


def first_round(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The diagnoses that Watcher makes at once by itself: not what a person asked for, not what
    waits for a person, for a delay or for a second look.
    """
    return tuple(
        each
        for each in actions
        if each.kind is ActionKind.DIAGNOSE
        and each.status is not ActionStatus.HELD
        and each.payload.get("occasion") != Occasion.MANUAL
        and not {"again", "approved_by"} & each.payload.keys()
        and not _delayed(each)
    )


def tidings(
    incident: Incident, actions: Sequence[Action], evidence: Iterable[Diagnosis]
) -> Tidings:
    """Tells once that all have ended and something was found, of an incident that is not over.

    A host that lets nobody in is tried again for minutes: nobody is kept waiting for it.
    """
    left = sum(each.status in _UNDER_WAY for each in first_round(actions))
    if any(each.payload.get("event") == News.EVIDENCE for each in actions):
        return _quiet("it has been told already")
    if not incident.living:
        return _quiet("the incident is over")
    if incident.priority is Priority.P5:
        return _quiet("nobody is told more of a P5 than that it is there")
    if left:
        return _quiet(f"{left} of the first diagnoses {'is' if left == 1 else 'are'} to come")
    return _found(evidence)


def _found(evidence: Iterable[Diagnosis]) -> Tidings:
    found = [
        (highlight.level, run.host)
        for run in evidence
        for step in run.steps
        for highlight in step.highlights
        if highlight.level in _WORDS
    ]
    if not found:
        return _quiet("the first diagnoses found nothing wrong")
    counts = ((sum(each is level for each, _ in found), word) for level, word in _WORDS.items())
    what = ", ".join(f"{count} {word}" for count, word in counts if count)
    where = ", ".join(sorted({host for _, host in found}))
    return Tidings(True, Reason(RULE, f"the first diagnoses have ended: {what} on {where}"))


def _quiet(why: str) -> Tidings:
    return Tidings(False, Reason(RULE, why))


def _delayed(action: Action) -> bool:
    """Whether it was put off when it was written down, and has not been due yet."""
    waits = action.status is ActionStatus.WAITING and not action.attempts
    return waits and action.next_at > action.created_at
