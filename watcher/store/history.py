"""Deliveries as they came in, read in chunks by whoever wants to go through them again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.model.delivery import Delivery
from watcher.store import rows
from watcher.store.link import DELIVERY, Link
from watcher.store.numbers import first_id
from watcher.store.values import Row, to_micros

# Ids follow the clock of whoever gave them, which may have been put back for a while.
_SLACK = timedelta(days=1)
_WHERE = """
FROM delivery WHERE id > :after AND id < :before
AND received_at >= :since AND received_at <= :until
AND (CAST(:customer AS text) IS NULL OR customer = :customer)
ORDER BY id LIMIT :limit
"""
_SIZES = f"SELECT id, length(body) {_WHERE}"
_CHUNK = f"SELECT {', '.join(DELIVERY.columns)} {_WHERE}"


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when deliveries were received, and whose (None: everybody's)."""

    since: datetime
    until: datetime
    customer: str | None = None


def chunk(
    link: Link, period: Period, after: int | None, limit: int, max_bytes: int, shift: int = 0
) -> list[Delivery]:
    """The next deliveries of a period after that id, in the order of their ids; the first is given
    however big it is. With the `shift` of the archive, those that are kept there.
    """
    first = first_id(period.since - _SLACK) - shift
    asked = {
        "after": first if after is None else max(after, first),
        "before": first_id(period.until + _SLACK) - shift,
        "since": to_micros(period.since),
        "until": to_micros(period.until),
        "customer": period.customer,
    }
    count = sum(1 for _ in _fitting(link.rows(_SIZES, {**asked, "limit": limit}), max_bytes))
    return [rows.to_delivery(row) for row in link.rows(_CHUNK, {**asked, "limit": count})]


def _fitting(sizes: list[Row], max_bytes: int) -> Iterator[int]:
    """The ids of the first rows that are not too much together."""
    taken = 0
    for number, size in sizes:
        if taken and taken + size > max_bytes:
            return
        taken += size
        yield number
