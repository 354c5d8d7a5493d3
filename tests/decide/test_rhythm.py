"""What is said of when something comes back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from watcher.decide.rhythm import rhythm

_MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([_MONDAY], ""),
        ([_MONDAY, _MONDAY + 60 * _DAY], ""),
        ([_MONDAY, _MONDAY + _WEEK], "the 2nd like this in 30 days"),
        (
            [_MONDAY + each * _WEEK for each in range(4)],
            "the 4th like this in 30 days, always Monday about 03:00",
        ),
        (
            [_MONDAY + each * _DAY for each in range(3)],
            "the 3rd like this in 30 days, always about 03:00",
        ),
        (
            [*(_MONDAY + each * _WEEK for each in range(4)), _MONDAY + timedelta(hours=37)],
            "the 5th like this in 30 days, mostly Monday about 03:00",
        ),
        (
            [*(_MONDAY + each * _DAY for each in range(11)), _MONDAY + timedelta(hours=37)],
            "the 12th like this in 30 days, mostly about 03:00",
        ),
        (
            [_MONDAY + each * timedelta(hours=31) for each in range(3)],
            "the 3rd like this in 30 days",
        ),
        ([_MONDAY + timedelta(minutes=each) for each in range(3)], "the 3rd like this in 30 days"),
        (
            [_MONDAY + each * timedelta(minutes=5) for each in range(21)],
            "the 21st like this in 30 days",
        ),
    ],
)
def test_what_comes_back_is_counted_and_its_time_is_named_where_it_is_true(
    times: list[datetime], words: str
) -> None:
    """A pattern is said of three days or weeks, and of four in five; bursts have none."""
    assert words == rhythm(times, 30, UTC)


def test_midnight_is_no_border_between_two_times_of_day() -> None:
    """Ten to and ten past midnight are about midnight, on three different days."""
    around = [
        _MONDAY.replace(hour=23, minute=50),
        _MONDAY.replace(day=4, hour=0, minute=10),
        _MONDAY.replace(day=5, hour=23, minute=58),
    ]

    assert "the 3rd like this in 30 days, always about 00:00" == rhythm(around, 30, UTC)


def test_the_time_of_day_is_that_of_the_people_who_read_it() -> None:
    """What is Sunday evening in UTC may be Monday morning where they live."""
    sundays = [_MONDAY - timedelta(hours=4) + each * _WEEK for each in range(3)]

    words = rhythm(sundays, 30, timezone(timedelta(hours=5)))

    assert "the 3rd like this in 30 days, always Monday about 04:00" == words
