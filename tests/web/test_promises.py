"""Promises of service on the page of an incident, and over the API."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.web.seed import ACME, CATALOGUE, NOW
from tests.web.world import World
from watcher.model.catalogue import Sla
from watcher.model.incident import Priority

MINUTE = timedelta(minutes=1)
GOLD = Sla(
    "gold",
    {Priority.P1: MINUTE, Priority.P3: 60 * MINUTE},
    {Priority.P1: 240 * MINUTE, Priority.P3: 240 * MINUTE},
)


@pytest.fixture
def promised(world: World) -> World:
    """Acme has an SLA; #8 is open since 14 minutes, and #5 was over after 80."""
    acme = replace(CATALOGUE.customers[ACME], sla=GOLD)
    customers = {**CATALOGUE.customers, ACME: acme}
    return World(world.store, world.portal, catalogue=replace(CATALOGUE, customers=customers))


def test_the_page_of_an_incident_shows_until_when_and_whether(promised: World) -> None:
    """A promise that is broken says so, and one that can be kept until when."""
    page = promised.person().get("/incidents/8").text
    section = page.partition('id="promises"')[2].partition("</section>")[0]

    assert "Promised (gold)" in section
    assert '<span class="chip bad">late</span>' in section
    assert "P1 of gold: acknowledge within 1 min" in section
    assert "due <time" in section
    assert "not resolved yet" in section


def test_what_is_over_was_kept_or_late(promised: World) -> None:
    """By how much, in words."""
    page = promised.person().get("/incidents/5").text
    section = page.partition('id="promises"')[2].partition("</section>")[0]

    assert '<span class="chip bad">20 min late</span>' in section
    assert '<span class="chip good">kept</span>' in section
    assert "due <time" not in section


def test_nothing_is_said_where_nothing_was_promised(world: World) -> None:
    """Most customers have no SLA."""
    assert "Promised" not in world.person().get("/incidents/8").text
    assert [] == world.program().get("/api/v1/incidents/8").json()["promises"]


def test_programs_read_promises_in_numbers(promised: World) -> None:
    """With the reason in words."""
    taken, solved = promised.program().get("/api/v1/incidents/8").json()["promises"]
    with promised.store.view() as view:
        incident = view.incident(8, ACME)
    assert incident is not None
    spent = NOW - incident.opened_at

    assert ("gold", "acknowledge", "P1", 60.0, None) == tuple(
        taken[name] for name in ("sla", "duty", "priority", "within", "ended_at")
    )
    assert (True, spent.total_seconds(), (spent - MINUTE).total_seconds()) == tuple(
        taken[name] for name in ("broken", "spent", "late")
    )
    assert ("resolve", False, 0.0) == (solved["duty"], solved["broken"], solved["late"])
    assert "sla" == solved["reason"]["rule"]
