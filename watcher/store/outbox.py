"""The outbox: who carries out which action until when, and what came of it.

An action is claimed with a lease. `token` grows with every claim, and only the newest may settle.
A running action keeps the end of its lease in `next_at` too: what is due is then one question.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.concern import Lost
from watcher.store import rows
from watcher.store.link import ACTION, Link
from watcher.store.values import from_mapping, from_micros, or_moment, to_json, to_micros

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
_RENEW = """
UPDATE action SET status = 'waiting', attempts = 0, payload = :payload, created_at = :now,
    next_at = :now
WHERE key = :key AND status IN ('done', 'gave_up')
"""
_FOLLOWERS = """
SELECT head.id, b.id FROM action AS head {by_id}
JOIN action AS b {by_lane} ON b.incident = head.incident AND b.lane = head.lane AND b.id > head.id
WHERE head.id IN ({each}) AND b.next_at <= :now
AND b.status IN ('waiting', 'retry', 'running') ORDER BY b.id
"""
_JOIN_IN = f"""
UPDATE action AS a {{using}} SET
    status = 'running', attempts = attempts + 1, token = token + 1,
    lease_until = :until, next_at = :until
WHERE a.id IN ({{each}}) AND a.status IN ('waiting', 'retry', 'running') AND a.next_at <= :now
RETURNING {", ".join(ACTION.columns)}
"""  # noqa: S608 - own text
_HELD_ACTION = f"SELECT {', '.join(ACTION.columns)} FROM action WHERE id = :id AND status = 'held'"  # noqa: S608 - names of the schema
_APPROVE = """
UPDATE action SET status = 'waiting', payload = :payload, next_at = :now
WHERE id = :id AND status = 'held'
"""
_REFUSE = """
UPDATE action SET status = 'done', reason = :reason, next_at = :now
WHERE id = :id AND status = 'held'
"""
_LAPSE = f"""
UPDATE action SET status = 'done', reason = :reason, next_at = :now WHERE id IN (
    SELECT id FROM action WHERE status = 'held' AND next_at <= :now ORDER BY next_at LIMIT :limit
) AND status = 'held' RETURNING {", ".join(ACTION.columns)}
"""  # noqa: S608 - names of the schema
# What was held back goes through a lane of its own, /held, of the same channel.
_CHANNEL = "replace(replace(lane, 'notify/', ''), '/held', '')"
_LOST = f"""
SELECT customer, {_CHANNEL} AS channel, count(CASE WHEN next_at >= :since THEN 1 END),
min(CASE WHEN next_at >= :since THEN next_at END), max(next_at)
FROM action WHERE status = 'gave_up' AND kind = 'notify' GROUP BY customer, channel
"""  # noqa: S608 - own text
_ARRIVED = f"""
SELECT customer, {_CHANNEL} AS channel, max(next_at) FROM action
WHERE status = 'done' AND kind = 'notify' AND next_at >= :since AND attempts > 0
GROUP BY customer, channel
"""  # noqa: S608 - own text
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
    link: Link,
    now: datetime,
    lease: timedelta,
    limit: int,
    kinds: Collection[ActionKind],
    together: int = 1,
) -> list[Action]:
    """Takes the due heads of their lanes, the longest due first; each with up to `together` - 1 of
    those behind it that are due as well.

    Between the choice and the claim the choice is locked; only then is it certain that no other
    transaction has put something before it.
    """
    names = ", ".join(sorted(f"'{kind.value}'" for kind in kinds))
    moment = to_micros(now)
    due = _DUE.format(kinds=names, using=link.using("action_open"))
    chosen = link.choose(due, {"now": moment, "limit": limit})
    if not chosen:
        return []
    taken = {"now": moment, "until": to_micros(now + lease)}
    claimed = link.rows(
        _CLAIM.format(each=link.each, using=link.using(None)), {**taken, "ids": to_json(chosen)}
    )
    order = {number: (place, number) for place, number in enumerate(chosen)}
    if together > 1 and claimed:
        heads = [row[0] for row in claimed]
        behind = _followers(link, heads, moment, together - 1)
        order |= {number: (order[head][0], number) for number, head in behind.items()}
        # The lane of each is locked with its head.
        claimed += link.rows(
            _JOIN_IN.format(each=link.each, using=link.using(None)),
            {**taken, "ids": to_json(list(behind))},
        )
    return sorted(map(rows.to_action, claimed), key=lambda action: order[action.id])


def _followers(link: Link, heads: list[int], now: int, most: int) -> dict[int, int]:
    """What is due behind these in their lanes, each with its head; so many for each."""
    sql = _FOLLOWERS.format(
        each=link.each, by_id=link.using(None), by_lane=link.using("action_lane")
    )
    found: dict[int, list[int]] = {}
    for head, number in link.rows(sql, {"now": now, "ids": to_json(heads)}):
        found.setdefault(head, []).append(number)
    return {number: head for head, behind in found.items() for number in behind[:most]}


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


def renew(link: Link, intents: Iterable[Intent], now: datetime) -> None:
    """Queues actions; what is over of the same keys is due again, as it is decided now."""
    decided = list(intents)
    for each in decided:
        payload = from_mapping(each.payload)
        link.run(_RENEW, {"key": each.key, "payload": payload, "now": to_micros(now)})
    link.add(ACTION, [rows.from_intent(each, now) for each in decided])


def approve(link: Link, number: int, by: str, now: datetime) -> bool:
    """Makes a held action due, with who agreed to it; false if it is not held."""
    found = [rows.to_action(row) for row in link.rows(_HELD_ACTION, {"id": number})]
    if not found:
        return False
    payload = from_mapping({**found[0].payload, "approved_by": by})
    return link.run(_APPROVE, {"id": number, "payload": payload, "now": to_micros(now)}) == 1


def refuse(link: Link, number: int, by: str, now: datetime) -> bool:
    """Ends a held action that somebody does not want; false if it is not held."""
    asked = {"id": number, "reason": f"refused by {by}", "now": to_micros(now)}
    return link.run(_REFUSE, asked) == 1


def lapse(link: Link, reason: str, now: datetime, limit: int) -> list[Action]:
    """Ends held actions whose time is over."""
    asked = {"reason": reason, "now": to_micros(now), "limit": limit}
    return [rows.to_action(row) for row in link.rows(_LAPSE, asked)]


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


def lost(link: Link, since: datetime) -> dict[tuple[str, str], Lost]:
    """By customer and channel: messages that were given up, counted since then, where there are
    any; and whether one arrived since then.
    """
    asked = {"since": to_micros(since)}
    arrived = {(customer, channel): at for customer, channel, at in link.rows(_ARRIVED, asked)}
    return {
        (customer, channel): Lost(
            count,
            from_micros(last if first is None else first),
            from_micros(last),
            or_moment(arrived.get((customer, channel))),
        )
        for customer, channel, count, first, last in link.rows(_LOST, asked)
    }
