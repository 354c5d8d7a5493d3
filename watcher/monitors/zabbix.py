"""Zabbix: asks its API for what the webhook has not told, and tells it what people decided.

What is asked for becomes bodies as Watcher's media type posts them, so that the receiver of the
same kind reads them. docs/adr/0015-monitors.md says why, and what counts as proof.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from watcher.kit.clock import Clock
from watcher.model.action import Outcome
from watcher.model.answer import Answer, Verb
from watcher.model.estate import Estate, Timetable
from watcher.model.survey import Held, Survey
from watcher.monitors._zabbix_answer import VERBS, Teller
from watcher.monitors._zabbix_api import Api
from watcher.monitors._zabbix_estate import estate
from watcher.monitors._zabbix_problems import Scribe
from watcher.monitors._zabbix_records import Records
from watcher.monitors._zabbix_survey import Surveyor
from watcher.monitors._zabbix_works import timetable
from watcher.monitors.base import Access

_PAGES = range(10, 10_001)
_TIMEOUTS = range(1, 301)
_SEVERITIES = ("Not classified", "Information", "Warning", "Average", "High", "Disaster")


@dataclass(frozen=True, slots=True)
class Options:
    """`groups` are the host groups, with those below them, outside of which nothing is asked for;
    none means all that the token may read. `page` is how much is asked for at once, `timeout` the
    seconds after which a call is given up, `severities` what the administrator calls them, and
    `timezone` by whose clocks its server repeats maintenance, "" where nobody says so.
    """

    groups: tuple[str, ...] = ()
    page: int = 1000
    timeout: int = 30
    severities: tuple[str, ...] = _SEVERITIES
    timezone: str = ""


OPTIONS = Options


def options(given: Mapping[str, object]) -> Options:
    """The options of a monitor. Raises ValueError with what is wrong."""
    known = ("groups", "page", "severities", "timeout", "timezone")
    if unknown := sorted(str(name) for name in given if name not in known):
        raise ValueError(f"unknown option {', '.join(unknown)}; there are: {', '.join(known)}")
    severities = _names(given, "severities", _SEVERITIES)
    if len(severities) != len(_SEVERITIES):
        raise ValueError(
            f"severities must be {len(_SEVERITIES)} names, from the least to the worst"
        )
    return Options(
        groups=_names(given, "groups", ()),
        page=_number(given, "page", 1000, _PAGES),
        timeout=_number(given, "timeout", 30, _TIMEOUTS),
        severities=severities,
        timezone=_zone(given),
    )


def _names(given: Mapping[str, object], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = given.get(name, default)
    if isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value):
        return tuple(value)
    raise ValueError(f"{name} must be a list of names")


def _zone(given: Mapping[str, object]) -> str:
    name = given.get("timezone", "")
    try:
        return ZoneInfo(str(name)).key if name else ""
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; one is Europe/Moscow") from None


def _number(given: Mapping[str, object], name: str, default: int, allowed: range) -> int:
    value = given.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
        return value
    raise ValueError(f"{name} must be a whole number from {allowed[0]} to {allowed[-1]}")


class ZabbixMonitor:
    """A Monitor, Historian, Planner and Registrar of one Zabbix. Not for two threads at once."""

    def __init__(self, access: Access, options: Options, clock: Clock) -> None:
        api = Api(access.url, access.token, ca_file=access.ca_file, timeout=options.timeout)
        records = Records(api, options.groups, options.page)
        self._api = api
        self._records = records
        self._timezone = options.timezone
        self._surveyor = Surveyor(records, Scribe(api.pages, options.severities))
        self._teller = Teller(api, clock)
        self.longest = self._teller.longest
        self.verbs: Collection[Verb] = VERBS

    def survey(self, held: Sequence[Held], cursor: str, now: datetime) -> Survey:
        """All that holds, what was missed since the cursor, and the proofs for what is over."""
        return self._surveyor.survey(held, cursor, now)

    def answer(self, answer: Answer) -> Outcome:
        """Tells what a person decided; whatever Zabbix does is an outcome."""
        return self._teller.answer(answer)

    def history(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, bytes]]:
        """What would have been posted of the problems that began then, oldest first."""
        return self._surveyor.history(since, until)

    def timetable(self, now: datetime) -> Timetable:
        """The maintenance that is planned and not over."""
        return timetable(self._api, self._records.within(), self._timezone, now)

    def estate(self, *, services: bool) -> Estate:
        """The hosts that are monitored, what they depend on, and services."""
        return estate(self._api, self._records.within(), services=services)


def monitor(access: Access, clock: Clock) -> ZabbixMonitor:
    """The monitor of that source. Raises TypeError for the options of another kind."""
    if not isinstance(access.options, Options):
        raise TypeError(f"the options are {type(access.options).__name__}, not those of zabbix")
    return ZabbixMonitor(access, access.options, clock)
