"""Where the fields of any JSON lie: dotted paths, the first of several, or constants."""

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.receivers import base


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value lies; from the top of the body where `rooted`, else from the item."""

    steps: tuple[str, ...]
    rooted: bool = False

    def __str__(self) -> str:
        return ".".join(("$", *self.steps) if self.rooted else self.steps)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the body need not hold."""

    value: object


Finder = tuple[Path | Constant, ...]


def anywhere(*names: str) -> Finder:
    """The first of these names that the item has."""
    return tuple(Path((name,)) for name in names)


def fields_option(given: Mapping[str, object], known: Mapping[str, Finder]) -> Mapping[str, Finder]:
    """The option `fields`: the known ones, and where they lie instead. Raises ValueError."""
    fields = base.mapping_option(given, "fields")
    if unknown := sorted(fields.keys() - known.keys()):
        raise ValueError(f"fields: unknown {', '.join(unknown)}; there are: {', '.join(known)}")
    return {**known, **{name: finder("fields", name, at) for name, at in fields.items()}}


def items_option(given: Mapping[str, object]) -> Path | None:
    """The option `items`, the path of a list. Raises ValueError."""
    items = given.get("items")
    if items is not None and not isinstance(items, str):
        raise ValueError("items must be the path of a list")
    return None if items is None else to_path(items)


def finder(option: str, name: str, value: object) -> Finder:
    """A path, a list of paths of which the first that leads somewhere counts, or a constant.
    Raises ValueError.
    """
    if isinstance(value, Mapping) and value.keys() == {"value"}:
        return (Constant(value["value"]),)
    paths = [value] if isinstance(value, str) else value
    if isinstance(paths, list) and paths and all(isinstance(path, str) for path in paths):
        return tuple(to_path(path) for path in paths)
    raise ValueError(f"{option}.{name} must be a path, a list of paths or {{value: …}}")


def to_path(text: str) -> Path:
    """`a.b.0` or `a.b[0]` from the item, `$.a` from the top of the body."""
    steps = tuple(text.replace("[", ".").replace("]", "").split("."))
    return Path(steps[1:], rooted=True) if steps[0] == "$" else Path(steps)


def listed(root: object, items: Path | None) -> list[tuple[str, object]]:
    """The items of a body, each with the words for where it stands. Raises Unparsable."""
    if items is None and not isinstance(root, list):
        return [("the body", root)]
    found, name = (root, "body") if items is None else (walk(root, items), str(items))
    return [(f"{name}[{index}]", each) for index, each in enumerate(base.elements(found, name))]


def first(finder: Finder, root: object, item: object) -> object:
    """The first value that is there."""
    for place in finder:
        if isinstance(place, Constant):
            return place.value
        found = walk(root if place.rooted else item, place)
        if found is not None:
            return found
    return None


def walk(value: object, path: Path) -> object:
    """What lies at the end of the path, None where it leads nowhere."""
    for step in path.steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
