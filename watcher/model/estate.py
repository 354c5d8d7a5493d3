"""What others know of machines, services and planned work, before it becomes our own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.model.matcher import Matcher

Tag = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A machine as somebody else describes it; `name` is what alerts call it.

    `names` and `addresses` are all else by which it goes, the main address first. `said` is whose
    it is in the words of who describes it, `depends_on` hosts without which it cannot be reached,
    `place` where that stands.
    """

    name: str
    place: str
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    said: str = ""
    groups: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    os: str = ""
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service as somebody else describes it, with the hosts and the services that it needs.

    `depends_on` are the `id`s of others. Without `criticality` nobody said how much it matters.
    """

    id: str
    name: str
    place: str
    hosts: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    said: str = ""
    tags: tuple[Tag, ...] = ()
    criticality: int | None = None


@dataclass(frozen=True, slots=True)
class Estate:
    """All that somebody else describes; `notes` say what could not be read of it, and why.

    `services` is None where it was not asked for.
    """

    hosts: tuple[FoundHost, ...]
    services: tuple[FoundService, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """Maintenance as it is planned elsewhere, once or again and again.

    `title` names it there for ever. It is about `hosts`, by their names there, and about alerts
    for which all of `when` holds.
    """

    title: str
    comment: str
    hosts: tuple[str, ...]
    when: tuple[Matcher, ...]
    starts: datetime
    length: timedelta
    repeat: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Timetable:
    """All maintenance that is planned elsewhere and not over; `notes` say what of it has no place
    among our windows, and why.
    """

    works: tuple[Work, ...]
    notes: tuple[str, ...] = ()
