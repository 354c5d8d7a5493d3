"""The page and the API of the sources: how each is, for whom it concerns, without secrets."""

from datetime import timedelta
from typing import Any

import pytest

from tests.web.seed import ACME, GLOBEX, NOW
from tests.web.world import World
from watcher.model.alert import Alert, AlertStatus
from watcher.model.concern import OWN, Watched
from watcher.model.event import Severity
from watcher.model.person import Role
from watcher.model.source import Asked, Drift, Heard

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SOURCES = (
    Watched("zabbix", "zabbix", ACME, True, None, "zabbix.acme.example", 2 * MINUTE),
    Watched("grafana", "grafana", ACME, address="grafana.acme.example", every=2 * MINUTE),
    Watched("jobs", "generic", ACME, True, 60 * MINUTE),
    Watched("lab", "generic", ACME, True),
    Watched("zabbix-globex", "zabbix", GLOBEX, address="z.globex.example", every=5 * MINUTE),
)


@pytest.fixture
def full(world: World) -> World:
    """The night of the other tests, with sources."""
    found = World(world.store, world.portal, sources=SOURCES)
    with world.store.begin() as tx:
        tx.save_heard("zabbix", Heard(NOW - 85 * MINUTE, _habit()))
        tx.save_heard("grafana", Heard(NOW - 3 * MINUTE, {NOW.date(): MINUTE}))
        tx.save_heard("jobs", Heard(NOW - 12 * MINUTE, {NOW.date(): MINUTE}))
        took = timedelta(seconds=1.24)
        last, absent = NOW - MINUTE, {"o1": NOW - DAY, "o2": NOW - MINUTE}
        tx.save_asked("zabbix", Asked(at=last, complete_at=last, took=took, absent=absent))
        problem = "grafana.acme.example did not answer within 10 s"
        tx.save_asked(
            "grafana",
            Asked(
                at=NOW - MINUTE,
                complete_at=NOW - 7 * MINUTE,
                trouble="unreachable",
                problem=problem,
                since=NOW - 5 * MINUTE,
            ),
        )
        tx.add_drift("zabbix", NOW, {Drift.OPENING: 2, Drift.RECOVERY: 1})
        tx.add_drift("zabbix", NOW - 6 * DAY, {Drift.OPENING: 200})
        tx.add_drift("zabbix", NOW - 7 * DAY, {Drift.OPENING: 5000})
        tx.save_alerts([_silent()])
    return found


def _habit() -> dict[Any, timedelta]:
    return {NOW.date() - each * DAY: 40 * MINUTE for each in range(9)}


def _silent() -> Alert:
    return Alert(
        ACME,
        "v1:watcher:silent:zabbix",
        OWN,
        "v1:x",
        AlertStatus.FIRING,
        Severity.DISASTER,
        "Source zabbix is silent",
        NOW,
        NOW,
        NOW - 85 * MINUTE,
        labels={"about": "zabbix", "condition": "silent"},
        summary="Its longest usual pause in 14 days was 40 min; it has been silent for 85 min.",
        incident=3,
    )


def listed(world: World, customer: str | None = None) -> dict[str, Any]:
    """The sources that the API shows, by name."""
    answer = world.program(Role.VIEWER, customer).get("/api/v1/sources")
    assert 200 == answer.status_code
    return {each["name"]: each for each in answer.json()["items"]}


def test_the_api_says_how_each_source_is(full: World) -> None:
    """When it was heard of and asked, what it did not tell, and what is wrong."""
    found = listed(full)

    conditions = {name: each["condition"] for name, each in found.items()}
    assert {
        "grafana": "troubled",
        "jobs": "well",
        "lab": "new",
        "zabbix": "failing",
        "zabbix-globex": "new",
    } == conditions
    assert {
        "learned": True,
        "limit": 4800.0,
        "because": "its longest usual pause in 14 days was 40 min",
    } == found["zabbix"]["heartbeat"]
    assert (False, 3600.0) == tuple(
        found["jobs"]["heartbeat"][each] for each in ("learned", "limit")
    )
    assert (None, None) == (found["lab"]["heartbeat"]["limit"], found["grafana"]["heartbeat"])
    assert (None, 60.0, 1.24) == (
        found["jobs"]["monitor"],
        *(found["zabbix"]["monitor"][each] for each in ("lag", "took")),
    )
    assert {"opening": 2, "recovery": 1, "update": 0} == found["zabbix"]["missed_today"]
    assert 202 == found["zabbix"]["missed_week"]["opening"]
    [wrong] = found["zabbix"]["wrong"]
    assert ("silent", 3) == (wrong["condition"], wrong["incident"])
    assert "did not answer within 10 s" in found["grafana"]["monitor"]["problem"]
    assert [1, 0] == [found[name]["monitor"]["unproven"] for name in ("zabbix", "grafana")]


def test_maintenance_that_is_not_taken_over_is_named(full: World) -> None:
    """With the reason, on the page and by the API."""
    why = "maintenance '<x>' is not taken over: why"
    with full.store.begin() as tx:
        tx.save_left_out("zabbix", [why])

    assert [why] == listed(full)["zabbix"]["monitor"]["left_out"]
    assert [] == listed(full)["grafana"]["monitor"]["left_out"]
    page = full.person().get("/sources").text
    assert "Maintenance &#39;&lt;x&gt;&#39; is not taken over: why" in page


def test_a_stranger_sees_only_the_sources_of_his_customer(full: World) -> None:
    """Neither their names nor what is wrong with them, in the API and on the page."""
    assert ["zabbix-globex"] == list(listed(full, GLOBEX))
    page = full.person(customer=GLOBEX).get("/sources").text

    assert "zabbix-globex" in page
    assert not [word for word in ("acme", "jobs", "is silent", "202") if word in page]


def test_nobody_sees_the_sources_without_a_login(full: World) -> None:
    """They name customers and the hosts of their monitoring systems."""
    client = full.client()

    assert [401, 303] == [client.get(path).status_code for path in ("/api/v1/sources", "/sources")]


@pytest.mark.parametrize(
    "words",
    [
        'href="/incidents/3">Source zabbix is silent',
        "it has been silent for 85 min",
        "expected within 80 min: its longest usual pause in 14 days was 40 min",
        "expected within 60 min<",
        "its habit is being learned",
        "no heartbeat",
        "grafana.acme.example did not answer within 10 s",
        "2 openings",
        "1 recovery",
        "not heard of yet",
        "1 open here only: nothing proves that it is over",
        "zabbix.acme.example, every 2 min, in 1.2 s",
    ],
)
def test_the_page_says_it_in_words(full: World, words: str) -> None:
    """For whoever looks after the sources; it is linked from every page."""
    page = full.person().get("/sources").text

    assert words in page
    assert '<a href="/sources" aria-current="page">Sources</a>' in page


def test_a_page_without_sources_says_so(world: World) -> None:
    """Rather than showing an empty table."""
    assert "Nobody posts alerts." in world.person().get("/sources").text
