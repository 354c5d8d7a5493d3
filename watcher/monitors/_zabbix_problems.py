"""What Zabbix has on record of a problem, as the bodies that its webhook would have posted of it.

Pure: rows of the API in, bodies out. The prose of updates is that of Zabbix's own messages, so that
an update which came by webhook is known when it is found here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from watcher.decide.keys import parts_of
from watcher.model.answer import MARK
from watcher.model.survey import Held

Row = Mapping[str, Any]
Fields = Mapping[str, str]

CLOSE, ACKNOWLEDGE, MESSAGE, SEVERITY, UNACKNOWLEDGE = 1, 2, 4, 8, 16
SUPPRESS, UNSUPPRESS, TO_CAUSE, TO_SYMPTOM = 32, 64, 128, 256

_DONE = (
    (ACKNOWLEDGE, "acknowledged"),
    (UNACKNOWLEDGE, "unacknowledged"),
    (MESSAGE, "commented"),
    (SEVERITY, "changed severity from {old} to {new}"),
    (SUPPRESS, "suppressed"),
    (UNSUPPRESS, "unsuppressed"),
    (TO_CAUSE, "ranked as cause"),
    (TO_SYMPTOM, "ranked as symptom"),
    (CLOSE, "closed"),
)
_NOBODY = "Inaccessible user"
_FUNCTION = re.compile(r"\{(\d+)\}")
# Zabbix takes an address from the interface of the item, else from the first of these types.
_INTERFACES = ("1", "2", "4", "3")
_KEPT = ("host_name", "host_ip", "trigger_id", "trigger_url", "item_key")


@dataclass(frozen=True, slots=True)
class Update:
    """What somebody did to a problem at `at`, an epoch second; `who` as messages name him."""

    id: int
    at: int
    action: int
    message: str
    old: int
    new: int
    who: str = _NOBODY

    @property
    def own(self) -> bool:
        """Whether Watcher did it."""
        return self.message.startswith(MARK)

    def prose(self, severities: Sequence[str]) -> str:
        """What was done, in the words of EVENT.UPDATE.ACTION."""
        old, new = severities[self.old], severities[self.new]
        done = [words.format(old=old, new=new) for bit, words in _DONE if self.action & bit]
        return " and ".join(filter(None, (", ".join(done[:-1]), *done[-1:])))


@dataclass(frozen=True, slots=True)
class Problem:
    """One trigger event. Times are epoch seconds; `recovery` is the id of the event that ended it,
    "" while none has, and `ended` when that was, None where nobody knows.
    """

    id: int
    trigger: str
    began: int
    name: str
    severity: int
    acknowledged: bool
    suppressed: bool
    opdata: str
    tags: Sequence[Mapping[str, str]]
    updates: tuple[Update, ...] = ()
    recovery: str = ""
    ended: int | None = None


def problem_of(row: Row) -> Problem:
    """A row of problem.get or event.get. Raises LookupError, ValueError or TypeError."""
    updates = (update_of(each) for each in row.get("acknowledges", ()))
    recovery = str(row.get("r_eventid") or "0")
    return Problem(
        id=int(row["eventid"]),
        trigger=str(row["objectid"]),
        began=int(row["clock"]),
        name=str(row["name"]),
        severity=int(row["severity"]),
        acknowledged=str(row["acknowledged"]) == "1",
        suppressed=str(row.get("suppressed")) == "1",
        opdata=str(row.get("opdata") or ""),
        tags=[{"tag": str(tag["tag"]), "value": str(tag["value"])} for tag in row.get("tags", ())],
        # Their order within a second is in their ids only.
        updates=tuple(sorted(updates, key=lambda update: update.id)),
        recovery="" if recovery == "0" else recovery,
    )


def update_of(row: Row) -> Update:
    """A row of what was done to an event; who did it is there if event.get was asked."""
    update = Update(
        id=int(row["acknowledgeid"]),
        at=int(row["clock"]),
        action=int(row["action"]),
        message=str(row["message"]),
        old=int(row["old_severity"]),
        new=int(row["new_severity"]),
    )
    if "username" not in row:
        return update
    names = (row.get("name", ""), row.get("surname", ""), f"({row['username']})")
    return replace(update, who=" ".join(str(name) for name in names))


def watched(trigger: Row, hosts: Mapping[str, Row]) -> Fields:
    """What is watched, as macros name it: they mean the first function of the expression."""
    items = {str(item["itemid"]): item for item in trigger["items"]}
    functions = {str(each["functionid"]): str(each["itemid"]) for each in trigger["functions"]}
    named = _FUNCTION.findall(str(trigger["expression"]))
    first = next((functions[each] for each in named if each in functions), "")
    item: Row = items.get(first) or next(iter(items.values()), {})
    host: Row = hosts.get(str(item.get("hostid", "")), {})
    return {
        "trigger_id": str(trigger["triggerid"]),
        "host_id": str(host.get("hostid", "")),
        "host_host": str(host.get("host", "")),
        "host_name": str(host.get("name", "")),
        "host_ip": _address(host.get("interfaces", ()), str(item.get("interfaceid", "0"))),
        "item_id": str(item.get("itemid", "")),
        "item_key": _plain(item.get("key_")),
        "trigger_url": _plain(trigger.get("url")),
        "trigger_description": str(trigger.get("comments", "")),
    }


def _plain(text: object) -> str:
    """Nothing, where there are macros in it, which only Zabbix itself can resolve."""
    return "" if text is None or "{" in str(text) else str(text)


def _address(interfaces: Iterable[Row], of_item: str) -> str:
    found = {each["interfaceid"]: each for each in interfaces}
    if of_item in found:
        return str(found[of_item]["ip"])
    main = {each["type"]: each["ip"] for each in found.values() if each["main"] == "1"}
    return str(next((main[kind] for kind in _INTERFACES if kind in main), ""))


def event_id_of(held: Held) -> str:
    """The id of the event that a span stands for, "" where it is not one of Zabbix."""
    id_ = parts_of(held.occurrence)[0] if held.occurrence else ""
    return id_ if id_.isascii() and id_.isdecimal() else ""


def remembered(held: Held) -> Fields:
    """What is watched, as Watcher knows it: so that news finds the alert under its own key."""
    return {
        **{name: held.labels.get(name, "") for name in _KEPT},
        "host_host": held.host or "",
        **_ids_in(held.key),
    }


def _ids_in(key: str) -> Fields:
    """Trigger and host as the receiver wrote them into a key: by their ids, or by names."""
    match parts_of(key):
        case (_, "name", _, "host", host):
            return {"host_host": host}
        case (_, "name", _, host_id):
            return {"host_id": host_id}
        case (_, trigger_id, "host", host):
            return {"trigger_id": trigger_id, "host_host": host}
        case (_, trigger_id, host_id):
            return {"trigger_id": trigger_id, "host_id": host_id}
    return {}


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes bodies for the Zabbix whose pages are at `url`, with its names for severities."""

    url: str
    severities: Sequence[str]

    def story(self, problem: Problem, about: Fields, since: int = 0) -> Iterator[tuple[int, bytes]]:
        """What would have been posted of the problem, each with its time, oldest first; of what
        people did, only what they did since then.
        """
        updates = [update for update in problem.updates if update.at >= since]
        now = self._before(problem, updates)
        yield problem.began, self._body(now, about, value="1")
        told = False
        for update in updates:
            if not told and problem.recovery and (problem.ended or 0) <= update.at:
                told = True
                yield self._recovery(now, about)
            now = _after(now, update)
            if not update.own:
                yield update.at, self._update(now, about, update, over=told)
        if problem.recovery and not told:
            yield self._recovery(now, about)

    def ending(self, problem: Problem, about: Fields) -> bytes:
        """The recovery of a problem."""
        return self._recovery(problem, about)[1]

    def _before(self, problem: Problem, updates: Iterable[Update]) -> Problem:
        """The problem as it was before these updates."""
        severity, acknowledged = problem.severity, problem.acknowledged
        for update in reversed(list(updates)):
            if update.action & SEVERITY:
                severity = update.old
            if update.action & (ACKNOWLEDGE | UNACKNOWLEDGE):
                acknowledged = bool(update.action & UNACKNOWLEDGE)
        return replace(problem, severity=severity, acknowledged=acknowledged)

    def _recovery(self, problem: Problem, about: Fields) -> tuple[int, bytes]:
        body = self._body(problem, about, value="0", **_end_of(problem))
        return problem.ended or problem.began, body

    def _update(self, problem: Problem, about: Fields, update: Update, *, over: bool) -> bytes:
        return self._body(
            problem,
            about,
            value="0" if over else "1",
            event_update_status="1",
            event_update_timestamp=str(update.at),
            event_update_action=update.prose(self.severities),
            event_update_message=update.message,
            user_fullname=update.who,
            **(_end_of(problem) if over else {}),
        )

    def _body(self, problem: Problem, about: Fields, value: str, **more: str) -> bytes:
        fields = {
            "event_id": str(problem.id),
            "event_source": "0",
            "event_value": value,
            "event_update_status": "0",
            "event_nseverity": str(problem.severity),
            "event_timestamp": str(problem.began),
            "event_ack_status": "Yes" if problem.acknowledged else "No",
            "event_name": problem.name,
            "event_tagsjson": orjson.dumps(problem.tags).decode(),
            "event_opdata": problem.opdata,
            "zabbix_url": self.url,
            "reconciled": "1",
            **about,
            **more,
        }
        return _written(fields)


def _after(problem: Problem, update: Update) -> Problem:
    severity = update.new if update.action & SEVERITY else problem.severity
    acknowledged = problem.acknowledged
    if update.action & (ACKNOWLEDGE | UNACKNOWLEDGE):
        acknowledged = bool(update.action & ACKNOWLEDGE)
    return replace(problem, severity=severity, acknowledged=acknowledged)


def _end_of(problem: Problem) -> Fields:
    end = {"event_recovery_id": problem.recovery}
    return end if problem.ended is None else end | {"event_recovery_timestamp": str(problem.ended)}


def _written(fields: Fields) -> bytes:
    """As the webhook writes them: what has no value is left out."""
    return orjson.dumps({name: value for name, value in fields.items() if value})
