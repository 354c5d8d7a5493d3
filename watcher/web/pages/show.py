"""What the templates show of an incident, prepared so that they need to decide nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from watcher.decide.answers import described
from watcher.decide.flapping import REMEMBERED, Spell
from watcher.decide.lifecycle import News
from watcher.decide.route import INTRUSIVE
from watcher.engine import filing
from watcher.kit.text import span
from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.alert import Alert, AlertStatus, Occurrence, Withheld
from watcher.model.event import Severity
from watcher.model.incident import Entry, EntryKind, Incident, Status
from watcher.web.whole import Whole

# What is longer than this is no link any more.
_MOST_IN_A_LINK = 200


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that may be done to an incident now."""

    name: str
    word: str
    tone: str = ""


_ACKNOWLEDGE = Verb("acknowledge", "Acknowledge", "primary")
_RESOLVE = Verb("resolve", "Resolve")
_REOPEN = Verb("reopen", "Reopen")
_VERBS = {
    Status.OPEN: (_ACKNOWLEDGE, _RESOLVE),
    Status.ACKNOWLEDGED: (Verb("resolve", "Resolve", "primary"),),
    Status.RESOLVED: (Verb("close", "Close", "primary"), _REOPEN),
    Status.CLOSED: (_REOPEN,),
}


def verbs(incident: Incident) -> tuple[Verb, ...]:
    """The buttons of an incident; one that was merged into another has none."""
    return () if incident.merged_into else _VERBS[incident.status]


@dataclass(frozen=True, slots=True)
class Member:
    """An alert as one line of its incident: the span of it that belongs there."""

    key: str
    name: str
    summary: str
    host: str | None
    host_known: bool
    severity: Severity
    status: AlertStatus
    suppressed: bool
    withheld: Withheld | None
    started_at: datetime | None
    reason: str
    times: int
    flapping: str


Spells = Callable[[Alert], Spell | None]


@dataclass(frozen=True, slots=True)
class Condition:
    """An alert as it is listed, and how it flaps in words."""

    alert: Alert
    flapping: str


def conditions(alerts: Iterable[Alert], of: Spells) -> list[Condition]:
    """Alerts as they are listed."""
    return [Condition(each, _flapping(of(each))) for each in alerts]


def _flapping(spell: Spell | None, times: int = 0) -> str:
    if spell is None:
        return ""
    # Only the newest spans are remembered, but an incident has all of its own.
    known = spell.times <= REMEMBERED or times == spell.times
    often = f"{'' if known else 'at least '}{spell.times} times"
    if times > spell.times:
        often = f"{times} times, the last {spell.times}"
    time, held = span(spell.until - spell.since), span(spell.hold.length)
    return f"flapping: {often} in {time}; each recovery is held for up to {held}"


def members(found: Whole, of: Spells) -> list[Member]:
    """The alerts of an incident, those that fire first."""
    return sorted(
        (_member(alert, part, found.times[alert.key], of(alert)) for alert, part in found.alerts),
        key=lambda each: (each.status is AlertStatus.RESOLVED, -each.severity.rank),
    )


def _member(alert: Alert, occurrence: Occurrence, times: int, spell: Spell | None) -> Member:
    return Member(
        key=alert.key,
        name=alert.name,
        summary=alert.summary,
        host=alert.host,
        host_known=alert.host_known,
        severity=occurrence.severity,
        status=AlertStatus.RESOLVED if occurrence.ended_at else AlertStatus.FIRING,
        suppressed=alert.suppressed,
        withheld=alert.withheld,
        started_at=occurrence.started_at,
        reason=occurrence.reason.text if occurrence.reason else "",
        times=times,
        flapping=_flapping(spell, times),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the timeline; `undo` is the query of the page that takes its merger back."""

    entry: Entry
    undo: str = ""


def lines(found: Whole) -> list[Line]:
    """The timeline, the newest first."""
    return [Line(each, _undo(each, found)) for each in reversed(found.timeline)]


def _undo(entry: Entry, found: Whole) -> str:
    """What came by a merger joined when it was written down; later it may have gone elsewhere."""
    if entry.kind is not EntryKind.MERGED or found.incident.status is Status.CLOSED:
        return ""
    came = sorted({alert.key for alert, span in found.spans if span.joined_at == entry.at})
    if not 0 < len(came) < min(len(found.times), _MOST_IN_A_LINK):
        return ""
    return urlencode({"verb": "split", "alert": came}, doseq=True)


@dataclass(frozen=True, slots=True)
class Deed:
    """An action with a sentence that says what it is."""

    action: Action
    what: str


def deeds(actions: Iterable[Action]) -> list[Deed]:
    """Actions with what they are, in the order given."""
    return [Deed(each, _what(each)) for each in actions]


_TIDINGS: Mapping[str, str] = {
    News.EVIDENCE: "what was found",
    News.CAUSE_RESOLVED: "that its cause is gone",
    News.PROBLEM_PROPOSED: "that a problem is proposed",
    News.PROBLEM_OPENED: "that a problem was opened",
    News.KNOWN_ERROR: "what helps until its cause is gone",
    News.PROBLEM_BACK: "that a problem is back",
}


def _what(action: Action) -> str:
    payload = action.payload
    if action.kind is ActionKind.NOTIFY:
        event = payload.get("event", "")
        what = _TIDINGS.get(event, f"that it was {event}")
        return f"Tell {payload.get('channel', 'somebody')} {what}"
    if action.kind is ActionKind.ANSWER:
        what = described(payload)
        return what[0].upper() + what[1:]
    if action.kind is ActionKind.FILE:
        what = filing.described(payload, action.incident)
        return what[0].upper() + what[1:]
    part = ", what does more than read" if payload.get("part") == INTRUSIVE else ""
    return f"Run {payload.get('runbook', 'a runbook')} on {payload.get('host', 'a host')}{part}"


_DOING = {
    ActionStatus.RUNNING: "running",
    ActionStatus.RETRY: "going to be tried again",
    ActionStatus.WAITING: "waiting",
}
_NEED = {ActionStatus.GAVE_UP: 0, ActionStatus.DONE: 2}


def diagnosing(actions: Iterable[Action]) -> str:
    """How far a diagnosis is that has not brought anything yet; empty when none is to come."""
    found = {each.status for each in actions if each.kind is ActionKind.DIAGNOSE}
    return next((word for status, word in _DOING.items() if status in found), "")


def by_need(actions: Iterable[Action]) -> list[Action]:
    """First what needs a person, then what is under way, then what is done; the newest first."""
    return sorted(actions, key=lambda each: (_NEED.get(each.status, 1), -each.id))
