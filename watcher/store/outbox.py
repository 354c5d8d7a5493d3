"""The outbox: who carries out which action until when, and what came of it.

An action is claimed with a lease. `token` grows with every claim, and only the newest may settle.
A running action keeps the end of its lease in `next_at` too: what is due is then one question.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.evidence import Diagnosis
from watcher.store import evidence_rows, rows
from watcher.store.link import ACTION, Link
from watcher.store.values import to_json, to_micros

# A lane waits for its earlier actions, and for a later one that runs (a person retried this one).
_HEADS = """
    a.status IN ('waiting', 'retry', 'running') AND NOT EXISTS (
        SELECT 1 FROM action AS b WHERE b.incident = a.incident AND b.lane = a.lane
        AND b.id < a.id AND b.status IN ('waiting', 'retry', 'running')
    ) AND NOT EXISTS (
        SELECT 1 FROM action AS b WHERE b.incident = a.incident AND b.lane = a.lane
        AND b.id > a.id AND b.status = 'running' AND b.next_at > :now
    )
"""
_DUE = f"""
SELECT a.id, a.incident, a.lane FROM action AS a {{using}}
WHERE a.next_at <= :now AND a.kind IN ({{kinds}}) AND {_HEADS} ORDER BY a.next_at LIMIT :limit
"""  # noqa: S608 - own text
_CLAIM = f"""
UPDATE action AS a {{using}} SET
    status = 'running', attempts = attempts + 1, token = token + 1,
    lease_until = :until, next_at = :until
WHERE a.id IN ({{each}}) AND a.next_at <= :now AND {_HEADS}
RETURNING {", ".join(ACTION.columns)}
"""  # noqa: S608 - own text
_SETTLE = """
UPDATE action SET status = :status, reason = :reason, next_at = :next_at, lease_until = NULL
WHERE id = :id AND token = :token AND status = 'running'
"""
_RETRY = """
UPDATE action SET status = 'waiting', attempts = 0, next_at = :now
WHERE id = :id AND status = 'gave_up'
"""
_EVIDENCE = """
INSERT INTO evidence (incident, action, host, runbook, at, body)
VALUES (:incident, :action, :host, :runbook, :at, :body) ON CONFLICT (action) DO NOTHING
"""
_LEASE = """
INSERT INTO lease (name, holder, token, until) VALUES (:name, :holder, 1, :until)
ON CONFLICT (name) DO UPDATE SET
    token = lease.token + CASE WHEN lease.holder = excluded.holder THEN 0 ELSE 1 END,
    holder = excluded.holder, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until <= :now RETURNING token
"""
# A write of nothing: it locks the row until the transaction ends, on both databases.
_HELD = "UPDATE lease SET token = token WHERE name = :name AND token = :token"


def claim(
    link: Link, now: datetime, lease: timedelta, limit: int, kinds: Collection[ActionKind]
) -> list[Action]:
    """Takes the due heads of their lanes, the longest due first.

    Between the choice and the claim the choice is locked; only then is it certain that no other
    transaction has put something before it.
    """
    names = ", ".join(sorted(f"'{kind.value}'" for kind in kinds))
    moment = to_micros(now)
    due = _DUE.format(kinds=names, using=link.using("action_open"))
    chosen = link.choose(due, {"now": moment, "limit": limit})
    if not chosen:
        return []
    claimed = link.rows(
        _CLAIM.format(each=link.each, using=link.using(None)),
        {"now": moment, "until": to_micros(now + lease), "ids": to_json(chosen)},
    )
    order = {number: place for place, number in enumerate(chosen)}
    return sorted(map(rows.to_action, claimed), key=lambda action: order[action.id])


def settle(
    link: Link, action: Action, status: ActionStatus, reason: str, next_at: datetime
) -> bool:
    """Stores what came of a claimed action; false if its lease has gone to another since."""
    changed = link.run(
        _SETTLE,
        {
            "status": status.value,
            "reason": reason,
            "next_at": to_micros(next_at),
            "id": action.id,
            "token": action.token,
        },
    )
    return changed == 1


def retry_action(link: Link, number: int, now: datetime) -> bool:
    """Makes an action that was given up wait again, with all its attempts before it."""
    return link.run(_RETRY, {"id": number, "now": to_micros(now)}) == 1


def add_evidence(link: Link, incident: int, action: int, diagnosis: Diagnosis) -> None:
    """Keeps what a diagnosis brought, once for each action."""
    link.run(
        _EVIDENCE,
        {
            "incident": incident,
            "action": action,
            "host": diagnosis.host,
            "runbook": diagnosis.runbook,
            "at": to_micros(diagnosis.started_at),
            "body": evidence_rows.from_diagnosis(diagnosis),
        },
    )


def take_lease(link: Link, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
    """The fence token of a lease taken or renewed; None while another holds it."""
    found = link.rows(
        _LEASE,
        {"name": name, "holder": holder, "now": to_micros(now), "until": to_micros(now + ttl)},
    )
    return found[0][0] if found else None


def holder(link: Link, name: str) -> str | None:
    """Who took the lease last, None while nobody did."""
    found = link.rows("SELECT holder FROM lease WHERE name = :name", {"name": name})
    return found[0][0] if found else None


def release(link: Link, name: str, who: str) -> None:
    """Ends the lease of that holder, so that the next need not wait for its time to run out."""
    link.run(
        "UPDATE lease SET until = 0 WHERE name = :name AND holder = :who",
        {"name": name, "who": who},
    )


def freeze(link: Link, name: str) -> None:
    """Keeps the holder of a lease out of its fenced transactions until this one ends."""
    link.run("UPDATE lease SET token = token WHERE name = :name", {"name": name})


def held(link: Link, name: str, token: int) -> bool:
    """Whether the lease is still ours; if so, it stays ours until the transaction ends."""
    return link.run(_HELD, {"name": name, "token": token}) == 1
