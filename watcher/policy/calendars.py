"""Reads calendars: business hours by day of the week, holidays by country, and single dates."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from watcher.model.catalogue import Calendar, Span
from watcher.policy.values import Name, Strict

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([0-2][0-9]):([0-5][0-9]) ?- ?([0-2][0-9]):([0-5][0-9])")
_COUNTRY = re.compile("[A-Z]{2}")
_MINUTES = 24 * 60
# Holidays are worked out once, for histories that are replayed and for longer than any release.
_YEARS = range(2000, 2061)

Spans = tuple[Span, ...]


def _spans(value: object) -> Spans:
    """Hours as in 09:00-18:00, a list of them, or `closed`. Raises ValueError."""
    if value == "closed":
        return ()
    values = value if isinstance(value, list | tuple) else [value]
    spans = sorted(_span(each) for each in values)
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise ValueError("these hours overlap")
    return tuple(spans)


def _span(value: object) -> Span:
    found = _SPAN.fullmatch(str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is no span of hours; write 09:00-18:00 or `closed`")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    begin, end = hour * 60 + minute, end_hour * 60 + end_minute
    if not begin < end <= _MINUTES:
        raise ValueError(f"{value!r} ends before it begins: hours past midnight are two spans")
    return begin, end


def _week(value: object) -> dict[int, Spans]:
    """Hours by day or days, as in {mon-thu: 09:00-18:00, fri: 09:00-16:45}. Raises ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError("should be hours by day, as in {mon-fri: 09:00-18:00}")  # noqa: TRY004 - pydantic's way
    week: dict[int, Spans] = {}
    for days, hours in value.items():
        for day in _days(str(days)):
            if day in week:
                raise ValueError(f"the hours of {_DAYS[day]} are given twice")
            week[day] = _spans(hours)
    return week


def _days(text: str) -> Iterator[int]:
    """The days of `mon-fri`, `sat` or `fri-mon`."""
    first, _, last = text.lower().replace(" ", "").partition("-")
    if first not in _DAYS or (last or first) not in _DAYS:
        raise ValueError(f"{text!r} is no day of the week; write mon, or mon-fri")
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    for day in range(begin, end + 1 + (7 if end < begin else 0)):
        yield day % 7


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        message = f"{value!r} is no time zone; write a name such as Europe/Moscow"
        raise ValueError(message) from None


def _country(value: str) -> str:
    """A country, or a part of one, whose holidays are known. Raises ValueError."""
    _holidays(value)
    return value


@cache
def _holidays(code: str) -> Mapping[date, str]:
    """The holidays of a country as in RU, or of a part of it as in DE-BY. Raises ValueError."""
    if not code:
        return {}
    import holidays  # noqa: PLC0415 - takes its time, and most installations need none

    country, _, part = code.partition("-")
    # A list of all countries would load each of them.
    known = getattr(holidays, country, None) if _COUNTRY.fullmatch(country) else None
    if known is None or (part and part not in known.subdivisions):
        raise ValueError(
            f"the holidays of {code!r} are not known; write a code such as RU or DE-BY"
        )
    found = holidays.country_holidays(country, part or None, years=_YEARS, language="en_US")
    return dict(found)


Zone = Annotated[ZoneInfo, BeforeValidator(_zone, json_schema_input_type=str)]
Week = Annotated[dict[int, Spans], BeforeValidator(_week, json_schema_input_type=dict[str, object])]
Hours = Annotated[Spans, BeforeValidator(_spans, json_schema_input_type=str | list[str])]


class Timetable(Strict, arbitrary_types_allowed=True):
    """When a service is needed."""

    timezone: Zone = Field(description="The zone whose clock counts, as in Europe/Moscow.")
    hours: Week = Field(description="Hours by day: {mon-thu: 09:00-18:00, fri: 09:00-16:45}.")
    holidays: Annotated[str, AfterValidator(_country)] = Field(
        "", description="The country whose holidays have no hours: RU, or a part: DE-BY."
    )
    dates: dict[date, Hours] = Field(
        {}, description="Single dates with hours of their own, or `closed`."
    )

    def calendar(self, name: str) -> Calendar:
        """What decisions use."""
        return Calendar(name, self.timezone, self.hours, _holidays(self.holidays), self.dates)


class CalendarEntry(Timetable):
    """Business hours under a name, for services and customers to refer to."""

    name: Name
