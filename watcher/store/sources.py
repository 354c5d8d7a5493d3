"""What is kept of sources: when they spoke, how far they were asked, and what they did not tell.

The two halves of a row have a writer each: the digest hears, whoever asks asks.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from watcher.model.alert import Alert
from watcher.model.concern import Letters
from watcher.model.delivery import ORIGIN, RECONCILED, Delivery
from watcher.model.source import Ahead, Asked, Drift, Heard, Missed, SourceState
from watcher.model.survey import Held
from watcher.store import rows
from watcher.store.link import ALERT, DELIVERY, Link
from watcher.store.numbers import first_id
from watcher.store.values import (
    MICROSECOND,
    Row,
    from_micros,
    or_micros,
    or_moment,
    to_json,
    to_mapping,
    to_micros,
)
from watcher.store.words import WORDS

_STATE = """
SELECT name, heard_at, pauses, cursor, asked_at, complete_at, took, trouble, problem, problem_since,
absent, left_out FROM source
"""
_LEFT_OUT = """
INSERT INTO source (name, pauses, cursor, trouble, problem, absent, left_out)
VALUES (:name, '', '', '', '', '{}', :left_out)
ON CONFLICT (name) DO UPDATE SET left_out = excluded.left_out
"""
_HEARD = """
INSERT INTO source (name, heard_at, pauses, cursor, trouble, problem, absent)
VALUES (:name, :heard_at, :pauses, '', '', '', '{}')
ON CONFLICT (name) DO UPDATE SET heard_at = excluded.heard_at, pauses = excluded.pauses
"""
_ASKED = """
INSERT INTO source (name, pauses, cursor, asked_at, complete_at, took, trouble, problem,
problem_since, absent) VALUES (:name, '', :cursor, :asked_at, :complete_at, :took, :trouble,
:problem, :problem_since, :absent)
ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, asked_at = excluded.asked_at,
complete_at = excluded.complete_at, took = excluded.took, trouble = excluded.trouble,
problem = excluded.problem, problem_since = excluded.problem_since, absent = excluded.absent
"""
_DRIFT = """
INSERT INTO drift (source, day, kind, count) VALUES (:source, :day, :kind, :count)
ON CONFLICT (source, day, kind) DO UPDATE SET count = drift.count + excluded.count
"""
_MISSED = """
SELECT source, day, kind, count FROM drift WHERE day >= :since ORDER BY day, source, kind
"""
_HELD = """
SELECT key, occurrence, name, started_at, host, labels, url FROM alert {using}
WHERE status = 'firing' AND source = :source AND customer = :customer
"""
_FIRING = f"""
SELECT {", ".join(ALERT.columns)} FROM alert {{using}}
WHERE status = 'firing' AND source = :source ORDER BY customer, key
"""  # noqa: S608 - names of the schema
_FIRST = "SELECT id FROM delivery WHERE id >= :first ORDER BY id DESC LIMIT 1 OFFSET :before"
_LETTERS = """
SELECT d.source, count(*), min(d.received_at) FROM verdict AS v CROSS JOIN delivery AS d
WHERE v.dead = true AND v.delivery >= :first AND d.id = v.delivery
GROUP BY d.source HAVING count(*) >= :least
"""
_TOTALS = "SELECT source, count(*) FROM delivery WHERE id >= :first GROUP BY source"
_COLUMNS = ", ".join(f"d.{name}" for name in DELIVERY.columns)
_WAITING = f"""
SELECT {_COLUMNS} FROM delivery AS d JOIN ({{pending}}) AS waiting ON waiting.id = d.id
WHERE d.source = :source ORDER BY d.id LIMIT :limit
"""  # noqa: S608 - names of the schema
_DEAD = f"""
SELECT {_COLUMNS} FROM verdict AS v CROSS JOIN delivery AS d
WHERE v.dead = true AND d.id = v.delivery AND d.source = :source AND d.headers LIKE :mark
ORDER BY v.delivery DESC LIMIT :limit
"""  # noqa: S608 - names of the schema


def states(link: Link) -> dict[str, SourceState]:
    """What is known of sources, by their names."""
    return {row[0]: _to_state(row) for row in link.rows(_STATE)}


def state(link: Link, name: str) -> SourceState:
    """What is known of one source, nothing at all while it is new."""
    found = link.rows(f"{_STATE} WHERE name = :name", {"name": name})
    return _to_state(found[0]) if found else SourceState()


def heard(link: Link, name: str) -> Heard:
    """When a source spoke."""
    found = link.rows("SELECT heard_at, pauses FROM source WHERE name = :name", {"name": name})
    return _to_heard(*found[0]) if found else Heard()


def save_heard(link: Link, name: str, heard: Heard) -> None:
    """Says when a source spoke."""
    pauses = {day.isoformat(): pause // MICROSECOND for day, pause in heard.pauses.items()}
    said = {"heard_at": or_micros(heard.at), "pauses": to_json(pauses) if pauses else ""}
    link.run(_HEARD, {"name": name, **said})


def save_asked(link: Link, name: str, asked: Asked) -> None:
    """Says what came of asking."""
    ahead = asked.ahead
    walk = [asked.cursor, *([] if ahead is None else [ahead.cursor, to_micros(ahead.at)])]
    said = {
        "cursor": to_json(walk) if ahead or asked.cursor else "",
        "asked_at": or_micros(asked.at),
        "complete_at": or_micros(asked.complete_at),
        "took": None if asked.took is None else asked.took // MICROSECOND,
        "trouble": asked.trouble,
        "problem": asked.problem,
        "problem_since": or_micros(asked.since),
        "absent": to_json({span: to_micros(at) for span, at in asked.absent.items()}),
    }
    link.run(_ASKED, {"name": name, **said})


def save_left_out(link: Link, name: str, why: Sequence[str]) -> None:
    """Says which maintenance of a source is not taken over."""
    link.run(_LEFT_OUT, {"name": name, "left_out": to_json(list(why)) if why else None})


def add_drift(link: Link, source: str, at: datetime, counts: Mapping[Drift, int]) -> None:
    """Counts what was missed, as found on the day of then."""
    day = to_micros(_midnight(at.astimezone(UTC).date()))
    for kind, count in sorted(counts.items()):
        link.run(_DRIFT, {"source": source, "day": day, "kind": kind.value, "count": count})


def missed(link: Link, since: date | None) -> list[Missed]:
    """What was missed from that day on, or ever, the oldest first."""
    first = to_micros(_midnight(since)) if since else 0
    return [
        Missed(source, from_micros(day).date(), Drift(kind), count)
        for source, day, kind, count in link.rows(_MISSED, {"since": first})
    ]


def held(link: Link, customer: str, source: str) -> list[Held]:
    """The spans of a source that hold as far as is known."""
    sql = _HELD.format(using=link.using("alert_status"))
    return [
        Held(key, occurrence, name, from_micros(started_at), host, to_mapping(labels), url)
        for key, occurrence, name, started_at, host, labels, url in link.rows(
            sql, {"customer": customer, "source": source}
        )
    ]


def firing(link: Link, source: str) -> list[Alert]:
    """The alerts of a source that fire, whosesoever they are."""
    sql = _FIRING.format(using=link.using("alert_status"))
    return [rows.to_alert(row) for row in link.rows(sql, {"source": source})]


def letters(link: Link, since: datetime, least: int, newest: int) -> dict[str, Letters]:
    """The sources that have so many dead letters among what came since then, and of that among the
    newest deliveries only.
    """
    asked = {"first": first_id(since), "least": least}
    if not link.rows(_LETTERS, asked):
        return {}
    for (first,) in link.rows(_FIRST, {"first": asked["first"], "before": newest - 1}):
        asked["first"] = first
    totals: dict[str, int] = dict(link.rows(_TOTALS, {"first": asked["first"]}))
    return {
        source: Letters(dead, totals[source], from_micros(begun))
        for source, dead, begun in link.rows(_LETTERS, asked)
    }


def underway(link: Link, dialect: str, source: str, limit: int) -> list[Delivery]:
    """The deliveries of a source that no digest has seen, the oldest first."""
    sql = _WAITING.format(pending=WORDS[dialect].pending)
    return list(map(rows.to_delivery, link.rows(sql, {"source": source, "limit": limit})))


def refused(link: Link, source: str, limit: int) -> list[Delivery]:
    """The newest dead deliveries of a source that were made by asking it."""
    asked = {"source": source, "limit": limit, "mark": f'%"{ORIGIN}":"{RECONCILED}"%'}
    return list(map(rows.to_delivery, link.rows(_DEAD, asked)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _to_state(row: Row) -> SourceState:
    _, heard_at, pauses, walk, asked_at, complete_at, took, *rest = row
    trouble, problem, since, absent, left_out = rest
    found: list[Any] = orjson.loads(walk) if walk else [""]
    ahead = Ahead(found[1], from_micros(found[2])) if found[1:] else None
    return SourceState(
        _to_heard(heard_at, pauses),
        Asked(
            found[0],
            ahead,
            or_moment(asked_at),
            or_moment(complete_at),
            None if took is None else timedelta(microseconds=took),
            trouble,
            problem,
            or_moment(since),
            {span: from_micros(at) for span, at in orjson.loads(absent).items()},
        ),
        tuple(orjson.loads(left_out)) if left_out else (),
    )


def _to_heard(at: int | None, text: str) -> Heard:
    pauses = orjson.loads(text) if text else {}
    return Heard(
        or_moment(at),
        {date.fromisoformat(day): timedelta(microseconds=each) for day, each in pauses.items()},
    )
