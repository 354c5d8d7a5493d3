"""What every receiver is given and gives back, and the small readers that they share.

A receiver is pure: bytes and a context in, a Reading out, and `Unparsable` for everything that it
cannot understand.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

import orjson

from watcher.decide.keys import LIMIT
from watcher.model.event import Severity

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

KEY_LIMIT = LIMIT
NAME_LIMIT = 2048
LABEL_LIMIT = 4096
TEXT_LIMIT = 8192
_REASON_LIMIT = 1024
_SHOWN_LIMIT = 60

# No zone is further than 14 hours from UTC: a date beyond this was not written by a clock that
# merely stands in another zone.
_FUTURE = timedelta(hours=26)
_MILLISECONDS_FROM = 1e11

SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {severity.value: severity for severity in Severity}
    | dict.fromkeys(
        ("critical", "page", "emergency", "fatal", "alert", "p1", "sev1"), Severity.DISASTER
    )
    | dict.fromkeys(("error", "err", "major", "p2", "sev2"), Severity.HIGH)
    | dict.fromkeys(("medium", "p3", "sev3"), Severity.AVERAGE)
    | dict.fromkeys(("warn", "minor", "low", "p4", "sev4"), Severity.WARNING)
    | dict.fromkeys(
        ("info", "informational", "notice", "debug", "none", "ok", "p5", "sev5", "not classified"),
        Severity.INFORMATION,
    )
)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about a delivery besides its body; `options` is the adapter's own dataclass."""

    source: str
    received_at: datetime
    options: object


class Unparsable(Exception):
    """The body cannot be understood; the message is a plain sentence that names the field."""

    def __init__(self, reason: str) -> None:
        # Names out of the body may be part of it, and it is stored and shown.
        printable = "".join(
            letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in reason
        )
        super().__init__(clean(printable, _REASON_LIMIT))

    @property
    def reason(self) -> str:
        """The sentence for the dead letter."""
        return str(self)


def decode(body: bytes) -> object:
    """The JSON value in a body. Raises Unparsable."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unparsable(_decoding_reason(body, error)) from None


def _decoding_reason(body: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return f"the body is not UTF-8 text: byte {wrong.start} does not belong"
    if "depth" in error.msg or "ecursion" in error.msg:
        return "the body is nested too deeply"
    return f"the body is not JSON: {error}"


def members(value: object, where: str) -> dict[str, object]:
    """That value as an object. Raises Unparsable saying where something else stands."""
    if isinstance(value, dict):
        return value
    raise Unparsable(f"{where} is {_kind(value)}, not an object")


def elements(value: object, where: str) -> list[object]:
    """That value as a list. Raises Unparsable saying where something else stands."""
    if isinstance(value, list):
        return value
    raise Unparsable(f"{where} is {_kind(value)}, not a list")


def scalar(value: object, where: str) -> str:
    """A text, number or truth value as text, null as "". Raises Unparsable for the rest."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Unparsable(f"{where} is {_kind(value)}, not a text")


def labels(value: object, where: str) -> dict[str, str]:
    """An object of plain values as clean labels; nested values become JSON text, nulls nothing."""
    if value is None:
        return {}
    return {
        clean(name, KEY_LIMIT): clean(
            item if isinstance(item, str) else _rendered(item, where), LABEL_LIMIT
        )
        for name, item in members(value, where).items()
        if item is not None
    }


def _rendered(value: object, where: str) -> str:
    if not isinstance(value, dict | list):
        return scalar(value, where)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise Unparsable(f"{where} is nested too deeply") from None


def clean(text: str, limit: int) -> str:
    """Text that every store takes: no NUL, and no longer than the limit, marked where cut."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def shown(value: object) -> str:
    """A value as an error message may show it: short, quoted and printable."""
    if isinstance(value, dict | list) or value is None:
        return _kind(value)
    text = str(value)
    return repr(text if len(text) <= _SHOWN_LIMIT else f"{text[:_SHOWN_LIMIT]}…")


def link(text: object) -> str:
    """The text if it is a web address of bearable length, else nothing."""
    if not isinstance(text, str) or not text.startswith(("http://", "https://")):
        return ""
    return text.replace("\x00", "") if len(text) <= NAME_LIMIT else ""


def moment(value: object, received_at: datetime, zone: tzinfo = UTC) -> datetime | None:
    """The time that an ISO 8601 text or epoch seconds or milliseconds name, in UTC.

    A text without a zone is in `zone`. None stands for no time, one that cannot be read, Go's zero
    time, and one further ahead of the receipt than any time zone explains.
    """
    try:
        read = _iso(value, zone) if isinstance(value, str) else _epoch(value)
        utc = None if read is None or read.year == 1 else read.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None if utc is None or utc - received_at > _FUTURE else utc


def _iso(text: str, zone: tzinfo) -> datetime | None:
    if text.isascii() and text.isdecimal():
        return _epoch(float(text))
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _epoch(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return "nothing" if value is None else names.get(type(value), "a number")


def narrow(options: object, expected: type[T]) -> T:
    """The options as the adapter's own dataclass; anything else is a fault of the caller."""
    if isinstance(options, expected):
        return options
    raise TypeError(f"the options are {type(options).__name__}, not {expected.__qualname__}")


def known_options(given: Mapping[str, object], known: Iterable[str]) -> None:
    """Raises ValueError for the options that the adapter does not have, naming those it has."""
    allowed = sorted(known)
    unknown = sorted(str(name) for name in given if name not in allowed)
    if unknown:
        raise ValueError(f"unknown option {', '.join(unknown)}; there are: {', '.join(allowed)}")


def names_option(
    given: Mapping[str, object], name: str, default: tuple[str, ...]
) -> tuple[str, ...]:
    """An option that is a list of names. Raises ValueError."""
    value = given.get(name, default)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} must be a list of names")
    return tuple(value)


def zone_option(given: Mapping[str, object], name: str = "timezone") -> tzinfo:
    """An option that names a time zone, UTC where it is not given. Raises ValueError."""
    value = given.get(name, "UTC")
    if value == "UTC":
        return UTC
    try:
        return ZoneInfo(str(value))
    except (LookupError, ValueError, OSError):
        raise ValueError(f"{name} {shown(value)} is no IANA time zone") from None


def mapping_option(given: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An option that maps names to something, empty where it is not given. Raises ValueError."""
    value = given.get(name, {})
    if isinstance(value, Mapping) and all(isinstance(word, str) for word in value):
        return value
    raise ValueError(f"{name} must be a mapping whose keys are texts")


def words_option(
    given: Mapping[str, object], name: str, meanings: type[Word], default: Mapping[str, Word]
) -> Mapping[str, Word]:
    """An option that adds the source's own words to a table of meanings. Raises ValueError."""
    known = ", ".join(meanings)
    added = {}
    for word, meaning in mapping_option(given, name).items():
        if meaning not in list(meanings):
            raise ValueError(f"{name}: {shown(word)} must be one of: {known}; not {shown(meaning)}")
        added[word.lower()] = meanings(str(meaning))
    return MappingProxyType({**default, **added})


def samples(
    make: Callable[[str, datetime, int], bytes], names: Iterable[str]
) -> Mapping[str, bytes]:
    """An adapter's sample bodies by name, all of one outage that began five minutes earlier."""
    begun = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    now = begun + timedelta(minutes=5)
    return MappingProxyType({name: make(name, now, int(begun.timestamp())) for name in names})
