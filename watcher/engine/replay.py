"""Replays normalised events through the same decisions, in virtual time and without a store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import orjson

from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.rulebook import Rulebook, identify
from watcher.model.alert import Occurrence
from watcher.model.event import Event, Kind, Severity
from watcher.model.incident import Incident
from watcher.model.silence import Window

_SWEEP_EVERY = timedelta(minutes=10)


class ReplayError(Exception):
    """A line that is not an event; the text names the line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event and when Watcher received it."""

    event: Event
    received_at: datetime


def replay(
    recorded: Iterable[Recorded],
    rulebook: Rulebook,
    customer: str = "default",
    windows: Sequence[Window] = (),
    until: datetime | None = None,
) -> Book:
    """The book at the end of the stream; the clock is that of the events and never runs back.

    `windows` are those that people planned. What is held back then is decided about `until` that
    time, where it is given.
    """
    book = Book(count(1))
    fold = Fold(book, rulebook, windows)
    now: datetime | None = None
    swept: datetime | None = None
    for each in recorded:
        now = each.received_at if now is None else max(now, each.received_at)
        if swept is None or now - swept >= _SWEEP_EVERY:
            fold.sweep(now)
            swept = now
        fold.take(identify(each.event, customer, now, rulebook.catalogue))
        book.intents.clear()
        book.entries.clear()
    if until is not None:
        fold.advance(until)
    return book


def read_events(lines: Iterable[bytes]) -> Iterator[Recorded]:
    """Reads one JSON object a line. Raises ReplayError."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _recorded(orjson.loads(line))
            except KeyError as error:
                raise ReplayError(f"line {number}: {error.args[0]} is missing") from error
            except (TypeError, ValueError, AttributeError) as error:
                raise ReplayError(f"line {number}: {error}") from error


def write_incidents(book: Book) -> Iterator[bytes]:
    """One JSON line for each incident in the order of opening; those merged away have none."""
    for incident in sorted(book.incidents.values(), key=lambda each: each.number):
        if incident.merged_into is None:
            yield orjson.dumps(_line(incident, book.members(incident.number))) + b"\n"


def _recorded(line: Mapping[str, Any]) -> Recorded:
    at = _time(line["at"])
    event = Event(
        source=line["source"],
        kind=Kind(line["kind"]),
        key=line["key"],
        occurrence=line["occurrence"],
        at=at,
        name=line["name"],
        severity=Severity(line["severity"]),
        host=line.get("host"),
        service=line.get("service"),
        labels=dict(line.get("labels") or {}),
        started_at=_time(line["started_at"]) if line.get("started_at") else None,
    )
    received_at = line.get("received_at")
    return Recorded(event, _time(received_at) if received_at else at)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"the time {text!r} has no zone")
    return time


def _line(incident: Incident, members: list[Occurrence]) -> dict[str, object]:
    suspect = incident.suspect
    return {
        "incident": str(incident.number),
        "opened_at": _text(incident.opened_at),
        "closed_at": _text(incident.closed_at),
        "priority": incident.priority,
        "status": incident.status,
        "title": incident.title,
        "group": incident.group,
        "overtaken_by": None if incident.overtaken_by is None else str(incident.overtaken_by),
        "suspect": None
        if suspect is None
        else {"key": suspect.key, "host": suspect.host, "reason": suspect.reason},
        "alerts": [
            {
                "key": each.key,
                "occurrence": each.occurrence,
                "joined_at": _text(each.joined_at),
                "reason": each.reason,
            }
            for each in members
        ],
    }


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds")
