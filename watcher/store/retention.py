"""What is kept for how long: each pass removes a bounded number of the oldest rows."""

from datetime import datetime, timedelta

from watcher.store.archive import SHIFT
from watcher.store.link import VERDICT, Link
from watcher.store.numbers import first_id
from watcher.store.values import to_micros

# What was fetched of the past is for those who try rules on it, long after what was posted is gone.
_ARCHIVE_KEPT = timedelta(days=400)
# A stream is written to for a day at most; a week after that it is certain that no more comes.
_STREAM_KEPT = timedelta(days=8)

_DELIVERIES = """
SELECT d.id FROM delivery AS d LEFT JOIN stream ON stream.id = d.stream
WHERE d.id > 0 AND d.id < :before AND d.id <= {cursor}
AND NOT EXISTS (SELECT 1 FROM verdict AS v WHERE v.delivery = d.id AND v.replay)
ORDER BY d.id LIMIT :limit
"""
# Ids grow with time: a verdict older than the oldest delivery has lost its own.
_LOST = """
DELETE FROM verdict WHERE delivery < (SELECT coalesce(min(id), :before) FROM delivery WHERE id > 0)
AND delivery < :before
"""
_ARCHIVED = "SELECT id FROM delivery WHERE id < :before ORDER BY id LIMIT :limit"
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
_RUNS = """
DELETE FROM run WHERE id IN (SELECT id FROM run WHERE at < :before ORDER BY at LIMIT :limit)
"""
# No run is older than the oldest, so that none names these.
_SCRIPTS = """
DELETE FROM script WHERE sha256 IN (
    SELECT sha256 FROM script WHERE last_at < (SELECT coalesce(min(at), :before) FROM run)
    AND last_at < :before ORDER BY last_at LIMIT :limit
) AND last_at < :before
"""
# Deliveries hang on the row of their stream: it goes after the last of them, digested or not. The
# newest always stays: with SQLite it is the cursor of them all.
_STREAMS = """
DELETE FROM stream WHERE opened_at < :before AND id < (SELECT max(id) FROM stream)
AND NOT EXISTS (SELECT 1 FROM delivery WHERE id > 0 AND id <= stream.digested)
AND NOT EXISTS (
    SELECT 1 FROM delivery AS d WHERE d.stream = stream.id AND d.id > {cursor}
)
"""


def forget(link: Link, before: datetime, limit: int) -> list[int]:
    """The oldest deliveries from before then that nobody waits for, to be removed.

    Their verdicts go here, so that nobody can have one of them digested again.
    """
    first = first_id(before)
    sql = _DELIVERIES.format(cursor=link.cursor)
    found = [number for (number,) in link.rows(sql, {"before": first, "limit": limit})]
    # Read again, which locks them: somebody may have asked for one since, and that one stays.
    verdicts = link.find(VERDICT, VERDICT.key, [(number,) for number in found])
    asked = {number for number, *_, replay in verdicts if replay}
    for number, *_, replay in verdicts:
        if not replay:
            link.run("DELETE FROM verdict WHERE delivery = :number", {"number": number})
    link.run(_LOST, {"before": first})
    opened_before = to_micros(before - _STREAM_KEPT)
    link.run(_STREAMS.format(cursor=link.cursor), {"before": opened_before})
    past = {"before": first_id(before - _ARCHIVE_KEPT) - SHIFT, "limit": limit - len(found)}
    found += [number for (number,) in link.rows(_ARCHIVED, past)]
    return [number for number in found if number not in asked]


def expire(
    link: Link,
    actions_before: datetime,
    evidence_before: datetime,
    runs_before: datetime,
    limit: int,
) -> int:
    """Removes what is older, at most `limit` of each; returns how many rows that were.

    An action that waits to be done is never removed, and a run not with its evidence.
    """
    removed = 0
    for status in ("done", "gave_up"):
        old = {"status": status, "before": to_micros(actions_before), "limit": limit}
        removed += link.run(_ACTIONS, old)
    evidence = {"before": to_micros(evidence_before), "limit": limit}
    removed += link.run(_EVIDENCE, evidence)
    runs = {"before": to_micros(runs_before), "limit": limit}
    return removed + link.run(_RUNS, runs) + link.run(_SCRIPTS, runs)
