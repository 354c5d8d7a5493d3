"""How long a failed action waits, and when Watcher stops trying."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.decide.backoff import Attempt, Backoff, next_try, worn_out

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
PATIENT = Backoff(
    first=timedelta(seconds=8),
    longest=timedelta(minutes=2),
    asked=timedelta(hours=1),
    least=3,
    attempts=10,
    age=timedelta(hours=24),
)


def seconds(number: int, *, dice: float = 0.0, asked: float | None = None) -> float:
    """The wait after that attempt of an action that is due since now."""
    patience = next_try(Attempt(number, NOW, dice, asked), PATIENT, NOW)
    assert patience.at is not None
    return (patience.at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("number", "least", "most"),
    [(1, 4, 8), (2, 8, 16), (3, 16, 32), (4, 32, 64), (5, 60, 120), (9, 60, 120)],
)
def test_the_wait_doubles_up_to_a_bound(number: int, least: float, most: float) -> None:
    """Each wait is drawn from the upper half of one that doubles until it is the longest."""
    assert least == seconds(number, dice=0.0)
    assert (least + most) / 2 == seconds(number, dice=0.5)
    assert most > seconds(number, dice=0.999) >= most * 0.99


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (0.0, 4.0),
        (-5.0, 4.0),
        (30.0, 34.0),
        (7200.0, 3604.0),
        (float("inf"), 3604.0),
    ],
)
def test_a_peer_that_asks_for_time_gets_it(asked: float, wait: float) -> None:
    """Retry-After is a least wait, spread a little, and bounded by an hour."""
    assert wait == seconds(1, dice=0.5, asked=asked)


def test_it_says_when_it_comes_back() -> None:
    """The reason names the attempt that failed and the wait."""
    patience = next_try(Attempt(2, NOW, 0.0), PATIENT, NOW)

    assert patience.reason == "attempt 2 failed, the next in 8 s"


def test_too_many_attempts_are_the_end() -> None:
    """The tenth of ten attempts is the last, and the reason says so."""
    patience = next_try(Attempt(10, NOW, 0.0), PATIENT, NOW)

    assert patience.at is None
    assert patience.reason == "given up after 10 attempts"


def test_too_old_is_the_end() -> None:
    """What would be tried again only after the age has passed is given up now."""
    since = NOW - timedelta(hours=24) + timedelta(seconds=15)

    patience = next_try(Attempt(3, since, 0.0), PATIENT, NOW)

    assert patience.at is None
    assert patience.reason == "given up: it could not be done for 24 h"


def test_the_old_get_a_fair_chance() -> None:
    """However old an action is, it is not given up at the first failures."""
    since = NOW - timedelta(days=3)

    tries = [next_try(Attempt(number, since, 0.0), PATIENT, NOW).at for number in (1, 2, 3)]

    assert [at is not None for at in tries] == [True, True, False]


@pytest.mark.parametrize(("number", "expected"), [(1, False), (10, False), (11, True)])
def test_an_action_that_never_ends_is_worn_out(number: int, expected: bool) -> None:
    """An action that was begun more often than it may fail has been bringing its workers down."""
    assert expected == worn_out(number, PATIENT)


def test_patience_outlasts_an_hour() -> None:
    """With the defaults a peer that is away for an hour is still being tried when it is back."""
    now, number = NOW, 1
    while now - NOW < timedelta(hours=1):
        again = next_try(Attempt(number, NOW, 0.99), Backoff(), now).at
        assert again is not None
        now, number = again, number + 1

    assert now - NOW < timedelta(hours=1, minutes=11)
