"""How much likeness and time count in telling causes apart, by what was confirmed."""

import pytest

from watcher.decide.weighing import AS_THEY_ARE, Weighing, log_sum, weighed


def test_likeness_and_time_count_as_they_are_until_more_is_known() -> None:
    """One confirmed cause is not enough to change that, nor is one without a choice."""
    weighing = Weighing()
    weighing.learn({1: (3.0, 0.0), 2: (0.0, 0.0)}, 1)
    weighing.learn({1: (3.0, 0.0)}, 1)
    weighing.learn({1: (3.0, 0.0), 2: (0.0, 0.0)}, 3)

    assert AS_THEY_ARE == weighing.factors


def test_small_differences_that_always_tell_come_to_count_more() -> None:
    """A hundred alerts that nearly all incidents have, and a few that only those of one cause."""
    weighing = Weighing()
    for number in range(20):
        shares = {1: (0.1 * (number % 2), 0.0), 2: (0.1 * ((number + 1) % 2), 0.0)}
        weighing.learn(shares, 1 if number % 2 else 2)

    assert 32 == weighing.factors[0]


def test_time_that_misleads_comes_to_count_nothing() -> None:
    """Causes that take turns: the one that was seen last is never the one that comes next."""
    weighing = Weighing()
    for number in range(20):
        weighing.learn(
            {1: (0.0, float(number % 2)), 2: (0.0, float((number + 1) % 2))}, number % 2 or 2
        )
        weighing.learn({1: (0.0, 1.0), 2: (0.0, -1.0)}, 2)

    assert 0 == weighing.factors[1]


def test_what_misleads_as_often_as_it_tells_comes_to_count_less() -> None:
    """Then it had better not be trusted in full."""
    weighing = Weighing()
    for number in range(40):
        weighing.learn({1: (4.0, 0.0), 2: (0.0, 0.0)}, number % 2 + 1)

    assert 0.5 == weighing.factors[0]


def test_shares_are_weighed_and_logarithms_added() -> None:
    """Also of numbers too small and too large for their exponentials."""
    assert 2.5 == weighed((2.0, 3.0), (0.5, 0.5))
    assert pytest.approx(1000.6931, abs=1e-4) == log_sum([1000.0, 1000.0])
    assert -1e4 == log_sum([-1e4, -1e6])
