"""Priorities that change while nothing is heard: business hours, other rules, another catalogue."""

from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from tests.decide.given import POLICY, RULES, event
from tests.fakes import FakeClock
from watcher.engine.book import Book
from watcher.engine.digest import Digest
from watcher.engine.fold import Fold
from watcher.engine.review import Review
from watcher.engine.rulebook import News, Rulebook, identify
from watcher.model.catalogue import Calendar, Catalogue, Service
from watcher.model.change import replace
from watcher.model.delivery import Arrival
from watcher.model.event import Kind, Reading, Severity
from watcher.model.incident import Entry, EntryKind, Incident, Priority
from watcher.model.matcher import Matcher, Operator
from watcher.model.policy import AlertRule, Bounds, Channel, OutsideHours
from watcher.store.store import Store

OFFICE = Calendar("office", ZoneInfo("UTC"), {day: ((540, 1080),) for day in range(5)})
SHOP = Service("acme", "shop", 3, calendar=OFFICE)
CATALOGUE = Catalogue(services={("acme", "shop"): SHOP})
EASED = replace(POLICY, priority=replace(RULES, outside_hours=OutsideHours(1)))
RULEBOOK = Rulebook(replace(EASED, channels=(Channel("mail", "email"),)), CATALOGUE)

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def monday(hour: float) -> datetime:
    """An hour after the Monday began."""
    return MONDAY + timedelta(hours=hour)


def news(hour: float, key: str = "cpu", kind: Kind = Kind.FIRING) -> News:
    """The alert fires (or recovers) on the shop at that hour."""
    said = replace(event(kind=kind, key=key, service="shop", host=None), at=monday(hour))
    return identify(replace(said, severity=Severity.HIGH), "acme", monday(hour), CATALOGUE)


def changes(entries: list[Entry]) -> list[tuple[datetime, str]]:
    """When the priority changed, and to what."""
    return [(each.at, each.text) for each in entries if each.kind is EntryKind.PRIORITY]


DAY = [
    (monday(9), "priority P3 -> P2"),
    (monday(18), "priority P2 -> P3"),
    (monday(33), "priority P3 -> P2"),
]


def test_business_hours_change_the_priority_when_they_change() -> None:
    """In virtual time, however long nothing was heard."""
    book = Book(count(1))
    fold = Fold(book, RULEBOOK)
    fold.take(news(3))
    fold.advance(monday(35))

    assert DAY == changes(book.entries)
    assert ["opened", "raised", "raised"] == [each.payload["event"] for each in book.intents]


def test_what_is_over_changes_no_more() -> None:
    """Not before it is back: then it has the priority of that time."""
    book = Book(count(1))
    fold = Fold(book, RULEBOOK)
    fold.take(news(8.9))
    fold.take(news(8.95, kind=Kind.RESOLVED))
    fold.advance(monday(9.01))
    before = changes(book.entries)
    fold.take(replace(news(9.02), event=replace(news(9.02).event, occurrence="o2")))

    assert [] == before
    assert ["priority P3 -> P2"] == [text for _, text in changes(book.entries)]


def digested(store: Store, *said: News) -> None:
    """The store after a digest of these news, in one batch."""
    events = {str(number).encode(): each.event for number, each in enumerate(said)}
    inbox = store.inbox(said[0].received_at)
    for body, each in zip(events, said, strict=True):
        inbox.append([Arrival("gen", "acme", each.received_at, {}, body)])
    inbox.close()
    clock = FakeClock(said[-1].received_at)
    read = {"gen": lambda delivery: Reading((events[delivery.body],))}
    digest = Digest(store, read, lambda: RULEBOOK, clock, "me")
    assert len(said) == digest.step()


def reviewed(store: Store, hour: float, *rulebooks: Rulebook) -> Incident:
    """The incident after one has looked again at that hour, by each of these in turn."""
    in_force = [RULEBOOK]
    review = Review(store, FakeClock(monday(hour)), lambda: in_force[-1])
    for each in rulebooks or (RULEBOOK,):
        in_force.append(each)
        while review.step():
            pass
    return known(store)


def known(store: Store) -> Incident:
    """The only incident."""
    with store.view() as view:
        incident = view.incident(1, "acme")
    assert incident is not None
    return incident


def told(store: Store) -> list[str]:
    """What people are told of it, in order."""
    with store.view() as view:
        return [action.payload["event"] for action in view.actions_of(1)]


def test_the_clock_is_followed_where_nothing_is_heard(store: Store) -> None:
    """As of the very moment, and people are told of a rise."""
    digested(store, news(3))
    before = reviewed(store, 8.9)
    after = reviewed(store, 9.1)
    with store.view() as view:
        timeline = view.timeline(1)

    assert (Priority.P3, monday(9)) == (before.priority, before.review_at)
    assert (Priority.P2, monday(18)) == (after.priority, after.review_at)
    assert DAY[:1] == changes(timeline)
    assert "urgency high: highest severity seen is high; within business hours (office)" in (
        timeline[-1].reason.text
    )
    assert ["opened", "raised"] == told(store)


def test_who_looks_late_catches_up(store: Store) -> None:
    """A worker that was away for a day does what it missed, at the times it missed."""
    digested(store, news(3))
    reviewed(store, 3)
    reviewed(store, 35)
    with store.view() as view:
        assert DAY == changes(view.timeline(1))


def test_other_rules_and_services_count_for_what_is_open(store: Store) -> None:
    """Also what alert rules say of alerts that came before them; nothing is said twice."""
    digested(store, news(10), news(10, "disk"))
    capped = AlertRule(
        "calm", (Matcher("service", Operator.EQUAL, "shop"),), priority=Bounds(None, Priority.P4)
    )
    calm = replace(RULEBOOK, policy=replace(RULEBOOK.policy, rules=(capped,)))
    after = reviewed(store, 10.1, RULEBOOK, calm)
    with store.view() as view:
        timeline = view.timeline(1)
    again = reviewed(store, 10.2, calm)

    assert Priority.P4 is after.priority
    assert "the rule 'calm' makes it P4 at most" == after.terms[-1].because
    assert ["priority P2 -> P4"] == [text for _, text in changes(timeline)]
    assert after == again


def test_a_service_that_became_critical_raises_what_is_open(store: Store) -> None:
    """People are told."""
    digested(store, news(3))
    critical = replace(SHOP, criticality=4, calendar=None)
    other = replace(RULEBOOK, catalogue=Catalogue(services={("acme", "shop"): critical}))

    assert Priority.P1 is reviewed(store, 4, other).priority
    assert ["opened", "raised"] == told(store)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_size_of_a_batch_changes_no_priority(store: Store, size: int) -> None:
    """The same incidents, whether news comes alone or together."""
    said = [news(8.98), news(9.02, "disk"), news(9.04, "http")]
    for start in range(0, len(said), size):
        digested(store, *said[start : start + size])
    with store.view() as view:
        timeline = view.timeline(1)

    assert DAY[:1] == changes(timeline)
    assert Priority.P2 is known(store).priority


def test_a_disruption_of_many_services_has_a_wider_impact() -> None:
    """The third service makes it so."""
    services = {
        ("acme", "db"): Service("acme", "db", 2),
        ("acme", "shop"): Service("acme", "shop", 2, depends_on=("db",)),
        ("acme", "mail"): Service("acme", "mail", 2, depends_on=("db",)),
    }
    rulebook = Rulebook(POLICY, Catalogue(services=services))
    book = Book(count(1))
    fold = Fold(book, rulebook)
    priorities = []
    for minutes, (_, name) in enumerate(services):
        said = event(minutes, key=name, service=name, severity=Severity.HIGH, host=None)
        fold.take(identify(said, "acme", said.at, rulebook.catalogue))
        priorities.append(book.incidents[1].priority)

    assert [Priority.P3, Priority.P3, Priority.P2] == priorities
    assert "3 services affected: one step wider" in book.incidents[1].terms[0].because
