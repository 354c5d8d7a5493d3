"""Rows of the schema as nouns, and nouns as rows.

A row holds all columns of its table in the order of `watcher.store.schema`; times are microseconds.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus, Counted, Occurrence, Pause, Placed, Withheld
from watcher.model.delivery import Arrival, Delivery
from watcher.model.event import Severity
from watcher.model.evidence import Diagnosis, Evidence, StepResult, StepStatus
from watcher.model.example import Example, Side
from watcher.model.incident import (
    Arranged,
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
)
from watcher.model.reason import Reason
from watcher.store.base import Unstorable

Row = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# A look-up in a dict costs a fifth of a call of the enum, and this is the hot path.
_ALERT_STATUS = {item.value: item for item in AlertStatus}
_SEVERITY = {item.value: item for item in Severity}
_STATUS = {item.value: item for item in Status}
_PRIORITY = {item.value: item for item in Priority}


def to_micros(moment: datetime) -> int:
    """Whole microseconds since the epoch."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The moment, in UTC, that many microseconds after the epoch."""
    return _EPOCH + timedelta(0, 0, micros)


def to_json(value: object) -> str:
    """JSON text of maps, lists, dataclasses and moments. Raises Unstorable for half a letter."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise Unstorable(f"this is no JSON: {error}") from error


def from_mapping(value: Mapping[str, str]) -> str:
    """JSON text of a map of strings."""
    return to_json(dict(value)) if value else "{}"


def to_mapping(text: str) -> dict[str, str]:
    """The map of strings behind its JSON text."""
    found: dict[str, str] = orjson.loads(text) if text != "{}" else {}
    return found


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _reason(found: Mapping[str, Any]) -> Reason:
    edge = found["edge"]
    return Reason(
        rule=found["rule"],
        text=found["text"],
        keys=tuple(found["keys"]),
        edge=None if edge is None else (edge[0], edge[1]),
        gap=found["gap"],
    )


def _suspect(found: Mapping[str, Any]) -> Suspect:
    return Suspect(
        key=found["key"],
        host=found["host"],
        started_at=datetime.fromisoformat(found["started_at"]),
        reason=_reason(found["reason"]),
        settled=found.get("settled", False),
    )


def _counted(found: Mapping[str, Any]) -> Counted:
    return Counted(**{**found, "at": datetime.fromisoformat(found["at"])})


def _placed(found: Mapping[str, Any]) -> Placed:
    return Placed(found["incident"], found["by"], tuple(found["out_of"]))


def _arranged(found: Mapping[str, Any]) -> Arranged:
    return Arranged(found["by"], tuple(found["apart"]))


_NOT_WITHHELD: Row = (None, None, None, None)


def _from_withheld(withheld: Withheld) -> Row:
    """All of it, and apart what is searched for."""
    return to_json(withheld), withheld.by, to_micros(withheld.until), withheld.source


def _withheld(found: Mapping[str, Any]) -> Withheld:
    return Withheld(
        by=found["by"],
        reason=_reason(found["reason"]),
        since=datetime.fromisoformat(found["since"]),
        until=datetime.fromisoformat(found["until"]),
        source=found["source"],
        after=found["after"],
    )


def _from_pauses(pauses: Iterable[Pause]) -> str:
    return to_json([(to_micros(each.at), each.away // _MICROSECOND) for each in pauses])


def _pauses(text: str | None) -> tuple[Pause, ...]:
    found = orjson.loads(text) if text else ()
    return tuple(Pause(from_micros(at), timedelta(microseconds=away)) for at, away in found)


def _stakes(text: str | None) -> tuple[Stake, ...]:
    return tuple(
        Stake(
            each["service"],
            _SEVERITY[each["severity"]],
            tuple(
                Override(OverrideKind(said["kind"]), said["value"], said["rule"])
                for said in each["overrides"]
            ),
        )
        for each in (orjson.loads(text) if text else ())
    )


def _judgement(found: Mapping[str, Any]) -> Judgement:
    return Judgement(
        _PRIORITY[found["priority"]], found["by"], found["text"], _PRIORITY[found["basis"]]
    )


def from_arrival(arrival: Arrival, number: int, stream: int) -> Row:
    """The row of a delivery that has just been given its id."""
    return (
        number,
        stream,
        arrival.source,
        arrival.customer,
        to_micros(arrival.received_at),
        from_mapping(arrival.headers),
        arrival.body,
    )


def to_delivery(row: Row) -> Delivery:
    """The delivery behind a row."""
    number, stream, source, customer, received_at, headers, body = row
    return Delivery(
        id=number,
        source=source,
        customer=customer,
        received_at=from_micros(received_at),
        body=body,
        headers=to_mapping(headers),
        stream=stream,
    )


def from_alert(alert: Alert) -> Row:
    """The row of an alert."""
    return (
        alert.customer,
        alert.key,
        alert.source,
        alert.occurrence,
        alert.status.value,
        alert.severity.value,
        alert.name,
        alert.host,
        alert.host_known,
        alert.service,
        from_mapping(alert.labels),
        alert.summary,
        alert.url,
        to_micros(alert.first_at),
        to_micros(alert.last_at),
        to_micros(alert.started_at),
        alert.count,
        alert.suppressed,
        alert.incident,
        None if alert.withheld is None else to_json(alert.withheld),
        _from_pauses(alert.pauses) if alert.pauses else None,
    )


def to_alert(row: Row) -> Alert:
    """The alert behind a row."""
    return Alert(
        customer=row[0],
        key=row[1],
        source=row[2],
        occurrence=row[3],
        status=_ALERT_STATUS[row[4]],
        severity=_SEVERITY[row[5]],
        name=row[6],
        host=row[7],
        host_known=bool(row[8]),
        service=row[9],
        labels=to_mapping(row[10]),
        summary=row[11],
        url=row[12],
        first_at=from_micros(row[13]),
        last_at=from_micros(row[14]),
        started_at=from_micros(row[15]),
        count=row[16],
        suppressed=bool(row[17]),
        incident=row[18],
        withheld=None if row[19] is None else _withheld(orjson.loads(row[19])),
        pauses=_pauses(row[20]),
    )


def from_occurrence(occurrence: Occurrence) -> Row:
    """The row of an occurrence."""
    withheld = occurrence.withheld
    return (
        occurrence.customer,
        occurrence.key,
        occurrence.occurrence,
        occurrence.severity.value,
        to_micros(occurrence.severity_at),
        _micros(occurrence.started_at),
        _micros(occurrence.ended_at),
        occurrence.incident,
        _micros(occurrence.joined_at),
        None if occurrence.reason is None else to_json(occurrence.reason),
        occurrence.worst.value,
        to_micros(occurrence.heard_at),
        None if occurrence.placed is None else to_json(occurrence.placed),
        *(_NOT_WITHHELD if withheld is None else _from_withheld(withheld)),
        None if occurrence.counted is None else to_json(occurrence.counted),
    )


def to_occurrence(row: Row) -> Occurrence:
    """The occurrence behind a row."""
    return Occurrence(
        customer=row[0],
        key=row[1],
        occurrence=row[2],
        severity=_SEVERITY[row[3]],
        severity_at=from_micros(row[4]),
        worst=_SEVERITY[row[10]],
        heard_at=from_micros(row[11]),
        started_at=_moment(row[5]),
        ended_at=_moment(row[6]),
        incident=row[7],
        joined_at=_moment(row[8]),
        reason=None if row[9] is None else _reason(orjson.loads(row[9])),
        placed=None if row[12] is None else _placed(orjson.loads(row[12])),
        withheld=None if row[13] is None else _withheld(orjson.loads(row[13])),
        counted=None if row[17] is None else _counted(orjson.loads(row[17])),
    )


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
        to_micros(incident.burst_at),
        to_micros(incident.last_at),
        incident.firing,
        incident.alerts,
        _micros(incident.acknowledged_at),
        incident.acknowledged_by,
        _micros(incident.resolved_at),
        _micros(incident.closed_at),
        incident.merged_into,
        incident.ticket,
        incident.problem,
        _micros(incident.before_at),
        _micros(incident.ended_at),
        incident.held_by,
        None if incident.arranged is None else to_json(incident.arranged),
        to_json(incident.took) if incident.took else None,
        to_json(incident.stakes) if incident.stakes else None,
        _micros(incident.review_at),
        None if incident.judgement is None else to_json(incident.judgement),
        incident.overtaken_by,
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
        severity=_SEVERITY[row[7]],
        service=row[8],
        hosts=tuple(orjson.loads(row[9])),
        suspect=None if row[10] is None else _suspect(orjson.loads(row[10])),
        opened_at=from_micros(row[11]),
        opened_by=row[12],
        burst_at=from_micros(row[13]),
        last_at=from_micros(row[14]),
        firing=row[15],
        alerts=row[16],
        acknowledged_at=_moment(row[17]),
        acknowledged_by=row[18],
        resolved_at=_moment(row[19]),
        closed_at=_moment(row[20]),
        merged_into=row[21],
        ticket=row[22],
        problem=row[23],
        before_at=_moment(row[24]),
        ended_at=_moment(row[25]),
        held_by=row[26],
        arranged=None if row[27] is None else _arranged(orjson.loads(row[27])),
        took=() if row[28] is None else tuple(orjson.loads(row[28])),
        stakes=_stakes(row[29]),
        review_at=_moment(row[30]),
        judgement=None if row[31] is None else _judgement(orjson.loads(row[31])),
        overtaken_by=row[32],
    )


def from_example(example: Example) -> Row:
    """The row of a labelled pair."""
    return (
        example.pair,
        example.customer,
        example.together,
        to_micros(example.at),
        example.by,
        example.why,
        None if example.machine is None else to_json(example.machine),
        to_json(example.one),
        to_json(example.other),
    )


def to_example(row: Row) -> Example:
    """The labelled pair behind a row."""
    _, customer, together, at, by, why, machine, one, other = row
    return Example(
        customer=customer,
        one=_side(orjson.loads(one)),
        other=_side(orjson.loads(other)),
        together=bool(together),
        by=by,
        at=from_micros(at),
        why=why,
        machine=None if machine is None else _reason(orjson.loads(machine)),
    )


def _side(found: Mapping[str, Any]) -> Side:
    started_at = found["started_at"]
    return Side(
        **{
            **found,
            "severity": _SEVERITY[found["severity"]],
            "started_at": None if started_at is None else datetime.fromisoformat(started_at),
        }
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
        reason=_reason(orjson.loads(reason)),
        actor=actor,
        key=key,
    )


def from_intent(intent: Intent, now: datetime) -> Row:
    """The row of an action that has just been decided, without its id."""
    created_at = to_micros(now)
    return (
        intent.incident,
        intent.customer,
        intent.kind.value,
        intent.lane,
        intent.key,
        from_mapping(intent.payload),
        ActionStatus.WAITING.value,
        0,
        created_at,
        created_at if intent.not_before is None else to_micros(intent.not_before),
        0,
        None,
        "",
    )


def to_action(row: Row) -> Action:
    """The action behind a row."""
    return Action(
        id=row[0],
        incident=row[1],
        customer=row[2],
        kind=ActionKind(row[3]),
        lane=row[4],
        key=row[5],
        payload=to_mapping(row[6]),
        status=ActionStatus(row[7]),
        attempts=row[8],
        created_at=from_micros(row[9]),
        next_at=from_micros(row[10]),
        token=row[11],
        lease_until=_moment(row[12]),
        reason=row[13],
    )


def from_diagnosis(diagnosis: Diagnosis) -> bytes:
    """A diagnosis as it is kept: compressed JSON."""
    return zlib.compress(to_json(diagnosis).encode())


def to_evidence(row: Row) -> Evidence:
    """The evidence behind a row."""
    number, incident, _, _, _, _, body = row
    found = orjson.loads(zlib.decompress(body))
    steps = tuple(
        StepResult(**{**step, "status": StepStatus(step["status"])}) for step in found["steps"]
    )
    started_at = datetime.fromisoformat(found["started_at"])
    diagnosis = Diagnosis(**{**found, "steps": steps, "started_at": started_at})
    return Evidence(id=number, incident=incident, diagnosis=diagnosis)
