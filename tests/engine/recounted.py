"""Counts every incident anew from its occurrences, for tests that must not lose any."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.engine.streams import RULEBOOK
from watcher.decide.apart import apart
from watcher.decide.priority import pooled
from watcher.decide.recount import Ground
from watcher.engine.book import Book
from watcher.model.alert import Alert, Occurrence
from watcher.model.incident import Incident, Status
from watcher.store.store import Store

GROUND = Ground(RULEBOOK.policy, RULEBOOK.catalogue)


@dataclass(frozen=True)
class All:
    """Everything that is known, by its keys."""

    incidents: Mapping[int, Incident]
    alerts: Mapping[tuple[str, str], Alert]
    spans: Iterable[Occurrence]


def of_book(book: Book) -> All:
    """What a book holds."""
    return All(book.incidents, book.alerts, list(book.occurrences.values()))


def of_store(store: Store) -> All:
    """What a store holds of incidents and of all that belongs to one."""
    with store.begin() as tx:
        numbers = range(1, tx.numbers(1)[0])
        incidents = tx.incidents(numbers)
        spans = tx.members(numbers)
        alerts = tx.alerts({(span.customer, span.key) for span in spans})
    return All(incidents, alerts, spans)


def miscounts(known: All) -> list[str]:
    """Where stored counts are not those of the occurrences, and what is where it must not be."""
    found = []
    by_number: dict[int, list[Occurrence]] = {number: [] for number in known.incidents}
    for span in known.spans:
        if span.incident is not None:
            by_number[span.incident].append(span)
    for number, spans in by_number.items():
        incident = known.incidents[number]
        if incident.status is not Status.CLOSED:
            found += _wrong(incident, spans, known.alerts)
        elif incident.merged_into is not None and spans:
            found.append(f"#{number} was merged and has {len(spans)} spans")
        found += [f"{span.key} is back in #{number}" for span in spans if apart(span, incident)]
    for alert in known.alerts.values():
        home = known.incidents.get(alert.incident or 0)
        if home is not None and home.merged_into is not None:
            found.append(f"{alert.key} points to #{home.number}, which was merged")
    return found


def _wrong(
    incident: Incident, spans: list[Occurrence], alerts: Mapping[tuple[str, str], Alert]
) -> list[str]:
    mine = {(span.customer, span.key) for span in spans}
    hosts = tuple(sorted({host for key in mine if (host := alerts[key].host) is not None}))
    worst = max((span.worst.rank for span in spans), default=incident.severity.rank)
    ends = [span.ended_at for span in spans if span.ended_at is not None]
    pairs = {
        "firing": (incident.firing, sum(span.ended_at is None for span in spans)),
        "alerts": (incident.alerts, len(mine)),
        "hosts": (incident.hosts, hosts),
        "severity": (incident.severity.rank, worst),
        "stakes": (
            incident.stakes,
            pooled(GROUND.stake((alerts[span.customer, span.key], span)) for span in spans),
        ),
        "ended": (incident.ended_at is not None, bool(ends)),
        "over": (
            incident.status is Status.RESOLVED and incident.held_by is None,
            not any(span.ended_at is None for span in spans) and incident.held_by is None,
        ),
    }
    return [
        f"#{incident.number} {name}: {stored} is stored, {counted} counted"
        for name, (stored, counted) in pairs.items()
        if stored != counted
    ]
