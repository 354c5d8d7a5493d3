"""What others know of machines, services and planned work, and what we could take over of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from watcher.model.catalogue import Customer, Host, Service
from watcher.model.matcher import Matcher

T = TypeVar("T")
Tag = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A machine as somebody else describes it; `name` is what alerts call it, `id` what names it
    there, `place` where that stands, for people.

    `names` and `addresses` are all else by which it goes, the main address first. `said` is whose
    it is in the words of who describes it, `depends_on` the ids of hosts without which it cannot be
    reached.
    """

    id: str
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
    """A service as somebody else describes it, with the ids of the hosts and services it needs.

    Without `criticality` nobody said how much it matters.
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
    """All that somebody else, `who`, describes; `notes` say what could not be read of it, and why.

    `services` is None where it was not asked for.
    """

    who: str
    hosts: tuple[FoundHost, ...]
    services: tuple[FoundService, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whose:
    """How one knows whose something is: by the part of a host group behind `group`, by the value of
    `tag`, or as `said` there. Where that says nothing, it is `customer`'s; "" is nobody's.
    """

    customer: str = ""
    group: str = ""
    tag: str = ""
    said: bool = False


@dataclass(frozen=True, slots=True)
class Described(Generic[T]):
    """What stands in a file of ours, and where; `own` where a proposal from there wrote it."""

    thing: T
    place: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """All that stands in our files."""

    customers: tuple[Described[Customer], ...] = ()
    hosts: tuple[Described[Host], ...] = ()
    services: tuple[Described[Service], ...] = ()


class Change(StrEnum):
    """What a line of a proposal says of something; only the first three change a file."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"
    AMBIGUOUS = "ambiguous"
    UNRATED = "unrated"
    BY_HAND = "by hand"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """What would become of one thing, and why."""

    customer: str
    what: str
    change: Change
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What we could take over: the entries of the files to write, and what is said about them."""

    customers: tuple[Customer, ...]
    hosts: tuple[Host, ...]
    services: tuple[Service, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which machine of ours is meant: a host under its name."""

    customer: str
    name: str


Identities = Mapping[str, Identity]
"""By the ids there."""


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
