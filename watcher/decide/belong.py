"""Which incidents belong to which problems: tied, untied, merged with others, split off.

An incident belongs firmly to one problem at most. What a person said is not undone by the machine,
and it does not ask again.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from watcher.decide.lifecycle import Moment, RefusedError
from watcher.decide.problem import (
    LIVE,
    OPEN,
    Case,
    Guess,
    News,
    Step,
    because,
    entered,
    open_new,
    recurred,
    require,
    said,
    told,
)
from watcher.model.change import replace
from watcher.model.incident import Incident
from watcher.model.problem import (
    Bond,
    Problem,
    ProblemEntryKind,
    ProblemStatus,
    Tie,
)

_TAKES = (*OPEN, ProblemStatus.RESOLVED, ProblemStatus.CLOSED)
_RANK = {Bond.SUGGESTED: 0, Bond.SURE: 1}


def link(
    problem: Problem, incident: Incident, guess: Guess, ties: Iterable[Tie], moment: Moment
) -> Step | None:
    """The machine recognises an incident, whose `ties` are given; None where there is nothing new
    to say: a person has spoken, or it belongs elsewhere.

    What is like a refused problem is kept with it in silence, so that nobody is asked again.
    """
    known = list(ties)
    mine = next((tie for tie in known if tie.problem == problem.number), None)
    elsewhere = any(tie.firm and tie.problem != problem.number for tie in known)
    if problem.merged_into is not None or elsewhere or (mine is not None and mine.by_person):
        return None
    new = _tie(problem, incident.number, guess, moment)
    if problem.status is ProblemStatus.REFUSED:
        return Step(problem, ties=(replace(new, bond=Bond.REFUSED),))
    if mine is not None and _RANK[mine.bond] >= _RANK[guess.bond]:
        return None
    how = "belongs to" if new.firm else "may belong to"
    why = because(moment, guess.reasons)
    return _tied(problem, incident, new, how, why)


def tie(problem: Problem, incident: Incident, ties: Iterable[Tie], moment: Moment) -> Step:
    """A person says that an incident belongs to a problem, and thus to no other. Raises
    RefusedError where it does so already, or where the problem takes none.
    """
    require(problem, "given incidents", *_TAKES)
    known = list(ties)
    mine = next((each for each in known if each.problem == problem.number), None)
    if mine is not None and mine.bond is Bond.CONFIRMED:
        raise RefusedError(f"#{incident.number} belongs to problem {problem.number} already")
    guess = Guess(Bond.CONFIRMED) if mine is None else Guess(*_learned(mine))
    step = _tied(
        problem, incident, _tie(problem, incident.number, guess, moment), "belongs to", moment
    )
    left = [each for each in known if each.firm and each.problem != problem.number]
    gone = tuple(
        entered(each.problem, ProblemEntryKind.UNTIED, _moved(incident, problem), moment)
        for each in left
    )
    away = tuple(said(each, Bond.REFUSED, moment) for each in left)
    return replace(step, entries=(*gone, *step.entries), ties=(*away, *step.ties))


def untie(problem: Problem, incident: int, ties: Iterable[Tie], moment: Moment) -> Step:
    """A person says that an incident does not belong to a problem. Raises RefusedError where it
    does not anyway.
    """
    mine = next((each for each in ties if each.problem == problem.number), None)
    if mine is None or mine.bond is Bond.REFUSED:
        raise RefusedError(f"#{incident} does not belong to problem {problem.number}")
    line = f"#{incident} does not belong to it, says {moment.actor}"
    entry = entered(problem.number, ProblemEntryKind.UNTIED, line, moment)
    text = f"does not belong to problem {problem.number} ({problem.title})"
    return Step(
        problem,
        (entry,),
        (said(mine, Bond.REFUSED, moment),),
        (told(incident, text, moment),),
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """A problem with its ties."""

    problem: Problem
    ties: tuple[Tie, ...] = ()


def merge(source: Whole, into: Whole, moment: Moment) -> tuple[Step, Step]:
    """Two problems have one cause: the first is closed into the other, which gets its incidents and
    what it lacks of its texts. Returns (closed, grown). Raises RefusedError.
    """
    old, new = source.problem, into.problem
    if old.customer != new.customer:
        raise RefusedError("problems of two customers are never merged")
    if old.number == new.number:
        raise RefusedError("a problem cannot be merged with itself")
    require(old, "merged", *LIVE)
    require(new, "given another", *OPEN)
    closed = replace(old, status=ProblemStatus.CLOSED, closed_at=moment.now, merged_into=new.number)
    grown = replace(
        new,
        last_at=max(new.last_at, old.last_at),
        service=new.service or old.service,
        owner=new.owner or old.owner,
        root_cause=new.root_cause or old.root_cause,
        workaround=new.workaround or old.workaround,
        fix=new.fix or old.fix,
        runbook=new.runbook or old.runbook,
        tickets=tuple(dict.fromkeys((*new.tickets, *old.tickets))),
        changes=tuple(dict.fromkeys((*new.changes, *old.changes))),
        worked=new.worked + old.worked,
        failed=new.failed + old.failed,
        returns=new.returns + old.returns,
    )
    kind = ProblemEntryKind.MERGED
    away = entered(old.number, kind, f"merged into {new.number}", moment)
    took = entered(new.number, kind, f"took in {old.number} ({old.title})", moment)
    return Step(closed, (away,)), Step(grown, (took,), _united(source, into))


def split(
    whole: Whole, incidents: Mapping[int, Incident], number: int, title: str, moment: Moment
) -> tuple[Step, Step]:
    """Some incidents of a problem have another cause, which becomes a problem with that number.
    Returns (left, new). Raises RefusedError unless these are some of its incidents, but not all.
    """
    problem = whole.problem
    require(problem, "split", *_TAKES)
    mine = {each.incident: each for each in whole.ties if each.firm}
    strange = sorted(incidents.keys() - mine.keys())
    if strange:
        raise RefusedError(f"#{strange[0]} does not belong to problem {problem.number}")
    if not incidents or len(incidents) == len(mine):
        raise RefusedError("a problem is split by some of its incidents: neither none nor all")
    named = ", ".join(f"#{each}" for each in sorted(incidents))
    guessed = ((incidents[each], Guess(*_learned(mine[each]))) for each in sorted(incidents))
    case = Case(problem.customer, title, problem.service, tuple(guessed))
    fresh = open_new(number, case, moment)
    text = f"{named} split off into {number} ({title})"
    left = entered(problem.number, ProblemEntryKind.SPLIT, text, moment)
    came = entered(number, ProblemEntryKind.SPLIT, f"split off from {problem.number}", moment)
    away = tuple(said(mine[each], Bond.REFUSED, moment) for each in sorted(incidents))
    return Step(problem, (left,), away), replace(fresh, entries=(*fresh.entries, came))


def home(ties: Iterable[Tie]) -> int | None:
    """The problem that an incident with these ties belongs to."""
    return next((each.problem for each in ties if each.firm), None)


def _tied(problem: Problem, incident: Incident, new: Tie, how: str, moment: Moment) -> Step:
    back = recurred(problem, incident, new, moment)
    grown = back.problem
    if new.firm:
        grown = replace(grown, last_at=max(grown.last_at, incident.opened_at))
    line = f"#{incident.number} {how} it"
    entry = entered(problem.number, ProblemEntryKind.TIED, line, moment)
    text = f"{how} problem {problem.number} ({problem.title})"
    news: tuple[News, ...] = back.news
    lines = (told(incident.number, text, moment),)
    return Step(grown, (entry, *back.entries), (new,), lines, news)


def _tie(problem: Problem, incident: int, guess: Guess, moment: Moment) -> Tie:
    return Tie(
        incident=incident,
        problem=problem.number,
        customer=problem.customer,
        bond=guess.bond,
        at=moment.now,
        by=moment.actor,
        score=guess.score,
        reasons=guess.reasons,
    )


def _learned(mine: Tie) -> tuple[Bond, float, tuple[str, ...]]:
    """A person agrees with what the machine made of it, which stays known."""
    return Bond.CONFIRMED, mine.score, mine.reasons


def _moved(incident: Incident, problem: Problem) -> str:
    return f"#{incident.number} belongs to problem {problem.number} instead"


def _united(source: Whole, into: Whole) -> tuple[Tie, ...]:
    """The ties of the first as those of the other. Where both have one, a person's word counts more
    than the machine's, the newer more than the older, and firm more than a suggestion.
    """
    known = {each.incident: each for each in into.ties}
    number = into.problem.number
    moved = (replace(each, problem=number) for each in source.ties)
    return tuple(
        each
        for each in moved
        if each.incident not in known or _weight(each) >= _weight(known[each.incident])
    )


def _weight(each: Tie) -> tuple[bool, int, float]:
    if each.by_person:
        return True, 0, each.at.timestamp()
    return False, _RANK[each.bond], each.at.timestamp()


def proposal(incidents: Collection[Incident]) -> tuple[str, str | None]:
    """The title and the service that some incidents suggest: what most of them are called."""
    newest = sorted(incidents, key=lambda each: each.number, reverse=True)
    titles = [each.title for each in newest]
    services = {each.service for each in newest}
    return max(titles, key=titles.count), services.pop() if len(services) == 1 else None
