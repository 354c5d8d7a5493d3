"""Tells Zabbix what a person decided about its problems: many in one call, each once, and one that
cannot be told does not keep the others from it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from watcher.kit.clock import Clock
from watcher.kit.text import cut, one_line
from watcher.model.action import Outcome, Verdict
from watcher.model.answer import MARK, Answer, Verb
from watcher.model.event import Severity
from watcher.monitors._zabbix_api import APPLICATION_ERROR, Api, RefusalError
from watcher.monitors._zabbix_problems import (
    ACKNOWLEDGE,
    CLOSE,
    MESSAGE,
    SEVERITY,
    SUPPRESS,
    Row,
    event_id_of,
)
from watcher.monitors._zabbix_records import RENAMED, TRIGGERS, rows_of
from watcher.monitors.base import MonitorError, Trouble

VERBS = frozenset({Verb.ACKNOWLEDGE, Verb.COMMENT, Verb.SEVERITY, Verb.CLOSE, Verb.SILENCE})

_BITS = {
    Verb.ACKNOWLEDGE: ACKNOWLEDGE,
    Verb.COMMENT: 0,
    Verb.SEVERITY: SEVERITY,
    Verb.CLOSE: CLOSE,
    Verb.SILENCE: SUPPRESS,
}
_DID = {
    Verb.ACKNOWLEDGE: "acknowledged",
    Verb.COMMENT: "commented on",
    Verb.SEVERITY: "changed the severity of",
    Verb.CLOSE: "closed",
    Verb.SILENCE: "suppressed",
}
_CODES = {
    Severity.INFORMATION: 1,
    Severity.WARNING: 2,
    Severity.AVERAGE: 3,
    Severity.HIGH: 4,
    Severity.DISASTER: 5,
}
_SUPPRESSING = (6, 2)
_LONGEST_MESSAGE = 2048
_CHUNK = 500
# No further call is begun after so many seconds.
_BUDGET = 60.0

_GONE = "gone from Zabbix, or its token may not see them"
_READ_ONLY = "its token may only read their hosts, which takes the right to write"
_NOT_BY_HAND = "their trigger does not allow closing by hand"
_OVER = "over already"
_NAMELESS = "not known to Zabbix by an event"


@dataclass(slots=True)
class _Told:
    """What became of each problem so far; `later` is why the rest was left for another time."""

    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    later: str = ""


class Teller:
    """Tells one Zabbix. Not for two threads at once."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        # A call may have to log in first, and once more after an upgrade.
        self.longest = _BUDGET + 4 * api.timeout

    def answer(self, answer: Answer) -> Outcome:
        """As Monitor.answer."""
        if answer.until is not None and answer.until <= self._clock.now():
            return Outcome(Verdict.DONE, "the silence would be over already")
        deadline = self._clock.monotonic() + _BUDGET
        told = _Told()
        try:
            if reason := self._unable(answer):
                return Outcome(Verdict.GAVE_UP, reason)
            wanted = self._choose(answer, told)
            for at in range(0, len(wanted), _CHUNK):
                self._tell(answer, wanted[at : at + _CHUNK], told, deadline)
        except MonitorError as error:
            return _failed(answer, told, error)
        return _outcome(answer, told)

    def _unable(self, answer: Answer) -> str:
        """Why this cannot be told to any problem, "" where it can."""
        if answer.verb not in VERBS:
            return f"Zabbix cannot be told to {answer.verb}"
        if answer.verb is Verb.SEVERITY and answer.severity is None:
            return "there is no severity to change to"
        if answer.verb is Verb.SILENCE and self._api.version < _SUPPRESSING:
            major, minor = self._api.version
            return f"Zabbix {major}.{minor} cannot suppress a problem; 6.2 and later can"
        return ""

    def _choose(self, answer: Answer, told: _Told) -> list[str]:
        """The ids of the events to which there is something to say that can be said."""
        ids = sorted({id_ for id_ in map(event_id_of, answer.spans) if id_}, key=int)
        told.refused[_NAMELESS] += sum(not event_id_of(span) for span in answer.spans)
        rows = {str(row["eventid"]): row for row in self._events(ids, self._columns())}
        told.refused[_GONE] += len(ids) - len(rows)
        fresh = [id_ for id_, row in rows.items() if not self._is_so(answer, row, told)]
        if answer.verb not in {Verb.SEVERITY, Verb.CLOSE}:
            return fresh
        ours = {str(row["eventid"]) for row in self._events(fresh, {"editable": True})}
        told.refused[_READ_ONLY] += len(fresh) - len(ours)
        open_ = [id_ for id_ in fresh if id_ in ours]
        if answer.verb is Verb.SEVERITY:
            return open_
        closable = [id_ for id_ in open_ if _may_be_closed(rows[id_])]
        told.refused[_NOT_BY_HAND] += len(open_) - len(closable)
        return closable

    def _columns(self) -> Mapping[str, object]:
        done = "selectAcknowledges" if self._api.version >= RENAMED else "select_acknowledges"
        return {
            "output": ["eventid", "acknowledged", "severity", "r_eventid"],
            "selectRelatedObject": ["triggerid", "manual_close"],
            done: "extend",
        }

    def _events(self, ids: Sequence[str], more: Mapping[str, object]) -> list[Row]:
        return [
            row
            for at in range(0, len(ids), _CHUNK)
            for row in rows_of(
                self._api,
                "event.get",
                {"output": ["eventid"], **TRIGGERS, **more, "eventids": ids[at : at + _CHUNK]},
            )
        ]

    def _is_so(self, answer: Answer, row: Row, told: _Told) -> bool:
        """Whether nothing is left to be told: an earlier try got through, or it is so anyway."""
        over = str(row.get("r_eventid") or "0") != "0"
        if over and answer.verb is Verb.SILENCE:
            told.refused[_OVER] += 1
            return True
        message = message_of(answer)
        before = [each for each in row.get("acknowledges", ()) if each.get("message") == message]
        so = {
            Verb.ACKNOWLEDGE: bool(before) and str(row["acknowledged"]) == "1",
            Verb.COMMENT: bool(before),
            Verb.SEVERITY: str(row["severity"]) == str(_code(answer)),
            Verb.CLOSE: over or any(int(each.get("action", 0)) & CLOSE for each in before),
            Verb.SILENCE: bool(before),
        }[answer.verb]
        told.done += so
        return so

    def _tell(self, answer: Answer, ids: Sequence[str], told: _Told, deadline: float) -> None:
        """Zabbix refuses a call for the sake of one event: then the halves are told apart."""
        if not ids or told.later:
            return
        if self._clock.monotonic() > deadline:
            told.later = "the time was over"
            return
        try:
            self._api.call("event.acknowledge", {"eventids": list(ids), **_change(answer)})
        except RefusalError as error:
            if error.code != APPLICATION_ERROR or error.trouble is Trouble.TOKEN:
                raise
            if len(ids) == 1:
                told.refused[error.why.rstrip(".!")] += 1
                return
            half = len(ids) // 2
            self._tell(answer, ids[:half], told, deadline)
            self._tell(answer, ids[half:], told, deadline)
        else:
            told.done += len(ids)


def message_of(answer: Answer) -> str:
    """The message that a problem is given: whose decision it was, what was said, and where more
    is.
    """
    what = f"{_DID[answer.verb]} incident {answer.incident}"
    if answer.verb is Verb.SEVERITY and answer.severity is not None:
        what = f"{what} to {answer.severity}"
    if answer.verb is Verb.SILENCE and answer.until is not None:
        what = f"{what} until {_minute(answer.until)}"
    said = f": {answer.text.strip()}" if answer.text.strip() else ""
    begin = cut(f"{MARK}{one_line(answer.by)} {what}", _LONGEST_MESSAGE // 4)
    end = f" {answer.url}" if answer.url else ""
    return begin + cut(said, _LONGEST_MESSAGE - len(begin) - len(end)) + end


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _change(answer: Answer) -> Mapping[str, object]:
    """What event.acknowledge is to do. There is always a message: by it we know our own."""
    change: dict[str, object] = {
        "action": _BITS[answer.verb] | MESSAGE,
        "message": message_of(answer),
    }
    if answer.verb is Verb.SEVERITY:
        change["severity"] = _code(answer)
    if answer.verb is Verb.SILENCE:
        change["suppress_until"] = int(answer.until.timestamp()) if answer.until else 0
    return change


def _code(answer: Answer) -> int:
    return _CODES[answer.severity] if answer.severity else 0


def _may_be_closed(row: Row) -> bool:
    trigger = row.get("relatedObject")
    return isinstance(trigger, Mapping) and str(trigger.get("manual_close")) == "1"


def _failed(answer: Answer, told: _Told, error: MonitorError) -> Outcome:
    """What is no longer reached may be later; who is refused must be let in by a person."""
    again = error.trouble is Trouble.UNREACHABLE
    done = f"{_counted(answer, told)}; then: " if told.done else ""
    return Outcome(Verdict.RETRY if again else Verdict.GAVE_UP, f"{done}{error}")


def _outcome(answer: Answer, told: _Told) -> Outcome:
    why = [f"{count} {reason}" for reason, count in told.refused.items() if count]
    reason = "; ".join([_counted(answer, told), *why, *filter(None, [told.later])])
    if told.later:
        return Outcome(Verdict.RETRY, reason)
    in_vain = not told.done and told.refused.total() > told.refused[_OVER]
    return Outcome(Verdict.GAVE_UP if in_vain else Verdict.DONE, reason)


def _counted(answer: Answer, told: _Told) -> str:
    problems = "problem" if len(answer.spans) == 1 else "problems"
    return f"{_DID[answer.verb]} {told.done} of {len(answer.spans)} {problems} in Zabbix"
