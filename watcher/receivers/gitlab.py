"""GitLab CI: deployment events, and job and pipeline events whose jobs have an environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

import orjson

from watcher.model.deployment import Deployment, DeploymentStatus
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

_FACTS = ("project", "environment", "ref")
# The rest are not begun (created, manual, waiting), or about approvals.
_STATUSES: Mapping[str, DeploymentStatus] = {
    "running": DeploymentStatus.RUNNING,
    "success": DeploymentStatus.SUCCEEDED,
    "failed": DeploymentStatus.FAILED,
    "canceled": DeploymentStatus.CANCELLED,
}
# A job may also only prepare an environment, or look at it.
_DEPLOYS = frozenset(("", "start", "stop"))
_TRIALS = ("staging", "testing", "development")


@dataclass(frozen=True, slots=True)
class Options:
    """What projects and environments are; deployments to `trials` are of no service, unless a rule
    of the `map` names one.
    """

    map: tuple[Rule, ...] = ()
    trials: tuple[str, ...] = _TRIALS


OPTIONS = Options


def options(given: Mapping[str, object]) -> Options:
    """The options of a source. Raises ValueError with what is wrong."""
    base.known_options(given, ("map", "trials"))
    return Options(map_option(given, _FACTS), base.names_option(given, "trials", _TRIALS))


def parse(body: bytes, context: Context) -> Reading:
    """The deployments that an event tells of. Raises Unparsable."""
    chosen = base.narrow(context.options, Options)
    event = base.members(base.decode(body), "the body")
    kind = text(event, "object_kind")
    read = _READ.get(kind)
    if not kind:
        raise Unparsable("object_kind is missing: this is no body of a GitLab webhook")
    if read is None:
        return Reading((), none_of(kind))
    found = tuple(_deployment(each, context, chosen) for each in read(event, context))
    told = tuple(each for each in found if each is not None)
    return Reading((), "" if told else f"this {kind} deploys nothing", told)


@dataclass(frozen=True, slots=True)
class _Job:
    """One job that deploys, or a deployment that was made by other means."""

    key: tuple[str, ...]
    status: str
    project: str
    environment: str
    tier: str
    ref: str
    told: Told


def _deployment(job: _Job, context: Context, chosen: Options) -> Deployment | None:
    facts = {"project": job.project, "environment": job.environment, "ref": job.ref}
    trial = any(fnmatchcase(job.tier or job.environment, each) for each in chosen.trials)
    service = "" if trial else last_part(job.project)
    where = place(chosen.map, facts, Place(service, environment=job.environment))
    if where is None:
        return None
    told = job.told
    return deployment(
        context,
        job.key,
        Told(
            told.what,
            told.status,
            told.at,
            told.ended_at,
            told.revision,
            told.author,
            told.url,
            where,
        ),
    )


def _of_deployment(event: dict[str, object], context: Context) -> Iterator[_Job]:
    status = _STATUSES.get(text(event, "status"))
    if status is None:
        return
    project = inner(event, "project")
    made_by, number = text(event, "deployable_id"), text(event, "deployment_id")
    if not (made_by or number):
        raise Unparsable("deployment_id is missing")
    changed_at = _moment(event.get("status_changed_at"), context)
    ref = text(event, "ref")
    yield _Job(
        _key(text(project, "id"), made_by, number),
        status,
        _path(project),
        text(event, "environment"),
        text(event, "environment_tier"),
        ref,
        Told(
            _what(_path(project), text(event, "commit_title") or ref),
            status,
            at=changed_at,
            ended_at=changed_at,
            revision=text(event, "short_sha"),
            author=_name(inner(event, "user")),
            url=event.get("deployable_url") or event.get("commit_url"),
        ),
    )


def _of_job(event: dict[str, object], context: Context) -> Iterator[_Job]:
    environment = inner(event, "environment")
    project = inner(event, "project")
    commit = inner(event, "commit")
    renamed = {
        "id": event.get("build_id"),
        "name": event.get("build_name"),
        "status": event.get("build_status"),
        "started_at": event.get("build_started_at"),
        "finished_at": event.get("build_finished_at"),
        "user": event.get("user"),
    }
    url = text(project, "web_url") or text(inner(event, "repository"), "homepage")
    about = _About(
        text(event, "project_id"),
        _path(project) or url.partition("://")[2].partition("/")[2],
        url,
        text(event, "ref"),
        text(event, "sha"),
        text(commit, "message").strip().partition("\n")[0],
    )
    yield from _job(renamed, environment, about, context)


def _of_pipeline(event: dict[str, object], context: Context) -> Iterator[_Job]:
    project, pipeline = inner(event, "project"), inner(event, "object_attributes")
    about = _About(
        text(project, "id"),
        _path(project),
        text(project, "web_url"),
        text(pipeline, "ref", "object_attributes."),
        text(pipeline, "sha", "object_attributes."),
        text(inner(event, "commit"), "title"),
    )
    for index, value in enumerate(base.elements(event.get("builds", []), "builds")):
        job = base.members(value, f"builds[{index}]")
        yield from _job(job, inner(job, "environment", f"builds[{index}]."), about, context)


@dataclass(frozen=True, slots=True)
class _About:
    """What all jobs of a pipeline share."""

    project_id: str
    path: str
    url: str
    ref: str
    sha: str
    title: str


def _job(
    job: dict[str, object], environment: dict[str, object], about: _About, context: Context
) -> Iterator[_Job]:
    """The job, if it deploys and has begun."""
    status = _STATUSES.get(text(job, "status"))
    started_at = _moment(job.get("started_at"), context)
    number = text(job, "id")
    named = text(environment, "name")
    deploys = named and text(environment, "action") in _DEPLOYS
    if not deploys or status is None or started_at is None or not number:
        return
    yield _Job(
        _key(about.project_id, number, ""),
        status,
        about.path,
        named,
        text(environment, "deployment_tier"),
        about.ref,
        Told(
            _what(about.path, about.title or text(job, "name")),
            status,
            at=started_at,
            ended_at=_moment(job.get("finished_at"), context),
            revision=about.sha[:8],
            author=_name(inner(job, "user")),
            url=f"{about.url}/-/jobs/{number}",
        ),
    )


_READ = {"deployment": _of_deployment, "build": _of_job, "pipeline": _of_pipeline}


def _key(project: str, job: str, number: str) -> tuple[str, ...]:
    """The same for a deployment and for the job that makes it: both events may be sent."""
    return ("job", project, job) if job else ("deployment", project, number)


def _path(project: dict[str, object]) -> str:
    return text(project, "path_with_namespace") or text(project, "name")


def _what(project: str, title: str) -> str:
    return f"{project}: {title}" if project and title else project or title or "a deployment"


def _name(user: dict[str, object]) -> str:
    return text(user, "username") or text(user, "name")


def _moment(value: object, context: Context) -> datetime | None:
    """GitLab writes `2026-11-22 12:00:00 +0300` or `… UTC`, and ISO 8601 where it is newer."""
    if isinstance(value, str):
        value = value.replace(" UTC", "Z").replace(" +", "+").replace(" -", "-")
    return base.moment(value, context.received_at)


def sample(name: str, now: datetime, serial: int) -> bytes:
    """A deployment event of a made-up release of `billing`, as GitLab 17 writes it.

    `serial` is the epoch second of its beginning and names it. Raises KeyError for other names.
    """
    begun = datetime.fromtimestamp(serial, now.tzinfo)
    changed_at = begun if name == "running" else max(now, begun + timedelta(seconds=1))
    body = {
        "object_kind": "deployment",
        "status": _SAMPLES[name],
        "status_changed_at": f"{changed_at:%Y-%m-%d %H:%M:%S %z}",
        "deployment_id": serial,
        "deployable_id": serial,
        "deployable_url": f"https://gitlab.example.org/shop/billing/-/jobs/{serial}",
        "environment": "production",
        "environment_tier": "production",
        "project": {
            "id": 7,
            "name": "billing",
            "web_url": "https://gitlab.example.org/shop/billing",
            "path_with_namespace": "shop/billing",
        },
        "ref": "main",
        "short_sha": "c0ffee12",
        "user": {"name": "Vera Lind", "username": "vera"},
        "commit_title": "Round invoices up",
    }
    return orjson.dumps(body)


_SAMPLES = {"running": "running", "succeeded": "success"}
SAMPLES = base.samples(sample, _SAMPLES)
