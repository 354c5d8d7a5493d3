"""How soon causes come back, and what that says for each of them."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.decide.likeness import worded
from watcher.decide.returns import SPANS, Returns, since

_NOW = datetime(2026, 3, 2, tzinfo=UTC)
_HOUR = timedelta(hours=1)


def test_time_says_nothing_until_something_was_confirmed() -> None:
    """Neither does a cause that nobody knew before."""
    returns = Returns()
    assert [pytest.approx(0)] * 7 == returns.weights()

    returns.learn(_NOW, {}, 1)
    returns.learn(_NOW, {1: _NOW - _HOUR}, 2)
    assert [pytest.approx(0)] * 7 == returns.weights()


def test_causes_that_come_back_soon_are_expected_soon() -> None:
    """Five times it was the one of two hours ago, and not the one of last week."""
    returns = Returns()
    for _ in range(5):
        returns.learn(_NOW, {1: _NOW - 2 * _HOUR, 2: _NOW - 150 * _HOUR}, 1)
    weights = returns.weights()
    soon, late = since(_NOW - 2 * _HOUR, _NOW, weights), since(_NOW - 150 * _HOUR, _NOW, weights)

    assert soon.weight > 0 > late.weight
    assert f"last seen within 6 hours before ({soon.weight:+.1f})" == worded(soon)
    assert f"last seen within a week before ({late.weight:+.1f})" == worded(late)


def test_what_holds_of_all_causes_tells_none_from_another() -> None:
    """Where all were seen an hour ago, the right one was no sooner than they."""
    returns = Returns()
    for _ in range(50):
        returns.learn(_NOW, dict.fromkeys(range(5), _NOW - _HOUR), 1)

    assert pytest.approx(0, abs=0.05) == returns.weights()[0]


@pytest.mark.parametrize("span", range(len(SPANS)))
def test_a_span_ends_with_its_last_moment(span: int) -> None:
    """And a clock that is behind makes no cause older."""
    weights = [float(number) for number in range(7)]

    assert (span, span) == tuple(
        since(_NOW - way * SPANS[span], _NOW, weights).weight for way in (1, -1)
    )
    assert span + 1 == since(_NOW - SPANS[span] - timedelta(seconds=1), _NOW, weights).weight
