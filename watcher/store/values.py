"""Values of columns: times as microseconds, everything compound as JSON text."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from watcher.model.reason import Reason
from watcher.store.base import Unstorable

Row = tuple[Any, ...]

MICROSECOND = timedelta(microseconds=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Whole microseconds since the epoch."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The moment, in UTC, that many microseconds after the epoch."""
    return _EPOCH + timedelta(0, 0, micros)


def to_json(value: object) -> str:
    """JSON text of maps, lists, dataclasses and moments. Raises Unstorable for half a letter."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise Unstorable(f"this is no JSON: {error}") from error


def from_mapping(value: Mapping[str, str]) -> str:
    """JSON text of a map of strings."""
    return to_json(dict(value)) if value else "{}"


def to_mapping(text: str) -> dict[str, str]:
    """The map of strings behind its JSON text."""
    found: dict[str, str] = orjson.loads(text) if text != "{}" else {}
    return found


def or_micros(moment: datetime | None) -> int | None:
    """The same of a moment that may be unknown."""
    return None if moment is None else to_micros(moment)


def or_moment(micros: int | None) -> datetime | None:
    """The moment of that, if there is one."""
    return None if micros is None else from_micros(micros)


def to_reason(found: Mapping[str, Any]) -> Reason:
    """The reason behind its JSON."""
    edge = found["edge"]
    return Reason(
        rule=found["rule"],
        text=found["text"],
        keys=tuple(found["keys"]),
        edge=None if edge is None else (edge[0], edge[1]),
        gap=found["gap"],
    )
