"""What Zabbix has on record, asked for in pages: problems, events, and what is watched."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from watcher.monitors._zabbix_api import Api
from watcher.monitors._zabbix_problems import Fields, Problem, Row, problem_of, watched
from watcher.monitors.base import MonitorError, Trouble

TRIGGERS: Mapping[str, object] = {"source": 0, "object": 0}
"""Asks for the events of triggers only."""

_BEGAN = (1,)
_COLUMNS = (
    "eventid", "objectid", "clock", "name", "severity", "acknowledged", "suppressed", "opdata",
    "r_eventid",
)  # fmt: skip
_OPEN: Mapping[str, object] = {
    "output": [name for name in _COLUMNS if name != "r_eventid"],
    "selectTags": "extend",
    "selectAcknowledges": "extend",
}
RENAMED = (7, 0)
"""From here on `select_acknowledges` is deprecated, and the warning of it can spoil an answer."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event as event.get knows it; `orphan` where what it is about was deleted."""

    problem: Problem
    orphan: bool


class Records:
    """Asks one Zabbix, within these host groups. Every method raises MonitorError."""

    def __init__(self, api: Api, groups: Sequence[str], page: int) -> None:
        self._api = api
        self._groups = groups
        self._page = page
        self._scope: Mapping[str, object] = TRIGGERS

    def begin(self) -> None:
        """Learns anew which version Zabbix is of, and which host groups there are."""
        self._api.renew()
        self._scope = {**TRIGGERS, **self.within()}

    def within(self) -> Mapping[str, object]:
        """What restricts a question to these host groups and those below them."""
        if not self._groups:
            return {}
        there = {str(each["name"]): each["groupid"] for each in self._rows(
            "hostgroup.get", output=["groupid", "name"]
        )}  # fmt: skip
        unknown = [name for name in self._groups if name not in there]
        if unknown:
            raise MonitorError(
                f"Zabbix has no host group {unknown[0]!r}, or its user may not read it",
                Trouble.RIGHTS,
            )
        under = tuple(f"{name}/" for name in self._groups)
        found = [id_ for name, id_ in there.items() if f"{name}/".startswith(under)]
        return {"groupids": found}

    def newest(self) -> int:
        """The id of the newest problem there has been, 0 where there was none."""
        rows = self._rows(
            "event.get",
            **TRIGGERS,
            value=_BEGAN,
            output=["eventid"],
            sortfield=["eventid"],
            sortorder="DESC",
            limit=1,
        )
        return int(rows[0]["eventid"]) if rows else 0

    def open(self) -> Iterator[list[Problem]]:
        """All that holds, page by page, by their ids."""
        start = 0
        while True:
            rows = self._rows(
                "problem.get",
                **self._scope,
                **_OPEN,
                eventid_from=start,
                sortfield=["eventid"],
                sortorder="ASC",
                limit=self._page,
            )
            problems = _read(rows, problem_of)
            yield problems
            if len(rows) < self._page:
                return
            start = problems[-1].id + 1

    def open_outside(self, ids: Collection[int]) -> dict[int, Problem]:
        """Those of the problems that hold outside of the host groups, if there are such limits."""
        asked = (str(id_) for id_ in ids) if self._groups else ()
        rows = [
            row
            for some in self._chunks(asked)
            for row in self._rows("problem.get", **TRIGGERS, **_OPEN, eventids=some)
        ]
        return {problem.id: problem for problem in _read(rows, problem_of)}

    def count(self, up_to: int) -> int:
        """How many problems hold whose id is no higher."""
        asked = self._api.call(
            "problem.get", {**self._scope, "countOutput": True, "eventid_till": up_to}
        )
        return sum(_read([asked], int))

    def walk(self, start: int, **limits: object) -> Iterator[list[Problem]]:
        """All problems there have been from that id on, page by page, over or not."""
        while True:
            rows = self._rows(
                "event.get",
                **self._scope,
                **self._whole(),
                **limits,
                value=_BEGAN,
                eventid_from=start,
                sortfield=["eventid"],
                sortorder="ASC",
                limit=self._page,
            )
            problems = _read(rows, problem_of)
            yield self._timed(problems)
            if len(rows) < self._page:
                return
            start = problems[-1].id + 1

    def events(self, ids: Collection[str]) -> dict[int, Record]:
        """Those of the events that are there and may be seen."""
        rows = [
            row
            for some in self._chunks(ids)
            for row in self._rows(
                "event.get", **TRIGGERS, **self._whole(), eventids=some, selectHosts=["hostid"]
            )
        ]
        problems = self._timed(_read(rows, problem_of))
        return {
            problem.id: Record(problem, orphan=not row.get("hosts"))
            for problem, row in zip(problems, rows, strict=True)
        }

    def named(self, problems: Iterable[Problem]) -> list[Problem]:
        """The same problems, with the names of the people who did something to them."""
        wanted = {str(each.id): each for each in problems}
        known = {
            problem.id: problem.updates
            for some in self._chunks(wanted)
            for problem in _read(
                self._rows("event.get", **TRIGGERS, **self._whole(), eventids=some), problem_of
            )
        }
        return [replace(each, updates=known.get(each.id, each.updates)) for each in wanted.values()]

    def places(self, triggers: Collection[str]) -> dict[str, Fields]:
        """What each of the triggers watches, without those of which that is not to be seen."""
        rows = [
            row
            for some in self._chunks(triggers)
            for row in self._rows(
                "trigger.get",
                triggerids=some,
                output=["triggerid", "expression", "url", "comments"],
                expandComment=True,
                selectFunctions="extend",
                selectItems=["itemid", "hostid", "key_", "interfaceid"],
            )
        ]
        items = (item for row in rows for item in row.get("items", ()))
        hosts = self.hosts({str(item["hostid"]) for item in items})
        return {
            fields["trigger_id"]: fields for fields in _read(rows, lambda row: watched(row, hosts))
        }

    def hosts(self, ids: Collection[str]) -> dict[str, Row]:
        """Those of the hosts that are there and may be seen, by their ids."""
        return {
            str(row["hostid"]): row
            for some in self._chunks(ids)
            for row in self._rows(
                "host.get",
                hostids=some,
                output=["hostid", "host", "name"],
                selectInterfaces=["interfaceid", "ip", "type", "main"],
            )
        }

    def triggers(self, ids: Collection[str]) -> set[str]:
        """Those of the triggers that are there and may be seen."""
        return {
            str(row["triggerid"])
            for some in self._chunks(ids)
            for row in self._rows("trigger.get", triggerids=some, output=["triggerid"])
        }

    def _timed(self, problems: Sequence[Problem]) -> list[Problem]:
        """The same problems, with the times at which they were over."""
        ends = {each.recovery for each in problems if each.recovery}
        clocks = {
            str(row["eventid"]): int(row["clock"])
            for some in self._chunks(ends)
            for row in self._rows(
                "event.get", **TRIGGERS, eventids=some, output=["eventid", "clock"]
            )
        }
        return [replace(each, ended=clocks.get(each.recovery)) for each in problems]

    def _whole(self) -> Mapping[str, object]:
        """What is asked for of an event of which bodies are made."""
        done = "selectAcknowledges" if self._api.version >= RENAMED else "select_acknowledges"
        return {"output": list(_COLUMNS), "selectTags": "extend", done: "extend"}

    def _chunks(self, ids: Iterable[str]) -> Iterator[list[str]]:
        rest = iter(sorted(ids))
        while some := list(islice(rest, self._page)):
            yield some

    def _rows(self, method: str, **params: object) -> list[Row]:
        return rows_of(self._api, method, params)


def rows_of(api: Api, method: str, params: Mapping[str, object]) -> list[Row]:
    """What one call lists. Raises MonitorError."""
    rows, columns = api.call(method, params), params["output"]
    if isinstance(rows, list) and all(_has(row, columns) for row in rows):
        return rows
    raise _stranger(method)


def _has(row: object, columns: object) -> bool:
    return isinstance(row, dict) and isinstance(columns, list) and set(columns) <= row.keys()


def _read(rows: Iterable[Any], reader: Any) -> list[Any]:
    try:
        return [reader(row) for row in rows]
    except (LookupError, TypeError, ValueError):
        raise _stranger("a row") from None


def _stranger(what: str) -> MonitorError:
    return MonitorError(f"Zabbix answers {what} unlike any version known", Trouble.STRANGE)
