"""Deliveries that tell of a time before anybody listened: kept for who wants to try rules on it.

Their ids lie before all others and grow with their time, so that nothing takes them for news.
"""

from collections.abc import Sequence

from watcher.model.delivery import Arrival
from watcher.store import rows
from watcher.store.link import DELIVERY, Link
from watcher.store.numbers import take_ids
from watcher.store.values import Row, to_micros

# What takes an id of that time to where the past is kept.
SHIFT = 1 << 62
# No process takes deliveries in this stream.
_STREAM = 0
_THERE = f"""
SELECT {", ".join(DELIVERY.columns)} FROM delivery
WHERE id < 0 AND id >= :first AND received_at >= :since AND received_at <= :until
"""  # noqa: S608 - names of the schema


def fresh(link: Link, arrivals: Sequence[Arrival]) -> list[Row]:
    """The rows of those arrivals, in the order of their time, that are not kept already."""
    since, until = arrivals[0].received_at, arrivals[-1].received_at
    [first] = take_ids(1, since, _STREAM, 0)
    asked = {"first": first - SHIFT, "since": to_micros(since), "until": to_micros(until)}
    there = [rows.to_delivery(row) for row in link.rows(_THERE, asked)]
    known = {(each.source, each.customer, each.received_at, each.body) for each in there}
    taken = {each.id + SHIFT for each in there}
    found, last = [], 0
    for each in arrivals:
        if (each.source, each.customer, each.received_at, each.body) not in known:
            [last] = take_ids(1, each.received_at, _STREAM, last)
            while last in taken:
                [last] = take_ids(1, each.received_at, _STREAM, last)
            found.append(rows.from_arrival(each, last - SHIFT, _STREAM))
    return found
