"""Rows of the schema as nouns, and nouns as rows: what is heard, and what is to be done.

A row holds all columns of its table in the order of `watcher.store.schema`; times are microseconds.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.alert import (
    Alert,
    AlertStatus,
    Counted,
    Occurrence,
    Pause,
    Placed,
    Taken,
    Withheld,
)
from watcher.model.delivery import Arrival, Delivery
from watcher.model.event import Severity
from watcher.store.values import (
    MICROSECOND,
    Row,
    from_mapping,
    from_micros,
    or_micros,
    or_moment,
    to_json,
    to_mapping,
    to_micros,
    to_reason,
)

# A look-up in a dict costs a fifth of a call of the enum, and this is the hot path.
_ALERT_STATUS = {item.value: item for item in AlertStatus}
SEVERITY = {item.value: item for item in Severity}


def _counted(found: Mapping[str, Any]) -> Counted:
    return Counted(**{**found, "at": datetime.fromisoformat(found["at"])})


def _placed(found: Mapping[str, Any]) -> Placed:
    return Placed(found["incident"], found["by"], tuple(found["out_of"]))


def _taken(found: Mapping[str, Any]) -> Taken:
    return Taken(datetime.fromisoformat(found["at"]), found["by"], found["on"])


_NOT_WITHHELD: Row = (None, None, None, None)


def _from_withheld(withheld: Withheld) -> Row:
    """All of it, and apart what is searched for."""
    return to_json(withheld), withheld.by, to_micros(withheld.until), withheld.source


def _withheld(found: Mapping[str, Any]) -> Withheld:
    return Withheld(
        by=found["by"],
        reason=to_reason(found["reason"]),
        since=datetime.fromisoformat(found["since"]),
        until=datetime.fromisoformat(found["until"]),
        source=found["source"],
        after=found["after"],
    )


def _from_pauses(pauses: Iterable[Pause]) -> str:
    return to_json([(to_micros(each.at), each.away // MICROSECOND) for each in pauses])


def _pauses(text: str | None) -> tuple[Pause, ...]:
    found = orjson.loads(text) if text else ()
    return tuple(Pause(from_micros(at), timedelta(microseconds=away)) for at, away in found)


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
        severity=SEVERITY[row[5]],
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
        or_micros(occurrence.started_at),
        or_micros(occurrence.ended_at),
        occurrence.incident,
        or_micros(occurrence.joined_at),
        None if occurrence.reason is None else to_json(occurrence.reason),
        occurrence.worst.value,
        to_micros(occurrence.heard_at),
        None if occurrence.placed is None else to_json(occurrence.placed),
        *(_NOT_WITHHELD if withheld is None else _from_withheld(withheld)),
        None if occurrence.counted is None else to_json(occurrence.counted),
        None if occurrence.taken is None else to_json(occurrence.taken),
    )


def to_occurrence(row: Row) -> Occurrence:
    """The occurrence behind a row."""
    return Occurrence(
        customer=row[0],
        key=row[1],
        occurrence=row[2],
        severity=SEVERITY[row[3]],
        severity_at=from_micros(row[4]),
        worst=SEVERITY[row[10]],
        heard_at=from_micros(row[11]),
        started_at=or_moment(row[5]),
        ended_at=or_moment(row[6]),
        incident=row[7],
        joined_at=or_moment(row[8]),
        reason=None if row[9] is None else to_reason(orjson.loads(row[9])),
        placed=None if row[12] is None else _placed(orjson.loads(row[12])),
        withheld=None if row[13] is None else _withheld(orjson.loads(row[13])),
        counted=None if row[17] is None else _counted(orjson.loads(row[17])),
        taken=None if row[18] is None else _taken(orjson.loads(row[18])),
    )


def from_intent(intent: Intent, now: datetime) -> Row:
    """The row of an action that has just been decided, without its id."""
    created_at = to_micros(now)
    held = intent.held_until is not None
    due_at = intent.held_until or intent.not_before
    return (
        intent.incident,
        intent.customer,
        intent.kind.value,
        intent.lane,
        intent.key,
        from_mapping(intent.payload),
        (ActionStatus.HELD if held else ActionStatus.WAITING).value,
        0,
        created_at,
        created_at if due_at is None else to_micros(due_at),
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
        lease_until=or_moment(row[12]),
        reason=row[13],
    )
