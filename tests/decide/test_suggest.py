"""Which incidents are likely meant: what they share with the one in question, and when."""

from dataclasses import replace
from typing import Any

from tests.decide.given import at, incident
from watcher.decide.suggest import suggest
from watcher.model.incident import Incident, Status

OF = replace(incident(1), hosts=("db01", "web01"), service="shop")


def other(number: int, minute: float, **fields: Any) -> Incident:
    """Another incident, of another host, that began then."""
    blank = replace(incident(number, minute, minute), hosts=("other",))
    return replace(blank, **fields)


def test_what_has_most_in_common_comes_first() -> None:
    """A service and a host say more than a host, that more than a time, the nearest before all."""
    far, near = other(2, 300), other(3, 10)
    host, both = other(4, 200, hosts=("db01",)), other(5, 200, hosts=("db01",), service="shop")
    found = suggest(OF, frozenset({"db01"}), [far, near, host, both], 9)

    assert [5, 4, 3, 2] == [each.incident.number for each in found]
    why = [("same host db01", "same service shop"), ("same host db01",), ("10 min apart",), ()]
    assert why == [each.why for each in found]


def test_what_cannot_be_meant_is_left_out() -> None:
    """The incident itself, what is closed, and more than anybody reads."""
    closed = other(2, 0, status=Status.CLOSED)
    found = suggest(OF, frozenset(), [OF, closed, other(3, 0), other(4, 0)], 1)

    assert [4] == [each.incident.number for each in found]


def test_a_reason_stays_short() -> None:
    """Forty hosts are not spelled out; runs that overlap are at the same time."""
    hosts = tuple(f"h{number}" for number in range(6))
    [found] = suggest(replace(OF, last_at=at(9)), frozenset(hosts), [other(2, 5, hosts=hosts)], 1)

    assert ("same hosts h0, h1, h2 and 3 more", "at the same time") == found.why
