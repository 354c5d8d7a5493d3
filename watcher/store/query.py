"""What a list is asked for, and the page that answers it."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from watcher.model.matcher import Matcher
from watcher.store.base import BadCursor

Item = TypeVar("Item")

_BIGGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Query:
    """All matchers must hold. `customer` None means all; `cursor` is `next` of the page before.

    `site` is what stands before an incident's number in its URL, for those who match on that.
    """

    matchers: tuple[Matcher, ...] = ()
    customer: str | None = None
    limit: int = 50
    cursor: str | None = None
    total: bool = False
    site: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """`next` is None on the last page. `total` is None unless asked for, and a lower bound unless
    `total_exact`.
    """

    items: tuple[Item, ...]
    next: str | None = None
    total: int | None = None
    total_exact: bool = True


def to_cursor(name: str, place: Sequence[int | str]) -> str:
    """An opaque text for a place in the list of that name."""
    return base64.urlsafe_b64encode(orjson.dumps([name, *place])).decode().rstrip("=")


def from_cursor(name: str, types: Sequence[type], cursor: str) -> tuple[int | str, ...]:
    """The place that a cursor stands for; raises BadCursor unless this list gave it out."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        found = orjson.loads(packed)
    except (binascii.Error, ValueError):
        raise BadCursor("this is no cursor") from None
    if not isinstance(found, list) or found[:1] != [name]:
        raise BadCursor("this cursor is not of this list")
    place = tuple(found[1:])
    if tuple(map(type, place)) != tuple(types) or not all(map(_is_storable, place)):
        raise BadCursor("this cursor has been changed")
    return place


def _is_storable(value: int | str) -> bool:
    return "\0" not in value if isinstance(value, str) else abs(value) <= _BIGGEST
