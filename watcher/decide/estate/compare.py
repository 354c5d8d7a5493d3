"""Compares what somebody else describes with what stands in our files.

What people wrote wins and is left as it is. Whatever could mean two things is said, never settled.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from watcher.decide.estate import hosts, services
from watcher.decide.estate.services import Ground
from watcher.model.catalogue import Customer, Host, Service
from watcher.model.estate import Change, Estate, Known, Line, Proposal, Whose


def compare(estate: Estate, known: Known, whose: Whose, rated: int | None = None) -> Proposal:
    """What we could take over of an estate; the same twice gives the same. Services of which
    nobody says how critical they are get `rated`, or are left to people.
    """
    machines = hosts.take(estate.hosts, known, whose, estate.who)
    lines = machines.lines
    old = [each.thing for each in known.services if each.own]
    if estate.services is not None:
        ground = Ground(machines.identities, known, whose, estate.who, rated)
        found = [*estate.services, *services.carriers(estate.hosts)]
        taken = services.take(found, ground)
        old, lines = taken.entries, lines + taken.lines
    customers = list(_customers(known, [*machines.entries, *old], lines))
    return Proposal(
        tuple(sorted(customers, key=lambda each: each.name)),
        tuple(sorted(machines.entries, key=lambda each: (each.customer, each.name))),
        tuple(sorted(old, key=lambda each: (each.customer, each.name))),
        tuple(sorted(lines, key=_order)),
    )


def _customers(
    known: Known, entries: Iterable[Host | Service], lines: list[Line]
) -> Iterator[Customer]:
    """Those that no other file describes. One that was once taken over stays: others name it."""
    there = {each.thing.name for each in known.customers}
    yield from (each.thing for each in known.customers if each.own)
    for name, count in Counter(each.customer for each in entries).items():
        if name not in there:
            why = f"{count} of the entries {'is' if count == 1 else 'are'} of this customer"
            lines.append(Line(name, f"customer {name}", Change.NEW, why))
            yield Customer(name)


def _order(line: Line) -> tuple[int, str, str, str]:
    return list(Change).index(line.change), line.customer, line.what, line.why
