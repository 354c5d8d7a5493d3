"""Lays the variables WATCHER_… over the configuration file, remembering which value came whence."""

import json
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from watcher.policy.problems import Problem, Problems
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import EnvText
from watcher.policy.yamlfile import Document, Location

PREFIX = "WATCHER_"
CONFIG = "WATCHER_CONFIG"

# So alike are a name and its misspelling; a secret's WATCHER_DB_URL is no `database_url`.
_MISSPELT = 0.85


def overlay(
    document: Document, env: Mapping[str, str], keys: Collection[str], problems: Problems
) -> Document:
    """The document under the variables that name one of these keys; `__` leads to a key inside.

    A variable that nearly names a key is an error; others are somebody else's.
    """
    data: Any = deepcopy(document.data)
    origins: dict[Location, str] = {}
    for name, key, text in _ours(env):
        path = key.split("__")
        if path[0] not in keys:
            if hint := did_you_mean(path[0], keys, _MISSPELT):
                problems.add(
                    Problem(f"environment {name}", 0, f"there is no key {path[0]!r}{hint}")
                )
            continue
        try:
            origins[_put(data, path, _value(text))] = f"environment {name}"
        except ValueError as error:
            problems.add(Problem(f"environment {name}", 0, str(error)))
    problems.lay_over(document.file, origins)
    return replace(document, data=data)


def _ours(env: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in sorted(env):
        if name.startswith(PREFIX) and name != CONFIG and env[name]:
            yield name, name.removeprefix(PREFIX).lower(), env[name]


def _value(text: str) -> object:
    """Lists and mappings are JSON, everything else (an IPv6 address, too) is the text itself."""
    if (text.strip()[:1], text.strip()[-1:]) not in (("[", "]"), ("{", "}")):
        return EnvText(text)
    try:
        return _marked(json.loads(text))
    except json.JSONDecodeError as error:
        raise ValueError(f"a list or mapping should be JSON: {error.msg}") from None


def _marked(value: object) -> object:
    if isinstance(value, str):
        return EnvText(value)
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    return value


def _put(data: Any, path: list[str], value: object) -> Location:
    """Sets the value at that path, and says where what is new begins. Raises ValueError."""
    location: list[str | int] = []
    new = False
    for part in path[:-1]:
        key = _key(data, part)
        inner = data[key] if isinstance(data, list) else data.get(key)
        location += [] if new else [key]
        if not isinstance(inner, dict | list):
            new, inner = True, {}
            data[key] = inner
        data = inner
    key = _key(data, path[-1])
    data[key] = value
    return tuple(location if new else [*location, key])


def _key(data: object, part: str) -> Any:
    if not isinstance(data, list):
        return part
    if part.isascii() and part.isdigit() and int(part) < len(data):
        return int(part)
    raise ValueError(f"{part!r} is no number of one of the {len(data)} entries, counted from 0")
