"""What the likeness of two incidents counts, and what is learned of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import log

import pytest

from watcher.decide.census import Census
from watcher.decide.likeness import DEPENDENCE, TIME, Clue, Habits, clues, worded
from watcher.model.signature import Signature

_START = datetime(2026, 3, 2, tzinfo=UTC)


def like(hours: float = 0, **traits: str | Iterable[str]) -> Signature:
    """What an incident is like that opened so many hours later."""
    found = {
        name: frozenset([each] if isinstance(each, str) else each) for name, each in traits.items()
    }
    return Signature(_START + timedelta(hours=hours), found)


def census_of(*signatures: Signature) -> Census:
    """What is known after so many incidents."""
    census = Census()
    for each in signatures:
        census.note(each)
    return census


_HUNDRED = census_of(*(like(alert=f"a{number}", site="north") for number in range(100)))


def test_a_rare_value_in_common_tells_more_than_a_common_one() -> None:
    """By the formula: half of log(m / u), with m beyond u by one half."""
    told = clues(like(alert="a1", site="north"), like(alert="a1", site="north"), _HUNDRED, Habits())
    rare, common = 1.5 / 101, 100.5 / 101

    assert [("alert", 1, 100), ("site", 100, 100)] == [
        (each.field, each.incidents, each.of) for each in told
    ]
    assert [pytest.approx(DEPENDENCE * log((u + (1 - u) / 2) / u)) for u in (rare, common)] == [
        each.weight for each in told
    ]


def test_a_difference_speaks_against_one_cause() -> None:
    """As much as agreement beyond chance is to be expected of one."""
    [clue] = clues(like(alert="a1"), like(alert="a2"), _HUNDRED, Habits())

    assert ((), 0.0) == (clue.alike, clue.agreement)
    assert pytest.approx(DEPENDENCE * log(0.5)) == clue.weight


@pytest.mark.parametrize("other", [like(), like(alert=()), like(host="db01")])
def test_an_empty_field_says_nothing(other: Signature) -> None:
    """Neither for nor against a likeness, nor is it counted or learned from."""
    habits = Habits()
    habits.learn(like(alert="a1"), other, _HUNDRED)

    assert ({}, {}) == (habits.room, census_of(like(alert=())).fields)
    assert [] == clues(like(alert="a1"), other, _HUNDRED, Habits())


def test_fields_of_several_values_agree_in_part() -> None:
    """And of what they say the rare counts more than the common."""
    census = census_of(*(like(alert=["load", f"a{number}"]) for number in range(100)))
    rare = clues(like(alert=["load", "a1"]), like(alert="a1"), census, Habits())
    common = clues(like(alert=["load", "a1"]), like(alert="load"), census, Habits())

    assert 0 < common[0].agreement < 0.2
    assert 0.8 < rare[0].agreement < 1


def test_what_was_confirmed_teaches_which_fields_tell() -> None:
    """Incidents of one cause that agree in the alert and never in the caller."""
    habits = Habits()
    for number in range(1, 20):
        last = like(alert="a1", caller=f"c{number}")
        habits.learn(like(number, alert="a1", caller=f"c{number + 1}"), last, _HUNDRED)

    assert 0.5 == habits.bound("site")
    assert habits.bound("caller") < 0.1
    assert habits.bound("alert") > 0.9


def test_nothing_that_was_learned_is_beyond_doubt() -> None:
    """However many pairs agree or differ, the next one may be otherwise."""
    habits = Habits(beyond={"alert": 1e9, "caller": -1e9}, room={"alert": 1e9, "caller": 1e9})

    assert (0.98, 0.02) == (habits.bound("alert"), habits.bound("caller"))


@pytest.mark.parametrize(
    ("clue", "words"),
    [
        (Clue("host", (), 0.0, -0.34), "another host (-0.3)"),
        (
            Clue("alert", ("Disk is full",), 1.0, 2.5, 3, 120),
            "the same alert: Disk is full; seen in 3 of 120 incidents (+2.5)",
        ),
        (
            Clue("alert", ("a", "b", "c", "d"), 0.8, 1.0, 3, 120),
            "80% the same alert: a, b, c and 1 more; seen in 3 of 120 incidents (+1.0)",
        ),
        (
            Clue(TIME, ("last seen within a day before",), 0.0, 0.5),
            "last seen within a day before (+0.5)",
        ),
    ],
)
def test_a_clue_is_told_in_words(clue: Clue, words: str) -> None:
    """What is alike, how rare it is and what it counts."""
    assert words == worded(clue)
