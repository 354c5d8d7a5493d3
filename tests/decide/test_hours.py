"""Business hours: whether it is them, what else it is, and when that changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.hours import Hours, hours_at, next_change, worked, worked_by
from watcher.model.catalogue import Calendar

BERLIN, MOSCOW = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Moscow")
DAY = (540, 1080)
OFFICE = Calendar(
    "office",
    MOSCOW,
    {**{day: (DAY,) for day in range(4)}, 4: ((540, 780), (840, 1005))},
    holidays={date(2026, 1, 7): "Christmas Day"},
    dates={date(2026, 3, 7): (DAY,), date(2026, 3, 4): ()},
)
ROUND_THE_CLOCK = Calendar("always", MOSCOW, {day: ((0, 1440),) for day in range(7)})
NEVER = Calendar("never", MOSCOW, {})
SHOP = Calendar("shop", BERLIN, {day: ((0, 180), (600, 1440)) for day in range(7)})


def moscow(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A time of 2026 on the walls of Moscow."""
    return datetime(2026, month, day, hour, minute, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (moscow(3, 2, 9), Hours(True, "within business hours (office)")),
        (moscow(3, 2, 8, 59), Hours(False, "outside business hours (office)")),
        (moscow(3, 2, 18), Hours(False, "outside business hours (office)")),
        (moscow(3, 6, 13, 30), Hours(False, "outside business hours (office)")),
        (moscow(3, 6, 16, 44), Hours(True, "within business hours (office)")),
        (moscow(3, 1, 12), Hours(False, "outside business hours (office: Sunday)")),
        (moscow(1, 7, 12), Hours(False, "outside business hours (office: Christmas Day)")),
        (moscow(3, 7, 12), Hours(True, "within business hours (office)")),
        (moscow(3, 4, 12), Hours(False, "outside business hours (office: Wednesday)")),
    ],
)
def test_hours_follow_day_holiday_and_date(at: datetime, expected: Hours) -> None:
    """A single date goes before a holiday, and a holiday before the day of the week."""
    assert expected == hours_at(OFFICE, at.astimezone(UTC))


@pytest.mark.parametrize(
    ("calendar", "at", "expected"),
    [
        (OFFICE, moscow(3, 2, 3), moscow(3, 2, 9)),
        (OFFICE, moscow(3, 2, 9), moscow(3, 2, 18)),
        (OFFICE, moscow(3, 6, 12), moscow(3, 6, 13)),
        (OFFICE, moscow(3, 6, 17), moscow(3, 7, 9)),
        (OFFICE, moscow(3, 3, 20), moscow(3, 5, 9)),
        (ROUND_THE_CLOCK, moscow(3, 2, 3), moscow(3, 10, 0)),
        (NEVER, moscow(3, 2, 3), moscow(3, 10, 0)),
        (SHOP, datetime(2026, 3, 2, 11, tzinfo=BERLIN), datetime(2026, 3, 3, 3, tzinfo=BERLIN)),
    ],
)
def test_the_next_change_is_known(calendar: Calendar, at: datetime, expected: datetime) -> None:
    """Where nothing changes for a week, one looks again then."""
    assert expected == next_change(calendar, at.astimezone(UTC))


def test_midnight_ends_hours_where_the_next_day_has_none() -> None:
    """Also before a holiday."""
    calendar = Calendar("x", MOSCOW, {0: ((600, 1440),)})

    assert moscow(3, 3, 0) == next_change(calendar, moscow(3, 2, 11).astimezone(UTC))


def test_hours_are_those_of_the_wall_when_clocks_are_put_forward() -> None:
    """On 29 March 2026 Berlin has no half past two."""
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)

    assert hours_at(SHOP, spring).within
    assert datetime(2026, 3, 29, 3, tzinfo=BERLIN) == next_change(SHOP, spring)


@given(
    st.sampled_from((OFFICE, SHOP, ROUND_THE_CLOCK, NEVER)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given
    st.floats(0, 1),
)
def test_nothing_changes_before_the_next_change(
    calendar: Calendar, at: datetime, part: float
) -> None:
    """Whoever waits for it misses nothing."""
    change = next_change(calendar, at)
    between = at + (change - at) * part
    within = hours_at(calendar, at).within

    assert change > at
    assert between == change or within is hours_at(calendar, between).within
    assert change - at > timedelta(days=6) or within is not hours_at(calendar, change).within


NIGHT = Calendar("night", BERLIN, {day: ((0, 150), (180, 300)) for day in range(7)})
CALENDARS = st.sampled_from((OFFICE, SHOP, ROUND_THE_CLOCK, NIGHT))
TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given


@pytest.mark.parametrize(
    ("calendar", "start", "end", "hours"),
    [
        (OFFICE, moscow(3, 2, 8), moscow(3, 2, 11, 30), 2.5),
        (OFFICE, moscow(3, 2, 17), moscow(3, 3, 10), 2),
        (OFFICE, moscow(3, 6, 12), moscow(3, 6, 23), 3.75),
        (OFFICE, moscow(3, 6, 16), moscow(3, 9, 9, 15), 10),
        (OFFICE, moscow(1, 6, 17), moscow(1, 8, 9), 1),
        (OFFICE, moscow(3, 3, 17), moscow(3, 5, 10), 2),
        (OFFICE, moscow(3, 2, 11), moscow(3, 2, 9), 0),
        (ROUND_THE_CLOCK, moscow(3, 2, 11), moscow(3, 5, 11), 72),
        (NEVER, moscow(3, 2, 11), moscow(3, 9, 11), 0),
        (None, moscow(3, 2, 11), moscow(3, 9, 11), 168),
        (None, moscow(3, 2, 11), moscow(3, 2, 9), 0),
        # On 29 March 2026 Berlin has 23 hours, on 25 October 25.
        (SHOP, datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN), 16),
        (SHOP, datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN), 18),
        # Half past two, which is not there, is half past three: hours that overlap count once.
        (NIGHT, datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN), 4),
    ],
)
def test_only_working_time_counts(
    calendar: Calendar | None, start: datetime, end: datetime, hours: float
) -> None:
    """Not the nights, breaks, holidays and dates that are closed; without a calendar everything."""
    assert timedelta(hours=hours) == worked(calendar, start.astimezone(UTC), end.astimezone(UTC))


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "expected"),
    [
        (OFFICE, moscow(3, 2, 17), 2, moscow(3, 3, 10)),
        (OFFICE, moscow(3, 2, 17), 1, moscow(3, 2, 18)),
        (OFFICE, moscow(1, 6, 17), 2, moscow(1, 8, 10)),
        (NEVER, moscow(3, 2, 17), 1, None),
        (None, moscow(3, 2, 17), 30, moscow(3, 3, 23)),
    ],
)
def test_it_is_known_when_so_much_working_time_will_have_passed(
    calendar: Calendar | None, start: datetime, hours: float, expected: datetime | None
) -> None:
    """At the end of a day rather than at the beginning of the next; never where nobody works."""
    assert expected == worked_by(calendar, start.astimezone(UTC), timedelta(hours=hours))


@given(CALENDARS, TIMES, TIMES, TIMES)
def test_working_time_adds_up(
    calendar: Calendar, first: datetime, second: datetime, third: datetime
) -> None:
    """Wherever one looks in between, also when clocks are put forward or back."""
    start, between, end = sorted((first, second, third))
    parts = worked(calendar, start, between) + worked(calendar, between, end)

    assert parts == worked(calendar, start, end) <= end - start


@given(CALENDARS, TIMES, st.integers(0, 100_000))
def test_working_time_has_passed_when_it_is_said_to(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    """And a moment before it has not."""
    time = timedelta(minutes=minutes)
    end = worked_by(calendar, start, time)

    assert end is not None
    assert time == worked(calendar, start, end)
    assert not minutes or worked(calendar, start, end - timedelta(seconds=1)) < time


@given(CALENDARS, TIMES, st.integers(1, 3000))
def test_time_counts_while_it_is_business_hours(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    """What counts on the way to the next change is all of it, or nothing."""
    end = min(start + timedelta(minutes=minutes), next_change(calendar, start))
    expected = end - start if hours_at(calendar, start).within else timedelta()

    assert expected == worked(calendar, start, end)
