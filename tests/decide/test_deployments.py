"""Which changes are suspects, how suspicious each is, and what is said of those before it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from watcher.decide.deployments import (
    Near,
    Rate,
    around,
    is_known,
    located,
    merged,
    rated,
    roughly,
    suspects,
)
from watcher.decide.topology import Topology
from watcher.model.catalogue import Catalogue, Host, Service
from watcher.model.deployment import Deployment, DeploymentStatus

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def change(before: timedelta = HOUR, lasted: timedelta | None = MINUTE, **said: Any) -> Deployment:
    """A change of billing that began so long before noon and lasted so long, or still runs."""
    at = NOON - before
    given = {
        "customer": "acme",
        "source": "ci",
        "key": f"v1:{before}",
        "what": "Release",
        "at": at,
        "status": DeploymentStatus.RUNNING if lasted is None else DeploymentStatus.SUCCEEDED,
        "service": "billing",
        "ended_at": None if lasted is None else at + lasted,
    }
    return Deployment(**{**given, **said})


HERE = {"billing": 0, "db1": 1, "postgres": 2}


@pytest.mark.parametrize(
    ("told", "age"),
    [
        (change(HOUR, 10 * MINUTE), 50 * MINUTE),
        (change(HOUR, None), HOUR),
        # That it ended after the first alert was not known then.
        (change(HOUR, 2 * HOUR), HOUR),
        (change(timedelta(), timedelta()), timedelta()),
        (change(DAY, timedelta()), DAY),
        # Begun long before, over shortly before.
        (change(3 * DAY, 3 * DAY - MINUTE), MINUTE),
        (change(DAY + MINUTE, timedelta()), None),
        (change(-MINUTE, timedelta()), None),
        (change(HOUR, service="search"), None),
        (change(HOUR, service=None), None),
    ],
)
def test_what_began_shortly_before_on_it_is_a_suspect(
    told: Deployment, age: timedelta | None
) -> None:
    """Its age counts from its end, or from its beginning while it is under way."""
    assert [near.age for near in suspects([told], NOON, HERE)] == ([] if age is None else [age])


def test_the_youngest_and_nearest_is_the_most_suspicious() -> None:
    """Two hours make as much of a difference as a hop."""
    old = change(5 * HOUR)
    young = change(HOUR)
    far = change(2 * MINUTE, service="postgres")
    host = change(2 * MINUTE, service=None, host="db1")

    found = suspects([old, far, host, young], NOON, HERE)

    assert [young, host, far, old] == [near.deployment for near in found]
    assert [True, True, False, False] == [near.strong for near in found]


def test_of_all_that_it_touches_the_nearest_counts() -> None:
    """A change of a service on a host is one of either."""
    [near] = suspects([change(service="postgres", host="db1")], NOON, HERE)

    assert ("db1", 1) == (near.node, near.hops)


def test_a_suspect_says_why_and_how_often_such_a_change_did_harm() -> None:
    """In words, with the age as the gap; of the future nothing."""
    [own] = suspects([change(HOUR)], NOON, HERE)
    [under_way] = suspects([change(20 * MINUTE, None, service="postgres")], NOON, HERE)
    [near] = suspects([change(20 * MINUTE, None, service=None, host="db1")], NOON, HERE)

    assert "a change of billing was over 59 min before the first alert" == own.reason.text
    assert (("ci:v1:1:00:00",), 59 * 60.0) == (own.reason.keys, own.reason.gap)
    assert (
        "a change of postgres, on which it depends (2 hops), was under way, begun 20 min before "
        "the first alert"
    ) == under_way.reason.text
    assert "db1, on which it depends (1 hop), was" in near.reason.text
    assert replace(own, rate=Rate(41, 3, 2 * HOUR)).reason.text.endswith(
        "; 3 of 41 changes of billing in the last 90 days were followed by an incident within 2 h"
    )
    assert replace(own, rate=Rate(0, 0, HOUR)).reason.text.endswith(
        "; no other change of billing is known of the last 90 days"
    )


def test_a_rate_counts_what_was_watched_for_long_enough() -> None:
    """Neither the change itself, nor what is younger than the time within which it counts."""
    [near] = suspects([change(50 * MINUTE)], NOON, HERE)
    harmful, harmless = change(2 * DAY), change(3 * DAY)
    younger, older = change(55 * MINUTE), change(91 * DAY)
    troubles = [NOON - 2 * DAY + 30 * MINUTE, NOON - 3 * DAY + 2 * HOUR, NOON - 4 * DAY]

    found = rated(near, [near.deployment, younger, harmful, harmless, older], troubles, NOON)

    assert Rate(2, 1, HOUR) == found.rate


def test_what_comes_later_changes_no_rate() -> None:
    """Strictly causal: the same before and after the next change and the next incident."""
    [near] = suspects([change()], NOON, HERE)
    before = [change(2 * DAY)]

    later = [*before, change(-DAY)]
    assert rated(near, before, [], NOON) == rated(near, later, [NOON + DAY], NOON)


@pytest.mark.parametrize(
    ("age", "within"),
    [(timedelta(), 15 * MINUTE), (HOUR, HOUR), (HOUR + MINUTE, 2 * HOUR), (DAY, DAY)],
)
def test_incidents_count_within_the_next_round_time(age: timedelta, within: timedelta) -> None:
    """So that a change counts that is as old as this one."""
    assert within == Near(change(), "billing", 0, age, under_way=False).within


def test_the_news_of_a_change_are_one_in_any_order() -> None:
    """That it runs, what it is, how it went: what is over outdoes what runs."""
    running = change(HOUR, None, what="", author="vera", id=7)
    over = change(
        30 * MINUTE, timedelta(), status=DeploymentStatus.FAILED, url="https://ci.example"
    )
    again = change(20 * MINUTE, timedelta(), revision="c0ffee")
    expected = replace(
        again, at=running.at, author="vera", url="https://ci.example", id=7, what="Release"
    )

    for first, *others in permutations((running, over, again)):
        known = first
        for each in others:
            known = merged(known, each)
        assert expected == replace(known, key=again.key)


def test_a_change_gets_the_names_of_the_catalogue() -> None:
    """Equal names in other letters, aliases of hosts; what is not known keeps its name."""
    host = Host("acme", "db1")
    catalogue = Catalogue(
        services={
            ("other", "billing"): Service("other", "billing", 1),
            ("acme", "Billing"): Service("acme", "Billing", 1),
        },
        by_alias={("acme", "db1.example.org"): host},
    )

    def names(**said: Any) -> tuple[str, str | None, str | None]:
        found = located(change(customer="", **said), "acme", catalogue)
        return found.customer, found.service, found.host

    assert ("acme", "Billing", None) == names(service="billing")
    assert ("acme", "Billing", "db1") == names(service="Billing", host="DB1.example.org")
    assert ("acme", "search", "db9") == names(service="search", host="db9")
    assert ("acme", None, None) == names(service=None)
    assert is_known(change(service="Billing"), catalogue)
    assert is_known(change(service=None, host="db1.example.org"), catalogue)
    assert not is_known(change(service="billing", host="db9"), catalogue)
    assert not is_known(change(service=None), catalogue)


def test_an_incident_is_about_its_nodes_and_what_they_depend_on() -> None:
    """Over two hops at most, the shortest way."""
    topology = Topology(
        [
            Service("acme", "billing", 3, hosts=("web1",), depends_on=("postgres",)),
            Service("acme", "postgres", 3, hosts=("db1",), depends_on=("san",)),
            Service("acme", "san", 3, hosts=("disk1",)),
        ]
    )

    hops = around(topology, [("web1", "billing"), (None, "billing"), (None, None)])

    assert {"web1": 0, "billing": 0} == {name: away for name, away in hops.items() if not away}
    assert (1, 2, 2) == (hops["postgres"], hops["db1"], hops["san"])
    assert "disk1" not in hops


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (12 * MINUTE, "12 min"),
        (2 * HOUR, "2 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
    ],
)
def test_spans_are_said_to_the_minute(span: timedelta, words: str) -> None:
    """Nobody needs to know seconds."""
    assert words == roughly(span)
