"""The ids of deliveries: they grow with time, and no two streams give out the same.

An id is milliseconds since 2020, then ten bits of the stream, then a counter of twelve bits.
"""

from datetime import UTC, datetime

from watcher.store.values import to_micros

_START = to_micros(datetime(2020, 1, 1, tzinfo=UTC)) // 1000
_COUNTER = 12
_TIME = 22
_COUNTERS = (1 << _COUNTER) - 1
_STREAMS = (1 << _TIME) - 1 - _COUNTERS


def first_id(moment: datetime) -> int:
    """The lowest id that a delivery of that moment can have."""
    return (to_micros(moment) // 1000 - _START) << _TIME


def take_ids(count: int, moment: datetime, stream: int, after: int) -> list[int]:
    """So many new ids in growing order, all greater than `after` even if the clock jumped back."""
    own = stream << _COUNTER & _STREAMS
    if after & _STREAMS != own:
        after |= _STREAMS | _COUNTERS
    # A slot is an id without the bits of the stream.
    used = after >> _TIME << _COUNTER | after & _COUNTERS
    slot = max(first_id(moment) >> (_TIME - _COUNTER), used + 1)
    return [
        each >> _COUNTER << _TIME | own | each & _COUNTERS for each in range(slot, slot + count)
    ]
