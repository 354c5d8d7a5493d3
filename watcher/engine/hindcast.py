"""Asks of recorded incidents which cause each has, by what was known before it: a forecast of what
has already happened.

The answer to each is given before its own cause is known, and before the next is heard of.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

import orjson

from watcher.decide.census import Census
from watcher.decide.recur import Experience, Thresholds, Verdict, judge
from watcher.decide.signature import host_free, signed, symptoms
from watcher.engine.replay import Recorded, ReplayError, read_events
from watcher.model.event import Event, Kind
from watcher.model.problem import Bond
from watcher.model.signature import Signature

OF_THE_DESK = frozenset({"opened_by", "contact_type"})
"""Who took a ticket down and by what way it came in, as ServiceNow's incident table calls that: it
tells of the service desk and its shifts, not of what is broken.
"""

# So many of the newest are compared with, and so many causes are named.
_COMPARED = 2000
_NAMED = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """An incident of before, whose cause is asked for (unless it was known beforehand) and becomes
    known after that; None where it never did. Without any of that it stands for its own cause.
    """

    incident: str
    signature: Signature
    cause: str | None
    is_asked: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What was made of an incident by what was known before it."""

    incident: str
    verdict: Verdict[str]


@dataclass(slots=True)
class Hindsight:
    """What has been learned so far of one customer's incidents and their causes."""

    thresholds: Thresholds
    census: Census = field(default_factory=Census)
    experience: Experience[str] = field(default_factory=lambda: Experience(_COMPARED))

    def guess(self, new: Signature) -> Verdict[str]:
        """Which known cause it may have."""
        known = self.experience
        return judge(new, known.past, self.census, known, self.thresholds, known.seen)

    def see(self, asked: Asked) -> None:
        """It happened, and its cause becomes known if ever."""
        if asked.cause is not None:
            self.experience.learn(asked.signature, asked.cause, self.census)
        self.census.note(asked.signature)


def hindcast(every: Iterable[Asked], thresholds: Thresholds) -> Iterator[Answer]:
    """The answers, one after another."""
    seen = Hindsight(thresholds)
    for asked in every:
        if asked.is_asked:
            yield Answer(asked.incident, seen.guess(asked.signature))
        seen.see(asked)


def read_tickets(
    lines: Iterable[bytes], truth: Mapping[str, Any], without: Collection[str] = OF_THE_DESK
) -> Iterator[Asked]:
    """Incidents of a service desk, one JSON object a line in the order of opening, `without` some
    of their fields. Raises ReplayError.

    By the truth `links` says which problem those have that are asked about, `history` which those
    have that are known beforehand. Without any of these each stands for a cause of its own.
    """
    links, history = truth.get("links", {}), truth.get("history", {})
    for number, text in enumerate(lines, start=1):
        if text.strip():
            try:
                name, signature = _ticket(orjson.loads(text), without)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise ReplayError(f"line {number}: {_wrong(error)}") from error
            cause = links.get(name) or history.get(name)
            asked = name in links or not (links or history)
            yield Asked(name, signature, cause or (name if asked else None), asked)


def read_faults(lines: Iterable[bytes], truth: Mapping[str, Any]) -> Iterator[Sequence[Asked]]:
    """The faults of each system, as alerts told of them, each of which stands for its own cause.
    Raises ReplayError.

    By the truth `alerts` says which fault each occurrence belongs to (the first of a list), and
    `systems` in which order the faults of each system are asked about; nothing crosses systems.
    """
    belongs, heard = truth["alerts"], dict[str, list[Event]]()
    for each in read_events(lines):
        fault = _fault(each, belongs)
        if fault is not None:
            heard.setdefault(fault, []).append(each.event)
    orders = [system["order"] for system in truth.get("systems", {}).values()]
    for order in orders or [list(heard)]:
        known = [(name, _signature(heard[name])) for name in order if name in heard]
        yield [Asked(name, signature, name) for name, signature in known]


def written(answer: Answer) -> bytes:
    """One JSON line: the likeliest causes, how well known ones explain it, and what follows."""
    verdict = answer.verdict
    first = verdict.ranked[0] if verdict.ranked else None
    line = {
        "incident": answer.incident,
        "ranked": [each.cause for each in verdict.ranked[:_NAMED]],
        "known": round(verdict.known, 6) if isfinite(verdict.known) else None,
        "auto_link": first.cause if first and verdict.bond is Bond.SURE else None,
        "bond": verdict.bond or "new",
        "reasons": first.reasons if first else (),
    }
    return orjson.dumps(line) + b"\n"


def _ticket(line: Mapping[str, Any], without: Collection[str]) -> tuple[str, Signature]:
    """Its name, and its fields, each of which has one value, several or none."""
    found = {
        name: map(str, value if isinstance(value, list) else [value])
        for name, value in line["fields"].items()
        if value is not None and name not in without
    }
    return line["incident"], signed(_time(line["opened_at"]), found)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"the time {text!r} has no zone")
    return time


def _wrong(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


def _fault(recorded: Recorded, belongs: Mapping[str, Sequence[str]]) -> str | None:
    if recorded.event.kind is not Kind.FIRING or recorded.event.occurrence not in belongs:
        return None
    return belongs[recorded.event.occurrence][0]


def _signature(alerts: Sequence[Event]) -> Signature:
    """What is telling about a fault wherever it is: the names of its alerts."""
    names = [(each.source, host_free(each.name, each.host)) for each in alerts]
    return signed(min(each.at for each in alerts), symptoms(names))
