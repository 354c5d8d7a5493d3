"""How the single values of a runbook are written: names, times, sizes, globs and expressions."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.config import JsonDict

from watcher.decide.match import parse
from watcher.kit.ambiguity import fault
from watcher.model.matcher import Matcher
from watcher.model.runbook import FACTS
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Duration, Name, one_or_many

_LONGEST = timedelta(hours=1)
_SIZE = re.compile(r"([1-9][0-9]{0,8})(k|M)?")
_BYTES = {None: 1, "k": 1024, "M": 1024 * 1024}


def one_of(how: Literal["oneOf", "anyOf"], *keys: str) -> JsonDict:
    """What tells an editor that one of these keys must be there."""
    return {how: [{"required": [key]} for key in keys]}


def _size(value: object) -> int:
    if match := _SIZE.fullmatch(str(value)):
        return int(match[1]) * _BYTES[match[2]]
    raise ValueError(f"{value!r} is no size; write bytes or a unit: 800, 16k or 1M")


def _sensible(value: timedelta) -> timedelta:
    if not timedelta() < value <= _LONGEST:
        raise ValueError(f"should be more than nothing and at most {_LONGEST}")
    return value


def regex(value: str) -> str:
    """A regular expression that comes to an end. Raises ValueError."""
    if wrong := fault(value):
        raise ValueError(wrong)
    return value


def _facts(value: object) -> tuple[Matcher, ...]:
    """Matchers on what a host says of itself. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("should be a matcher in quotes, such as 'os_family=\"debian\"'")  # noqa: TRY004 - what pydantic reports
    matchers = parse(value)
    for matcher in matchers:
        if matcher.name not in FACTS:
            hint = did_you_mean(matcher.name, FACTS)
            raise ValueError(f"a host has no {matcher.name!r}{hint or '; it has ' + _LISTED}")
    return matchers


def _plain(value: object) -> object:
    """Values as they are compared: `true` is the text "true"."""
    return str(value).lower() if isinstance(value, bool) else value


def _not_empty(value: tuple[object, ...]) -> tuple[object, ...]:
    if not value:
        raise ValueError("should not be empty")
    return value


def _forbidden(_: object) -> None:
    raise ValueError("is no key here, and other readers of YAML take it for `true`; write `events`")


_LISTED = ", ".join(FACTS)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
Ident = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Title = Annotated[Name, StringConstraints(max_length=100)]
ShellText = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Sentence = Annotated[Name, StringConstraints(max_length=300)]
Regex = Annotated[str, StringConstraints(min_length=1), AfterValidator(regex)]
Plain = Annotated[str, BeforeValidator(_plain, json_schema_input_type=str | int | float | bool)]
Time = Annotated[Duration, AfterValidator(_sensible)]
Size = Annotated[
    int,
    BeforeValidator(
        _size, json_schema_input_type=int | Annotated[str, Field(pattern=f"^{_SIZE.pattern}$")]
    ),
]
ExitCode = Annotated[int, Field(ge=0, le=255)]

# Not by pydantic's own bound, which also complains where the only entry is unsound.
NOT_EMPTY = AfterValidator(_not_empty)
IN_SCHEMA = Field(json_schema_extra={"minItems": 1})

_Many = Annotated[tuple[Name, ...], NOT_EMPTY, IN_SCHEMA]
Some = Annotated[_Many, BeforeValidator(one_or_many, json_schema_input_type=Name | _Many)]
"""One text, or a list of some."""

CommandName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./+-]+$", max_length=80)]
_Commands = Annotated[tuple[CommandName, ...], NOT_EMPTY, IN_SCHEMA]
Commands = Annotated[
    _Commands, BeforeValidator(one_or_many, json_schema_input_type=CommandName | _Commands)
]

_FactText = Annotated[
    tuple[Matcher, ...],
    PlainValidator(_facts),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^\s*\{{?\s*({'|'.join(FACTS)})\s*(=~|!~|!=|=)",
            "description": f"Matchers in Alertmanager's syntax on {_LISTED}.",
            "examples": ['os_family="debian"', 'container!="none"'],
        }
    ),
]
_FactTexts = Annotated[tuple[_FactText, ...], NOT_EMPTY, IN_SCHEMA]
OnHost = Annotated[
    _FactTexts, BeforeValidator(one_or_many, json_schema_input_type=_FactText | _FactTexts)
]
"""Matchers on the facts of a host, all of which must hold."""

Forbidden = Annotated[None, PlainValidator(_forbidden), WithJsonSchema({"not": {}})]
"""What is likely to be written, and is wrong."""
