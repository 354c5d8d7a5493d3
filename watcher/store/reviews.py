"""Post-incident reviews, each version of them, and the action items that came of them."""

from datetime import date, datetime
from typing import Any

import orjson

from watcher.model.change import replace
from watcher.model.incident import Ticket
from watcher.model.review import ActionItem, FiledItem, Findings, Review, Waiting
from watcher.store import schema
from watcher.store.link import Link, Shape
from watcher.store.values import Row, from_micros, or_micros, or_moment, to_json, to_micros

_REVIEW = Shape.of(schema.review)
_ITEM = Shape.of(schema.action_item)

_VERSIONS = f"""
SELECT {", ".join(_REVIEW.columns)} FROM review WHERE incident = :incident ORDER BY version DESC
"""  # noqa: S608 - names of the schema
_ITEMS = f"""
SELECT {", ".join(_ITEM.columns)} FROM action_item WHERE incident = :incident ORDER BY number
"""  # noqa: S608 - names of the schema
# What has no date comes last.
_WAITING = f"""
SELECT {", ".join(_ITEM.columns)} FROM action_item
WHERE done_at IS NULL AND (CAST(:customer AS text) IS NULL OR customer = :customer)
ORDER BY due IS NULL, due, incident, number LIMIT :limit
"""  # noqa: S608 - names of the schema
_FILED = """
UPDATE action_item SET tracker = :tracker, ticket = :ticket, ticket_url = :url
WHERE incident = :incident AND number = :number
"""


def versions(link: Link, incident: int) -> list[Review]:
    """All versions of a review, the newest first; older ones have their action items as they were
    left then.
    """
    found = list(map(_to_review, link.rows(_VERSIONS, {"incident": incident})))
    now = tuple(map(_to_item, link.rows(_ITEMS, {"incident": incident})))
    return [replace(each, items=now) for each in found[:1]] + found[1:]


def save(link: Link, review: Review) -> None:
    """Keeps a new version; the action items are those that it has."""
    link.upsert(_REVIEW, [_from_review(review)])
    link.run("DELETE FROM action_item WHERE incident = :incident", {"incident": review.incident})
    link.upsert(_ITEM, [_from_item(review, each) for each in review.items])


def filed(link: Link, item: FiledItem) -> None:
    """Notes the ticket of an action item, if that is still there."""
    ticket = item.ticket
    link.run(
        _FILED,
        {
            "incident": item.incident,
            "number": item.number,
            "tracker": ticket.system,
            "ticket": ticket.key,
            "url": ticket.url,
        },
    )


def waiting(link: Link, customer: str | None, limit: int) -> list[Waiting]:
    """The action items that are not done, those due first at the head; None for all customers."""
    found = link.rows(_WAITING, {"customer": customer, "limit": limit})
    return [Waiting(row[0], row[2], _to_item(row)) for row in found]


def _from_review(review: Review) -> Row:
    return (
        review.incident,
        review.version,
        review.customer,
        to_micros(review.at),
        review.by,
        to_json({"findings": review.findings, "items": review.items}),
    )


def _to_review(row: Row) -> Review:
    body = orjson.loads(row[5])
    findings = body["findings"]
    return Review(
        incident=row[0],
        customer=row[2],
        version=row[1],
        at=from_micros(row[3]),
        by=row[4],
        findings=Findings(**{**findings, "whys": tuple(findings["whys"])}),
        items=tuple(map(_of_json, body["items"])),
    )


def _of_json(found: dict[str, Any]) -> ActionItem:
    due, done_at, ticket = found["due"], found["done_at"], found["ticket"]
    return ActionItem(
        text=found["text"],
        owner=found["owner"],
        due=date.fromisoformat(due) if due else None,
        number=found["number"],
        done_at=datetime.fromisoformat(done_at) if done_at else None,
        done_by=found["done_by"],
        ticket=Ticket(**ticket) if ticket else None,
    )


def _from_item(review: Review, item: ActionItem) -> Row:
    ticket = item.ticket
    return (
        review.incident,
        item.number,
        review.customer,
        item.text,
        item.owner,
        item.due.isoformat() if item.due else None,
        or_micros(item.done_at),
        item.done_by,
        *((ticket.system, ticket.key, ticket.url) if ticket else (None, None, None)),
    )


def _to_item(row: Row) -> ActionItem:
    return ActionItem(
        text=row[3],
        owner=row[4],
        due=date.fromisoformat(row[5]) if row[5] else None,
        number=row[1],
        done_at=or_moment(row[6]),
        done_by=row[7],
        ticket=Ticket(row[8] or "", row[9], row[10] or "") if row[9] else None,
    )
