"""What is kept for how long: each pass removes a bounded number of the oldest rows."""

from datetime import datetime, timedelta

from watcher.store.link import Link
from watcher.store.numbers import first_id
from watcher.store.rows import to_micros

# A stream is written to for a day at most; a week after that it is certain that no more comes.
_STREAM_KEPT = timedelta(days=8)

_DELIVERIES = """
DELETE FROM delivery WHERE id IN (
    SELECT d.id FROM delivery AS d LEFT JOIN stream ON stream.id = d.stream
    WHERE d.id < :before AND d.id <= {cursor}
    AND NOT EXISTS (SELECT 1 FROM verdict AS v WHERE v.delivery = d.id AND v.replay)
    ORDER BY d.id LIMIT :limit
)
"""
# Ids grow with time: a verdict older than the oldest delivery has lost its own.
_VERDICTS = """
DELETE FROM verdict WHERE delivery < (SELECT coalesce(min(id), :before) FROM delivery)
AND delivery < :before
"""
_ACTIONS = """
DELETE FROM action WHERE id IN (
    SELECT id FROM action WHERE status = :status AND next_at < :before
    ORDER BY next_at LIMIT :limit
)
"""
# Evidence is added in the order of time, so that the oldest comes first without an index.
_EVIDENCE = """
DELETE FROM evidence WHERE at < :before AND id IN (SELECT id FROM evidence ORDER BY id LIMIT :limit)
"""
# Deliveries hang on the row of their stream: it goes after the last of them, digested or not. The
# newest always stays: with SQLite it is the cursor of them all.
_STREAMS = """
DELETE FROM stream WHERE opened_at < :before AND id < (SELECT max(id) FROM stream)
AND NOT EXISTS (SELECT 1 FROM delivery WHERE id <= stream.digested)
AND NOT EXISTS (
    SELECT 1 FROM delivery AS d WHERE d.stream = stream.id AND d.id > {cursor}
)
"""


def expire(
    link: Link,
    deliveries_before: datetime,
    actions_before: datetime,
    evidence_before: datetime,
    limit: int,
) -> int:
    """Removes what is older, at most `limit` of each; returns how many rows that were.

    A delivery that waits for its digest is never removed, nor an action that waits to be done.
    """
    first = {"before": first_id(deliveries_before), "limit": limit}
    removed = link.run(_DELIVERIES.format(cursor=link.cursor), first)
    link.run(_VERDICTS, {"before": first["before"]})
    opened_before = to_micros(deliveries_before - _STREAM_KEPT)
    link.run(_STREAMS.format(cursor=link.cursor), {"before": opened_before})
    for status in ("done", "gave_up"):
        old = {"status": status, "before": to_micros(actions_before), "limit": limit}
        removed += link.run(_ACTIONS, old)
    evidence = {"before": to_micros(evidence_before), "limit": limit}
    return removed + link.run(_EVIDENCE, evidence)
