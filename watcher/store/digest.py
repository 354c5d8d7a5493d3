"""What a digest reads and writes: deliveries in, alerts and incidents out, all by sets of keys.

Each set is folded and sorted by key first, so that two writers of one set never wait for each
other in a ring. Over several sets they can: PostgreSQL then breaks one off with StoreUnavailable,
and all of its transaction is tried again.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import TypeVar

from watcher.decide.keys import recurrence_key
from watcher.decide.route import HELD
from watcher.model.action import Intent
from watcher.model.alert import Alert, Occurrence
from watcher.model.delivery import Delivery
from watcher.model.incident import Entry, Incident
from watcher.store import incident_rows, rows
from watcher.store.link import (
    ACTION,
    ALERT,
    DELIVERY,
    ENTRY,
    INCIDENT,
    OCCURRENCE,
    VERDICT,
    Link,
    Shape,
)
from watcher.store.values import Row, from_micros, to_micros

Noun = TypeVar("Noun")

_REPLAYS = f"""
SELECT {", ".join(f"d.{name}" for name in DELIVERY.columns)}
FROM verdict AS v CROSS JOIN delivery AS d
WHERE v.replay AND d.id = v.delivery ORDER BY v.delivery LIMIT :limit
"""  # noqa: S608 - names of the schema
# Their sizes are not looked at, so that only a few are taken at once.
_REPLAYS_AT_ONCE = 50
# The copy of a state may be older than its inbox, and not know the newest streams.
_CURSOR = """
INSERT INTO stream (id, opened_at, digested) VALUES (:stream, 0, :last)
ON CONFLICT (id) DO UPDATE SET digested = excluded.digested
WHERE stream.digested < excluded.digested
"""
_NUMBERS = """
INSERT INTO counter (name, value) VALUES ('incident', :count)
ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value RETURNING value
"""
_DUE_TO_CLOSE = f"""
SELECT {", ".join(INCIDENT.columns)} FROM incident {{using}}
WHERE status = 'resolved' AND resolved_at <= :before ORDER BY resolved_at LIMIT :limit
"""  # noqa: S608 - names of the schema
_LIVING = "status IN ('open', 'acknowledged')"
_DUE_FOR_REVIEW = f"""
SELECT {", ".join(INCIDENT.columns)} FROM incident {{using}}
WHERE {_LIVING} AND review_at <= :now ORDER BY review_at, number LIMIT :limit
"""  # noqa: S608 - names of the schema
_LIVING_AFTER = f"""
SELECT {", ".join(INCIDENT.columns)} FROM incident
WHERE {_LIVING} AND number > :after ORDER BY number LIMIT :limit
"""  # noqa: S608 - names of the schema

_HOSTS_AT_ONCE = 500
_LIVELY = f"""
SELECT {", ".join(INCIDENT.columns)} FROM incident {{using}}
WHERE status IN ('open', 'acknowledged', 'resolved') AND customer = :customer
AND last_at >= :since ORDER BY number
"""  # noqa: S608 - names of the schema
_BUSY = """
SELECT customer, max(last_at) FROM incident {using}
WHERE status IN ('open', 'acknowledged', 'resolved') GROUP BY customer
"""
_SPEAKING = """
SELECT DISTINCT a.source FROM occurrence AS o
JOIN alert AS a ON a.customer = o.customer AND a.key = o.key
WHERE o.incident = :number AND o.ended_at IS NULL ORDER BY a.source
"""
_REGROUPINGS = "SELECT value FROM counter WHERE name = 'regroupings'"
_REGROUPED = """
INSERT INTO counter (name, value) VALUES ('regroupings', 1)
ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value
"""


def open_stream(link: Link, now: datetime) -> tuple[int, int]:
    """A new stream of deliveries, and the id that all of its ids must exceed."""
    [(newest,)] = link.rows("SELECT max(id) FROM delivery")
    [(cursor,)] = link.rows("SELECT max(digested) FROM stream")
    [(number,)] = link.rows(
        "INSERT INTO stream (opened_at, digested) VALUES (:now, :cursor) RETURNING id",
        {"now": to_micros(now), "cursor": cursor or 0},
    )
    return number, max(newest or 0, cursor or 0)


def undigested(link: Link, limit: int, max_bytes: int) -> list[Delivery]:
    """Those to be digested again, then those that no digest has seen, oldest first."""
    found = link.rows(_REPLAYS, {"limit": min(limit, _REPLAYS_AT_ONCE)})
    if len(found) < limit:
        found += link.head(limit - len(found), max_bytes)
    return [rows.to_delivery(row) for row in found]


def digested(link: Link, deliveries: Iterable[Delivery]) -> None:
    """Moves the cursor of each stream; a replay without a new verdict is no longer dead."""
    seen: dict[int, int] = {}
    numbers = set()
    for delivery in deliveries:
        numbers.add(delivery.id)
        seen[delivery.stream] = max(delivery.id, seen.get(delivery.stream, 0))
    for stream, last in sorted(seen.items()):
        link.run(_CURSOR, {"stream": stream, "last": last})
    for (number,) in link.rows("SELECT delivery FROM verdict WHERE replay ORDER BY delivery"):
        if number in numbers:
            link.run("DELETE FROM verdict WHERE delivery = :number", {"number": number})


def verdict(link: Link, delivery: int, dead: bool, reason: str, now: datetime) -> None:
    """Says what came of a delivery, in words that every database takes."""
    said = reason.replace("\0", "\ufffd").encode(errors="replace").decode()
    link.upsert(VERDICT, [(delivery, dead, said, to_micros(now), False)])


def replay(link: Link, delivery: int) -> bool:
    """Marks a dead delivery to be digested again; false if it is not dead or is gone."""
    marked = link.run(
        "UPDATE verdict SET replay = true WHERE delivery = :delivery AND dead"
        " AND EXISTS (SELECT 1 FROM delivery WHERE id = :delivery)",
        {"delivery": delivery},
    )
    return marked == 1


def find(
    link: Link, shape: Shape, keys: Iterable[Row], decode: Callable[[Row], Noun]
) -> list[Noun]:
    """What is stored under these primary keys."""
    return [decode(row) for row in link.find(shape, shape.key, sorted(set(keys)))]


def keys_of(link: Link, spans: Collection[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    """The keys of the conditions that these (customer, source, occurrence) are spans of."""
    sources = {source: f"{recurrence_key(source)}:" for _, source, _ in spans}
    asked = sorted({(occurrence, customer) for customer, _, occurrence in spans})
    found = {
        (row[0], source, row[2]): row[1]
        for row in sorted(link.find(OCCURRENCE, ("occurrence", "customer"), asked), reverse=True)
        for source, start in sources.items()
        if row[1].startswith(start)
    }
    return {span: found[span] for span in spans if span in found}


def save(link: Link, shape: Shape, nouns: Iterable[Noun], encode: Callable[[Noun], Row]) -> None:
    """Stores each noun under its primary key, the last one where there are several."""
    width = len(shape.key)
    folded = {tuple(row[:width]): row for row in map(encode, nouns)}
    link.upsert(shape, [folded[key] for key in sorted(folded)])


def members(link: Link, numbers: Collection[int]) -> list[Occurrence]:
    """The occurrences that belong to these incidents, in the order in which they joined."""
    keys = [(number,) for number in sorted(set(numbers))]
    found = map(rows.to_occurrence, link.find(OCCURRENCE, ("incident",), keys))
    return sorted(found, key=lambda each: (each.joined_at or each.heard_at, each.key))


def speaking(link: Link, number: int) -> list[str]:
    """The sources of the spans of an incident that fire."""
    return [source for (source,) in link.rows(_SPEAKING, {"number": number})]


def lively(link: Link, customer: str, since: datetime) -> list[Incident]:
    """The incidents of a customer that are not closed and saw a start since then."""
    params = {"customer": customer, "since": to_micros(since)}
    sql = _LIVELY.format(using=link.using("incident_lively"))
    return list(map(incident_rows.to_incident, link.rows(sql, params)))


def busy(link: Link) -> dict[str, datetime]:
    """The customers with incidents that are not closed, each with its newest start."""
    found = link.rows(_BUSY.format(using=link.using("incident_lively")))
    return {customer: from_micros(last_at) for customer, last_at in found}


def begun(link: Link, customer: str, hosts: Collection[str]) -> list[tuple[str, int]]:
    """How many spans ever began on each of these hosts, where any did."""
    found: list[tuple[str, int]] = []
    wanted = sorted(hosts)
    for first in range(0, len(wanted), _HOSTS_AT_ONCE):
        some = wanted[first : first + _HOSTS_AT_ONCE]
        marks = ", ".join(f":host{n}" for n, _ in enumerate(some))
        found += link.rows(
            f"SELECT host, sum(count) FROM alert WHERE customer = :customer AND host IN ({marks})"  # noqa: S608 - marks of ours
            " GROUP BY host",
            {"customer": customer} | {f"host{n}": host for n, host in enumerate(some)},
        )
    return [(host, int(count)) for host, count in found]


def regroupings(link: Link) -> int:
    """How often people changed which incidents there are."""
    return sum(value for (value,) in link.rows(_REGROUPINGS, {}))


def regrouped(link: Link) -> None:
    """Counts that."""
    link.rows(_REGROUPED, {})


def firing(link: Link) -> list[Alert]:
    """Every alert that fires."""
    sql = f"SELECT {', '.join(ALERT.columns)} FROM alert WHERE status = 'firing'"  # noqa: S608 - names of the schema
    return list(map(rows.to_alert, link.rows(sql)))


def due_to_close(link: Link, before: datetime, limit: int) -> list[Incident]:
    """The incidents that have been resolved since then or longer, the oldest first."""
    due = _DUE_TO_CLOSE.format(using=link.using("incident_resolved"))
    found = link.rows(due, {"before": to_micros(before), "limit": limit})
    return [incident_rows.to_incident(row) for row in found]


def due_for_review(link: Link, now: datetime, limit: int) -> list[Incident]:
    """The living incidents whose priority the clock may have changed, the longest due first."""
    due = _DUE_FOR_REVIEW.format(using=link.using("incident_review"))
    return list(
        map(incident_rows.to_incident, link.rows(due, {"now": to_micros(now), "limit": limit}))
    )


def living(link: Link, after: int, limit: int) -> list[Incident]:
    """The living incidents with greater numbers, in their order."""
    found = link.rows(_LIVING_AFTER, {"after": after, "limit": limit})
    return list(map(incident_rows.to_incident, found))


def take_numbers(link: Link, count: int) -> range:
    """So many new incident numbers."""
    [(last,)] = link.rows(_NUMBERS, {"count": count})
    return range(last - count + 1, last + 1)


def add_entries(link: Link, entries: Iterable[Entry]) -> None:
    """Writes lines on timelines, those with a known key only once."""
    link.add(ENTRY, [incident_rows.from_entry(entry) for entry in entries])


def take_back(link: Link, incident: int) -> int:
    """Takes out messages that wait for the end of a hold; one that is being sent stays."""
    return link.run(
        "DELETE FROM action WHERE incident = :incident AND status = 'waiting' AND lane LIKE :lane",
        {"incident": incident, "lane": f"notify/%{HELD}"},
    )


def queue(link: Link, intents: Iterable[Intent], now: datetime) -> int:
    """Writes actions into the outbox in the order given, each key only once."""
    return link.add(ACTION, [rows.from_intent(intent, now) for intent in intents])


def merge(link: Link, source: int, into: int) -> None:
    """Hands all alerts of an incident to another, and tells nobody any more of the first."""
    incidents = {"source": source, "into": into}
    link.run("UPDATE alert SET incident = :into WHERE incident = :source", incidents)
    link.run("UPDATE occurrence SET incident = :into WHERE incident = :source", incidents)
    link.run(
        "UPDATE action SET status = 'done', reason = :reason WHERE incident = :source"
        " AND kind = 'notify' AND status IN ('waiting', 'retry')",
        {"source": source, "reason": f"merged into {into}"},
    )
    # Whoever looks at what is left must find what waits for him.
    link.run(
        "UPDATE action SET incident = :into WHERE incident = :source AND status = 'held'", incidents
    )
