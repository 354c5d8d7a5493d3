"""The event stream of Zabbix 6.4 and newer: a connector posts many events at once, one a line.

A line is a problem, or a recovery that says only which problem it ends. Neither names its trigger.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import orjson

from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.model.event import Event, Kind, Reading, Severity
from watcher.receivers import base
from watcher.receivers._zabbix_parts import SEVERITIES, key_by_name, labels_of, service_of, tags_of
from watcher.receivers.base import Context, Unparsable, clean

_SHOWN = 3


def is_stream(body: bytes) -> bool:
    """Whether a body is lines of a connector, rather than one object of the media type."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return b"\n" in body.strip()
    return isinstance(found, dict) and ("eventid" in found or "itemid" in found)


def read(body: bytes, context: Context) -> Reading:
    """All events; a line that cannot be read costs only itself. Raises Unparsable if all are so."""
    events: list[Event] = []
    values, wrong = 0, []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found = base.members(base.decode(line), "it")
            if "itemid" in found:
                values += 1
            else:
                events.append(_event(found, context))
        except Unparsable as error:
            wrong.append(f"line {number}: {error}")
    remark = "; ".join(_remarks(len(events), values, wrong))
    if wrong and not events:
        raise Unparsable(remark)
    return Reading(tuple(events), remark)


def _remarks(events: int, values: int, wrong: list[str]) -> Iterator[str]:
    """What is worth saying of a delivery besides its events."""
    if wrong:
        lines = events + values + len(wrong)
        yield f"{len(wrong)} of {lines} lines cannot be read"
        yield from wrong[:_SHOWN]
        if len(wrong) > _SHOWN:
            yield "…"
    if values:
        yield f"item values are left out ({values}): stream events only"


def _event(line: Mapping[str, object], context: Context) -> Event:
    event_id, value = _number(line, "eventid"), line.get("value")
    # Without `ns`: the media type knows whole seconds only, and it is one moment by both.
    at = base.moment(line.get("clock"), context.received_at) or context.received_at
    if value == 1:
        return _problem(line, event_id, at, context)
    if value == 0:
        return _recovery(_number(line, "p_eventid"), at, context)
    raise Unparsable(f"value is {base.shown(value)}, neither 0 nor 1")


def _problem(line: Mapping[str, object], event_id: str, at: datetime, context: Context) -> Event:
    try:
        tags = tags_of(line.get("tags") or [])
    except (KeyError, TypeError, AttributeError):
        raise Unparsable("tags is no list of tags") from None
    host, shown = _host(line)
    name = base.scalar(line.get("name"), "name")
    return Event(
        source=context.source,
        kind=Kind.FIRING,
        key=key_by_name(context.source, name, host),
        occurrence=occurrence_key(event_id),
        at=at,
        name=clean(name, base.NAME_LIMIT) or f"Zabbix event {event_id}",
        severity=SEVERITIES.get(str(line.get("severity")), Severity.AVERAGE),
        host=clean(host, base.NAME_LIMIT) or None,
        service=service_of(tags),
        labels=labels_of(tags) | ({"host_name": shown} if shown else {}),
        started_at=at,
        aliased=True,
    )


def _recovery(event_id: str, at: datetime, context: Context) -> Event:
    """The key is that of the problem, if that was heard of; else one of its own."""
    return Event(
        source=context.source,
        kind=Kind.RESOLVED,
        key=recurrence_key(context.source, "event", event_id),
        occurrence=occurrence_key(event_id),
        at=at,
        name=f"Zabbix event {event_id}",
        severity=Severity.INFORMATION,
        aliased=True,
    )


def _number(line: Mapping[str, object], name: str) -> str:
    """An id, which Zabbix writes as a number."""
    text = base.scalar(line.get(name), name)
    if not text.isascii() or not text.isdecimal():
        raise Unparsable(f"{name} is {base.shown(line.get(name))}, not a number")
    return text


def _host(line: Mapping[str, object]) -> tuple[str, str]:
    """The technical and the visible name of the first host of the trigger."""
    hosts = base.elements(line.get("hosts", []), "hosts")
    if not hosts:
        return "", ""
    first = base.members(hosts[0], "hosts[0]")
    technical, visible = (base.scalar(first.get(name), name) for name in ("host", "name"))
    return technical or visible, clean(visible, base.LABEL_LIMIT)
