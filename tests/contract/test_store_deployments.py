"""What the store keeps of changes, and what it finds of them, on both stores."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.given import MINUTE, NOW, alert, change, occurrence
from watcher.decide.match import parse
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.store.base import UnknownField
from watcher.store.query import Query
from watcher.store.store import Store

HOUR, DAY = 60 * MINUTE, timedelta(days=1)


def save(store: Store, *changes: Deployment) -> None:
    """Stores them."""
    with store.begin() as tx:
        tx.save_deployments(changes)


def listed(store: Store, match: str = "{}", **asked: object) -> list[Deployment]:
    """The list."""
    with store.view() as view:
        query = Query(parse(match), **asked)  # type: ignore[arg-type]  # the fields of a query
        return list(view.change_list(query).items)


def test_a_change_comes_back_as_it_was_stored(store: Store) -> None:
    """With a number of its own, which it keeps when it is stored again."""
    running = change(status=DeploymentStatus.RUNNING, ended_at=None, service=None, host=None)
    save(store, running, change("v1:2"))
    [_, known] = sorted(listed(store), key=lambda each: each.id or 0, reverse=True)
    save(store, replace(known, status=DeploymentStatus.FAILED, ended_at=NOW))

    with store.begin() as tx:
        found = tx.deployments([("acme", "ci", "v1:1"), ("acme", "ci", "v1:9")])

    assert 1 == known.id
    assert replace(running, id=1) == known
    assert {
        ("acme", "ci", "v1:1"): replace(known, status=DeploymentStatus.FAILED, ended_at=NOW)
    } == found
    assert [2, 1] == [each.id for each in listed(store)]


def test_changes_are_listed_the_last_begun_first_page_by_page(store: Store) -> None:
    """Whatever the order in which they were told."""
    save(store, change("b", NOW + MINUTE), change("c", NOW + HOUR), change("a", NOW))

    with store.view() as view:
        first = view.change_list(Query(limit=2, total=True))
        rest = view.change_list(Query(limit=2, cursor=first.next))

    assert (["c", "b"], 3) == ([each.key for each in first.items], first.total)
    assert (["a"], None) == ([each.key for each in rest.items], rest.next)


@pytest.mark.parametrize(
    "match",
    [
        "id=1",
        "customer=acme",
        "source=ci",
        'key="v1:1"',
        'what=~"Округлять.*"',
        "status=succeeded",
        "service=billing",
        "host=db1",
        "environment=production",
        "revision=c0ffee",
        "author=vera",
        'url=~"https://ci.*"',
        'at=~"2026-03-01.*"',
        'ended_at=~"2026.*"',
    ],
)
def test_changes_are_found_by_every_field(store: Store, match: str) -> None:
    """And by nothing else."""
    other = replace(
        change("v1:2", NOW + DAY, customer="globex", source="tc", status=DeploymentStatus.RUNNING),
        what="",
        service=None,
        host=None,
        environment="",
        revision="",
        author="",
        url="",
        ended_at=None,
    )
    save(store, change(), other)

    assert ["v1:1"] == [each.key for each in listed(store, match)]


def test_a_list_knows_no_other_field(store: Store) -> None:
    """A misspelt matcher is refused."""
    with pytest.raises(UnknownField, match="changes have no 'colour'"):
        listed(store, "colour=red")


def test_a_customer_sees_his_own_changes_only(store: Store) -> None:
    """Nothing crosses customers: neither lists, nor what is found about an incident."""
    save(store, change(), change("v1:2", customer="globex"))
    with store.begin() as tx:
        tx.save_alerts([alert(service="billing", incident=1)])
        tx.save_occurrences([occurrence(incident=1, started_at=NOW)])

    assert ["v1:2"] == [each.key for each in listed(store, customer="globex")]
    with store.view() as view:
        before = view.changes_before("globex", NOW - DAY, NOW, 10)
        like = view.changes_like(before[0], "billing", NOW - DAY, NOW, 10)
        troubles = [view.troubles(each, "billing", NOW - DAY, NOW) for each in ("acme", "globex")]
    assert (["v1:2"], ["v1:2"]) == ([each.key for each in before], [each.key for each in like])
    assert [[NOW], []] == troubles


def test_changes_before_a_moment_had_begun_and_were_not_long_over(store: Store) -> None:
    """The newest first, as many as are wanted."""
    save(
        store,
        change("over long ago", NOW - 3 * HOUR),
        change("begun long ago", NOW - 3 * HOUR, ended_at=NOW - HOUR),
        change("runs", NOW - HOUR, ended_at=None, status=DeploymentStatus.RUNNING),
        change("now", NOW),
        change("later", NOW + MINUTE),
    )

    with store.view() as view:
        found = view.changes_before("acme", NOW - 2 * HOUR, NOW, 10)
        two = view.changes_before("acme", NOW - 2 * HOUR, NOW, 2)

    assert ["now", "runs", "begun long ago"] == [each.key for each in found]
    assert ["now", "runs"] == [each.key for each in two]


def test_changes_like_one_are_of_its_node_and_source(store: Store) -> None:
    """A host or a service, within a time."""
    own = change()
    save(
        store,
        own,
        change("by another", NOW - HOUR, source="tc"),
        change("elsewhere", NOW - HOUR, service="search", host=None),
        change("on its host", NOW - HOUR, service=None),
        change("of it", NOW - 2 * HOUR, host=None),
        change("too old", NOW - DAY),
    )

    with store.view() as view:
        services = view.changes_like(own, "billing", NOW - 2 * HOUR, NOW, 10)
        hosts = view.changes_like(own, "db1", NOW - 2 * HOUR, NOW, 10)

    assert ["v1:1", "of it"] == [each.key for each in services]
    assert ["v1:1", "on its host"] == [each.key for each in hosts]


def test_troubles_are_when_incidents_began_on_a_node(store: Store) -> None:
    """Once for each incident, by its first span there; what opened none is no trouble."""
    with store.begin() as tx:
        tx.save_alerts([alert("k1", service="billing", host="web1"), alert("k2", host="billing")])
        tx.save_occurrences(
            [
                occurrence("k1", "o1", incident=1, started_at=NOW),
                occurrence("k1", "o2", incident=1, started_at=NOW + MINUTE),
                occurrence("k1", "o3", incident=None, started_at=NOW + HOUR),
                occurrence("k1", "o4", incident=3, started_at=NOW + DAY),
                occurrence("k2", "o5", incident=2, joined_at=NOW - MINUTE),
            ]
        )

    with store.view() as view:
        found = view.troubles("acme", "billing", NOW - HOUR, NOW + HOUR)
        of_host = view.troubles("acme", "web1", NOW - HOUR, NOW + HOUR)

    assert ([NOW - MINUTE, NOW], [NOW]) == (sorted(found), of_host)


def test_old_changes_go_the_oldest_first(store: Store) -> None:
    """A bounded number at a time; a number that is gone does not come back."""
    save(store, *(change(f"v1:{day}", NOW - day * DAY) for day in range(4)))

    with store.begin() as tx:
        counted = tx.expire_deployments(NOW - DAY / 2, 2), tx.expire_deployments(NOW - DAY / 2, 2)
    save(store, change("new"))

    assert (2, 1) == counted
    assert {1, 5} == {each.id for each in listed(store)}
