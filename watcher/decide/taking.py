"""What follows when people take alerts on, or let go of them, where those come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from watcher.decide.lifecycle import Step, is_machine, named
from watcher.model.alert import Alert, Taken
from watcher.model.change import replace
from watcher.model.incident import Entry, EntryKind, Incident, Status
from watcher.model.reason import Reason

RULE = "taken-there"


@dataclass(frozen=True, slots=True)
class Word:
    """What the source of an alert said last of who is on it, what it had said `before`, and what
    was said of the `others` of its incident that fire.
    """

    alert: Alert
    said: Taken
    before: Taken | None = None
    others: Iterable[Taken] = ()


def heard(incident: Incident, word: Word, now: datetime) -> Step:
    """What follows from the newest word on an alert that fires.

    Whoever takes on one alert of an open incident works on all of it: the first of them counts. If
    he lets go, the incident is his who has another of its alerts; it is open again if nobody has,
    lest it look attended to. What was acknowledged here, only people here change.
    """
    if word.said.on:
        if incident.status is not Status.OPEN:
            return Step(incident)
        return _his(incident, word, word.said, now)
    held = [each for each in word.others if each.on]
    if not _was_his(incident, word.before) or any(_was_his(incident, each) for each in held):
        return Step(incident)
    if held:
        return _his(incident, word, min(held, key=lambda each: (each.at, each.by)), now)
    free = replace(incident, status=Status.OPEN, acknowledged_at=None, acknowledged_by=None)
    return Step(free, (_entry(free, EntryKind.NOTE, "open again: nobody is on it", word, now),))


def _was_his(incident: Incident, taken: Taken | None) -> bool:
    """Whether it is because of that word that the incident is acknowledged."""
    mine = taken is not None and taken.on and incident.acknowledged_by == _who(taken)
    return mine and incident.status is Status.ACKNOWLEDGED


def _his(incident: Incident, word: Word, taken: Taken, now: datetime) -> Step:
    who = _who(taken)
    on_it = replace(
        incident,
        status=Status.ACKNOWLEDGED,
        acknowledged_at=max(taken.at, incident.opened_at),
        acknowledged_by=who,
    )
    text = f"acknowledged by {who} in {word.alert.source}"
    return Step(on_it, (_entry(on_it, EntryKind.ACKNOWLEDGED, text, word, now),))


def _entry(incident: Incident, kind: EntryKind, text: str, word: Word, now: datetime) -> Entry:
    who, did = _who(word.said), "acknowledged" if word.said.on else "let go of"
    why = f"{who} {did} {named(word.alert)} in {word.alert.source}"
    return Entry(incident.number, now, kind, text, Reason(RULE, why, (word.alert.key,)), who)


def _who(taken: Taken) -> str:
    """Nobody there passes for Watcher itself."""
    return taken.by if taken.by and not is_machine(taken.by) else "somebody"
