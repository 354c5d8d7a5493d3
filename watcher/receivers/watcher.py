"""Watcher itself: what is wrong with a source or a channel, as the worker writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from watcher.decide.keys import moment_part, occurrence_key, recurrence_key
from watcher.model.concern import Concern
from watcher.model.event import Event, Kind, Reading, Severity
from watcher.receivers import base
from watcher.receivers.base import Context, Unparsable, clean

_TITLES = {
    Concern.SILENT: "Source {} is silent",
    Concern.TOKEN: "Source {}: its monitoring system refuses the token",
    Concern.REFUSED: "Source {}: its monitoring system refuses to answer",
    Concern.UNREACHABLE: "Source {}: its monitoring system cannot be reached",
    Concern.OVERDUE: "Source {} has not been reconciled",
    Concern.DEAD_LETTERS: "Source {} posts what cannot be understood",
    Concern.UNDELIVERED: "Messages over channel {} are given up",
}
_KINDS = {"firing": Kind.FIRING, "resolved": Kind.RESOLVED}


@dataclass(frozen=True, slots=True)
class Options:
    """Nothing can be set."""


OPTIONS = Options


def options(given: Mapping[str, object]) -> Options:
    """The options of a source. Raises ValueError with what is wrong."""
    base.known_options(given, ())
    return Options()


def parse(body: bytes, context: Context) -> Reading:
    """What the worker wrote. Raises Unparsable."""
    base.narrow(context.options, Options)
    said = base.members(base.decode(body), "the body")
    concern = _concern(said.get("condition"))
    source = clean(base.scalar(said.get("source"), "source"), base.NAME_LIMIT)
    since = base.moment(said.get("since"), context.received_at)
    kind = _kind(said.get("status"))
    text = clean(base.scalar(said.get("text"), "text"), base.TEXT_LIMIT)
    if not source or since is None:
        raise Unparsable("the body does not say which source it is about, and since when")
    event = Event(
        source=context.source,
        kind=kind,
        key=recurrence_key(context.source, concern, source),
        occurrence=occurrence_key(moment_part(since)),
        at=base.moment(said.get("at"), context.received_at) or context.received_at,
        name=_TITLES[concern].format(source),
        severity=base.SEVERITIES.get(str(said.get("severity")), Severity.HIGH),
        labels={"about": source, "condition": concern},
        started_at=since,
        summary=text,
        url=base.link(said.get("url")),
        note=text if kind is Kind.RESOLVED else "",
    )
    return Reading((event,))


def _concern(value: object) -> Concern:
    found = next((each for each in Concern if each == value), None)
    if found is None:
        raise Unparsable(f"condition is {base.shown(value)}, none of {', '.join(Concern)}")
    return found


def _kind(value: object) -> Kind:
    found = _KINDS.get(value) if isinstance(value, str) else None
    if found is None:
        raise Unparsable(f"status is {base.shown(value)}, neither firing nor resolved")
    return found


def sample(name: str, now: datetime, serial: int) -> bytes:
    """A source that fell silent at the epoch second `serial`, or speaks again."""
    return orjson.dumps(
        {
            "condition": Concern.SILENT,
            "source": "zabbix",
            "status": name,
            "at": now,
            "since": datetime.fromtimestamp(serial, UTC),
            "text": _SAMPLE_TEXTS[name],
            "severity": Severity.DISASTER,
        },
        option=orjson.OPT_UTC_Z,
    )


_SAMPLE_TEXTS = {
    "firing": "It is to speak at least every 15 min; it has been silent for 20 min.",
    "resolved": "It spoke again.",
}
SAMPLES = base.samples(sample, _SAMPLE_TEXTS)
