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
from watcher.receivers.base import Context, Unparsable, clean


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value lies; from the top of the body where `rooted`, else from the alert."""

    steps: tuple[str, ...]
    rooted: bool = False

    def __str__(self) -> str:
        return ".".join(("$", *self.steps) if self.rooted else self.steps)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the body need not hold."""

    value: object


Finder = tuple[Path | Constant, ...]


def _anywhere(*names: str) -> Finder:
    return tuple(Path((name,)) for name in names)


# What a field is called in a body for which nothing is mapped; the first that is there counts.
_FIELDS: Mapping[str, Finder] = MappingProxyType(
    {
        "key": _anywhere("key"),
        "occurrence": _anywhere("occurrence"),
        "status": _anywhere("status", "state", "kind"),
        "name": _anywhere("name", "title"),
        "severity": _anywhere("severity", "priority", "level"),
        "host": _anywhere("host", "hostname", "instance"),
        "service": _anywhere("service"),
        "summary": _anywhere("summary", "message", "description"),
        "url": _anywhere("url", "link"),
        "note": _anywhere("note"),
        "at": _anywhere("at", "time", "timestamp"),
        "started_at": _anywhere("started_at"),
        "labels": _anywhere("labels"),
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
    fields = base.mapping_option(given, "fields")
    if unknown := sorted(fields.keys() - _FIELDS.keys()):
        raise ValueError(f"fields: unknown {', '.join(unknown)}; there are: {', '.join(_FIELDS)}")
    items = given.get("items")
    if items is not None and not isinstance(items, str):
        raise ValueError("items must be the path of a list")
    labels = base.mapping_option(given, "labels")
    return Options(
        fields={**_FIELDS, **{name: _finder("fields", name, at) for name, at in fields.items()}},
        labels={name: _finder("labels", name, at) for name, at in labels.items()},
        items=_path(items) if items is not None else None,
        statuses=base.words_option(given, "statuses", Kind, _STATUSES),
        severities=base.words_option(given, "severities", Severity, base.SEVERITIES),
        timezone=base.zone_option(given),
    )


def _finder(option: str, name: str, value: object) -> Finder:
    """A path, a list of paths of which the first that leads somewhere counts, or a constant."""
    if isinstance(value, Mapping) and value.keys() == {"value"}:
        return (Constant(value["value"]),)
    paths = [value] if isinstance(value, str) else value
    if isinstance(paths, list) and paths and all(isinstance(path, str) for path in paths):
        return tuple(_path(path) for path in paths)
    raise ValueError(f"{option}.{name} must be a path, a list of paths or {{value: …}}")


def _path(text: str) -> Path:
    """`a.b.0` or `a.b[0]` from the alert, `$.a` from the top of the body."""
    steps = tuple(text.replace("[", ".").replace("]", "").split("."))
    return Path(steps[1:], rooted=True) if steps[0] == "$" else Path(steps)


def parse(body: bytes, context: Context) -> Reading:
    """The events of all alerts in the body, or of none. Raises Unparsable."""
    root = base.decode(body)
    chosen = base.narrow(context.options, Options)
    events = tuple(
        _Alert(root, base.members(alert, where), where, chosen).event(context)
        for where, alert in _alerts(root, chosen.items)
    )
    return Reading(events, "" if events else "no alerts in it")


def _alerts(root: object, items: Path | None) -> list[tuple[str, object]]:
    """The alerts of a body, each with the words for where it stands. Raises Unparsable."""
    if items is None and not isinstance(root, list):
        return [("the body", root)]
    listed, name = (root, "body") if items is None else (_walk(root, items), str(items))
    return [(f"{name}[{index}]", alert) for index, alert in enumerate(base.elements(listed, name))]


def _walk(value: object, path: Path) -> object:
    """What lies at the end of the path, None where it leads nowhere."""
    for step in path.steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


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
        return self._first(self.options.fields[name])

    def _first(self, finder: Finder) -> object:
        for place in finder:
            if isinstance(place, Constant):
                return place.value
            found = _walk(self.root if place.rooted else self.alert, place)
            if found is not None:
                return found
        return None

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
        single = {name: self._first(finder) for name, finder in self.options.labels.items()}
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
