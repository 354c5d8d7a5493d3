"""What the incidents of a problem have cost, and how urgent that makes it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.decide.given import POLICY, at
from tests.decide.problems import incident
from watcher.decide.cost import Bill, counted, priority
from watcher.model.catalogue import Calendar, Catalogue, Customer, Service
from watcher.model.change import replace
from watcher.model.incident import Incident, Priority
from watcher.model.policy import Channel
from watcher.model.problem import Cost

HOUR = timedelta(hours=1)
DAYTIME = Calendar("office", ZoneInfo("UTC"), {day: ((9 * 60, 17 * 60),) for day in range(7)})
ALWAYS = Calendar("always", ZoneInfo("UTC"), {day: ((0, 1440),) for day in range(7)})


def bill(channel: Channel | None = None, calendar: Calendar | None = DAYTIME) -> Bill:
    """The service billing is needed by day, and acme at all hours; some channel is told."""
    service = Service("acme", "billing", 3, calendar=calendar)
    catalogue = Catalogue(
        services={("acme", "billing"): service},
        customers={"acme": Customer("acme", calendar=ALWAYS)},
    )
    channels = () if channel is None else (channel,)
    return Bill(replace(POLICY, channels=channels), catalogue)


def test_incidents_cost_what_they_lasted() -> None:
    """Those that are not over have not lasted yet, those that were merged count elsewhere."""
    incidents = [
        incident(1, resolved_at=at(60)),
        incident(2, minutes=60, closed_at=at(90)),
        incident(3),
        incident(4, merged_into=1, closed_at=at(60)),
        incident(5, minutes=60, resolved_at=at(0)),
    ]

    assert Cost(4, 1.5 * HOUR, breaches=2) == counted(incidents, bill(), breaches=2)


@pytest.mark.parametrize(
    ("told", "found", "woken"),
    [
        (Channel("sms", "webhook", Priority.P3), incident(service="billing"), 1),
        (Channel("sms", "webhook", Priority.P2), incident(service="billing"), 0),
        (Channel("sms", "webhook", Priority.P3), incident(minutes=8 * 60, service="billing"), 0),
        (Channel("sms", "webhook", Priority.P3), incident(), 0),
        (Channel("sms", "webhook", Priority.P3, customers=frozenset({"globex"})), incident(), 0),
        (
            Channel("sms", "webhook", Priority.P3, customers=frozenset({"globex"})),
            incident(service="billing"),
            0,
        ),
        (Channel("sms", "webhook", Priority.P3), incident(customer="globex"), 0),
        (None, incident(service="billing"), 0),
    ],
)
def test_whoever_is_told_outside_business_hours_was_woken(
    told: Channel | None, found: Incident, woken: int
) -> None:
    """The hours are those of the service, else of the customer; without any nobody sleeps."""
    assert woken == counted([found], bill(told)).woken


def test_the_hours_of_the_customer_count_where_a_service_has_none() -> None:
    """As everywhere else."""
    found = incident(service="billing")

    assert 0 == counted([found], bill(Channel("sms", "webhook", Priority.P3), None)).woken


@pytest.mark.parametrize(
    ("cost", "level"),
    [
        (Cost(), "P5"),
        (Cost(incidents=1), "P5"),
        (Cost(incidents=2), "P4"),
        (Cost(incidents=5), "P3"),
        (Cost(incidents=50), "P1"),
        (Cost(incidents=2, lasted=24 * HOUR), "P3"),
        (Cost(incidents=2, breaches=4), "P2"),
        (Cost(incidents=2, woken=20), "P1"),
    ],
)
def test_the_most_urgent_part_of_the_cost_makes_the_priority(cost: Cost, level: str) -> None:
    """Every part is shown, with what it makes of it."""
    found, terms = priority(cost)

    assert level == found
    assert ["incidents", "lasted", "breaches", "woken"] == [term.name for term in terms]
    assert any(term.because.startswith(level) for term in terms)


def test_a_term_says_from_how_much_on_it_counts_so() -> None:
    """Nobody has to look it up."""
    _, terms = priority(Cost(incidents=7))

    assert ("7", "P3 from 5 incidents on") == (terms[0].value, terms[0].because)
    assert "P5 below 4 hours in all" == terms[1].because
