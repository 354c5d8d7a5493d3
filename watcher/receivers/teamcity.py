"""TeamCity 2023.05 and later: its own webhooks about builds that start, finish or are cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from watcher.model.deployment import DeploymentStatus
from watcher.model.event import Reading
from watcher.receivers import base
from watcher.receivers._changes import (
    Place,
    Rule,
    Told,
    deployment,
    inner,
    last_part,
    map_option,
    none_of,
    place,
    text,
)
from watcher.receivers.base import Context, Unparsable

_FACTS = ("build_type", "project", "name", "branch")
_STATUSES: Mapping[str, DeploymentStatus] = {
    "BUILD_STARTED": DeploymentStatus.RUNNING,
    "BUILD_FINISHED": DeploymentStatus.SUCCEEDED,
    "BUILD_INTERRUPTED": DeploymentStatus.CANCELLED,
}
_ENDS: Mapping[str, DeploymentStatus] = {
    "FAILURE": DeploymentStatus.FAILED,
    "ERROR": DeploymentStatus.FAILED,
    "UNKNOWN": DeploymentStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Options:
    """What build configurations change; those of no rule change the service named as the project,
    and with `mapped_only` nothing.
    """

    map: tuple[Rule, ...] = ()
    mapped_only: bool = False


OPTIONS = Options


def options(given: Mapping[str, object]) -> Options:
    """The options of a source. Raises ValueError with what is wrong."""
    base.known_options(given, ("map", "mapped_only"))
    mapped_only = given.get("mapped_only", False)
    if not isinstance(mapped_only, bool):
        raise ValueError("mapped_only must be true or false")  # noqa: TRY004 - an option
    return Options(map_option(given, _FACTS), mapped_only)


def parse(body: bytes, context: Context) -> Reading:
    """The build that an event tells of. Raises Unparsable."""
    chosen = base.narrow(context.options, Options)
    root = base.members(base.decode(body), "the body")
    event = text(root, "eventType")
    if not event:
        raise Unparsable("eventType is missing: this is no body of a TeamCity webhook")
    if event not in _STATUSES:
        return Reading((), none_of(event))
    build = base.members(root.get("payload"), "payload")
    number, build_type = text(build, "id", "payload."), text(build, "buildTypeId", "payload.")
    if not (number and build_type):
        raise Unparsable(
            "payload.id or payload.buildTypeId is missing: leave them among the fields"
        )
    if build.get("personal") is True:
        return Reading((), "a personal build changes nothing for others")
    config = inner(build, "buildType", "payload.")
    project = text(config, "projectName") or text(config, "projectId")
    facts = {
        "build_type": build_type,
        "project": project,
        "name": text(config, "name"),
        "branch": text(build, "branchName", "payload."),
    }
    default = None if chosen.mapped_only else Place(last_part(project))
    where = place(chosen.map, facts, default or Place())
    if where is None or (default is None and where == Place()):
        return Reading((), f"the build configuration {base.shown(build_type)} changes no service")
    told = Told(
        _what(config, build, build_type),
        _status(event, build),
        at=base.moment(build.get("startDate"), context.received_at),
        ended_at=base.moment(build.get("finishDate"), context.received_at),
        revision=_revision(build),
        author=_author(build),
        url=build.get("webUrl"),
        place=where,
    )
    return Reading((), deployments=(deployment(context, ("build", number), told),))


def _status(event: str, build: dict[str, object]) -> DeploymentStatus:
    """How it went: builds that run say SUCCESS as long as nothing has failed."""
    if event != "BUILD_FINISHED":
        return _STATUSES[event]
    return _ENDS.get(text(build, "status", "payload."), DeploymentStatus.SUCCEEDED)


def _what(config: dict[str, object], build: dict[str, object], build_type: str) -> str:
    names = [text(config, "projectName"), text(config, "name")]
    number = text(build, "number", "payload.")
    name = ": ".join(filter(None, names)) or build_type
    return f"{name} #{number}" if number else name


def _revision(build: dict[str, object]) -> str:
    """The first of its revisions, if the source was told to send them; else its newest change."""
    for outer, name in (("revisions", "revision"), ("lastChanges", "change")):
        listed = inner(build, outer, "payload.").get(name) or [{}]
        first = base.members(base.elements(listed, f"payload.{outer}.{name}")[0], f"a {name}")
        if version := text(first, "version"):
            return version
    return ""


def _author(build: dict[str, object]) -> str:
    """Who had it run, if that was a person."""
    user = inner(inner(build, "triggered", "payload."), "user", "payload.triggered.")
    return text(user, "username") or text(user, "name")


def sample(name: str, now: datetime, serial: int) -> bytes:
    """The event of a made-up release of `billing`, as TeamCity 2024 writes it.

    `serial` is the epoch second of its beginning and names it. Raises KeyError for other names.
    """
    event, state, status = _SAMPLES[name]
    begun = datetime.fromtimestamp(serial, now.tzinfo)
    build = {
        "id": serial,
        "buildTypeId": "Shop_Billing_Release",
        "number": "318",
        "status": status,
        "state": state,
        "branchName": "main",
        "webUrl": f"https://teamcity.example.org/build/{serial}",
        "buildType": {
            "id": "Shop_Billing_Release",
            "name": "Release",
            "projectName": "Shop / Billing",
            "projectId": "Shop_Billing",
        },
        "startDate": f"{begun:%Y%m%dT%H%M%S%z}",
        "triggered": {"type": "user", "user": {"username": "vera", "name": "Vera Lind"}},
        "revisions": {"revision": [{"version": "c0ffee12ab", "vcsBranchName": "refs/heads/main"}]},
    }
    if name != "running":
        build["finishDate"] = f"{max(now, begun):%Y%m%dT%H%M%S%z}"
    return orjson.dumps({"eventType": event, "payload": build})


_SAMPLES = {
    "running": ("BUILD_STARTED", "running", "SUCCESS"),
    "succeeded": ("BUILD_FINISHED", "finished", "SUCCESS"),
}
SAMPLES = base.samples(sample, _SAMPLES)
