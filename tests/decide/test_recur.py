"""Which cause a new incident has, or that it is new."""

from collections.abc import Sequence
from datetime import timedelta
from math import inf

import pytest

from tests.decide.test_likeness import census_of, like
from watcher.decide.census import Census
from watcher.decide.likeness import TIME
from watcher.decide.recur import Experience, Past, Thresholds, Verdict, judge
from watcher.model.problem import Bond
from watcher.model.signature import Signature

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
    return judge(new, past, _CENSUS, Experience(50), thresholds or Thresholds())


def test_what_is_known_three_times_over_and_like_nothing_else_is_sure() -> None:
    """The cause comes first, with what speaks for it, the weightiest first."""
    found = verdict([*_DAILY, *(Past(1, each) for each in _FULL)])

    assert Bond.SURE == found.bond
    assert (1, 3, 21) == (found.ranked[0].cause, found.ranked[0].incidents, len(found.ranked))
    assert (
        "the same alert: disk; seen in 3 of 103 incidents (+1.4)",
        "the same host: db01; seen in 3 of 103 incidents (+1.4)",
        "last seen within a week before (+0.0)",
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
    found = judge(like(alert="disk"), list[Past[int]](), Census(), Experience(50))

    assert ((), -inf, None) == (found.ranked, found.known, found.bond)


def test_of_causes_that_are_as_like_the_one_that_came_oftener_comes_first() -> None:
    """It is likelier to have come again, though nothing tells them apart for sure."""
    found = verdict([Past(2, _FULL[0]), *(Past(1, each) for each in _FULL)])

    assert [1, 2] == [each.cause for each in found.ranked]
    assert Bond.SUGGESTED == found.bond


def learned(*confirmed: tuple[int, Signature]) -> Experience[int]:
    """What is known after these causes of incidents were confirmed."""
    experience = Experience[int](50)
    for cause, each in confirmed:
        experience.learn(each, cause, _CENSUS)
    return experience


def test_what_comes_back_within_hours_is_named_before_what_is_as_like() -> None:
    """A cause that was seen last a month ago explains it worse, as the confirmed ones came soon."""
    alike = {"alert": "disk", "host": "db01"}
    experience = learned(
        *(
            (number // 2, like(900 * (number // 2) + number % 2 * 2, **alike))
            for number in range(12)
        )
    )
    past = [Past(8, like(9_900, **alike)), Past(9, like(9_998, **alike))]
    found = judge(like(10_000, **alike), past, _CENSUS, experience)

    assert [9, 8] == [each.cause for each in found.ranked]
    assert any(clue.field == TIME and clue.weight > 0 for clue in found.ranked[0].clues)


def test_it_counts_when_a_cause_was_seen_last_though_that_incident_is_not_compared() -> None:
    """Those that are compared are the likest, which need not be the newest."""
    given = like(10_000, alert="disk")
    past = [Past(7, like(alert="disk"))]
    late = judge(given, past, _CENSUS, Experience(50))
    soon = judge(
        given, past, _CENSUS, Experience(50), seen={7: given.opened_at - timedelta(hours=1)}
    )

    assert "last seen more than 30 days before (+0.0)" in late.ranked[0].reasons
    assert "last seen within an hour before (+0.0)" in soon.ranked[0].reasons


def test_what_is_shown_of_a_cause_adds_up_to_its_score() -> None:
    """Also where what was confirmed made likeness count more."""
    experience = learned(*((number % 2, _OTHERS[number % 2]) for number in range(40)))
    experience.weighing.told[(4.0, 0.5)] = 1e3
    found = judge(_OTHERS[1], experience.past, _CENSUS, experience)

    assert [1, 0] == [each.cause for each in found.ranked]
    for each in found.ranked:
        assert pytest.approx(each.score) == sum(clue.weight for clue in each.clues)
