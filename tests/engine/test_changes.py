"""Changes reach the store once, and incidents that begin shortly after them say so."""

from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest

from tests.engine.streams import RULEBOOK
from tests.fakes import FakeClock
from tests.stores import peek
from watcher.app.worker import reader
from watcher.engine.changes import ChangeWatch, shortly_before
from watcher.engine.digest import Digest
from watcher.engine.rulebook import Rulebook
from watcher.model.catalogue import Catalogue, Service
from watcher.model.delivery import Arrival
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.incident import Entry
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import change, generic
from watcher.store.query import Query
from watcher.store.store import Store

NOW = FakeClock().now()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CATALOGUE = Catalogue(
    services={
        ("acme", "billing"): Service("acme", "billing", 3, depends_on=("postgres",)),
        ("acme", "postgres"): Service("acme", "postgres", 3),
    }
)
BOOK = Rulebook(RULEBOOK.policy, CATALOGUE)
SOURCES = {
    "ci": reader(Source("ci", "change", "acme", Auth(), 1 << 20, change.Options())),
    "gen": reader(Source("gen", "generic", "acme", Auth(), 1 << 20, generic.Options())),
}


def take_in(
    store: Store, source: str, *bodies: object, customer: str = "acme", at: datetime = NOW
) -> None:
    """Posts these and digests them."""
    inbox = store.inbox(NOW)
    inbox.append([Arrival(source, customer, at, {}, orjson.dumps(each)) for each in bodies])
    inbox.close()
    assert len(bodies) == Digest(store, SOURCES, lambda: BOOK, FakeClock(), "me").step()


def release(at: datetime = NOW - HOUR, **said: object) -> dict[str, object]:
    """A change of billing that took a minute."""
    return {"key": str(at), "what": "Release", "service": "Billing", "at": at, **said}


def outage(at: datetime, **said: object) -> dict[str, object]:
    """An alert of billing."""
    return {"name": "It is down", "service": "billing", "started_at": at, "at": at, **said}


def changes(store: Store) -> list[Deployment]:
    """All of them, the newest first."""
    with store.view() as view:
        return list(view.change_list(Query()).items)


def lines(store: Store, number: int = 1) -> list[Entry]:
    """What timelines say of changes."""
    with store.view() as view:
        return [each for each in view.timeline(number) if each.kind == "change"]


def test_a_change_is_one_whatever_came_of_it_and_in_any_order(store: Store) -> None:
    """Running, succeeded, and each of it twice: in one batch and in several."""
    running = release(status="running")
    over = release(NOW - HOUR, status="succeeded", ended_at=NOW - MINUTE)
    take_in(store, "ci", over, running)
    take_in(store, "ci", running)
    take_in(store, "ci", over, over)

    [found] = changes(store)

    assert (1, "billing", "acme") == (found.id, found.service, found.customer)
    assert (NOW - HOUR, NOW - MINUTE) == (found.at, found.ended_at)
    assert DeploymentStatus.SUCCEEDED == found.status


def test_a_body_that_is_no_change_is_a_dead_letter(store: Store) -> None:
    """The others of its batch are stored nevertheless."""
    take_in(store, "ci", {"status": "done"}, release())

    with store.view() as view:
        [dead] = [each for each in view.delivery_list(Query()).items if each.reason]
    assert "does not say what" in dead.reason
    assert 1 == len(changes(store))


def test_a_new_incident_says_which_change_was_shortly_before_it(store: Store) -> None:
    """Once, with the age and with what was seen of such changes: here, of three one did harm."""
    for days in (3, 2, 1):
        take_in(store, "ci", release(NOW - days * DAY, ended_at=NOW - days * DAY))
    long_ago = NOW - 2 * DAY + MINUTE
    take_in(store, "gen", outage(long_ago), outage(long_ago, status="ok"), at=long_ago)
    take_in(store, "ci", release(NOW - 20 * MINUTE, ended_at=NOW - 10 * MINUTE))
    take_in(store, "gen", outage(NOW, name="Another", key="another", service="billing"))
    watch = ChangeWatch(store, FakeClock(), CATALOGUE)

    assert [1, 4, 0] == [watch.step(), watch.step(), watch.step()]
    assert 1 == ChangeWatch(store, FakeClock(), CATALOGUE).step()

    [line] = lines(store, 2)
    assert ("change before it: Release", "watcher") == (line.text, line.actor)
    assert (
        "a change of billing was over 10 min before the first alert; 1 of 3 changes of billing in "
        "the last 90 days were followed by an incident within 15 min"
    ) == line.reason.text
    assert 600.0 == line.reason.gap


def test_an_incident_says_of_a_change_that_is_told_of_only_then(store: Store) -> None:
    """Once, in the same words, however often it is looked at and whatever else is told."""
    take_in(store, "gen", outage(NOW))
    watch = ChangeWatch(store, FakeClock(), CATALOGUE)
    watch.step()
    before = lines(store)
    running = release(NOW - 20 * MINUTE, status="running")
    take_in(store, "ci", release(NOW - 3 * DAY, ended_at=NOW - 3 * DAY), running)
    steps = [watch.step(), watch.step()]
    take_in(store, "ci", running | {"status": "succeeded", "ended_at": NOW - 10 * MINUTE})
    again = ChangeWatch(store, FakeClock(), CATALOGUE)

    assert ([], [2, 0]) == (before, steps)
    assert [1, 0] == [again.step(), again.step()]
    [line] = lines(store)
    assert "change before it: Release" == line.text
    assert (
        "a change of billing was under way, begun 20 min before the first alert; 0 of 1 changes "
        "of billing in the last 90 days were followed by an incident within 30 min"
    ) == line.reason.text


@pytest.mark.parametrize(
    ("told", "customer"),
    [
        (release(NOW + MINUTE), "acme"),
        (release(NOW - 5 * HOUR, ended_at=NOW - 5 * HOUR), "acme"),
        (release(NOW - MINUTE, service="mail"), "acme"),
        (release(NOW - MINUTE), "globex"),
    ],
    ids=["after it", "long before it", "of something else", "of a stranger"],
)
def test_what_is_told_late_is_no_line_unless_it_is_a_strong_suspect(
    store: Store, told: dict[str, object], customer: str
) -> None:
    """As of what was told in time."""
    take_in(store, "gen", outage(NOW))
    take_in(store, "ci", told, customer=customer)
    watch = ChangeWatch(store, FakeClock(), CATALOGUE)

    assert [1, 1, 0] == [watch.step(), watch.step(), watch.step()]

    assert [] == lines(store)


def test_a_late_change_is_a_line_only_where_it_is_the_most_suspicious(store: Store) -> None:
    """What is known of an incident by then stands; the page shows both."""
    take_in(store, "ci", release(NOW - 5 * MINUTE, what="In time", ended_at=NOW - 5 * MINUTE))
    take_in(store, "gen", outage(NOW))
    watch = ChangeWatch(store, FakeClock(), CATALOGUE)
    watch.step()
    take_in(store, "ci", release(NOW - HOUR, what="Too late", ended_at=NOW - HOUR))
    take_in(store, "ci", release(NOW - MINUTE, what="At last", ended_at=NOW - MINUTE))
    while watch.step():
        pass

    assert ["change before it: In time", "change before it: At last"] == [
        each.text for each in lines(store)
    ]


def test_a_weak_suspect_is_shown_but_not_written_down(store: Store) -> None:
    """A dependency that was changed hours ago is worth a look, not a line."""
    take_in(store, "ci", release(NOW - 5 * HOUR, service="postgres", ended_at=NOW - 5 * HOUR))
    take_in(store, "gen", outage(NOW))

    assert 1 == ChangeWatch(store, FakeClock(), CATALOGUE).step()

    assert [] == lines(store)
    with store.view() as view:
        incident = view.incident(1, None)
        assert incident is not None
        [near] = shortly_before(view, CATALOGUE, incident, view.spans_of(1))
    assert ("postgres", 1, 5 * HOUR, False) == (near.node, near.hops, near.age, near.strong)


def test_an_incident_opened_by_hand_is_about_its_service_alone(store: Store) -> None:
    """Without alerts its opening counts as the first of them."""
    take_in(store, "ci", release(NOW - HOUR, ended_at=NOW - HOUR))
    take_in(store, "gen", outage(NOW))

    with store.view() as view:
        incident = view.incident(1, None)
        assert incident is not None
        [near] = shortly_before(view, CATALOGUE, replace(incident, opened_at=NOW), [])
    assert HOUR == near.age


def test_an_incident_of_a_stranger_knows_nothing_of_a_change(store: Store) -> None:
    """Nothing crosses customers, even where services are called alike."""
    take_in(store, "ci", release(NOW - MINUTE))
    take_in(store, "gen", outage(NOW), customer="globex")

    assert 1 == ChangeWatch(store, FakeClock(), CATALOGUE).step()

    assert [] == lines(store)


def test_what_opened_long_ago_is_left_alone_after_a_restart(store: Store) -> None:
    """Its people know by now what happened."""
    take_in(store, "ci", release(NOW - MINUTE, ended_at=NOW - MINUTE))
    take_in(store, "gen", outage(NOW))
    late = FakeClock()
    late.advance(HOUR)

    assert 1 == ChangeWatch(store, late, CATALOGUE).step()

    assert [] == lines(store)


def test_other_sources_ask_nothing_of_changes(store: Store) -> None:
    """A batch without a change neither reads nor writes the table."""
    take_in(store, "gen", outage(NOW))

    assert [] == peek(store, "SELECT * FROM deployment")
    assert [] == peek(store, "SELECT * FROM counter WHERE name = 'deployment'")
