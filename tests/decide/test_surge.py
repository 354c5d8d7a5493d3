"""When something new goes on in the midst of a storm."""

from datetime import timedelta

import pytest

from watcher.decide.activity import Onset
from watcher.decide.surge import Pulse, chance
from watcher.model.policy import Storm

RULES = Storm(burst=timedelta(seconds=10), within=timedelta(seconds=60), least=3, odds=1e-4)


def alert(at: float, name: str) -> Onset:
    """An alert of one server."""
    return Onset(at, f"web1/{name}", "o1", "web1", name)


def pulse(*alerts: tuple[float, str]) -> Pulse:
    """A disruption with these alerts."""
    found = Pulse()
    for at, name in alerts:
        found.note(alert(at, name), RULES)
    return found


SEVERAL = ((300.0, "raid"), (301.0, "fan"), (302.0, "psu"), (303.0, "nvme"), (304.0, "ecc"))


def test_several_different_alerts_after_silence_are_a_surge() -> None:
    """Nothing new for minutes, and then five things at once."""
    surge = pulse((0.0, "ping"), *SEVERAL).surging(0.0, 304.0, RULES)
    assert pytest.approx((5, 1 / 6)) == surge


def test_the_same_alert_many_times_is_no_surge() -> None:
    """One cause makes many hosts say the same."""
    same = pulse(*((300.0 + count, "ping") for count in range(9)))
    assert same.surging(0.0, 308.0, RULES) is None


def test_different_alerts_at_the_usual_rate_are_no_surge() -> None:
    """A storm of many different alerts goes on as it did."""
    usual = pulse(*((float(at), f"name-{at}") for at in range(240, 305, 2)))
    assert usual.surging(0.0, 304.0, RULES) is None


def test_different_alerts_are_counted_from_a_moment_on() -> None:
    """Each name counts once, by the last time it was seen."""
    seen = pulse((0.0, "ping"), (5.0, "load"), (9.0, "ping"))
    assert 2 == seen.names(0.0)
    assert 1 == seen.names(5.0)


def test_two_pulses_become_one() -> None:
    """What both saw is in it, and a copy is not changed by that."""
    one, other = pulse((300.0, "raid"), (302.0, "psu")), pulse((301.0, "fan"), (303.0, "psu"))
    copy = one.copy()
    one.take_in(other)
    assert ["raid", "fan", "psu", "psu"] == [each.name for each in one.recent]
    assert {"raid": 300.0, "fan": 301.0, "psu": 303.0} == one.latest
    assert {30: {"raid": 300.0, "fan": 301.0, "psu": 302.0}} == one.slots
    assert ["raid", "psu"] == [each.name for each in copy.recent]


def test_what_is_long_over_is_let_go_of() -> None:
    """Only the last minute is compared with."""
    assert [30] == list(pulse((0.0, "ping"), (300.0, "raid")).slots)


@pytest.mark.parametrize(
    ("seen", "expected", "odds"), [(1, 1.0, 0.632), (3, 1.0, 0.080), (5, 1.0, 0.0037)]
)
def test_chance_is_the_tail_of_a_poisson_distribution(
    seen: int, expected: float, odds: float
) -> None:
    """As in any table of it."""
    assert pytest.approx(odds, rel=0.02) == chance(seen, expected)
