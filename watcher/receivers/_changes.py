"""What the receivers of changes share: which service a change is of, and a sound noun of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from watcher.decide.keys import occurrence_key
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.receivers import base
from watcher.receivers.base import Context, clean, shown

_SAYS = ("service", "host", "environment", "ignore")

STATUSES: Mapping[str, DeploymentStatus] = {
    **{status.value: status for status in DeploymentStatus},
    **dict.fromkeys(("started", "begun", "in_progress", "pending"), DeploymentStatus.RUNNING),
    **dict.fromkeys(("success", "finished", "done", "ok"), DeploymentStatus.SUCCEEDED),
    **dict.fromkeys(("failure", "error", "broken"), DeploymentStatus.FAILED),
    **dict.fromkeys(("canceled", "aborted", "interrupted"), DeploymentStatus.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What changes are, whose facts match all patterns `when`; those to `ignore` are none."""

    when: Mapping[str, str]
    service: str = ""
    host: str = ""
    environment: str = ""
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Of what a change is."""

    service: str = ""
    host: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What else a body says of a change: `at` and `ended_at` are times in any form."""

    what: str
    status: DeploymentStatus
    at: datetime | None = None
    ended_at: datetime | None = None
    revision: str = ""
    author: str = ""
    url: object = ""
    place: Place = field(default_factory=Place)


def map_option(given: Mapping[str, object], facts: Iterable[str]) -> tuple[Rule, ...]:
    """The option `map`: rules with patterns on some of these facts. Raises ValueError."""
    listed = given.get("map", [])
    if not isinstance(listed, list | tuple):
        raise ValueError("map must be a list of rules")  # noqa: TRY004 - it is an option
    return tuple(_rule(f"map[{index}]", rule, tuple(facts)) for index, rule in enumerate(listed))


def _rule(where: str, given: object, facts: tuple[str, ...]) -> Rule:
    if not isinstance(given, Mapping):
        example = f"{{{facts[0]}: …, service: …}}"
        raise ValueError(f"{where} must be a rule such as {example}")  # noqa: TRY004 - an option
    known = (*facts, *(name for name in _SAYS if name not in facts))
    if unknown := sorted(str(name) for name in given if name not in known):
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; there are: {', '.join(known)}")
    ignore = given.get("ignore", False)
    texts = {str(name): value for name, value in given.items() if name != "ignore"}
    if not isinstance(ignore, bool) or not all(isinstance(each, str) for each in texts.values()):
        raise ValueError(f"{where} has texts, and `ignore` which is true or false")
    if not (ignore or texts.keys() & {"service", "host"}):
        raise ValueError(f"{where} says neither service nor host, nor `ignore: true`")
    when = {name: str(texts.pop(name)) for name in facts if name in texts}
    return Rule(when, ignore=ignore, **{name: str(text) for name, text in texts.items()})


def place(rules: Iterable[Rule], facts: Mapping[str, str], default: Place) -> Place | None:
    """What the first rule says whose patterns all match, else the default; None to ignore it."""
    for rule in rules:
        if all(fnmatchcase(facts[name], pattern) for name, pattern in rule.when.items()):
            environment = rule.environment or default.environment
            return None if rule.ignore else Place(rule.service, rule.host, environment)
    return default


def last_part(path: str) -> str:
    """The name of a project without the groups that it is in."""
    return path.rpartition("/")[2].strip()


def deployment(context: Context, key: tuple[str, ...], told: Told) -> Deployment:
    """The change as a noun that every store takes; whose it is, its source says."""
    running = told.status is DeploymentStatus.RUNNING
    at = told.at or told.ended_at or context.received_at
    ended_at = None if running else (told.ended_at or context.received_at)
    where = told.place
    return Deployment(
        customer="",
        source=context.source,
        key=occurrence_key(*key),
        what=clean(told.what, base.NAME_LIMIT),
        at=at,
        status=told.status,
        service=clean(where.service, base.NAME_LIMIT) or None,
        host=clean(where.host, base.NAME_LIMIT) or None,
        environment=clean(where.environment, base.NAME_LIMIT),
        revision=clean(told.revision, base.KEY_LIMIT),
        author=clean(told.author, base.KEY_LIMIT),
        url=base.link(told.url),
        ended_at=None if ended_at is None else max(at, ended_at),
    )


def text(body: Mapping[str, object], name: str, where: str = "") -> str:
    """A field as text, "" where it is missing. Raises Unparsable."""
    return base.scalar(body.get(name), f"{where}{name}")


def inner(body: Mapping[str, object], name: str, where: str = "") -> dict[str, object]:
    """A field as an object, empty where it is missing. Raises Unparsable."""
    value = body.get(name)
    return {} if value is None else base.members(value, f"{where}{name}")


def none_of(word: object) -> str:
    """A note about news that are no change."""
    return f"{shown(word)} is no change"
