"""Which incidents belong to which problems."""

import pytest

from tests.decide.given import at
from tests.decide.problems import BY_MACHINE, incident, moment, problem, tie
from watcher.decide import belong
from watcher.decide.belong import Whole
from watcher.decide.lifecycle import RefusedError
from watcher.decide.problem import Guess, News
from watcher.model.problem import Bond, Problem, ProblemStatus, Tie

SURE = Guess(Bond.SURE, 4.2, ("the same alert",))
PERHAPS = Guess(Bond.SUGGESTED, 1.2, ("the same host",))
NEWER = at(30)


@pytest.mark.parametrize(
    ("guess", "line"), [(SURE, "#8 belongs to it"), (PERHAPS, "#8 may belong to it")]
)
def test_the_machine_recognises_an_incident(guess: Guess, line: str) -> None:
    """Both timelines say so, with its reasons."""
    step = belong.link(problem(), incident(8, 30), guess, [], BY_MACHINE)

    assert step is not None
    assert [(8, 1, guess.bond, guess.score)] == [
        (each.incident, each.problem, each.bond, each.score) for each in step.ties
    ]
    assert [(line, guess.reasons[0])] == [(each.text, each.reason.text) for each in step.entries]
    assert [guess.reasons[0]] == [each.reason.text for each in step.told]
    assert (at(30) if guess is SURE else at(0)) == step.problem.last_at


@pytest.mark.parametrize(
    ("ties", "guess"),
    [
        ([tie(bond=Bond.CONFIRMED)], SURE),
        ([tie(bond=Bond.REFUSED)], SURE),
        ([tie(problem=2)], SURE),
        ([tie(problem=2, bond=Bond.CONFIRMED)], PERHAPS),
        ([tie()], SURE),
        ([tie()], PERHAPS),
        ([tie(bond=Bond.SUGGESTED)], PERHAPS),
    ],
)
def test_the_machine_is_silent_where_it_has_nothing_new_to_say(
    ties: list[Tie], guess: Guess
) -> None:
    """What a person said stands, nobody is asked twice, and nothing belongs to two."""
    assert belong.link(problem(), incident(), guess, ties, BY_MACHINE) is None


def test_the_machine_may_become_sure() -> None:
    """A guess, and what somebody refused elsewhere, are no obstacle."""
    ties = [tie(bond=Bond.SUGGESTED), tie(problem=2, bond=Bond.REFUSED)]
    step = belong.link(problem(), incident(), SURE, ties, BY_MACHINE)

    assert step is not None
    assert [Bond.SURE] == [each.bond for each in step.ties]


def test_nothing_is_linked_with_what_was_merged() -> None:
    """Whoever finds it looks where it leads."""
    gone = problem(status="closed", merged_into=2)

    assert belong.link(gone, incident(), SURE, [], BY_MACHINE) is None


def test_what_is_like_a_refused_problem_is_kept_with_it_in_silence() -> None:
    """So that nobody is asked again about the same."""
    step = belong.link(problem(status="refused"), incident(), SURE, [], BY_MACHINE)

    assert step is not None
    assert [(Bond.REFUSED, "watcher")] == [(each.bond, each.by) for each in step.ties]
    assert ((), ()) == (step.entries, step.told)


def test_a_sure_match_brings_a_resolved_problem_back() -> None:
    """A guess does not."""
    over = problem(status="resolved", resolved_at=at(10), fix="x")
    sure = belong.link(over, incident(8, 30), SURE, [], BY_MACHINE)
    perhaps = belong.link(over, incident(8, 30), PERHAPS, [], BY_MACHINE)

    assert sure is not None
    assert perhaps is not None
    assert (1, (News.REOPENED,)) == (sure.problem.returns, sure.news)
    assert (0, ()) == (perhaps.problem.returns, perhaps.news)


def test_a_person_ties_an_incident_to_one_problem_only() -> None:
    """It leaves the one that it belonged to, for good, and both say so."""
    ties = [tie(problem=2), tie(problem=3, bond=Bond.SUGGESTED), tie(bond=Bond.REFUSED)]
    step = belong.tie(problem(), incident(), ties, moment())

    assert [(2, Bond.REFUSED), (1, Bond.CONFIRMED)] == [
        (each.problem, each.bond) for each in step.ties
    ]
    assert [(2, "#7 belongs to problem 1 instead"), (1, "#7 belongs to it")] == [
        (each.problem, each.text) for each in step.entries
    ]


def test_what_the_machine_saw_stays_known_when_a_person_agrees() -> None:
    """The score and the reasons are what it learns from."""
    seen = tie(score=4.2, reasons=("the same alert",))
    step = belong.tie(problem(), incident(), [seen], moment())

    assert [(Bond.CONFIRMED, "olga", 4.2, ("the same alert",))] == [
        (each.bond, each.by, each.score, each.reasons) for each in step.ties
    ]


@pytest.mark.parametrize(
    ("found", "ties", "words"),
    [
        (problem(), [tie(bond=Bond.CONFIRMED)], "#7 belongs to problem 1 already"),
        (problem(status="proposed"), [], "confirm it first"),
        (problem(status="refused"), [], "a refused problem cannot be given incidents"),
        (problem(status="closed", merged_into=2), [], "merged into 2"),
    ],
)
def test_some_ties_are_refused(found: Problem, ties: list[Tie], words: str) -> None:
    """In words for a person."""
    with pytest.raises(RefusedError, match=words):
        belong.tie(found, incident(), ties, moment())


def test_a_person_unties_an_incident_for_good() -> None:
    """A suggestion, too; both timelines say so."""
    step = belong.untie(problem(), 7, [tie(bond=Bond.SUGGESTED), tie(problem=2)], moment())

    assert [tie(bond=Bond.REFUSED, at=at(60))] == list(step.ties)
    assert ["#7 does not belong to it, says olga"] == [each.text for each in step.entries]
    assert ["does not belong to problem 1 (disk full)"] == [each.text for each in step.told]


@pytest.mark.parametrize("ties", [[], [tie(problem=2)], [tie(bond=Bond.REFUSED)]])
def test_what_does_not_belong_cannot_be_untied(ties: list[Tie]) -> None:
    """Whoever tries is told."""
    with pytest.raises(RefusedError, match="#7 does not belong to problem 1"):
        belong.untie(problem(), 7, ties, moment())


def test_two_problems_become_one() -> None:
    """The other gets what it lacks, and all incidents; the first leads to it."""
    old = problem(
        1, "proposed", last_at=at(50), workaround="restart", fix="x", tickets=("A", "B"), worked=2
    )
    new = problem(2, "investigating", fix="y", tickets=("B", "C"), worked=1, service="billing")
    away, grown = belong.merge(Whole(old, (tie(7), tie(8))), Whole(new, ()), moment())

    assert (ProblemStatus.CLOSED, 2, at(60)) == (
        away.problem.status,
        away.problem.merged_into,
        away.problem.closed_at,
    )
    found = grown.problem
    assert ("restart", "y", ("B", "C", "A"), 3, "billing", at(50)) == (
        found.workaround,
        found.fix,
        found.tickets,
        found.worked,
        found.service,
        found.last_at,
    )
    assert [(7, 2), (8, 2)] == [(each.incident, each.problem) for each in grown.ties]
    assert ["merged into 2"] == [each.text for each in away.entries]
    assert ["took in 1 (disk full)"] == [each.text for each in grown.entries]


@pytest.mark.parametrize(
    ("theirs", "mine", "moved"),
    [
        (tie(bond=Bond.SURE), tie(problem=2, bond=Bond.REFUSED), False),
        (tie(bond=Bond.SURE), tie(problem=2, bond=Bond.SUGGESTED), True),
        (tie(bond=Bond.SUGGESTED), tie(problem=2, bond=Bond.SURE), False),
        (tie(bond=Bond.REFUSED), tie(problem=2, bond=Bond.SURE), True),
        (tie(bond=Bond.CONFIRMED), tie(problem=2, bond=Bond.REFUSED), True),
        (tie(bond=Bond.CONFIRMED), tie(problem=2, bond=Bond.REFUSED, at=NEWER), False),
        (tie(bond=Bond.REFUSED, at=NEWER), tie(problem=2, bond=Bond.CONFIRMED), True),
    ],
)
def test_the_weightier_word_on_an_incident_counts(theirs: Tie, mine: Tie, moved: bool) -> None:
    """A person's before the machine's, his last before his first, sure before perhaps."""
    _, grown = belong.merge(Whole(problem(1), (theirs,)), Whole(problem(2), (mine,)), moment())

    assert moved == bool(grown.ties)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (problem(1), problem(1), "with itself"),
        (problem(1), problem(2, customer="globex"), "two customers"),
        (problem(1, "closed"), problem(2), "a closed problem cannot be merged"),
        (problem(1), problem(2, "resolved"), "cannot be given another"),
        (problem(1), problem(2, "proposed"), "confirm it first"),
        (problem(1), problem(2, "closed", merged_into=3), "merged into 3"),
    ],
)
def test_some_mergers_are_refused(one: Problem, other: Problem, words: str) -> None:
    """In words for a person."""
    with pytest.raises(RefusedError, match=words):
        belong.merge(Whole(one), Whole(other), moment())


def test_a_problem_is_split() -> None:
    """What has another cause is a problem of its own, and never counts as this one again."""
    whole = Whole(problem(service="billing"), (tie(7), tie(8, score=3.0), tie(9)))
    left, new = belong.split(whole, {8: incident(8)}, 5, "logs", moment())

    assert [(8, 1, Bond.REFUSED)] == [
        (each.incident, each.problem, each.bond) for each in left.ties
    ]
    assert [(8, 5, Bond.CONFIRMED, 3.0)] == [
        (each.incident, each.problem, each.bond, each.score) for each in new.ties
    ]
    assert ("logs", "billing", ProblemStatus.NEW) == (
        new.problem.title,
        new.problem.service,
        new.problem.status,
    )
    assert ["#8 split off into 5 (logs)"] == [each.text for each in left.entries]
    assert ["opened by olga", "split off from 1"] == [each.text for each in new.entries]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], "neither none nor all"),
        ([7, 8], "neither none nor all"),
        ([9], "#9 does not belong"),
        ([10], "#10 does not belong"),
    ],
)
def test_only_some_of_its_incidents_can_be_split_off(numbers: list[int], words: str) -> None:
    """Neither all, nor others; a suggestion is none of its own."""
    whole = Whole(problem(), (tie(7), tie(8), tie(9, bond=Bond.SUGGESTED)))
    with pytest.raises(RefusedError, match=words):
        belong.split(whole, {each: incident(each) for each in numbers}, 5, "logs", moment())


def test_an_incident_is_at_home_where_it_belongs_firmly() -> None:
    """Nowhere, where that is only suggested."""
    assert 2 == belong.home([tie(problem=1, bond=Bond.SUGGESTED), tie(problem=2)])
    assert belong.home([tie(bond=Bond.REFUSED)]) is None


@pytest.mark.parametrize(
    ("services", "found"), [(("billing", "billing"), "billing"), (("billing", None), None)]
)
def test_most_incidents_say_what_a_problem_is_called(
    services: tuple[str | None, str | None], found: str | None
) -> None:
    """The newest of the titles that are given as often; a service only where all have it."""
    incidents = [
        incident(1, title="disk full on db1", service=services[0]),
        incident(2, title="disk full on db2", service=services[1]),
    ]

    assert ("disk full on db2", found) == belong.proposal(incidents)
