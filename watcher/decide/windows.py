"""When is a window open? By the clocks of a place, also on the nights when those are changed."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from typing import cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from watcher.model.silence import Window

LONGEST = timedelta(days=366)
# What somebody plans today is planned anew before that.
_HORIZON = timedelta(days=20 * 366)
# Clocks are put forward and back by less, and places are less far apart.
_DAY = timedelta(days=1)
# What repeats more often than daily is several windows; nobody's processor shall count seconds.
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_FREQUENT = frozenset({"DAILY", "WEEKLY"})
_OF_FREQUENT = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "WKST"})
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_OF = f"([+-]?[1-9][0-9]?)?({'|'.join(_DAYS)})"
_PARTS = {
    "FREQ": re.compile("|".join(_FREQUENCIES)),
    "INTERVAL": re.compile("[1-9][0-9]{0,2}"),
    "COUNT": re.compile("[1-9][0-9]{0,3}"),
    "UNTIL": re.compile("[0-9]{8}(T[0-9]{6}Z?)?"),
    "BYDAY": re.compile(f"{_DAY_OF}(,{_DAY_OF})*"),
    "BYMONTH": re.compile("(0?[1-9]|1[0-2])(,(0?[1-9]|1[0-2]))*"),
    "BYMONTHDAY": re.compile("[+-]?[0-9]{1,2}(,[+-]?[0-9]{1,2})*"),
    "BYYEARDAY": re.compile("[+-]?[0-9]{1,3}(,[+-]?[0-9]{1,3})*"),
    "BYWEEKNO": re.compile("[+-]?[0-9]{1,2}(,[+-]?[0-9]{1,2})*"),
    "BYSETPOS": re.compile("[+-]?[0-9]{1,3}(,[+-]?[0-9]{1,3})*"),
    "WKST": re.compile("|".join(_DAYS)),
}


class WindowError(ValueError):
    """A window that cannot be; the text says why to the person who plans it."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From when to when a window is open once."""

    starts: datetime
    ends: datetime


def check(window: Window) -> None:
    """Raises WindowError unless the window has a zone, a length, matchers and a sound rule."""
    if not window.when:
        raise WindowError("say which alerts: a window without matchers would hold back all of them")
    if window.length <= timedelta():
        raise WindowError("it ends before it has begun")
    if window.length > LONGEST:
        raise WindowError(f"a window is open for {LONGEST.days} days at most")
    _zone(window.zone)
    if window.repeat:
        _check_repeat(window)


def in_utc(local: datetime, zone: str) -> datetime:
    """The moment at which clocks there show that time. Raises WindowError for an unknown zone."""
    return local.replace(tzinfo=_zone(zone)).astimezone(UTC)


def on_clocks(moment: datetime, zone: str) -> datetime:
    """What clocks there show; a time without a zone is that already. Raises WindowError."""
    place = _zone(zone)
    return moment if moment.tzinfo is None else moment.astimezone(place).replace(tzinfo=None)


def open_at(window: Window, at: datetime) -> Span | None:
    """How long the window is open that is so at that time, None where it is not.

    Cancelled, it is open until then; and what was planned late holds back from then on.
    """
    if window.created_at is not None and at < window.created_at:
        return None
    found = [each for each in spans(window, at, before=at) if each.starts <= at]
    return max(found, key=lambda each: each.ends, default=None)


def spans(window: Window, after: datetime, before: datetime | None = None) -> Iterator[Span]:
    """From when to when the window is open, as far as that ends after and starts before then."""
    gone = window.cancelled_at
    for begin in _between(window, after, before):
        span = _span(window, begin)
        if gone is not None:
            if span.starts >= gone:
                return
            span = Span(span.starts, min(span.ends, gone))
        if span.ends > after:
            yield span


def over_at(window: Window) -> datetime | None:
    """When it has been open for the last time; None where it goes on."""
    last: datetime | None = _local(window)
    if window.repeat:
        rule = _rule(window)
        last = deque(_begins(rule), maxlen=1)[0] if rule.ends else None
    over = _span(window, last).ends if last is not None else None
    return min(filter(None, (over, window.cancelled_at)), default=None)


@dataclass(frozen=True, slots=True)
class _Rule:
    """When something begins on local clocks: `text` without its end, which stands apart."""

    text: str
    first: datetime
    count: int | None
    until: datetime | None

    @property
    def ends(self) -> bool:
        return self.count is not None or self.until is not None


def _rule(window: Window) -> _Rule:
    parts = _parts(window.repeat)
    count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    return _Rule(
        ";".join(f"{name}={value}" for name, value in parts.items()),
        _local(window),
        int(count) if count else None,
        _until(until, ZoneInfo(window.zone)) if until else None,
    )


def _until(text: str, zone: ZoneInfo) -> datetime:
    """The last moment on local clocks; a date alone means all of its day."""
    if "T" not in text:
        return datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59, second=59)  # noqa: DTZ007 - local
    moment = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local
    if not text.endswith("Z"):
        return moment
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _begins(rule: _Rule) -> Iterator[datetime]:
    """Every beginning up to the horizon."""
    horizon = rule.first + _HORIZON
    until = min(rule.until or horizon, horizon)
    found = cast("rrule", rrulestr(rule.text, dtstart=rule.first)).replace(until=until)
    return islice(found, rule.count)


@lru_cache(maxsize=4096)
def _in_year(rule: _Rule, year: int) -> tuple[datetime, ...]:
    up_to = takewhile(lambda begin: begin.year <= year, _begins(rule))
    return tuple(begin for begin in up_to if begin.year == year)


def _between(window: Window, after: datetime, before: datetime | None) -> Iterator[datetime]:
    """When it may begin on local clocks, a day more at both ends."""
    first, zone = _local(window), ZoneInfo(window.zone)
    if not window.repeat:
        yield first
        return
    rule = _rule(window)
    earliest = after.astimezone(zone).replace(tzinfo=None) - window.length - _DAY
    latest = first + _HORIZON
    if before is not None:
        latest = min(latest, before.astimezone(zone).replace(tzinfo=None) + _DAY)
    for year in range(max(earliest.year, first.year), latest.year + 1):
        yield from (begin for begin in _in_year(rule, year) if earliest <= begin <= latest)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        text = f"there is no time zone {name!r}; they are named like Europe/Berlin"
        raise WindowError(text) from None


def _check_repeat(window: Window) -> None:
    parts = _parts(window.repeat)
    for name, value in parts.items():
        known = _PARTS.get(name)
        if known is None or not known.fullmatch(value):
            raise WindowError(f"{name}={value} is no part of a rule that Watcher takes")
    if "FREQ" not in parts or len(parts) != len(window.repeat.split(";")):
        raise WindowError("a rule is written as in RFC 5545, as FREQ=WEEKLY;BYDAY=SU")
    if parts["FREQ"] in _FREQUENT:
        _check_frequent(parts, _local(window))
    try:
        found = next(_begins(_rule(window)), None)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise WindowError(f"this is no rule of RFC 5545: {error}") from None
    if found != _local(window):
        when = f"it first says {found:%Y-%m-%d %H:%M}" if found else "it never says when"
        raise WindowError(f"the rule and the start do not fit together: {when}")


def _check_frequent(parts: Mapping[str, str], first: datetime) -> None:
    """A rule that never holds would be tried on every day up to the year 9999."""
    strange = parts.keys() - _OF_FREQUENT
    if strange:
        named = " and ".join(sorted(strange))
        raise WindowError(f"{named} goes with FREQ=MONTHLY or FREQ=YEARLY")
    days = {day[-2:] for day in parts.get("BYDAY", "").split(",") if day}
    months = {int(month) for month in parts.get("BYMONTH", "").split(",") if month}
    if (days and _DAYS[first.weekday()] not in days) or (months and first.month not in months):
        when = f"it starts on a {first:%A in %B}"
        raise WindowError(f"the rule and the start do not fit together: {when}")


def _parts(repeat: str) -> dict[str, str]:
    named = (part.partition("=") for part in repeat.split(";"))
    return {name: value for name, _, value in named}


def _local(window: Window) -> datetime:
    return window.starts.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None)


def _span(window: Window, begin: datetime) -> Span:
    """A time that clocks leave out is taken as before the change, one they show twice as first."""
    zone = ZoneInfo(window.zone)
    starts = begin.replace(tzinfo=zone).astimezone(UTC)
    ends = (begin + window.length).replace(tzinfo=zone).astimezone(UTC)
    # What lies in an hour that is left out would end before it began.
    return Span(starts, ends if ends > starts else starts + window.length)
