"""Generic: any JSON whose fields are named, or mapped in the source's configuration.

A body is one alert, a list of alerts, or holds a list somewhere; paths are dotted, `$.` begins at
the top of the body instead of at the alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

import orjson

from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.decide.template import template
from watcher.model.event import Event, Kind, Reading, Severity
from watcher.receivers import base
from watcher.receivers._mapping import (
    Finder,
    Path,
    anywhere,
    fields_option,
    finder,
    first,
    items_option,
    listed,
)
from watcher.receivers.base import Context, Unparsable, clean

# What a field is called in a body for which nothing is mapped; the first that is there counts.
_FIELDS: Mapping[str, Finder] = MappingProxyType(
    {
        "key": anywhere("key"),
        "occurrence": anywhere("occurrence"),
        "status": anywhere("status", "state", "kind"),
        "name": anywhere("name", "title"),
        "severity": anywhere("severity", "priority", "level"),
        "host": anywhere("host", "hostname", "instance"),
        "service": anywhere("service"),
        "summary": anywhere("summary", "message", "description"),
        "url": anywhere("url", "link"),
        "note": anywhere("note"),
        "at": anywhere("at", "time", "timestamp"),
        "started_at": anywhere("started_at"),
        "labels": anywhere("labels"),
    }
)
_STATUSES: Mapping[str, Kind] = MappingProxyType(
    {kind.value: kind for kind in Kind}
    | dict.fromkeys(
        ("alerting", "alert", "problem", "open", "triggered", "active", "down", "failed", "1"),
        Kind.FIRING,
    )
    | dict.fromkeys(("updated", "acknowledged", "comment"), Kind.UPDATE)
    | dict.fromkeys(
        ("ok", "recovery", "recovered", "closed", "cleared", "inactive", "up", "0"), Kind.RESOLVED
    )
)


@dataclass(frozen=True, slots=True)
class Options:
    """Where the fields of an alert lie in a body, and what the source's own words mean.

    `items` leads to the list of alerts; `labels` adds single labels to those of the field `labels`.
    """

    fields: Mapping[str, Finder] = field(default_factory=lambda: _FIELDS)
    labels: Mapping[str, Finder] = field(default_factory=dict)
    items: Path | None = None
    statuses: Mapping[str, Kind] = field(default_factory=lambda: _STATUSES)
    severities: Mapping[str, Severity] = field(default_factory=lambda: base.SEVERITIES)
    timezone: tzinfo = UTC


OPTIONS = Options


def options(given: Mapping[str, object]) -> Options:
    """The options of a source. Raises ValueError with what is wrong."""
    known = ("fields", "labels", "items", "statuses", "severities", "timezone")
    base.known_options(given, known)
    labels = base.mapping_option(given, "labels")
    return Options(
        fields=fields_option(given, _FIELDS),
        labels={name: finder("labels", name, at) for name, at in labels.items()},
        items=items_option(given),
        statuses=base.words_option(given, "statuses", Kind, _STATUSES),
        severities=base.words_option(given, "severities", Severity, base.SEVERITIES),
        timezone=base.zone_option(given),
    )


def parse(body: bytes, context: Context) -> Reading:
    """The events of all alerts in the body, or of none. Raises Unparsable."""
    root = base.decode(body)
    chosen = base.narrow(context.options, Options)
    events = tuple(
        _Alert(root, base.members(alert, where), where, chosen).event(context)
        for where, alert in listed(root, chosen.items)
    )
    return Reading(events, "" if events else "no alerts in it")


@dataclass(frozen=True, slots=True)
class _Alert:
    """One alert of a body, looked into through the source's mapping."""

    root: object
    alert: Mapping[str, object]
    where: str
    options: Options

    def event(self, context: Context) -> Event:
        """The alert as an event. Raises Unparsable."""
        name, host = self._text("name"), self._text("host")
        if not name:
            raise Unparsable(f"{self.where} has no name: map one with `fields: {{name: …}}`")
        key = self._text("key")
        parts = (key,) if key else (host, template(name))
        zone = self.options.timezone
        at = base.moment(self._find("at"), context.received_at, zone)
        return Event(
            source=context.source,
            kind=self._kind(),
            key=recurrence_key(context.source, *parts),
            occurrence=occurrence_key(self._text("occurrence")),
            at=at or context.received_at,
            name=clean(name, base.NAME_LIMIT),
            severity=self._severity(),
            host=clean(host, base.NAME_LIMIT) or None,
            service=clean(self._text("service"), base.NAME_LIMIT) or None,
            labels=self._labels(),
            started_at=base.moment(self._find("started_at"), context.received_at, zone),
            summary=clean(self._text("summary"), base.TEXT_LIMIT),
            url=base.link(self._find("url")),
            note=clean(self._text("note"), base.TEXT_LIMIT),
        )

    def _find(self, name: str) -> object:
        return first(self.options.fields[name], self.root, self.alert)

    def _text(self, name: str) -> str:
        return base.scalar(self._find(name), f"{self.where}: {name}")

    def _kind(self) -> Kind:
        """What the status means; without one the alert fires."""
        status = self._text("status")
        kind = self.options.statuses.get(status.lower()) if status else Kind.FIRING
        if kind is None:
            known = ", ".join(self.options.statuses)
            raise Unparsable(f"{self.where}: status is {base.shown(status)}, none of {known}")
        return kind

    def _severity(self) -> Severity:
        return self.options.severities.get(self._text("severity").lower(), Severity.AVERAGE)

    def _labels(self) -> dict[str, str]:
        found = base.labels(self._find("labels"), f"{self.where}: labels")
        single = {
            name: first(place, self.root, self.alert) for name, place in self.options.labels.items()
        }
        return found | base.labels(single, f"{self.where}: labels")


def sample(name: str, now: datetime, serial: int) -> bytes:
    """A plain body that needs no mapping: a made-up outage of `billing` on `db01`.

    `serial` is the epoch second at which the outage began and names its occurrence: firing and
    resolved with the same serial belong together. Raises KeyError for an unknown name.
    """
    status, summary = _SAMPLE_NEWS[name]
    begun = datetime.fromtimestamp(serial, UTC)
    alert = {
        "name": "The nightly invoices are late",
        "status": status,
        "severity": "high",
        "host": "db01",
        "service": "billing",
        "key": "nightly-invoices",
        "occurrence": str(serial),
        "at": begun if status == "firing" else now,
        "started_at": begun,
        "summary": summary,
        "url": "https://jobs.example.org/nightly-invoices",
        "labels": {"job": "nightly-invoices"},
    }
    return orjson.dumps(alert, option=orjson.OPT_UTC_Z)


_SAMPLE_NEWS = {
    "firing": ("firing", "Not finished 20 minutes after they should be"),
    "resolved": ("resolved", "Finished 34 minutes late"),
}
SAMPLES = base.samples(sample, _SAMPLE_NEWS)
