"""Whether a new incident is one of a problem, one more like others, or new."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.given import NOW, incident
from tests.contract.test_store_problems import problem
from watcher.decide.census import Census
from watcher.decide.lifecycle import Moment
from watcher.decide.recognise import (
    Comparison,
    Ground,
    alike,
    enough,
    known_error,
    recognised,
    unlike,
)
from watcher.decide.recur import Experience, Past
from watcher.model.policy import ProblemRules
from watcher.model.problem import Bond, ProblemStatus
from watcher.model.reason import Reason
from watcher.model.signature import Signature

DAY = timedelta(days=1)
MOMENT = Moment(NOW, Reason("recurrence", "x"))


def like(at: datetime = NOW, **traits: str) -> Signature:
    """An incident of then; the values of a field have blanks between them."""
    return Signature(at, {name: frozenset(values.split()) for name, values in traits.items()})


FULL = like(condition="k1", alert="disk-full", host="db01")


def ground(*signatures: Signature, known: int = 0, among: int = 0, **rules: Any) -> Ground:
    """These incidents, and so many others that nobody has seen the like of."""
    census = Census()
    others = (like(condition=f"c{n}", alert=f"a{n}", host=f"h{n}") for n in range(among))
    for each in (*signatures, *others):
        census.note(each)
    return Ground(census, Experience(50), {}, known, ProblemRules(**rules))


def past(cause: int, *signatures: Signature) -> list[Past[int]]:
    """Incidents of a problem, each a week before the next."""
    return [
        Past(cause, replace(each, opened_at=NOW - number * 7 * DAY))
        for number, each in enumerate(signatures, 1)
    ]


def bond(*given: Past[int], refused: tuple[Past[int], ...] = (), **about: Any) -> object:
    """The problem of the full disk, and how sure that is."""
    found = recognised(
        Comparison(FULL, given, ground(*(e.signature for e in given), **about)), refused
    )
    return found and (found[0], found[1].bond)


def test_what_repeats_a_problem_is_surely_one_of_it() -> None:
    """Also where a customer has no other trouble, so that nothing about it is rare."""
    assert (7, Bond.SURE) == bond(*past(7, FULL, FULL, FULL))


def test_what_repeats_too_few_is_suggested() -> None:
    """Two may be chance, also where they tell nothing among thousands."""
    assert (7, Bond.SUGGESTED) == bond(*past(7, FULL, FULL), among=3)
    assert (7, Bond.SUGGESTED) == bond(*past(7, FULL, FULL), known=100_000)


def test_what_somebody_refused_makes_it_less_sure() -> None:
    """Such an incident was one of this problem before, as a person said it is not."""
    mine = past(7, FULL, FULL, FULL)

    assert (7, Bond.SUGGESTED) == bond(*mine, refused=tuple(past(7, FULL)))
    assert (7, Bond.SUGGESTED) == bond(*mine, refused=tuple(past(7, FULL)), among=100)


def test_what_two_problems_have_in_common_is_asked() -> None:
    """The one with more of it is named."""
    assert (8, Bond.SUGGESTED) == bond(*past(7, FULL), *past(8, FULL, FULL))


def test_a_rare_likeness_is_sure_without_the_same_host() -> None:
    """Three of the same alert and role elsewhere, among a hundred others that are not like it."""
    elsewhere = [replace_host(FULL, f"web0{number}") for number in range(4)]

    assert (7, Bond.SURE) == bond(*past(7, *elsewhere), among=300)


def replace_host(signature: Signature, host: str) -> Signature:
    """The same on another host."""
    traits = {**signature.traits, "host": frozenset({host}), "condition": frozenset({host + "k"})}
    return replace(signature, traits=traits)


def test_those_that_are_not_compared_count_against_it() -> None:
    """Where thousands of causes are known, a weak likeness to a few is chance."""
    elsewhere = past(7, *(replace_host(FULL, f"web0{number}") for number in range(4)))

    assert bond(*elsewhere, among=300, known=100_000) is None


def test_what_is_like_nothing_is_new() -> None:
    """Another alert on another host; and where there is no past, everything is."""
    other = like(condition="k9", alert="cert", host="web01")

    assert bond(*past(7, other, other, other), among=20) is None
    assert bond() is None


@pytest.mark.parametrize(
    ("before", "known", "rules", "why"),
    [
        (19, True, {}, ""),
        (20, False, {}, "it has nothing rare in common with an incident whose cause is known"),
        (20, True, {}, "the likest known cause, problem 7, explains it worse than chance (-"),
        (20, True, {"suggest": 9.0}, "the likest known cause, problem 7, explains it"),
    ],
)
def test_what_is_new_says_which_cause_comes_nearest(
    before: int, known: bool, rules: dict[str, Any], why: str
) -> None:
    """Where there is a past that it could be like."""
    other = like(condition="k9", alert="cert", host="web01")
    mine = past(7, other, other) if known else []
    about = ground(FULL, other, other, among=before, **rules)
    said = unlike(Comparison(FULL, mine, about), before)

    assert said.startswith(why)
    assert bool(why) is bool(said)


def test_what_is_too_little_like_a_cause_says_so() -> None:
    """The rules may want more than what is better than chance."""
    mine = past(7, replace_host(FULL, "web01"))
    about = ground(FULL, *(each.signature for each in mine), among=20, suggest=9.0)

    assert "problem 7, explains it not well enough (+" in unlike(Comparison(FULL, mine, about), 20)


def test_likes_share_a_symptom() -> None:
    """The same service alone says nothing of the cause."""
    new = like(alert="disk-full", service="billing", condition="k1", host="db01")
    others = {
        1: like(alert="disk-full", service="billing", condition="k2", host="db02"),
        2: like(alert="cert", service="billing", condition="k3", host="db01"),
        3: like(alert="disk-full", service="shop", condition="k4", host="db01"),
        4: like(condition="k1"),
        5: like(alert="other", condition="k1 k5 k6 k7"),
        6: like(service="billing"),
    }
    found = alike(new, others, ground(new, *others.values(), among=200))

    assert [1, 3, 4] == [number for number in found if number != 5]
    assert ("the same condition on the same host",) == found[3][1]
    assert "the same alert: disk-full" in " ".join(found[1][1])


@pytest.mark.parametrize(
    ("days", "rules", "problem_"),
    [
        ((0, 7, 14), ProblemRules(), True),
        ((0, 7), ProblemRules(), False),
        ((0, 7, 31), ProblemRules(), False),
        ((0, 7, 31), ProblemRules(within=40 * DAY), True),
        ((0, 7), ProblemRules(after=2), True),
    ],
)
def test_so_many_within_so_long_are_a_problem(
    days: tuple[int, ...], rules: ProblemRules, problem_: bool
) -> None:
    """The newest is one of them."""
    assert problem_ is enough([NOW - each * DAY for each in days], rules)


@pytest.mark.parametrize(
    ("changes", "rules", "said"),
    [
        ({"status": ProblemStatus.NEW}, ProblemRules(), []),
        ({}, ProblemRules(), ["known error 1: restart it"]),
        ({}, ProblemRules(awaits=True), ["known error 1: restart it; awaiting problem 1"]),
        (
            {"runbook": "linux-disk", "worked": 2, "failed": 1, "awaits": True},
            ProblemRules(),
            [
                "known error 1: restart it; runbook: linux-disk; it helped 2 of 3 times; "
                "awaiting problem 1"
            ],
        ),
    ],
)
def test_an_incident_of_a_known_error_says_what_helps(
    changes: dict[str, Any], rules: ProblemRules, said: list[str]
) -> None:
    """The workaround, the runbook, whether it helped, and that people need not hurry."""
    known = problem(**{"status": ProblemStatus.KNOWN_ERROR, "workaround": "restart it", **changes})

    assert said == [each.text for each in known_error(known, incident(), rules, MOMENT)]
