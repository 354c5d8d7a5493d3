"""Reads YAML without surprises: `no` is a string, a key stands once, every value knows its line.

What a file means is said by pydantic models; `check` turns their complaints into errors that name
file, line and, for a misspelt key, the key that was probably meant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from re import compile as pattern
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.error import MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from watcher.policy.suggest import did_you_mean

Location = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_MAX_VALUES = 300_000
_MAX_DEPTH = 100
_TAG = "tag:yaml.org,2002:"
_WORDS = {
    "model_type": "should be a mapping of keys to values",
    "dict_type": "should be a mapping of keys to values",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "string_type": "should be text",
    "string_too_short": "should not be empty",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
}


class YamlError(ValueError):
    """What is wrong with a file, on which line (counted from 1), and with which of its values."""

    def __init__(self, file: Path, line: int, message: str, location: Location = ()) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message
        self.location = location


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one file, and where each of its values stands."""

    file: Path
    data: object
    lines: Mapping[tuple[str, ...], int]

    def line(self, location: Location) -> int:
        """The line of the value at this path of keys and indexes, or of what should hold it."""
        names = tuple(str(part) for part in location)
        known = (names[:end] for end in range(len(names), -1, -1) if names[:end] in self.lines)
        return self.lines.get(next(known, ()), 1)


def load(path: Path) -> Document:
    """The one document in this file. Raises YamlError."""
    text = _text(path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(path, None, {})
        lines = _lines(node)
        return Document(path, loader.construct_document(node), lines)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlError(path, line, error.problem or "this is not YAML") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise YamlError(path, line, "there is a character here that YAML forbids") from None
    finally:
        loader.dispose()


def check(
    document: Document,
    model: type[M],
    at: Location = (),
    context: Mapping[str, object] | None = None,
) -> M:
    """The document, or its value at this place, as this model; validators are given the context.

    A missing key counts as an empty mapping. Raises an ExceptionGroup of all its YamlErrors.
    """
    try:
        return model.model_validate(_value(document.data, at), context=context)
    except ValidationError as error:
        schema = model.model_json_schema()
        errors = [_explain(document, at, schema, details) for details in error.errors()]
        raise ExceptionGroup(f"{document.file} is not valid", errors) from None


def _value(data: Any, location: Location) -> Any:
    for part in location:
        data = data.get(part, {}) if isinstance(data, dict) else data[part]
    return data


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise YamlError(path, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise YamlError(path, line, "this is not UTF-8") from None


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's few implicit types instead of YAML 1.1's many; keys that stand once."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - PyYAML's way

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuses merge keys and duplicates, with the line of the key."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == f"{_TAG}merge":
                raise _refused("merge keys (<<) are not supported", key_node)
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _refused(f"duplicate key {key!r}", key_node)
            seen.add(key)
        return super().construct_mapping(node, deep=True)


def _construct_map(loader: _Loader, node: MappingNode) -> dict[Any, Any]:
    return loader.construct_mapping(node)


_Loader.add_constructor(f"{_TAG}map", _construct_map)
for _tag, _regex, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("merge", r"<<", ["<"]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _tag, pattern(f"^(?:{_regex})$"), _first)


def _refused(problem: str, node: Node) -> MarkedYAMLError:
    return MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _lines(node: Node) -> dict[tuple[str, ...], int]:
    """Every value's line; an aliased value counts wherever it is used."""
    lines: dict[tuple[str, ...], int] = {}
    for location, line in _walk(node, node.start_mark.line, (), frozenset()):
        lines[location] = line + 1
        if len(lines) > _MAX_VALUES:
            raise _refused(f"more than {_MAX_VALUES} values, aliases included", node)
    return lines


def _walk(
    node: Node, line: int, location: tuple[str, ...], above: frozenset[int]
) -> Iterator[tuple[tuple[str, ...], int]]:
    if id(node) in above:
        raise _refused("an alias stands inside the value that it names", node)
    if len(location) > _MAX_DEPTH:
        raise _refused("the values are nested too deeply", node)
    above |= {id(node)}
    yield location, line
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, item.start_mark.line, (*location, str(index)), above)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise _refused("a key must be a plain value", key)
            yield from _walk(value, key.start_mark.line, (*location, key.value), above)


def _explain(
    document: Document, at: Location, schema: dict[str, Any], details: ErrorDetails
) -> YamlError:
    location = (*at, *details["loc"])
    path = ".".join(str(part) for part in location)
    where, _, name = path.rpartition(".")
    inside = f" in {where}" if where else ""
    if details["type"] == "extra_forbidden":
        hint = did_you_mean(name, _keys(schema, details["loc"][:-1]))
        message = f"unknown key {name!r}{inside}{hint}"
    elif details["type"] == "missing":
        message = f"{name!r} is missing{inside}"
    else:
        message = f"{path}: {_say(details)}" if path else _say(details)
    return YamlError(document.file, document.line(location), message, location)


def _say(details: ErrorDetails) -> str:
    """Pydantic's message in a file's words; the exception of an own validator speaks for itself."""
    if details["type"] == "value_error":
        return str(details["ctx"]["error"])
    return _WORDS.get(details["type"], details["msg"].removeprefix("Input "))


def _keys(schema: dict[str, Any], location: Location) -> list[str]:
    """The keys allowed at this place, read from the model's JSON Schema."""
    places = _variants(schema, schema)
    for part in location:
        inner = [place for outer in places for place in _inside(outer, part)]
        places = [variant for place in inner for variant in _variants(schema, place)]
    return [key for place in places for key in place.get("properties", {})]


def _inside(place: dict[str, Any], part: str | int) -> list[dict[str, Any]]:
    found = (
        place.get("properties", {}).get(part),
        place.get("additionalProperties"),
        place.get("items"),
    )
    return [inner for inner in found if isinstance(inner, dict)]


def _variants(schema: dict[str, Any], place: dict[str, Any]) -> list[dict[str, Any]]:
    """What a place may be, with references followed and alternatives listed."""
    if "$ref" in place:
        return _variants(schema, schema["$defs"][place["$ref"].rpartition("/")[2]])
    # Beside properties, alternatives only say which of those must be there.
    alternatives = [] if "properties" in place else place.get("anyOf", [])
    return [variant for one in alternatives for variant in _variants(schema, one)] or [place]
