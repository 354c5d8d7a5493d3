"""How single values are written in files: durations, sizes, names and paths."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
)

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"([0-9]+)(KiB|MiB)?")
_BYTES = {None: 1, "KiB": 1024, "MiB": 1024 * 1024}


class Strict(BaseModel):
    """What a part of a file may say; a key that is not named here is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class EnvText(str):
    """Text from the environment: a path in it is relative to the working directory."""

    __slots__ = ()


def parse_duration(value: object) -> timedelta:
    """A number with a unit, as in 30s, 5m or 1.5h. Raises ValueError."""
    if match := _DURATION.fullmatch(str(value)):
        return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    raise ValueError(f"{value!r} is no duration; write a number with its unit: 30s, 5m, 2h or 7d")


def lasting(value: timedelta) -> timedelta:
    """A duration that is longer than none. Raises ValueError."""
    if value <= timedelta():
        raise ValueError("should be longer than 0s")
    return value


def write_duration(value: timedelta) -> str:
    """The same as `parse_duration` reads it, in the largest unit that does without fractions."""
    seconds = value.total_seconds()
    unit = next(each for each in reversed(_SECONDS) if (seconds / _SECONDS[each]).is_integer())
    return f"{seconds / _SECONDS[unit]:.0f}{unit}"


def parse_size(value: object) -> int:
    """A number of bytes, KiB or MiB. Raises ValueError."""
    if match := _SIZE.fullmatch(str(value)):
        return int(match[1]) * _BYTES[match[2]]
    raise ValueError(f"{value!r} is no size; write bytes or a unit: 65536, 512KiB or 1MiB")


def one_or_many(value: object) -> object:
    """A list, also of a single value."""
    return value if isinstance(value, list | tuple) else [value]


def resolve_path(value: object, info: ValidationInfo) -> Path:
    """A path, relative to the folder in the context. Raises ValueError."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("should be a path")
    base = Path.cwd() if isinstance(value, EnvText) else Path(str((info.context or {})["base"]))
    return base / Path(value).expanduser()


Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Duration = Annotated[
    timedelta,
    BeforeValidator(
        parse_duration,
        json_schema_input_type=Annotated[str, Field(pattern=f"^{_DURATION.pattern}$")],
    ),
]
Span = Annotated[Duration, AfterValidator(lasting)]
Size = Annotated[int, BeforeValidator(parse_size, json_schema_input_type=str), Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65535)]
FilePath = Annotated[Path, PlainValidator(resolve_path, json_schema_input_type=str)]
FilePaths = Annotated[tuple[FilePath, ...], BeforeValidator(one_or_many)]
Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(one_or_many, json_schema_input_type=Name | tuple[Name, ...]),
]
