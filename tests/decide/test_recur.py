"""Which cause a new incident has, or that it is new."""

from collections.abc import Sequence
from math import inf

import pytest

from tests.decide.test_likeness import census_of, like
from watcher.decide.census import Census
from watcher.decide.likeness import Habits
from watcher.decide.recur import Past, Thresholds, Verdict, judge
from watcher.model.problem import Bond

# What happens every day, and three times what caused problem 1.
_OTHERS = [like(number, alert=f"a{number}", host=f"h{number % 50}") for number in range(100)]
_FULL = [like(100 + number, alert="disk", host="db01") for number in range(3)]
_DAILY = [Past(10 + number, each) for number, each in enumerate(_OTHERS[:20])]
_CENSUS = census_of(*_OTHERS, *_FULL)


def verdict(
    past: Sequence[Past[int]], thresholds: Thresholds | None = None, alert: str = "disk"
) -> Verdict[int]:
    """What is made of a disk that is full on db01."""
    new = like(200, alert=alert, host="db01")
    return judge(new, past, _CENSUS, Habits(), thresholds or Thresholds())


def test_what_is_known_three_times_over_and_like_nothing_else_is_sure() -> None:
    """The cause comes first, with what speaks for it, the weightiest first."""
    found = verdict([*_DAILY, *(Past(1, each) for each in _FULL)])

    assert Bond.SURE == found.bond
    assert (1, 3, 21) == (found.ranked[0].cause, found.ranked[0].incidents, len(found.ranked))
    assert (
        "the same alert: disk; seen in 3 of 103 incidents (+1.4)",
        "the same host: db01; seen in 3 of 103 incidents (+1.4)",
        "within a week (+0.0)",
    ) == found.ranked[0].reasons


def test_two_incidents_are_no_pattern_yet() -> None:
    """A match with a cause that has not come back twice is suggested, however like it is."""
    found = verdict([*_DAILY, *(Past(1, each) for each in _FULL[:2])])

    assert Bond.SUGGESTED == found.bond


def test_two_causes_that_explain_it_as_well_are_for_a_person_to_tell_apart() -> None:
    """The one that was known first is named first."""
    twins = [Past(cause, each) for cause in (3, 1) for each in _FULL]
    found = verdict([*_DAILY, *twins])

    assert Bond.SUGGESTED == found.bond
    assert [3, 1] == [each.cause for each in found.ranked][:2]


@pytest.mark.parametrize("only", [True, False])
def test_what_is_like_nothing_before_is_new(only: bool) -> None:
    """Known causes explain it worse than a chance incident; without any, nothing does."""
    found = verdict([] if only else _DAILY, alert="fire")

    assert found.bond is None
    assert -inf <= found.known < 0


def test_the_only_cause_there_is_has_no_other_to_be_told_from() -> None:
    """It is sure by what speaks for it alone."""
    assert Bond.SURE == verdict([Past(1, each) for each in _FULL]).bond


def test_a_match_that_is_not_good_enough_to_be_sure_is_suggested() -> None:
    """By the thresholds that are given."""
    past = [Past(1, each) for each in _FULL]

    assert Bond.SUGGESTED == verdict(past, Thresholds(sure=10)).bond
    assert verdict(past, Thresholds(suggest=10)).bond is None


def test_without_any_incident_before_everything_is_new() -> None:
    """And nothing fails for want of figures."""
    found = judge(like(alert="disk"), list[Past[int]](), Census(), Habits())

    assert ((), -inf, None) == (found.ranked, found.known, found.bond)
