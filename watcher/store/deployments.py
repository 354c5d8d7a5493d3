"""Changes as sources and people told of them, and what is asked of them about an incident."""

from collections.abc import Collection, Iterable
from datetime import datetime

from watcher.model.change import replace
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.incident import Incident
from watcher.store import digest, incident_rows
from watcher.store.link import DEPLOYMENT, INCIDENT, Link
from watcher.store.values import Row, from_micros, or_micros, or_moment, to_micros

_ALL = f"SELECT {', '.join(DEPLOYMENT.columns)} FROM deployment"  # noqa: S608 - names of the schema
_NUMBERS = """
INSERT INTO counter (name, value) VALUES ('deployment', :count)
ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value RETURNING value
"""
# None of interest lasts for longer than a week.
_WEEK = 7 * 86_400 * 1_000_000
_BEFORE = f"""
{_ALL} WHERE customer = :customer AND at BETWEEN :since - {_WEEK} AND :until
AND coalesce(ended_at, at) >= :since ORDER BY at DESC, number DESC LIMIT :limit
"""
_OF_NODE = f"""
{_ALL} WHERE customer = :customer AND at BETWEEN :since AND :until AND source = :source
AND (service = :node OR host = :node) ORDER BY at DESC, number DESC LIMIT :limit
"""
_TROUBLES = """
SELECT min(coalesce(o.started_at, o.joined_at)) FROM occurrence AS o
JOIN alert AS a ON a.customer = o.customer AND a.key = o.key
WHERE a.customer = :customer AND a.{column} = :node AND o.incident IS NOT NULL
AND coalesce(o.started_at, o.joined_at) BETWEEN :since AND :until GROUP BY o.incident
"""
_TOLD = f"{_ALL} WHERE number > :after ORDER BY number LIMIT :limit"
_FOLLOWED = "SELECT value FROM counter WHERE name = 'change-watch'"
_FOLLOW = """
INSERT INTO counter (name, value) VALUES ('change-watch', :number)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE counter.value < excluded.value
"""
# What opened within that time was heard of since its beginning.
_AFTER = f"""
SELECT {", ".join(INCIDENT.columns)} FROM incident
WHERE customer = :customer AND status IN ('open', 'acknowledged', 'resolved')
AND last_at >= :since AND opened_at BETWEEN :since AND :until
ORDER BY opened_at, number LIMIT :limit
"""  # noqa: S608 - names of the schema
_EXPIRE = """
DELETE FROM deployment WHERE number IN (
    SELECT number FROM deployment WHERE at < :before ORDER BY at LIMIT :limit
)
"""


def known(
    link: Link, keys: Collection[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Deployment]:
    """The known changes of these (customer, source, key)."""
    found = digest.find(link, DEPLOYMENT, keys, to_deployment)
    return {(each.customer, each.source, each.key): each for each in found}


def save(link: Link, deployments: Iterable[Deployment]) -> None:
    """Stores changes, new or altered; new ones get a number."""
    given = list(deployments)
    new = sum(each.id is None for each in given)
    [(last,)] = link.rows(_NUMBERS, {"count": new}) if new else [(0,)]
    numbers = iter(range(last - new + 1, last + 1))
    rows = [each if each.id else replace(each, id=next(numbers)) for each in given]
    digest.save(link, DEPLOYMENT, rows, _from_deployment)


def before(
    link: Link, customer: str, since: datetime, until: datetime, limit: int
) -> list[Deployment]:
    """The changes of a customer that began by then and were not over before, the newest first."""
    asked = {"customer": customer, "since": to_micros(since), "until": to_micros(until)}
    return list(map(to_deployment, link.rows(_BEFORE, {**asked, "limit": limit})))


def like(
    link: Link, deployment: Deployment, node: str, since: datetime, until: datetime, limit: int
) -> list[Deployment]:
    """The changes of a node that the same source told of and that began then, the newest first."""
    asked = {
        "customer": deployment.customer,
        "source": deployment.source,
        "node": node,
        "since": to_micros(since),
        "until": to_micros(until),
        "limit": limit,
    }
    return list(map(to_deployment, link.rows(_OF_NODE, asked)))


def troubles(
    link: Link, customer: str, node: str, since: datetime, until: datetime
) -> list[datetime]:
    """When each incident of that time began to show on a host or service of a customer."""
    asked = {"customer": customer, "node": node}
    span = {"since": to_micros(since), "until": to_micros(until)}
    return [
        from_micros(at)
        for column in ("service", "host")
        for (at,) in link.rows(_TROUBLES.format(column=column), asked | span)
    ]


def told(link: Link, after: int, limit: int) -> list[Deployment]:
    """The changes with the next greater numbers, in their order."""
    return list(map(to_deployment, link.rows(_TOLD, {"after": after, "limit": limit})))


def followed(link: Link) -> int:
    """The newest change that incidents were looked at for, 0 where there was none."""
    return sum(number for (number,) in link.rows(_FOLLOWED))


def follow(link: Link, number: int) -> None:
    """Says that incidents were looked at for changes up to that number."""
    link.run(_FOLLOW, {"number": number})


def opened_after(
    link: Link, customer: str, since: datetime, until: datetime, limit: int
) -> list[Incident]:
    """The incidents of a customer that opened within that time and are not closed, the earliest
    first.
    """
    asked = {"customer": customer, "since": to_micros(since), "until": to_micros(until)}
    found = link.rows(_AFTER, {**asked, "limit": limit})
    return list(map(incident_rows.to_incident, found))


def expire(link: Link, before: datetime, limit: int) -> int:
    """Removes the oldest that began before then; returns how many."""
    return link.run(_EXPIRE, {"before": to_micros(before), "limit": limit})


def to_deployment(row: Row) -> Deployment:
    """The change behind a row."""
    return Deployment(
        customer=row[0],
        source=row[1],
        key=row[2],
        id=row[3],
        what=row[4],
        at=from_micros(row[5]),
        status=DeploymentStatus(row[6]),
        service=row[7],
        host=row[8],
        environment=row[9],
        revision=row[10],
        author=row[11],
        url=row[12],
        ended_at=or_moment(row[13]),
    )


def _from_deployment(change: Deployment) -> Row:
    return (
        change.customer,
        change.source,
        change.key,
        change.id,
        change.what,
        to_micros(change.at),
        change.status.value,
        change.service,
        change.host,
        change.environment,
        change.revision,
        change.author,
        change.url,
        or_micros(change.ended_at),
    )
