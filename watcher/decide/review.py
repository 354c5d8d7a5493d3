"""What the record itself says of an incident: when it showed, who did what, and how long it took.

Nothing is made up: what the record does not hold is None, and is named among what is not known.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.decide.deployments import Near
from watcher.decide.findings import summary
from watcher.decide.lifecycle import named
from watcher.decide.sla import Promise
from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.alert import Alert, Occurrence
from watcher.model.evidence import Evidence
from watcher.model.incident import Entry, EntryKind, Incident
from watcher.model.problem import Problem

MOST_FACTS = 200
"""A timeline that is longer tells less of its alerts."""

_OF_ALERTS = (EntryKind.JOINED, EntryKind.ALERT)


class FactKind(StrEnum):
    """What a fact is about."""

    CHANGE = "change"
    SYMPTOM = "symptom"
    DETECTED = "detected"
    ENTRY = "entry"
    ALERT = "alert"
    EVIDENCE = "evidence"
    TOLD = "told"
    NOT_TOLD = "not_told"
    TO_TELL = "to_tell"


class Gap(StrEnum):
    """What the record does not hold."""

    HISTORY = "history"
    SYMPTOM = "symptom"
    CLOCKS = "clocks"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    EVIDENCE = "evidence"
    MESSAGES = "messages"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the account: `said` is what its kind needs to be told, `because` its reason,
    `entry` what line of the timeline it was.
    """

    at: datetime
    kind: FactKind
    said: tuple[str, ...]
    actor: str = ""
    because: str = ""
    entry: EntryKind | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All that is kept of one incident; `changes` are those before it that may be why, `promises`
    what holds of it.
    """

    incident: Incident
    spans: Sequence[tuple[Alert, Occurrence]] = ()
    timeline: Sequence[Entry] = ()
    evidence: Sequence[Evidence] = ()
    actions: Sequence[Action] = ()
    problem: Problem | None = None
    changes: Sequence[Near] = ()
    promises: Sequence[Promise] = ()

    @property
    def history(self) -> bool:
        """Whether it was over before Watcher heard of it: nobody noticed it or took it on then."""
        return self.incident.course.history


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took: from the first symptom until Watcher knew, from opening until a person was
    on it and until it was over, and from the first symptom until the end. None: not known.
    """

    detect: timedelta | None
    acknowledge: timedelta | None
    resolve: timedelta | None
    disrupted: timedelta | None


@dataclass(frozen=True, slots=True)
class Account:
    """The incident as the record tells it. `left_out` counts lines on single alerts that there was
    no room for.
    """

    record: Record
    facts: tuple[Fact, ...]
    left_out: int
    times: Times
    services: tuple[str, ...]
    gaps: tuple[Gap, ...]


def account(record: Record) -> Account:
    """Tells an incident from its record."""
    incident = record.incident
    first = _first(record.spans)
    symptom_at = first[0] if first else None
    detected_at = _detected_at(record)
    times = Times(
        detect=None if record.history else _between(symptom_at, detected_at),
        acknowledge=_between(incident.opened_at, incident.acknowledged_at),
        resolve=_between(incident.opened_at, incident.resolved_at),
        disrupted=_between(symptom_at, incident.resolved_at),
    )
    known = sorted(_facts(record, first, detected_at), key=lambda each: each.at)
    facts = _shortened(known)
    return Account(
        record=record,
        facts=facts,
        left_out=len(known) - len(facts),
        times=times,
        services=_services(incident),
        gaps=tuple(_gaps(record, symptom_at, times)),
    )


def _first(spans: Iterable[tuple[Alert, Occurrence]]) -> tuple[datetime, str] | None:
    """When the first of its alerts began, and which that was."""
    begun = ((span.started_at, named(alert)) for alert, span in spans if span.started_at)
    return min(begun, default=None)


def _detected_at(record: Record) -> datetime:
    """When Watcher took the first of its alerts in, or a person opened it before that."""
    joined = [span.joined_at for _, span in record.spans if span.joined_at]
    return min([record.incident.opened_at, *joined])


def _facts(
    record: Record, first: tuple[datetime, str] | None, detected_at: datetime
) -> Iterator[Fact]:
    if first:
        yield Fact(first[0], FactKind.SYMPTOM, (first[1],))
        if not record.history:
            yield Fact(detected_at, FactKind.DETECTED, ())
    for near in record.changes:
        change = near.deployment
        yield Fact(change.at, FactKind.CHANGE, (change.what,), change.author, near.reason.text)
    for entry in record.timeline:
        kind = FactKind.ALERT if entry.kind in _OF_ALERTS else FactKind.ENTRY
        yield Fact(entry.at, kind, (entry.text,), entry.actor, entry.reason.text, entry.kind)
    for each in record.evidence:
        yield Fact(each.diagnosis.started_at, FactKind.EVIDENCE, (summary(each.diagnosis),))
    for action in record.actions:
        if action.kind is ActionKind.NOTIFY:
            yield _message(action)


def _message(action: Action) -> Fact:
    """What somebody was told, when that was decided; the moment of sending is not kept."""
    kind = FactKind.TO_TELL
    if action.status is ActionStatus.DONE:
        kind = FactKind.TOLD
    elif action.status is ActionStatus.GAVE_UP:
        kind = FactKind.NOT_TOLD
    said = (action.payload.get("channel", ""), action.payload.get("event", ""))
    because = action.reason if kind is FactKind.NOT_TOLD else ""
    return Fact(action.created_at, kind, said, because=because)


def _shortened(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """All but the last lines about single alerts, and as many as there is room for."""
    spare = max(0, len(facts) - MOST_FACTS)
    lesser = [at for at, each in enumerate(facts) if each.kind is FactKind.ALERT]
    without = set(lesser[len(lesser) - min(spare, len(lesser)) :])
    return tuple(each for at, each in enumerate(facts) if at not in without)[:MOST_FACTS]


def _services(incident: Incident) -> tuple[str, ...]:
    named_here = {each.service for each in incident.stakes} | {incident.service}
    return tuple(sorted(each for each in named_here if each))


def _gaps(record: Record, symptom_at: datetime | None, times: Times) -> Iterator[Gap]:
    if symptom_at is None:
        yield Gap.SYMPTOM
    if record.history:
        yield Gap.HISTORY
    else:
        yield from _unnoticed(record.incident, symptom_at, times)
    if record.incident.resolved_at is None:
        yield Gap.RESOLVED
    if not record.evidence:
        yield Gap.EVIDENCE
    if not any(each.kind is ActionKind.NOTIFY for each in record.actions):
        yield Gap.MESSAGES
    if not _services(record.incident):
        yield Gap.SERVICE


def _unnoticed(incident: Incident, symptom_at: datetime | None, times: Times) -> Iterator[Gap]:
    if symptom_at is not None and times.detect is None:
        yield Gap.CLOCKS
    if incident.acknowledged_at is None:
        yield Gap.ACKNOWLEDGED


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """How long that was; not known where the clocks of two systems contradict each other."""
    if start is None or end is None or end < start:
        return None
    return end - start
