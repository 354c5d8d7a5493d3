"""When something comes back: how often of late, and whether always at the same time, in words."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta, tzinfo

# Three are the fewest that show a pattern, and one time in five may be an exception to it.
_FEWEST = 3
_MOSTLY = 0.8
_WITHIN = 30
_DAY = 24 * 60
_ROUND = 15


def rhythm(times: Collection[datetime], days: int, zone: tzinfo) -> str:
    """How many of the `times` lie in the `days` up to the newest, and their pattern in words: "the
    7th like this in 30 days, always Monday about 03:00". Empty where the newest is alone.

    A time of day is named where at least three came on different days, and four in five of all
    within half an hour of it; a weekday besides where as many came on that day, in three weeks.
    """
    newest = max(times)
    recent = sorted(each.astimezone(zone) for each in times if newest - each <= timedelta(days))
    if len(recent) == 1:
        return ""
    text = f"the {ordinal(len(recent))} like this in {days} days"
    pattern = _pattern(recent)
    return f"{text}, {pattern}" if pattern else text


def _pattern(recent: Sequence[datetime]) -> str:
    """The time of day that they have in common, and the weekday if there is one."""
    centre = max((_minute(each) for each in recent), key=lambda at: (len(_near(recent, at)), -at))
    close = _near(recent, centre)
    if not _regular(close, recent) or len({each.date() for each in close}) < _FEWEST:
        return ""
    away = sorted(_away(each, centre) for each in close)
    about = round((centre + away[len(away) // 2]) / _ROUND) * _ROUND % _DAY
    at = f"about {about // 60:02}:{about % 60:02}"
    days = [each.weekday() for each in close]
    usual = max(days, key=lambda day: (days.count(day), -day))
    weekly = [each for each in close if each.weekday() == usual]
    if _regular(weekly, recent) and len({each.date() for each in weekly}) >= _FEWEST:
        return f"{_often(weekly, recent)} {weekly[0]:%A} {at}"
    return f"{_often(close, recent)} {at}"


def _near(recent: Sequence[datetime], centre: int) -> list[datetime]:
    return [each for each in recent if abs(_away(each, centre)) <= _WITHIN]


def _away(each: datetime, centre: int) -> int:
    """How many minutes of the day later than `centre`; midnight is no border."""
    return (_minute(each) - centre + _DAY // 2) % _DAY - _DAY // 2


def _minute(each: datetime) -> int:
    return each.hour * 60 + each.minute


def _regular(some: Sequence[datetime], every: Sequence[datetime]) -> bool:
    return len(some) >= max(_FEWEST, _MOSTLY * len(every))


def _often(some: Sequence[datetime], every: Sequence[datetime]) -> str:
    return "always" if len(some) == len(every) else "mostly"


def ordinal(number: int) -> str:
    """A number as a place in an order: 2nd, 11th."""
    last = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"
