"""Maintenance as it is planned in Zabbix, said as we say it; what cannot be said so is noted."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from watcher.decide.pattern import literal
from watcher.kit.text import one_line
from watcher.model.estate import Timetable, Work
from watcher.model.matcher import Matcher, Operator
from watcher.monitors._zabbix_api import Api
from watcher.monitors._zabbix_estate import groups_key
from watcher.monitors._zabbix_records import rows_of
from watcher.monitors.base import MonitorError, Trouble

Row = Mapping[str, Any]

_ONCE, _DAILY, _WEEKLY, _MONTHLY = "0", "2", "3", "4"
_ANY_TAG, _LIKE = "2", "2"
_LAST_WEEK = 5
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MONTHS = range(1, 13)
# The 29th of February comes again within that.
_SEARCHED = 8 * 366


class _UnsayableError(Exception):
    """Something that has no place among our windows; the text says what."""


@dataclass(frozen=True, slots=True)
class _Time:
    """When it is, and for how long; `repeat` is a rule of RFC 5545, by the clocks of `zone`."""

    starts: datetime
    length: timedelta
    repeat: str = ""
    zone: str = "UTC"


def timetable(api: Api, within: Mapping[str, object], zone: str, now: datetime) -> Timetable:
    """What is planned and not over, for hosts within these groups. `zone` is by whose clocks the
    server repeats it, "" where nobody says so. Raises MonitorError unless the answer is complete.
    """
    select, groups = groups_key(api)
    asked = {
        select: ["groupid", "name"],
        "output": ["maintenanceid", "name", "active_since", "active_till", "tags_evaltype"],
        "selectHosts": ["hostid"],
        "selectTags": "extend",
        "selectTimeperiods": "extend",
    }
    rows = rows_of(api, "maintenance.get", asked)
    works: list[Work] = []
    notes: list[str] = []
    try:
        planned = [row for row in rows if _moment(row["active_till"]) > now]
        members = _Members.ask(api, within) if planned else _Members({}, {})
        for row in sorted(planned, key=lambda each: int(each["maintenanceid"])):
            about = members.of(row["hosts"], row[groups])
            if about:
                works += _works(row, about, zone, now, notes)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise MonitorError("Zabbix plans maintenance in no way we know", Trouble.STRANGE) from None
    return Timetable(tuple(works), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Members:
    """The names of hosts by their ids, and by the names of their groups."""

    names: Mapping[str, str]
    grouped: Mapping[str, set[str]]

    @classmethod
    def ask(cls, api: Api, within: Mapping[str, object]) -> "_Members":
        """All hosts that one may see."""
        select, groups = groups_key(api)
        rows = rows_of(api, "host.get", {**within, select: ["name"], "output": ["hostid", "host"]})
        grouped: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            for group in row[groups]:
                grouped[group["name"]].add(row["host"])
        return cls({row["hostid"]: row["host"] for row in rows}, grouped)

    def of(self, hosts: Collection[Row], groups: Collection[Row]) -> tuple[str, ...]:
        """Those hosts, and those of the groups and of all groups below them."""
        found = {self.names[each["hostid"]] for each in hosts if each["hostid"] in self.names}
        for group in groups:
            for name, members in self.grouped.items():
                if f"{name}/".startswith(f"{group['name']}/"):
                    found |= members
        return tuple(sorted(found))


def _works(
    row: Row, hosts: tuple[str, ...], zone: str, now: datetime, notes: list[str]
) -> Iterator[Work]:
    name = one_line(row["name"])
    try:
        conditions = list(_conditions(row["tags"], row["tags_evaltype"]))
    except _UnsayableError as error:
        notes.append(f"maintenance {name!r} is not taken over: {error}")
        return
    # They come without an id; what they say puts them into the same order every time.
    periods = sorted(row["timeperiods"], key=_order)
    for number, period in enumerate(periods, 1):
        try:
            time = _time(row, period, zone, now)
        except _UnsayableError as error:
            notes.append(f"period {number} of maintenance {name!r} is not taken over: {error}")
            continue
        for part, when in enumerate(conditions, 1):
            title = f"{row['maintenanceid']}.{number}.{part}"
            if time is not None:
                yield Work(
                    title, name, hosts, when, time.starts, time.length, time.repeat, time.zone
                )


def _order(period: Row) -> tuple[int, list[tuple[str, str]]]:
    return int(period["timeperiod_type"]), sorted(period.items())


def _conditions(tags: Sequence[Row], evaluation: str) -> Iterator[tuple[Matcher, ...]]:
    """What tags ask for: all of a condition must hold, and one condition is enough."""
    named: dict[str, list[str]] = defaultdict(list)
    for each in tags:
        named[each["tag"]].append(_pattern(each))
    matchers = tuple(
        Matcher(name, Operator.REGEX, "|".join(sorted({*patterns})))
        for name, patterns in sorted(named.items())
    )
    if evaluation == _ANY_TAG and matchers:
        yield from ((each,) for each in matchers)
    else:
        yield matchers


def _pattern(tag: Row) -> str:
    """What the value of a tag must look like; a tag that is missing has an empty value for us."""
    if tag["operator"] == _LIKE:
        return f".*{literal(tag['value'])}.*" if tag["value"] else ".+"
    if not tag["value"]:
        raise _UnsayableError(f"it asks for the tag {tag['tag']} without a value")
    return literal(tag["value"])


def _time(row: Row, period: Row, zone: str, now: datetime) -> _Time | None:
    """When a period is, None where it is over. Raises _UnsayableError."""
    since, till = _moment(row["active_since"]), _moment(row["active_till"])
    length = timedelta(seconds=int(period["period"]))
    if period["timeperiod_type"] == _ONCE:
        start = _moment(period["start_date"])
        starts, ends = max(start, since), min(start + length, till)
        return _Time(starts, ends - starts) if ends > max(starts, now) else None
    if not zone:
        raise _UnsayableError(
            "it repeats, and Zabbix does not say by which clocks; write the time zone of its "
            "server as `timezone` into the options of the monitor"
        )
    rule, falls = _rule(period, since.astimezone(ZoneInfo(zone)).date())
    begin = _first(falls, since, int(period["start_time"]), ZoneInfo(zone))
    if begin is None or begin > till:
        return None
    return _Time(begin, length, f"{rule};UNTIL={till:%Y%m%dT%H%M%SZ}", zone)


def _first(
    falls: Callable[[date], bool], since: datetime, seconds: int, zone: ZoneInfo
) -> datetime | None:
    """When it is for the first time."""
    day = since.astimezone(zone).date()
    days = (day + timedelta(days=number) for number in range(_SEARCHED))
    first = next(filter(falls, days), None)
    if first is None:
        return None
    local = datetime.combine(first, datetime.min.time(), zone) + timedelta(seconds=seconds)
    return local.astimezone(UTC)


def _rule(period: Row, since: date) -> tuple[str, Callable[[date], bool]]:
    """The rule of a period, and whether it falls on a day from `since` on. Raises
    _UnsayableError.
    """
    every = int(period["every"])
    if period["timeperiod_type"] == _DAILY:
        return f"FREQ=DAILY;INTERVAL={every}", lambda day: (day - since).days % every == 0
    days = [number for number in range(7) if int(period["dayofweek"]) >> number & 1]
    if period["timeperiod_type"] == _WEEKLY:
        monday = since - timedelta(days=since.weekday())
        named = ",".join(_DAYS[number] for number in days)
        return (
            f"FREQ=WEEKLY;INTERVAL={every};BYDAY={named}",
            lambda day: day.weekday() in days and (day - monday).days // 7 % every == 0,
        )
    if period["timeperiod_type"] != _MONTHLY:
        raise _UnsayableError(f"a period of type {period['timeperiod_type']} is unknown")
    return _monthly(period, days, every)


def _monthly(period: Row, days: list[int], every: int) -> tuple[str, Callable[[date], bool]]:
    """On a day of the month, or on days of one of its weeks."""
    months = [month for month in _MONTHS if int(period["month"]) >> month - 1 & 1]
    rule = f"FREQ=MONTHLY;BYMONTH={','.join(map(str, months))}"
    if int(period["day"]):
        return (
            f"{rule};BYMONTHDAY={period['day']}",
            lambda day: day.month in months and day.day == int(period["day"]),
        )
    week = -1 if every == _LAST_WEEK else every
    named = ",".join(f"{week}{_DAYS[number]}" for number in days)
    return (
        f"{rule};BYDAY={named}",
        lambda day: day.month in months and day.weekday() in days and _in_week(day, week),
    )


def _in_week(day: date, week: int) -> bool:
    """Whether it is the first, second … such day of its month, or the last."""
    if week == -1:
        return (day + timedelta(days=7)).month != day.month
    return (day.day - 1) // 7 + 1 == week


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(int(text), UTC)
