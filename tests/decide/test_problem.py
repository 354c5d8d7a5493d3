"""What may happen to a problem, and what follows from it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.decide.given import at
from tests.decide.problems import BY_MACHINE, WHY, incident, moment, problem, tie
from watcher.decide import problem as life
from watcher.decide.lifecycle import Moment, RefusedError
from watcher.decide.problem import Case, Guess, News, Step, Texts
from watcher.model.incident import EntryKind, Priority
from watcher.model.policy import Costs
from watcher.model.problem import Bond, Cost, Problem, ProblemEntryKind, ProblemStatus

ALL = list(ProblemStatus)
SURE = Guess(Bond.SURE, 4.2, ("the same alert",))
KNOWN: dict[str, Any] = {"workaround": "truncate the log", "fix": "rotate"}


def case(*numbers: int) -> Case:
    """What speaks for a problem of billing."""
    found = tuple((incident(number, minutes=number), SURE) for number in numbers)
    return Case("acme", "disk full", "billing", found)


def lines(step: Step) -> list[str]:
    """What the timeline of the problem says."""
    return [each.text for each in step.entries]


def test_a_proposed_problem_waits_for_a_person() -> None:
    """The incidents that speak for it say so, each with its own reasons."""
    step = life.propose(3, case(7, 8), BY_MACHINE)

    assert (3, ProblemStatus.PROPOSED, at(8)) == (
        step.problem.number,
        step.problem.status,
        step.problem.last_at,
    )
    assert ["proposed: 2 incidents speak for it"] == lines(step)
    assert [(7, Bond.SURE, 4.2), (8, Bond.SURE, 4.2)] == [
        (each.incident, each.bond, each.score) for each in step.ties
    ]
    assert {("speaks for problem 3 (disk full)", "the same alert")} == {
        (each.text, each.reason.text) for each in step.told
    }
    assert (News.PROPOSED,) == step.news
    assert {EntryKind.PROBLEM} == {each.kind for each in step.told}


def test_a_problem_may_be_opened_at_once() -> None:
    """By a person, or by the machine where rules let it."""
    step = life.open_new(3, Case("acme", "disk full"), moment())

    assert (ProblemStatus.NEW, at(60), "olga") == (
        step.problem.status,
        step.problem.last_at,
        step.problem.opened_by,
    )
    assert ["opened by olga"] == lines(step)
    assert ((), (), ()) == (step.ties, step.told, step.news)


def test_an_incident_without_reasons_has_that_of_the_moment() -> None:
    """Every line has its reason."""
    found = Case("acme", "x", None, ((incident(), Guess(Bond.SURE)),))

    assert [WHY] == [each.reason for each in life.propose(1, found, BY_MACHINE).told]


def test_who_confirms_makes_the_incidents_its_own() -> None:
    """Those that are only suggested, or refused, stay so."""
    ties = [tie(7), tie(8, bond=Bond.SUGGESTED), tie(9, bond=Bond.REFUSED)]
    step = life.confirm(problem(status="proposed"), ties, moment())

    assert ProblemStatus.NEW == step.problem.status
    assert [tie(7, bond=Bond.CONFIRMED, at=at(60))] == list(step.ties)
    assert ["confirmed by olga"] == lines(step)


def test_who_refuses_is_not_asked_again() -> None:
    """What spoke for it does not any more."""
    ties = [tie(7), tie(8, bond=Bond.SUGGESTED), tie(9, bond=Bond.REFUSED)]
    step = life.refuse(problem(status="proposed"), ties, moment())

    assert (ProblemStatus.REFUSED, at(60)) == (step.problem.status, step.problem.closed_at)
    assert [(7, Bond.REFUSED), (8, Bond.REFUSED)] == [
        (each.incident, each.bond) for each in step.ties
    ]
    assert ["problem 1: refused by olga"] * 2 == [each.text for each in step.told]


@pytest.mark.parametrize(
    ("incidents", "found"),
    [
        ({7, 8, 9}, 1),
        ({7, 8}, 1),
        ({7, 8, 10, 11}, 1),
        ({7, 8, 10, 11, 12}, None),
        ({7}, None),
        ({10, 11}, None),
        ({20, 21}, None),
        ({30, 31}, None),
    ],
)
def test_what_is_half_the_same_was_asked_before(incidents: set[int], found: int | None) -> None:
    """Two at least; whoever only took one out of an open problem refused nothing else."""
    ties = [tie(number, bond=Bond.REFUSED) for number in (7, 8, 9)]
    ties += [tie(number, 2, Bond.REFUSED) for number in (20, 21)]
    ties += [tie(number, 1, Bond.SURE) for number in (30, 31)]

    assert found == life.refused_before(incidents, ties, {1})


Decide = Callable[[Problem], Step]


@pytest.mark.parametrize(
    ("decide", "allowed", "words"),
    [
        (lambda found: life.confirm(found, (), moment()), "proposed", "confirmed"),
        (lambda found: life.refuse(found, (), moment()), "proposed", "refused"),
        (lambda found: life.investigate(found, moment()), "new known_error", "investigated"),
        (
            lambda found: life.known_error(found, moment()),
            "new investigating",
            "made a known error",
        ),
        (lambda found: life.resolve(found, moment()), "new investigating known_error", "resolved"),
        (lambda found: life.close(found, moment()), "resolved", "closed"),
        (lambda found: life.reopen(found, moment()), "resolved closed", "reopened"),
        (
            lambda found: life.own(found, "ivan", moment()),
            "proposed new investigating known_error resolved",
            "given an owner",
        ),
        (
            lambda found: life.edit(found, Texts(title="x"), moment()),
            "proposed new investigating known_error resolved closed",
            "edited",
        ),
    ],
)
def test_what_may_happen_depends_on_where_a_problem_stands(
    decide: Decide, allowed: str, words: str
) -> None:
    """Everything else is refused in words for a person."""
    for status in ALL:
        found = problem(status=status, **KNOWN)
        if status in allowed.split():
            decide(found)
        else:
            with pytest.raises(RefusedError, match=f"problem cannot be {words}"):
                decide(found)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("proposed", "a proposed problem cannot be resolved: confirm it first"),
        ("refused", "a refused problem cannot be resolved"),
        ("closed", "a closed problem cannot be resolved"),
    ],
)
def test_a_refusal_says_where_the_problem_stands(status: str, words: str) -> None:
    """And what to do, where there is something."""
    with pytest.raises(RefusedError) as refused:
        life.resolve(problem(status=status, fix="x"), moment())

    assert words == str(refused.value)


def test_an_article_fits_its_word() -> None:
    """Words for a person are words of a person."""
    with pytest.raises(RefusedError, match=r"^an investigating problem cannot be closed$"):
        life.close(problem(status="investigating"), moment())


def test_a_merged_problem_leads_on() -> None:
    """Nothing is done to it any more; the other one is named."""
    with pytest.raises(RefusedError, match="problem 1 was merged into 9"):
        life.reopen(problem(status="closed", merged_into=9), moment())


def test_whoever_investigates_owns_it() -> None:
    """Unless somebody does already."""
    mine = life.investigate(problem(), moment())
    his = life.investigate(problem(owner="ivan"), moment())

    assert ("olga", "ivan") == (mine.problem.owner, his.problem.owner)
    assert ["investigated by ivan"] == lines(his)


def test_a_known_error_has_a_workaround() -> None:
    """Else there is nothing to know."""
    with pytest.raises(RefusedError, match="needs a workaround"):
        life.known_error(problem(), moment())
    step = life.known_error(problem(workaround="restart"), moment())

    assert (ProblemStatus.KNOWN_ERROR, (News.KNOWN_ERROR,)) == (step.problem.status, step.news)


@pytest.mark.parametrize("known", [{"fix": "rotate"}, {"root_cause": "no rotation"}])
def test_what_is_resolved_says_why(known: dict[str, Any]) -> None:
    """Either what the cause was, or what was done."""
    with pytest.raises(RefusedError, match="root cause"):
        life.resolve(problem(workaround="restart"), moment())
    step = life.resolve(problem(**known), moment())

    assert (ProblemStatus.RESOLVED, at(60)) == (step.problem.status, step.problem.resolved_at)
    assert (News.RESOLVED,) == step.news


@pytest.mark.parametrize(
    ("workaround", "status"),
    [("restart", ProblemStatus.KNOWN_ERROR), ("", ProblemStatus.INVESTIGATING)],
)
def test_what_is_reopened_is_known_as_well_as_before(
    workaround: str, status: ProblemStatus
) -> None:
    """It is over no more; that a person says so is no return."""
    over = problem(
        status="closed", workaround=workaround, resolved_at=at(10), closed_at=at(20), fix="x"
    )
    step = life.reopen(over, moment())

    assert (status, None, None, 0) == (
        step.problem.status,
        step.problem.resolved_at,
        step.problem.closed_at,
        step.problem.returns,
    )
    assert (News.REOPENED,) == step.news


def test_an_incident_after_the_fix_shows_that_it_was_none() -> None:
    """The problem is back, with the evidence."""
    over = problem(status="resolved", resolved_at=at(10), fix="x")
    new = tie(8, reasons=("the same alert", "the same host"))
    step = life.recurred(over, incident(8, minutes=30), new, BY_MACHINE)

    assert (ProblemStatus.INVESTIGATING, 1) == (step.problem.status, step.problem.returns)
    assert ["#8 opened after it was resolved: it is back"] == lines(step)
    assert ("recurred", "the same alert; the same host") == (
        step.entries[0].reason.rule,
        step.entries[0].reason.text,
    )


@pytest.mark.parametrize(
    ("found", "minutes", "bond"),
    [
        (problem(status="resolved", resolved_at=at(10)), 5, Bond.SURE),
        (problem(status="resolved", resolved_at=at(10)), 10, Bond.SURE),
        (problem(status="resolved", resolved_at=at(10)), 30, Bond.SUGGESTED),
        (problem(status="known_error"), 30, Bond.SURE),
        (problem(status="closed"), 30, Bond.SURE),
    ],
)
def test_nothing_else_brings_a_problem_back(found: Problem, minutes: float, bond: Bond) -> None:
    """Neither what opened before, nor a guess."""
    step = life.recurred(found, incident(8, minutes), tie(8, bond=bond), BY_MACHINE)

    assert Step(found) == step


def test_a_person_s_word_is_evidence_without_reasons() -> None:
    """Then the line says what he said."""
    over = problem(status="closed", resolved_at=at(10), fix="x")
    new = tie(8, bond=Bond.CONFIRMED)
    step = life.recurred(over, incident(8, minutes=30), new, moment())

    assert [WHY.text] == [each.reason.text for each in step.entries]


@pytest.mark.parametrize(
    ("owner", "line"),
    [("ivan ", "owned by ivan"), (" ", "owned by nobody"), (None, "owned by nobody")],
)
def test_somebody_answers_for_it_or_nobody(owner: str | None, line: str) -> None:
    """Blanks are nobody."""
    assert [line] == lines(life.own(problem(), owner, moment()))


def test_people_write_what_they_know() -> None:
    """The timeline says which parts are others, not all that was written."""
    texts = Texts(
        title="disk full", service="billing", root_cause=" no rotation ", tickets=("OPS-1",)
    )
    step = life.edit(problem(), texts, moment())

    assert ("billing", "no rotation", ("OPS-1",)) == (
        step.problem.service,
        step.problem.root_cause,
        step.problem.tickets,
    )
    assert ["service, root cause, tickets changed by olga"] == lines(step)


def test_what_is_written_again_is_no_news() -> None:
    """Nothing is changed, nothing is told; an empty service is none."""
    found = problem()

    assert Step(found) == life.edit(found, Texts(title="disk full ", service=""), moment())


@pytest.mark.parametrize(
    ("found", "texts", "words"),
    [
        (problem(), Texts(title=" "), "needs a title"),
        (problem(status="known_error", workaround="x"), Texts(workaround=""), "its workaround"),
        (problem(status="resolved", fix="x"), Texts(fix=""), "a root cause or a fix"),
    ],
)
def test_nothing_is_taken_away_that_must_be_there(found: Problem, texts: Texts, words: str) -> None:
    """A problem says what its state promises."""
    with pytest.raises(RefusedError, match=words):
        life.edit(found, texts, moment())


@pytest.mark.parametrize(
    ("worked", "counts", "line"),
    [
        (True, (1, 0), "the workaround helped with #7"),
        (False, (0, 1), "the workaround did not help with #7"),
    ],
)
def test_the_uses_of_a_workaround_are_counted(
    worked: bool, counts: tuple[int, int], line: str
) -> None:
    """Once an incident: the line has a key."""
    step = life.used(problem(workaround="restart"), 7, worked, moment())

    assert counts == (step.problem.worked, step.problem.failed)
    assert [(line, "workaround/7")] == [(each.text, each.key) for each in step.entries]
    assert [(7, f"problem 1: {line}")] == [(each.incident, each.text) for each in step.told]


def test_without_a_workaround_there_is_nothing_to_count() -> None:
    """Whoever says so is told."""
    with pytest.raises(RefusedError, match="no workaround"):
        life.used(problem(), 7, worked=True, moment=moment())


def test_a_note_is_a_line_and_nothing_more() -> None:
    """Wherever the problem stands."""
    found = problem(status="refused")
    step = life.note(found, "строка", moment())

    assert found == step.problem
    assert [(ProblemEntryKind.NOTE, "строка")] == [(each.kind, each.text) for each in step.entries]


def test_what_incidents_cost_makes_the_priority() -> None:
    """The machine says so with all terms, whoever made it count."""
    step = life.recounted(problem(), Cost(incidents=5), Costs(), moment())
    same = life.recounted(step.problem, Cost(incidents=6), Costs(), moment())

    assert (Priority.P3, Cost(5)) == (step.problem.priority, step.problem.cost)
    assert [("priority P5 -> P3", "watcher")] == [(each.text, each.actor) for each in step.entries]
    assert step.entries[0].reason.text.startswith("incidents 5: P3 from 5 incidents on; lasted 0:")
    assert ((), Cost(6)) == (same.entries, same.problem.cost)


@pytest.mark.parametrize(
    ("news", "text"),
    [
        (
            News.KNOWN_ERROR,
            "problem 1 (disk full) is a known error; workaround: truncate the log",
        ),
        (News.RESOLVED, "problem 1 (disk full) is resolved: rotate"),
        (News.REOPENED, "problem 1 (disk full) is back"),
    ],
)
def test_incidents_hear_the_news(news: News, text: str) -> None:
    """With what is worth knowing there."""
    entry = life.announced(problem(**KNOWN), incident(), news, moment())

    assert (7, EntryKind.PROBLEM, text) == (entry.incident, entry.kind, entry.text)


def test_the_cause_is_told_where_no_fix_is_known() -> None:
    """Something is always told."""
    found = replace(problem(), root_cause="no rotation")
    entry = life.announced(found, incident(), News.RESOLVED, Moment(at(0), WHY))

    assert entry.text.endswith("is resolved: no rotation")
