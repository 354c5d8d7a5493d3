"""What may happen to a problem now, and what follows from it.

Every function takes the problem as it is and returns a Step: the problem as it becomes, its ties,
what timelines say, and the news. The machine and people go through the same functions.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from watcher.decide.cost import priority
from watcher.decide.lifecycle import MACHINE, Moment, RefusedError
from watcher.model.change import replace
from watcher.model.incident import Entry, EntryKind, Incident, Priority
from watcher.model.policy import Costs
from watcher.model.problem import (
    Bond,
    Cost,
    Problem,
    ProblemEntry,
    ProblemEntryKind,
    ProblemStatus,
    Tie,
)
from watcher.model.reason import Reason

OPEN = (ProblemStatus.NEW, ProblemStatus.INVESTIGATING, ProblemStatus.KNOWN_ERROR)
"""Where a problem stands while people have to do with it."""

LIVE = (ProblemStatus.PROPOSED, *OPEN, ProblemStatus.RESOLVED)
"""Where it stands before it is over for good."""


class News(StrEnum):
    """What is worth telling those who deal with incidents of a problem."""

    PROPOSED = "proposed"
    OPENED = "opened"
    KNOWN_ERROR = "known_error"
    RESOLVED = "resolved"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of a problem. `ties` are new or changed, `told` are lines on the
    timelines of incidents.
    """

    problem: Problem
    entries: tuple[ProblemEntry, ...] = ()
    ties: tuple[Tie, ...] = ()
    told: tuple[Entry, ...] = ()
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """What the machine makes of an incident and a problem."""

    bond: Bond
    score: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What a new problem is about: some incidents of a customer, each with what speaks for it."""

    customer: str
    title: str
    service: str | None = None
    incidents: tuple[tuple[Incident, Guess], ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """What people write of a problem; None leaves a text as it is. `service` "" takes it away."""

    title: str | None = None
    service: str | None = None
    root_cause: str | None = None
    workaround: str | None = None
    fix: str | None = None
    runbook: str | None = None
    awaits: bool | None = None
    tickets: tuple[str, ...] | None = None
    changes: tuple[int, ...] | None = None


def propose(number: int, case: Case, moment: Moment) -> Step:
    """A problem that the machine thinks there is; a person has to confirm or refuse it."""
    text = f"proposed: {len(case.incidents)} incidents speak for it"
    step = _opened(number, case, ProblemStatus.PROPOSED, moment)
    entry = _entry(step.problem, ProblemEntryKind.PROPOSED, text, moment)
    return replace(step, entries=(entry,), news=(News.PROPOSED,))


def open_new(number: int, case: Case, moment: Moment) -> Step:
    """A problem that a person opens, or the machine where rules let it."""
    step = _opened(number, case, ProblemStatus.NEW, moment)
    entry = _entry(step.problem, ProblemEntryKind.OPENED, f"opened by {moment.actor}", moment)
    news = (News.OPENED,) if moment.actor == MACHINE else ()
    return replace(step, entries=(entry,), news=news)


def refused_before(
    incidents: Collection[int], ties: Iterable[Tie], refused: Collection[int]
) -> int | None:
    """The refused problem that was about the same, if any: half of these incidents, two at least,
    were refused as its own.
    """
    about: dict[int, int] = {}
    for tie in ties:
        if tie.bond is Bond.REFUSED and tie.problem in refused and tie.incident in incidents:
            about[tie.problem] = about.get(tie.problem, 0) + 1
    least = max(2, (len(incidents) + 1) // 2)
    return min((number for number, count in about.items() if count >= least), default=None)


def confirm(problem: Problem, ties: Iterable[Tie], moment: Moment) -> Step:
    """A person agrees with the machine: the incidents that speak for it belong to it. Raises
    RefusedError unless it is proposed.
    """
    require(problem, "confirmed", ProblemStatus.PROPOSED)
    changed = replace(problem, status=ProblemStatus.NEW)
    text = f"confirmed by {moment.actor}"
    mine = tuple(said(tie, Bond.CONFIRMED, moment) for tie in ties if tie.bond is Bond.SURE)
    entry = _entry(changed, ProblemEntryKind.CONFIRMED, text, moment)
    return Step(changed, (entry,), mine)


def refuse(problem: Problem, ties: Iterable[Tie], moment: Moment) -> Step:
    """A person does not agree: nobody is asked again about the same. Raises RefusedError unless it
    is proposed.
    """
    require(problem, "refused", ProblemStatus.PROPOSED)
    changed = replace(problem, status=ProblemStatus.REFUSED, closed_at=moment.now)
    mine = tuple(said(tie, Bond.REFUSED, moment) for tie in ties if tie.bond is not Bond.REFUSED)
    text = f"refused by {moment.actor}"
    entry = _entry(changed, ProblemEntryKind.REFUSED, text, moment)
    lines = (told(tie.incident, f"problem {problem.number}: {text}", moment) for tie in mine)
    return Step(changed, (entry,), mine, tuple(lines))


def investigate(problem: Problem, moment: Moment) -> Step:
    """Somebody looks for the cause. Raises RefusedError unless it is new or a known error."""
    require(problem, "investigated", ProblemStatus.NEW, ProblemStatus.KNOWN_ERROR)
    changed = replace(
        problem, status=ProblemStatus.INVESTIGATING, owner=problem.owner or moment.actor
    )
    text = f"investigated by {changed.owner}"
    return Step(changed, (_entry(changed, ProblemEntryKind.INVESTIGATING, text, moment),))


def known_error(problem: Problem, moment: Moment) -> Step:
    """There is something that helps until the cause is gone. Raises RefusedError without a
    workaround, or unless it is new or being investigated.
    """
    require(problem, "made a known error", ProblemStatus.NEW, ProblemStatus.INVESTIGATING)
    if not problem.workaround:
        raise RefusedError("a known error needs a workaround: say what helps meanwhile")
    changed = replace(problem, status=ProblemStatus.KNOWN_ERROR)
    text = f"made a known error by {moment.actor}"
    entry = _entry(changed, ProblemEntryKind.KNOWN_ERROR, text, moment)
    return Step(changed, (entry,), news=(News.KNOWN_ERROR,))


def resolve(problem: Problem, moment: Moment) -> Step:
    """The cause is gone, as a person says; incidents that open from now on say otherwise. Raises
    RefusedError unless it is open, and with neither a fix nor a root cause.
    """
    require(problem, "resolved", *OPEN)
    if not (problem.fix or problem.root_cause):
        raise RefusedError("say what the root cause was or what fixed it, before it is resolved")
    changed = replace(problem, status=ProblemStatus.RESOLVED, resolved_at=moment.now)
    entry = _entry(changed, ProblemEntryKind.RESOLVED, f"resolved by {moment.actor}", moment)
    return Step(changed, (entry,), news=(News.RESOLVED,))


def close(problem: Problem, moment: Moment) -> Step:
    """Nothing is left to do. Raises RefusedError unless it is resolved."""
    require(problem, "closed", ProblemStatus.RESOLVED)
    changed = replace(problem, status=ProblemStatus.CLOSED, closed_at=moment.now)
    entry = _entry(changed, ProblemEntryKind.CLOSED, f"closed by {moment.actor}", moment)
    return Step(changed, (entry,))


def reopen(problem: Problem, moment: Moment) -> Step:
    """A person says that the cause is not gone. Raises RefusedError unless it is resolved or
    closed, or if it was merged.
    """
    require(problem, "reopened", ProblemStatus.RESOLVED, ProblemStatus.CLOSED)
    return _back(problem, f"reopened by {moment.actor}", moment)


def recurred(problem: Problem, incident: Incident, tie: Tie, moment: Moment) -> Step:
    """What follows where an incident belongs to a problem: one that opened after the problem was
    resolved shows that it is not. Any other problem stays as it is.
    """
    resolved_at = problem.resolved_at
    over = problem.status in {ProblemStatus.RESOLVED, ProblemStatus.CLOSED}
    if not over or not tie.firm or resolved_at is None or incident.opened_at <= resolved_at:
        return Step(problem)
    text = f"#{incident.number} opened after it was resolved: it is back"
    evidence = "; ".join(tie.reasons) or moment.reason.text
    why = replace(moment, reason=Reason("recurred", evidence))
    return _back(replace(problem, returns=problem.returns + 1), text, why)


def own(problem: Problem, owner: str | None, moment: Moment) -> Step:
    """Somebody answers for it, or nobody. Raises RefusedError for one that is over for good."""
    require(problem, "given an owner", *LIVE)
    owner = (owner or "").strip() or None
    text = f"owned by {owner}" if owner else "owned by nobody"
    changed = replace(problem, owner=owner)
    return Step(changed, (_entry(changed, ProblemEntryKind.EDITED, text, moment),))


def edit(problem: Problem, texts: Texts, moment: Moment) -> Step:
    """A person writes what is known. Raises RefusedError for one that was refused or merged, for an
    empty title, and where a known error would lose its workaround or a resolved one its cause.
    """
    require(problem, "edited", *LIVE, ProblemStatus.CLOSED)
    new: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value
        for name in Texts.__dataclass_fields__
        if (value := getattr(texts, name)) is not None
    }
    if "service" in new:
        new["service"] = new["service"] or None
    new = {name: value for name, value in new.items() if value != getattr(problem, name)}
    changed = replace(problem, **new)
    _complete(changed)
    if not new:
        return Step(problem)
    named = ", ".join(name.replace("_", " ") for name in new)
    text = f"{named} changed by {moment.actor}"
    return Step(changed, (_entry(changed, ProblemEntryKind.EDITED, text, moment),))


def used(problem: Problem, incident: int, worked: bool, moment: Moment) -> Step:
    """The workaround was used on an incident. The line has a key: it counts once an incident.
    Raises RefusedError where there is no workaround.
    """
    if not problem.workaround:
        raise RefusedError(f"problem {problem.number} has no workaround")
    counted = replace(problem, worked=problem.worked + worked, failed=problem.failed + (not worked))
    text = f"the workaround {'helped' if worked else 'did not help'} with #{incident}"
    entry = _entry(counted, ProblemEntryKind.WORKAROUND, text, moment)
    line = told(incident, f"problem {problem.number}: {text}", moment)
    return Step(counted, (replace(entry, key=f"workaround/{incident}"),), told=(line,))


def note(problem: Problem, text: str, moment: Moment) -> Step:
    """A line on the timeline, wherever it stands."""
    return Step(problem, (_entry(problem, ProblemEntryKind.NOTE, text, moment),))


def recounted(problem: Problem, cost: Cost, costs: Costs, moment: Moment) -> Step:
    """Its incidents have cost so much, which makes its priority."""
    level, terms = priority(cost, costs)
    changed = replace(problem, cost=cost, priority=level, terms=terms)
    if level == problem.priority:
        return Step(changed)
    why = "; ".join(f"{term.name} {term.value}: {term.because}" for term in terms)
    by_cost = replace(moment, reason=Reason("cost", why), actor=MACHINE)
    text = f"priority {problem.priority} -> {level}"
    return Step(changed, (_entry(changed, ProblemEntryKind.PRIORITY, text, by_cost),))


def announced(problem: Problem, incident: Incident, news: News, moment: Moment) -> Entry:
    """What the timeline of an incident says of news about its problem."""
    name = f"problem {problem.number} ({problem.title})"
    text = {
        News.KNOWN_ERROR: f"{name} is a known error; workaround: {problem.workaround}",
        News.RESOLVED: f"{name} is resolved: {problem.fix or problem.root_cause}",
        News.REOPENED: f"{name} is back",
    }[news]
    return told(incident.number, text, moment)


def _opened(number: int, case: Case, status: ProblemStatus, moment: Moment) -> Step:
    problem = Problem(
        number=number,
        customer=case.customer,
        title=case.title,
        status=status,
        priority=Priority.P5,
        opened_at=moment.now,
        opened_by=moment.actor,
        last_at=max((each.opened_at for each, _ in case.incidents), default=moment.now),
        service=case.service,
    )
    name = f"problem {number} ({case.title})"
    ties = tuple(
        Tie(
            incident=incident.number,
            problem=number,
            customer=case.customer,
            bond=guess.bond,
            at=moment.now,
            by=moment.actor,
            score=guess.score,
            reasons=guess.reasons,
        )
        for incident, guess in case.incidents
    )
    lines = (told(tie.incident, f"speaks for {name}", because(moment, tie.reasons)) for tie in ties)
    return Step(problem, ties=ties, told=tuple(lines))


def _back(problem: Problem, text: str, moment: Moment) -> Step:
    status = ProblemStatus.KNOWN_ERROR if problem.workaround else ProblemStatus.INVESTIGATING
    changed = replace(problem, status=status, resolved_at=None, closed_at=None)
    entry = _entry(changed, ProblemEntryKind.REOPENED, text, moment)
    return Step(changed, (entry,), news=(News.REOPENED,))


def _complete(problem: Problem) -> None:
    if not problem.title:
        raise RefusedError("a problem needs a title")
    if problem.status is ProblemStatus.KNOWN_ERROR and not problem.workaround:
        raise RefusedError("a known error needs its workaround: investigate it instead")
    over = problem.status in {ProblemStatus.RESOLVED, ProblemStatus.CLOSED}
    if over and not (problem.fix or problem.root_cause):
        raise RefusedError("what is resolved needs a root cause or a fix: reopen it instead")


def require(problem: Problem, verb: str, *allowed: ProblemStatus) -> None:
    """Raises RefusedError unless the problem stands so that this may be done."""
    if problem.merged_into is not None:
        raise RefusedError(f"problem {problem.number} was merged into {problem.merged_into}")
    if problem.status in allowed:
        return
    if problem.status is ProblemStatus.PROPOSED:
        raise RefusedError(f"a proposed problem cannot be {verb}: confirm it first")
    state = problem.status.replace("_", " ")
    article = "an" if state[0] in "i" else "a"
    raise RefusedError(f"{article} {state} problem cannot be {verb}")


def said(tie: Tie, bond: Bond, moment: Moment) -> Tie:
    """A tie as somebody decided on it now."""
    return replace(tie, bond=bond, at=moment.now, by=moment.actor)


def because(moment: Moment, reasons: tuple[str, ...]) -> Moment:
    """The same moment with these reasons, if there are any."""
    if not reasons:
        return moment
    return replace(moment, reason=replace(moment.reason, text="; ".join(reasons)))


def entered(number: int, kind: ProblemEntryKind, text: str, moment: Moment) -> ProblemEntry:
    """A line on the timeline of the problem with that number."""
    return ProblemEntry(number, moment.now, kind, text, moment.reason, moment.actor)


def _entry(problem: Problem, kind: ProblemEntryKind, text: str, moment: Moment) -> ProblemEntry:
    return entered(problem.number, kind, text, moment)


def told(incident: int, text: str, moment: Moment) -> Entry:
    """A line on the timeline of an incident."""
    return Entry(incident, moment.now, EntryKind.PROBLEM, text, moment.reason, moment.actor)
