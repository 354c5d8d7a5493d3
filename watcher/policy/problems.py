"""Collects what is wrong with the files of an installation, so that all of it is said at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from watcher.policy.yamlfile import Document, Location, YamlError, check, load

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong, said to the person who can mend it; a warning keeps nothing from starting.

    `line` is 0 where a problem is not in a file.
    """

    file: str
    line: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {'warning: ' if self.warning else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was read, for problems that show only when files are put together."""

    document: Document
    location: Location = ()

    def __truediv__(self, part: str | int) -> "Place":
        return Place(self.document, (*self.location, part))

    def __str__(self) -> str:
        return f"{self.document.file}:{self.line}"

    @property
    def name(self) -> str:
        """The key under which it stands."""
        return str(self.location[-1])

    @property
    def line(self) -> int:
        """The line in the file, counted from 1."""
        return self.document.line(self.location)


class Problems:
    """All that was found so far."""

    def __init__(self) -> None:
        self._found: set[Problem] = set()
        self._elsewhere: dict[tuple[Path, Location], str] = {}

    def __iter__(self) -> Iterator[Problem]:
        return iter(sorted(self._found))

    def add(self, problem: Problem) -> None:
        """Keeps a problem; the same one twice is one."""
        self._found.add(problem)

    def lay_over(self, file: Path, origins: Mapping[Location, str]) -> None:
        """From now on, these values of a file count as being where they really came from."""
        self._elsewhere |= {(file, location): name for location, name in origins.items()}

    def error(self, place: Place, message: str) -> None:
        """Keeps something that must be mended first."""
        self._keep(YamlError(place.document.file, place.line, message, place.location))

    def warn(self, place: Place, message: str) -> None:
        """Keeps something worth knowing."""
        error = YamlError(place.document.file, place.line, message, place.location)
        self._keep(error, warning=True)

    def take(self, *errors: Exception) -> None:
        """Keeps the YamlErrors among these."""
        for error in errors:
            if isinstance(error, YamlError):
                self._keep(error)

    def _keep(self, error: YamlError, warning: bool = False) -> None:
        origins = (
            self._elsewhere.get((error.file, error.location[:end]))
            for end in range(len(error.location), 0, -1)
        )
        if origin := next(filter(None, origins), None):
            self.add(Problem(origin, 0, error.message, warning))
        else:
            self.add(Problem(str(error.file), error.line, error.message, warning))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What must be mended, by file and line."""
        return tuple(problem for problem in self if not problem.warning)


def read(
    path: Path,
    model: type[BaseModel],
    problems: Problems,
    context: Mapping[str, object] | None = None,
) -> Document | None:
    """The file, after everything that keeps it from being this model has been noted.

    None where there is nothing to go on with; an empty file is an empty mapping.
    """
    document = opened(path, problems)
    if document is None:
        return None
    checked(document, model, problems, context)
    return document if isinstance(document.data, dict) else None


def opened(path: Path, problems: Problems) -> Document | None:
    """The file as it stands, None if it cannot be read; an empty file is an empty mapping."""
    try:
        document = load(path)
    except YamlError as error:
        problems.take(error)
        return None
    return replace(document, data={} if document.data is None else document.data)


def checked(
    document: Document,
    model: type[M],
    problems: Problems,
    context: Mapping[str, object] | None = None,
    at: Location = (),
) -> M | None:
    """The document, or its value at this place, as this model.

    None where something keeps it from being that, all of which has been noted.
    """
    try:
        return check(document, model, at, context)
    except ExceptionGroup as group:
        problems.take(*group.exceptions)
        return None


def entries(
    document: Document, key: str, model: type[M], context: Mapping[str, object] | None = None
) -> Iterator[tuple[Place, M]]:
    """The sound entries of a list or mapping in a file, so that one bad entry hides no other."""
    for place, raw in parts(document, key):
        try:
            yield place, model.model_validate(raw, context=context)
        except ValidationError:
            continue


def part(
    document: Document, key: str, model: type[M], context: Mapping[str, object] | None = None
) -> M | None:
    """The value of a key, if there is one and it is sound."""
    raw = document.data.get(key) if isinstance(document.data, dict) else None
    try:
        return None if raw is None else model.model_validate(raw, context=context)
    except ValidationError:
        return None


def named(document: Document, key: str) -> Iterator[str]:
    """Every name in a list, also of entries that are not sound: what refers to one is no typo."""
    for _, raw in parts(document, key):
        if isinstance(raw, dict) and isinstance(raw.get("name"), str | int | float):
            yield str(raw["name"])


def parts(document: Document, key: str) -> Iterator[tuple[Place, object]]:
    """The entries of a list or mapping as they stand in the file, sound or not."""
    data = document.data
    value = data.get(key) if isinstance(data, dict) else None
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for part, raw in value.items():
            yield Place(document, (key, part)), raw
