"""Is a service needed now? Business hours by calendar, when they next begin or end, and how many
of them have passed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from watcher.model.catalogue import Calendar

_DAY = timedelta(days=1)
# Whoever waits for a change looks again after so many days at the latest.
_HORIZON_DAYS = 8
# What is due later than that is due in a future for which nobody keeps a calendar.
_FAR = timedelta(days=2 * 366)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether it is business hours; `because` names the calendar, and the day that is none."""

    within: bool
    because: str


def hours_at(calendar: Calendar, at: datetime) -> Hours:
    """What time it is, to those who keep that calendar."""
    day = at.astimezone(calendar.timezone).date()
    if _within(calendar, day, at):
        return Hours(True, f"within business hours ({calendar.name})")
    why = calendar.name if _spans(calendar, day) else f"{calendar.name}: {_named(calendar, day)}"
    return Hours(False, f"outside business hours ({why})")


def next_change(calendar: Calendar, at: datetime) -> datetime:
    """When business hours next begin or end; a week on, where nothing changes before."""
    today = at.astimezone(calendar.timezone).date()
    within = _within(calendar, today, at)
    for ahead in range(_HORIZON_DAYS):
        day = today + ahead * _DAY
        edges = [edge for span in _spans(calendar, day) for edge in span]
        # A day without hours ends those that last until midnight.
        edges.append(_moment(calendar, day, 0))
        for edge in sorted(edges):
            if edge > at and _within(calendar, _day_of(calendar, edge), edge) is not within:
                return edge
    return _moment(calendar, today + _HORIZON_DAYS * _DAY, 0)


def worked(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    """How much working time passes from one moment to another, none if that is an earlier one;
    without a calendar all of it.
    """
    if calendar is None:
        return max(end - start, timedelta())
    spans = _working(calendar, start, end)
    return sum((min(until, end) - begun for begun, until in spans), timedelta())


def worked_by(calendar: Calendar | None, start: datetime, time: timedelta) -> datetime | None:
    """When so much working time will have passed since `start`; None in a future too far off."""
    if calendar is None:
        return start + time
    for begun, until in _working(calendar, start, start + _FAR):
        if until - begun >= time:
            return begun + time
        time -= until - begun
    return None


def _working(
    calendar: Calendar, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The business hours that begin before `end`, in their order, as far as they are after `start`.
    Where clocks are put forward two may overlap: each moment is in one of them.
    """
    day = _day_of(calendar, start)
    while _moment(calendar, day, 0) < end:
        for begin, until in _spans(calendar, day):
            left = max(begin, start)
            if left < min(until, end):
                yield left, until
                start = until
        day += _DAY


def _within(calendar: Calendar, day: date, at: datetime) -> bool:
    return any(begin <= at < end for begin, end in _spans(calendar, day))


def _day_of(calendar: Calendar, at: datetime) -> date:
    return at.astimezone(calendar.timezone).date()


@lru_cache(maxsize=4096)
def _spans(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The business hours of a day, in UTC, where no clock is ever put back."""
    if day in calendar.dates:
        spans = calendar.dates[day]
    elif day in calendar.holidays:
        spans = ()
    else:
        spans = calendar.hours.get(day.weekday(), ())
    return tuple(
        (_moment(calendar, day, begin), _moment(calendar, day, end)) for begin, end in spans
    )


def _moment(calendar: Calendar, day: date, minute: int) -> datetime:
    """That minute of the day as the wall shows it; the last one is midnight."""
    days, minute = divmod(minute, 1440)
    wall = datetime.combine(day + days * _DAY, time(minute // 60, minute % 60))
    return wall.replace(tzinfo=calendar.timezone).astimezone(UTC)


def _named(calendar: Calendar, day: date) -> str:
    """What kind of day it is that has no hours at all."""
    return calendar.holidays.get(day) or _DAYS[day.weekday()]
