"""Reads what was agreed with customers: how soon incidents are acknowledged and resolved."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from pydantic import Field

from watcher.model.catalogue import Calendar, Sla
from watcher.model.incident import Priority
from watcher.policy.problems import Place, Problems, entries, named
from watcher.policy.values import Name, Span, Strict
from watcher.policy.yamlfile import Document


class SlaEntry(Strict):
    """Times by priority, under a name for services and customers to refer to."""

    name: Name
    calendar: Name | None = None
    acknowledge: dict[Priority, Span] = Field({}, description="As in {P1: 15m, P2: 30m}.")
    resolve: dict[Priority, Span] = Field({}, description="As in {P1: 4h, P3: 3d}.")


def read_slas(
    files: Sequence[Document], calendars: Mapping[str, Calendar], problems: Problems
) -> dict[str, Sla]:
    """The SLAs by name; those that are unsound count as being there, and promise nothing."""
    slas: dict[str, Sla] = {}
    for document in files:
        for place, entry in entries(document, "slas", SlaEntry):
            if entry.name in slas:
                problems.error(place, f"SLA {entry.name!r} is described twice")
            for where, message in _too_long(entry, place):
                problems.error(where, message)
            for where, message in _too_soon(entry, place):
                problems.warn(where, message)
            calendar = calendars.get(entry.calendar or "")
            slas[entry.name] = Sla(entry.name, entry.acknowledge, entry.resolve, calendar)
    for document in files:
        for name in named(document, "slas"):
            slas.setdefault(name, Sla(name))
    return slas


def _too_long(entry: SlaEntry, place: Place) -> Iterator[tuple[Place, str]]:
    for priority, within in entry.acknowledge.items():
        if within > entry.resolve.get(priority, within):
            text = f"{priority} would be resolved before it has to be acknowledged"
            yield place / "acknowledge" / priority.value, text


def _too_soon(entry: SlaEntry, place: Place) -> Iterator[tuple[Place, str]]:
    """What is promised of a priority holds of those that are more urgent as well."""
    for duty, times in (("acknowledge", entry.acknowledge), ("resolve", entry.resolve)):
        for urgent, less in combinations(sorted(times), 2):
            if times[less] < times[urgent]:
                text = f"{less} has less time than {urgent}, which is then due as soon as {less}"
                yield place / duty / less.value, text
