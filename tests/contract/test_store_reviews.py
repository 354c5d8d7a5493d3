"""What the store keeps of post-incident reviews and their action items, on both stores."""

from datetime import date, timedelta
from typing import Any

from tests.contract.given import NOW
from watcher.model.change import replace
from watcher.model.incident import Ticket
from watcher.model.review import ActionItem, FiledItem, Findings, Review
from watcher.store.store import Store

ROTATE = ActionItem(
    "журналы: rotate", "olga", date(2026, 11, 30), 1, ticket=Ticket("jira", "OPS-1", "https://j/1")
)
WATCH = ActionItem("watch the disk", number=2, done_at=NOW, done_by="pavel")


def review(version: int = 1, *items: ActionItem, **changes: Any) -> Review:
    """A review of incident 7 of acme."""
    findings = Findings("Диск", "no shop", "logs", "well", ("no space", "no rotation"))
    made = Review(7, "acme", version, NOW, "olga", findings, items)
    return replace(made, **changes) if changes else made


def test_every_version_comes_back_as_it_was_left(store: Store) -> None:
    """The newest first; an older one has its action items as they were then."""
    first = review(1, ROTATE, WATCH)
    second = review(2, replace(ROTATE, done_at=NOW, done_by="olga"), at=NOW + timedelta(1))
    with store.begin() as tx:
        tx.save_review(first)
    with store.begin() as tx:
        tx.save_review(second)
        held = tx.reviews(7)
    with store.view() as view:
        found, none = view.reviews(7), view.reviews(8)

    assert [second, first] == found == held
    assert [] == none


def test_what_waits_is_found_by_its_date(store: Store) -> None:
    """What is done is left out, what has no date comes last, and no customer sees another's."""
    later = replace(ROTATE, number=1, due=date(2027, 1, 1))
    with store.begin() as tx:
        tx.save_review(review(1, ROTATE, WATCH, replace(ROTATE, number=3, due=None)))
        tx.save_review(review(1, later, incident=4, customer="globex"))
    with store.view() as view:
        every = view.action_items(None, 10)
        acme, one = view.action_items("acme", 10), view.action_items(None, 1)

    assert [(7, 1), (4, 1), (7, 3)] == [(each.incident, each.item.number) for each in every]
    assert ["acme", "acme"] == [each.customer for each in acme]
    assert ROTATE == one[0].item


def test_the_ticket_of_an_action_item_is_noted_on_it_alone(store: Store) -> None:
    """Of an item that is gone nothing is kept, and older versions stay as they were left."""
    bare = replace(ROTATE, ticket=None)
    ticket = Ticket("redmine", "12", "https://r/issues/12")
    with store.begin() as tx:
        tx.save_review(review(1, bare, WATCH))
        tx.save_review(review(2, bare, WATCH))
        tx.save_review(review(1, bare, incident=4))
        tx.incidents([7])
        tx.item_filed(FiledItem(7, 1, ticket))
        tx.item_filed(FiledItem(7, 9, ticket))
    with store.view() as view:
        newest, older = view.reviews(7)
        [other] = view.reviews(4)

    assert (replace(bare, ticket=ticket), WATCH) == newest.items
    assert (bare, WATCH) == older.items
    assert (bare,) == other.items
