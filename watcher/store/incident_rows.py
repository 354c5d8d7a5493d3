"""Rows of incidents and of their timelines as nouns, and nouns as rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from watcher.model.incident import (
    Arranged,
    Course,
    Entry,
    EntryKind,
    Incident,
    Judgement,
    Override,
    OverrideKind,
    Priority,
    Stake,
    Status,
    Suspect,
    Term,
    Ticket,
)
from watcher.store.rows import SEVERITY
from watcher.store.values import (
    Row,
    from_micros,
    or_micros,
    or_moment,
    to_json,
    to_micros,
    to_reason,
)

_STATUS = {item.value: item for item in Status}
_PRIORITY = {item.value: item for item in Priority}
_STRAIGHT = Course()


def from_incident(incident: Incident) -> Row:
    """The row of an incident."""
    return (
        incident.number,
        incident.customer,
        incident.title,
        incident.status.value,
        incident.priority.value,
        to_json(incident.terms),
        incident.group,
        incident.severity.value,
        incident.service,
        to_json(incident.hosts),
        None if incident.suspect is None else to_json(incident.suspect),
        to_micros(incident.opened_at),
        incident.opened_by,
        to_micros(incident.last_at),
        incident.firing,
        incident.alerts,
        or_micros(incident.acknowledged_at),
        incident.acknowledged_by,
        or_micros(incident.resolved_at),
        or_micros(incident.closed_at),
        incident.merged_into,
        incident.ticket.key if incident.ticket else None,
        incident.problem,
        or_micros(incident.ended_at),
        incident.held_by,
        None if incident.arranged is None else to_json(incident.arranged),
        to_json(incident.took) if incident.took else None,
        to_json(incident.stakes) if incident.stakes else None,
        or_micros(incident.review_at),
        None if incident.judgement is None else to_json(incident.judgement),
        incident.overtaken_by,
        incident.ticket.system if incident.ticket else None,
        incident.ticket.url if incident.ticket else None,
        None if incident.course == _STRAIGHT else to_json(incident.course),
    )


def to_incident(row: Row) -> Incident:
    """The incident behind a row."""
    return Incident(
        number=row[0],
        customer=row[1],
        title=row[2],
        status=_STATUS[row[3]],
        priority=_PRIORITY[row[4]],
        terms=tuple(Term(**term) for term in orjson.loads(row[5])),
        group=row[6],
        severity=SEVERITY[row[7]],
        service=row[8],
        hosts=tuple(orjson.loads(row[9])),
        suspect=None if row[10] is None else _suspect(orjson.loads(row[10])),
        opened_at=from_micros(row[11]),
        opened_by=row[12],
        last_at=from_micros(row[13]),
        firing=row[14],
        alerts=row[15],
        acknowledged_at=or_moment(row[16]),
        acknowledged_by=row[17],
        resolved_at=or_moment(row[18]),
        closed_at=or_moment(row[19]),
        merged_into=row[20],
        ticket=None if row[21] is None else Ticket(row[31] or "", row[21], row[32] or ""),
        problem=row[22],
        ended_at=or_moment(row[23]),
        held_by=row[24],
        arranged=None if row[25] is None else _arranged(orjson.loads(row[25])),
        took=() if row[26] is None else tuple(orjson.loads(row[26])),
        stakes=_stakes(row[27]),
        review_at=or_moment(row[28]),
        judgement=None if row[29] is None else _judgement(orjson.loads(row[29])),
        overtaken_by=row[30],
        course=_STRAIGHT if row[33] is None else _course(orjson.loads(row[33])),
    )


def from_entry(entry: Entry) -> Row:
    """The row of a timeline entry, without its id."""
    return (
        entry.incident,
        to_micros(entry.at),
        entry.kind.value,
        entry.actor,
        entry.text,
        to_json(entry.reason),
        entry.key,
    )


def to_entry(row: Row) -> Entry:
    """The timeline entry behind a row."""
    _, incident, at, kind, actor, text, reason, key = row
    return Entry(
        incident=incident,
        at=from_micros(at),
        kind=EntryKind(kind),
        text=text,
        reason=to_reason(orjson.loads(reason)),
        actor=actor,
        key=key,
    )


def _suspect(found: Mapping[str, Any]) -> Suspect:
    return Suspect(
        key=found["key"],
        host=found["host"],
        started_at=datetime.fromisoformat(found["started_at"]),
        reason=to_reason(found["reason"]),
        settled=found.get("settled", False),
    )


def _arranged(found: Mapping[str, Any]) -> Arranged:
    return Arranged(found["by"], tuple(found["apart"]))


def _stakes(text: str | None) -> tuple[Stake, ...]:
    return tuple(
        Stake(
            each["service"],
            SEVERITY[each["severity"]],
            tuple(
                Override(OverrideKind(said["kind"]), said["value"], said["rule"])
                for said in each["overrides"]
            ),
        )
        for each in (orjson.loads(text) if text else ())
    )


def _judgement(found: Mapping[str, Any]) -> Judgement:
    return Judgement(
        _PRIORITY[found["priority"]],
        found["by"],
        found["text"],
        _PRIORITY[found["basis"]],
        SEVERITY.get(found.get("told") or ""),
    )


def _course(found: Mapping[str, Any]) -> Course:
    moment = datetime.fromisoformat
    return Course(
        peaks=tuple((_PRIORITY[priority], moment(at)) for priority, at in found["peaks"]),
        breaks=tuple((moment(start), moment(end)) for start, end in found["breaks"]),
        history=found["history"],
    )
