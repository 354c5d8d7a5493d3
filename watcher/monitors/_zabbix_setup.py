"""What Zabbix needs so that it sends to Watcher and takes its answers: plan it, do it, undo it.

Each object is compared by its traits, which are words for people. What a person added without
harm (other groups of the user, conditions of the action, patience of the media type) is kept.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from watcher.kit.secrets import Secret
from watcher.kit.text import cut, listed, one_line
from watcher.model.answer import Verb
from watcher.monitors.base import MonitorError, Trouble

NAME = "Watcher"
USER = "watcher"

Trait = str | tuple[str, ...]
Traits = Mapping[str, Trait]
Ids = Mapping[str, str]

_LONG = 100
_MOST = 12


SWITCH = {"0": "off", "1": "on"}
STATUS = {"0": "on", "1": "off"}
"""What the API means by the numbers of switches, and of states, which are the other way round."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be there: `hook` is where Zabbix posts with `token`, `pages` where people see it.

    `groups` are the host groups to hear of (without one all), `people` the user groups whose names
    are to be readable, `media_type` the text of the shipped file and `shipped` what stands in it.
    """

    hook: str
    pages: str
    token: Secret
    answers: frozenset[Verb]
    media_type: str = field(repr=False)
    shipped: Mapping[str, object] = field(repr=False)
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thing:
    """An object that is there."""

    id: str
    traits: Traits
    raw: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one object, in words."""

    what: str
    how: tuple[str, ...]

    def __str__(self) -> str:
        return "\n    ".join((f"{self.what}: {self.how[0]}", *self.how[1:]))


class Part(ABC):
    """One object that connecting needs; `kind` names it among the ids of those before it.

    What is `unseen` cannot be compared, so it is written every time; what is `shared` stays.
    """

    kind: str
    title: str
    unseen = False
    shared = False

    @abstractmethod
    def find(self, ids: Ids) -> Thing | None:
        """The object as it is there. Raises MonitorError, as all the others do."""

    @abstractmethod
    def wanted(self, found: Thing | None) -> Traits:
        """As it should be."""

    @abstractmethod
    def make(self, ids: Ids) -> str:
        """Its id, now that it is there."""

    @abstractmethod
    def mend(self, found: Thing, ids: Ids) -> None:
        """Makes it as it should be."""

    @abstractmethod
    def remove(self, found: Thing) -> None:
        """Takes it away."""


def first(found: Any) -> dict[str, Any] | None:
    """What a call for one object by its name has found."""
    return dict(found[0]) if found else None


def differences(found: Traits, wanted: Traits) -> tuple[str, ...]:
    """What has to change of an object, in words; nothing where it is as it should be."""
    return tuple(
        f"{name}: {_told(found.get(name, ''), want)}"
        for name, want in wanted.items()
        if found.get(name, "") != want
    )


def _told(found: Trait, want: Trait) -> str:
    if isinstance(want, str):
        old, new = found if isinstance(found, str) else "", want
        if "\n" in old + new:
            return "that of this version of Watcher instead of another"
        return f"{_shown(new)} instead of {_shown(old)}"
    had = found if isinstance(found, tuple) else ()
    more, less = _without(want, had), _without(had, want)
    told = [f"also {more}"] * bool(more) + [f"no longer {less}"] * bool(less)
    return ", ".join(told) or "each once"


def _shown(text: str) -> str:
    return cut(one_line(text), _LONG) or "nothing"


def _without(these: Sequence[str], those: Sequence[str]) -> str:
    return listed(tuple(_shown(each) for each in these if each not in those), _MOST)


def _found(part: Part, ids: Ids) -> Thing | None:
    """The object as it is there. Raises MonitorError, also where it is told in unknown words."""
    try:
        return part.find(ids)
    except (LookupError, TypeError, AttributeError):
        why = f"what Zabbix says of its {part.title} is not understood"
        raise MonitorError(why, Trouble.STRANGE) from None


def _described(wanted: Traits) -> Iterator[str]:
    """What a new object is like, but for texts of many lines."""
    for name, trait in wanted.items():
        if isinstance(trait, tuple):
            yield f"{name}: {_without(trait, ())}"
        elif "\n" not in trait:
            yield f"{name}: {_shown(trait)}"


def connect(parts: Sequence[Part], *, dry_run: bool = False) -> Iterator[Change]:
    """Makes what is missing and puts right what differs, one after another; says what it did.

    Nothing is said of what is as it should be. Raises MonitorError.
    """
    ids: dict[str, str] = {}
    for part in parts:
        found = _found(part, ids)
        wanted = part.wanted(found)
        if found is None:
            if not dry_run:
                ids[part.kind] = part.make(ids)
            yield Change(part.title, ("new", *_described(wanted)))
            continue
        ids[part.kind] = found.id
        how = differences(found.traits, wanted)
        if (how or part.unseen) and not dry_run:
            part.mend(found, ids)
        if how:
            yield Change(part.title, ("put right", *how))


def disconnect(parts: Sequence[Part], *, dry_run: bool = False) -> Iterator[Change]:
    """Takes away what connecting made, the last first; says what it did. Raises MonitorError."""
    for part in reversed(parts):
        found = _found(part, {})
        if found is None:
            continue
        if part.shared:
            yield Change(part.title, ("stays, because others may use it",))
            continue
        if not dry_run:
            part.remove(found)
        yield Change(part.title, ("taken away",))
