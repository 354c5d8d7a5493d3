"""Change: any JSON that tells of changes, its fields named as here or mapped by the source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

import orjson

from watcher.decide.keys import digest, moment_part
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.event import Reading
from watcher.receivers import base
from watcher.receivers._changes import (
    STATUSES,
    Place,
    Rule,
    Told,
    deployment,
    last_part,
    map_option,
    place,
)
from watcher.receivers._mapping import (
    Finder,
    Path,
    anywhere,
    fields_option,
    first,
    items_option,
    listed,
)
from watcher.receivers.base import Context, Unparsable

_FACTS = ("project", "environment")
# What a field is called in a body for which nothing is mapped; the first that is there counts.
_FIELDS: Mapping[str, Finder] = MappingProxyType(
    {
        "key": anywhere("key", "id"),
        "what": anywhere("what", "title", "name", "message"),
        "status": anywhere("status", "state"),
        "service": anywhere("service"),
        "host": anywhere("host", "hostname"),
        "project": anywhere("project", "application", "app", "repository"),
        "environment": anywhere("environment", "env", "stage"),
        "revision": anywhere("revision", "version", "commit", "sha"),
        "author": anywhere("author", "user", "by"),
        "url": anywhere("url", "link"),
        "at": anywhere("at", "started_at", "time", "timestamp"),
        "ended_at": anywhere("ended_at", "finished_at"),
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """Where the fields of a change lie in a body, what the source's own words mean, and what its
    projects are.
    """

    fields: Mapping[str, Finder] = field(default_factory=lambda: _FIELDS)
    items: Path | None = None
    statuses: Mapping[str, DeploymentStatus] = field(default_factory=lambda: STATUSES)
    map: tuple[Rule, ...] = ()
    timezone: tzinfo = UTC


OPTIONS = Options


def options(given: Mapping[str, object]) -> Options:
    """The options of a source. Raises ValueError with what is wrong."""
    base.known_options(given, ("fields", "items", "statuses", "map", "timezone"))
    return Options(
        fields=fields_option(given, _FIELDS),
        items=items_option(given),
        statuses=base.words_option(given, "statuses", DeploymentStatus, STATUSES),
        map=map_option(given, _FACTS),
        timezone=base.zone_option(given),
    )


def parse(body: bytes, context: Context) -> Reading:
    """All changes in the body. Raises Unparsable."""
    root = base.decode(body)
    chosen = base.narrow(context.options, Options)
    found = (
        _Change(root, base.members(each, where), where, chosen).deployment(context)
        for where, each in listed(root, chosen.items)
    )
    told = tuple(each for each in found if each is not None)
    return Reading((), "" if told else "no changes in it", told)


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of a body, looked into through the source's mapping."""

    root: object
    item: Mapping[str, object]
    where: str
    options: Options

    def deployment(self, context: Context) -> Deployment | None:
        """The change, unless it is to be ignored. Raises Unparsable."""
        what = self._text("what")
        if not what:
            raise Unparsable(f"{self.where} does not say what: map it with `fields: {{what: …}}`")
        where = self._place()
        if where is None:
            return None
        zone = self.options.timezone
        told = Told(
            what,
            self._status(),
            at=base.moment(self._find("at"), context.received_at, zone),
            ended_at=base.moment(self._find("ended_at"), context.received_at, zone),
            revision=self._text("revision"),
            author=self._text("author"),
            url=self._find("url"),
            place=where,
        )
        return deployment(context, ("change", self._text("key") or self._named(context)), told)

    def _place(self) -> Place | None:
        service, host = self._text("service"), self._text("host")
        project, environment = self._text("project"), self._text("environment")
        named = service or ("" if host else last_part(project))
        facts = {"project": project, "environment": environment}
        return place(self.options.map, facts, Place(named, host, environment))

    def _status(self) -> DeploymentStatus:
        """What the status means; without one it was done, and well."""
        status = self._text("status")
        found = self.options.statuses.get(status.lower()) if status else DeploymentStatus.SUCCEEDED
        if found is None:
            known = ", ".join(self.options.statuses)
            raise Unparsable(f"{self.where}: status is {base.shown(status)}, none of {known}")
        return found

    def _named(self, context: Context) -> str:
        """What tells it from others where the source gave it no key: what it is, and its time."""
        names = ("what", "service", "host", "project", "environment", "revision")
        at = self._text("at") or moment_part(context.received_at)
        return digest("\n".join([*map(self._text, names), at]))

    def _find(self, name: str) -> object:
        return first(self.options.fields[name], self.root, self.item)

    def _text(self, name: str) -> str:
        return base.scalar(self._find(name), f"{self.where}: {name}")


def sample(name: str, now: datetime, serial: int) -> bytes:
    """A plain body that needs no mapping: a made-up release of `billing`.

    `serial` is the epoch second of its beginning and names it. Raises KeyError for other names.
    """
    begun = datetime.fromtimestamp(serial, UTC)
    change = {
        "key": f"release-{serial}",
        "what": "Release 2.14 of billing",
        "status": _SAMPLES[name],
        "service": "billing",
        "environment": "production",
        "revision": "2.14",
        "author": "vera",
        "at": begun,
        "ended_at": None if name == "running" else now,
        "url": "https://releases.example.org/billing/2.14",
    }
    return orjson.dumps(change, option=orjson.OPT_UTC_Z)


_SAMPLES = {"running": "running", "succeeded": "succeeded"}
SAMPLES = base.samples(sample, _SAMPLES)
