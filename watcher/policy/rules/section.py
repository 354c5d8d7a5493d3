"""What a section of the rules is: where it stands, what it may hold, and what comes of it.

Another section is a module with its `SECTION`, a line in `load.SECTIONS`, and a field of the
policy that is called like its key.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from watcher.policy.problems import Place, Problems, parts
from watcher.policy.yamlfile import Document

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial:
    """One example tried on the rules beside which it stands; without a complaint it holds."""

    place: Place
    name: str
    complaint: str = ""


Item = tuple[str, Place, M | None]
"""What stands in a file, under which name; None where it is unsound, which has been noted."""


def _nothing(*_: object) -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class Section(Generic[M, T]):
    """`make` turns what stands in a file into what decisions use; where something keeps it from
    that, it notes this and gives None.

    `trials` tries the examples, given also the sections of this folder and those before it.
    `misfits` tells what does not go with the other sections, once all folders are read.
    """

    key: str
    model: type[M]
    make: Callable[[M, Place, Problems], T | None]
    trials: Callable[[M, T, Place, Mapping[str, Any]], Iterable[Trial]] = _nothing
    misfits: Callable[[T, Place, Mapping[str, Any]], Iterable[tuple[Place, str]]] = _nothing


@dataclass(frozen=True, slots=True)
class Single(Section[M, T]):
    """A section that counts as a whole: a later folder replaces it."""

    @property
    def field(self) -> Any:
        """The type of its key in a file."""
        return self.model | None

    def items(self, document: Document) -> Iterator[Item[M]]:
        """The section itself, if it is there."""
        data = document.data if isinstance(document.data, dict) else {}
        if data.get(self.key) is not None:
            place = Place(document, (self.key,))
            yield self.key, place, _sound(self.model, data[self.key])

    def gather(self, found: Mapping[str, T]) -> object:
        """What the policy holds in the end."""
        return found[self.key]


@dataclass(frozen=True, slots=True)
class Listed(Section[M, T]):
    """A section of entries with a `name`: a later folder adds some, and replaces those whose
    names it uses again.
    """

    @property
    def field(self) -> Any:
        """The type of its key in a file."""
        return tuple[self.model, ...] | None  # type: ignore[name-defined]  # a type made here

    def items(self, document: Document) -> Iterator[Item[M]]:
        """The entries that have a name, in their order."""
        for place, raw in parts(document, self.key):
            name = raw.get("name") if isinstance(raw, dict) else None
            if name is not None:
                yield str(name), place, _sound(self.model, raw)

    def gather(self, found: Mapping[str, T]) -> object:
        """What the policy holds in the end: a later entry has the last word."""
        return tuple(found.values())


def _sound(model: type[M], raw: object) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None
