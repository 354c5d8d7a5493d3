"""Zabbix: the bodies of Watcher's own media type, a flat object of text parameters.

One body is one operation on one trigger event: problem, update, recovery, an update on a resolved
event, or the note that an escalation was cancelled. A source may have a connector stream as well.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial

import orjson

from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.decide.template import template
from watcher.model.answer import MARK
from watcher.model.event import Event, Kind, Reading, Severity
from watcher.receivers import _zabbix_stream, base
from watcher.receivers._zabbix_parts import SEVERITIES, key_by_name, labels_of, service_of, tags_of
from watcher.receivers.base import Context, Unparsable, clean


@dataclass(frozen=True, slots=True)
class Options:
    """`timezone` is the zone of the Zabbix user whose media sends: dates arrive without one. With
    a `connector` the same events may come as a stream as well.
    """

    timezone: tzinfo = UTC
    connector: bool = False


OPTIONS = Options


def options(given: Mapping[str, object]) -> Options:
    """The options of a source. Raises ValueError with what is wrong."""
    base.known_options(given, ("connector", "timezone"))
    connector = given.get("connector", False)
    if not isinstance(connector, bool):
        raise ValueError(f"connector must be true or false, not {base.shown(connector)}")  # noqa: TRY004 - a wrong value of a configuration
    return Options(timezone=base.zone_option(given), connector=connector)


# Where prose could itself begin with a brace, only the parameter's own macro counts as absent.
_PROSE = {
    "event_name": "{EVENT.NAME}",
    "event_opdata": "{EVENT.OPDATA}",
    "event_update_message": "{EVENT.UPDATE.MESSAGE}",
    "alert_message": "{ALERT.MESSAGE}",
    "alert_subject": "{ALERT.SUBJECT}",
    "trigger_description": "{TRIGGER.DESCRIPTION}",
}
_MACRO = re.compile(r"\{[$#?]?[A-Za-z_.]+.*\}", re.DOTALL)
_UNKNOWN = "*UNKNOWN*"
_CANCELLED = "NOTE: Escalation canceled"
_ACKNOWLEDGED = re.compile(r"\b(un)?acknowledged\b")
_TRUNCATED = "Zabbix cut the message at its limit: long texts are missing"

_ORIGINS = {"1": "discovery", "2": "autoregistration", "3": "internal", "4": "service"}
_LABELS = ("host_name", "host_ip", "trigger_id", "trigger_url", "item_key")


def parse(body: bytes, context: Context) -> Reading:
    """The events of one Zabbix operation, or of many lines of a stream. Raises Unparsable."""
    if base.narrow(context.options, Options).connector and _zabbix_stream.is_stream(body):
        return _zabbix_stream.read(body, context)
    raw = base.members(base.decode(body), "the body")
    if nothing := _why_nothing(raw):
        return Reading((), nothing)
    fields = _fields(raw)
    tags, remark = _tags(fields)
    if fields.get("truncated") == "1":
        remark = f"{remark}; {_TRUNCATED}" if remark else _TRUNCATED
    return Reading(_events(fields, tags, context), remark)


def _why_nothing(raw: Mapping[str, object]) -> str:
    """Why a body says nothing about a trigger, "" where it does."""
    event_id = raw.get("event_id")
    if isinstance(event_id, str) and _MACRO.fullmatch(event_id):
        return "test message from the Test button of the media type"
    origin = _ORIGINS.get(str(raw.get("event_source")))
    return f"{origin} event: only trigger events become alerts" if origin else ""


def _fields(raw: Mapping[str, object]) -> dict[str, str]:
    """The parameters that have a value; Zabbix has three ways to say that one has none."""
    fields = {}
    for name, value in raw.items():
        text = value if isinstance(value, str) else base.scalar(value, name)
        if text and text != _UNKNOWN and (text[0] != "{" or not _is_macro(name, text)):
            fields[name] = text
    return fields


def _is_macro(name: str, text: str) -> bool:
    return text == _PROSE[name] if name in _PROSE else _MACRO.fullmatch(text) is not None


def _tags(fields: Mapping[str, str]) -> tuple[Mapping[str, list[str]], str]:
    """Each tag's values in the order they came, and a remark where they cannot be read."""
    text = fields.get("event_tags_json") or fields.get("event_tagsjson")
    if text is None:
        return {}, ""
    try:
        return tags_of(orjson.loads(text)), ""
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return {}, "the tags cannot be read and are missing"


def _events(
    fields: Mapping[str, str], tags: Mapping[str, list[str]], context: Context
) -> tuple[Event, ...]:
    """What the operation becomes; the table is in docs/reference/receivers.md."""
    value, updated = fields.get("event_value"), fields.get("event_update_status") == "1"
    if value not in ("0", "1"):
        raise Unparsable(f"event_value is {base.shown(value)}, neither 0 nor 1")
    begun, now = _moment(fields, "event", context), context.received_at
    make = _maker(fields, tags, begun, context)
    if updated:
        update_at = _moment(fields, "event_update", context) or now
        update = make(kind=Kind.UPDATE, at=update_at, **_said(fields))
        if value == "1":
            return (update,)
        ended = _moment(fields, "event_recovery", context) or update_at
        return make(kind=Kind.RESOLVED, at=ended), update
    if value == "0":
        ended = _moment(fields, "event_recovery", context) or now
        return (make(kind=Kind.RESOLVED, at=ended),)
    if fields.get("alert_message", "").startswith(_CANCELLED):
        return (make(kind=Kind.UPDATE, at=now, note=_cancel_note(fields["alert_message"])),)
    return (make(kind=Kind.FIRING, at=begun or now),)


def _maker(
    fields: Mapping[str, str],
    tags: Mapping[str, list[str]],
    begun: datetime | None,
    context: Context,
) -> Callable[..., Event]:
    """Makes the operation's events, which differ in kind, time and note only."""
    event_id, trigger_id = fields.get("event_id", ""), fields.get("trigger_id", "")
    aliased = base.narrow(context.options, Options).connector
    if not event_id.isdecimal():
        raise Unparsable(f"event_id is {base.shown(event_id)}, not a number")
    host = fields.get("host_host") or fields.get("host_name", "")
    name = fields.get("event_name") or fields.get("alert_subject", "")
    about = fields.get("event_opdata") or fields.get("trigger_description", "")
    return partial(
        Event,
        source=context.source,
        key=key_by_name(context.source, name, host)
        if aliased
        else _key(context.source, fields, name, host),
        occurrence=occurrence_key(event_id),
        name=clean(name, base.NAME_LIMIT) or f"Zabbix event {event_id}",
        severity=SEVERITIES.get(fields.get("event_nseverity", ""), Severity.AVERAGE),
        host=clean(host, base.NAME_LIMIT) or None,
        service=service_of(tags),
        labels=_labels(fields, tags),
        started_at=begun,
        summary=clean(about, base.TEXT_LIMIT),
        url=_event_url(fields.get("zabbix_url", ""), trigger_id, event_id),
        aliased=aliased,
    )


def _key(source: str, fields: Mapping[str, str], name: str, host: str) -> str:
    trigger_id, host_id = fields.get("trigger_id", ""), fields.get("host_id", "")
    return recurrence_key(
        source,
        *((trigger_id,) if trigger_id.isdecimal() else ("name", template(name))),
        *((host_id,) if host_id.isdecimal() else ("host", host)),
    )


def _moment(fields: Mapping[str, str], stem: str, context: Context) -> datetime | None:
    """The time of the event, its update or recovery: the epoch where it is sent, else the date."""
    if stamp := fields.get(f"{stem}_timestamp"):
        return base.moment(stamp, context.received_at)
    date, time = fields.get(f"{stem}_date"), fields.get(f"{stem}_time")
    if date is None or time is None:
        return None
    zone = base.narrow(context.options, Options).timezone
    return base.moment(f"{date.replace('.', '-')}T{time}", context.received_at, zone)


def _labels(fields: Mapping[str, str], tags: Mapping[str, list[str]]) -> dict[str, str]:
    labels = labels_of(tags)
    for name in _LABELS:
        if name in fields:
            labels[name] = clean(fields[name], base.LABEL_LIMIT)
    return labels


def _said(fields: Mapping[str, str]) -> dict[str, object]:
    """What a person did by an update. What Watcher did itself is no news: it comes back to us."""
    if fields.get("event_update_message", "").startswith(MARK):
        return {}
    acknowledged = _acknowledged(fields.get("event_update_action", ""))
    by = fields.get("user_fullname", "") if acknowledged is not None else ""
    return {
        "note": _update_note(fields),
        "acknowledged": acknowledged,
        "by": clean(by, base.NAME_LIMIT),
    }


def _acknowledged(action: str) -> bool | None:
    """Whether the prose of an update, as `acknowledged, commented and closed`, says so."""
    if found := _ACKNOWLEDGED.search(action):
        return not found[1]
    return None


def _update_note(fields: Mapping[str, str]) -> str:
    """Who did what and said what, as one line of a timeline."""
    who, what = fields.get("user_fullname"), fields.get("event_update_action")
    did = " ".join(part for part in (who, what) if part)
    said = fields.get("event_update_message")
    note = ": ".join(part for part in (did, said) if part)
    return clean(note, base.TEXT_LIMIT) or "updated in Zabbix"


def _cancel_note(message: str) -> str:
    why = message.removeprefix(_CANCELLED).partition("\n")[0].strip(": ")
    return clean(f"Zabbix cancelled its escalation: {why} The alert stays open.", base.TEXT_LIMIT)


def _event_url(zabbix_url: str, trigger_id: str, event_id: str) -> str:
    if not trigger_id.isdecimal():
        return ""
    place = f"tr_events.php?triggerid={trigger_id}&eventid={event_id}"
    return base.link(f"{zabbix_url.rstrip('/')}/{place}")


def sample(name: str, now: datetime, serial: int) -> bytes:
    """A body of a made-up outage of `billing` on `db01`, as Watcher's media type sends it.

    `serial` is the epoch second at which the outage began and names its occurrence: problem, update
    and recovery with the same serial belong together. Raises KeyError for an unknown name.
    """
    fields = _SAMPLE_COMMON | _SAMPLE_OPERATIONS[name]
    fields |= {"event_id": str(serial)} | _dated("event", datetime.fromtimestamp(serial, UTC))
    if name != "problem":
        fields |= _dated(f"event_{name}", now)
    return orjson.dumps(fields)


def _dated(stem: str, at: datetime) -> dict[str, str]:
    utc = at.astimezone(UTC)
    return {f"{stem}_date": f"{utc:%Y.%m.%d}", f"{stem}_time": f"{utc:%H:%M:%S}"}


_SAMPLE_COMMON = {
    "event_source": "0",
    "event_value": "1",
    "event_update_status": "0",
    "event_nseverity": "4",
    "event_ack_status": "No",
    "trigger_id": "24117",
    "host_id": "10684",
    "host_host": "db01",
    "host_name": "Billing database 1",
    "host_ip": "10.0.0.5",
    "item_id": "48820",
    "item_key": "vfs.fs.size[/var/lib/postgresql,pfree]",
    "action_id": "7",
    "alert_sendto": "watcher",
    "zabbix_url": "https://zabbix.example.org/",
    "event_name": "Less than 3 % of /var/lib/postgresql is free on db01",
    "event_tags_json": orjson.dumps(
        [
            {"tag": "service", "value": "billing"},
            {"tag": "component", "value": "postgresql"},
            {"tag": "scope", "value": "capacity"},
        ]
    ).decode(),
    "trigger_description": "When it is full, PostgreSQL stops and billing with it.",
    "event_opdata": "free: 2.1 %",
    "alert_subject": "Less than 3 % of /var/lib/postgresql is free on db01",
    "alert_message": "free: 2.1 %",
}
_SAMPLE_OPERATIONS = {
    "problem": {},
    "update": {
        "event_update_status": "1",
        "event_nseverity": "5",
        "event_ack_status": "Yes",
        "event_update_action": "acknowledged, commented and changed severity from High to Disaster",
        "event_update_message": "invoices have stopped, looking for what fills the disk",
        "user_fullname": "Anna Orlova (anna)",
    },
    "recovery": {
        "event_value": "0",
        "event_recovery_id": "90210",
        "event_nseverity": "5",
        "event_ack_status": "Yes",
        "event_opdata": "free: 41.7 %",
        "alert_message": "Resolved in 14m",
    },
}
SAMPLES = base.samples(sample, _SAMPLE_OPERATIONS)
