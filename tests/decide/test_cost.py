"""What the incidents of a problem have cost, and how urgent that makes it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.decide.given import POLICY, at
from tests.decide.problems import incident
from watcher.decide.cost import Bill, counted, priority
from watcher.model.catalogue import Calendar, Catalogue, Customer, Service, Sla
from watcher.model.change import replace
from watcher.model.incident import Course, Incident, Priority
from watcher.model.policy import Channel, Costs
from watcher.model.problem import Cost

HOUR = timedelta(hours=1)
DAYTIME = Calendar("office", ZoneInfo("UTC"), {day: ((9 * 60, 17 * 60),) for day in range(7)})
ALWAYS = Calendar("always", ZoneInfo("UTC"), {day: ((0, 1440),) for day in range(7)})


COSTS = Costs()
PROMISED = Sla("gold", {Priority.P3: HOUR}, {Priority.P3: 2 * HOUR})


def bill(channel: Channel | None = None, calendar: Calendar | None = DAYTIME) -> Bill:
    """The service billing is needed by day, and acme at all hours; some channel is told. Of shop
    it is promised when it works again.
    """
    service = Service("acme", "billing", 3, calendar=calendar)
    shop = Service("acme", "shop", 3, sla=PROMISED)
    catalogue = Catalogue(
        services={("acme", "billing"): service, ("acme", "shop"): shop},
        customers={"acme": Customer("acme", calendar=ALWAYS)},
    )
    channels = () if channel is None else (channel,)
    return Bill(replace(POLICY, channels=channels), catalogue)


def test_incidents_cost_what_they_lasted() -> None:
    """Those that are not over have not lasted yet, those that were merged count elsewhere; while
    one was over, until it was reopened, it did not last.
    """
    incidents = [
        incident(1, resolved_at=at(60)),
        incident(2, minutes=60, closed_at=at(90)),
        incident(3),
        incident(4, merged_into=1, closed_at=at(60)),
        incident(5, minutes=60, resolved_at=at(0)),
        incident(6, resolved_at=at(90), course=Course(breaks=((at(10), at(70)),))),
    ]

    assert Cost(5, 2 * HOUR) == counted(incidents, bill(), at(90))


def test_incidents_that_broke_a_promise_are_counted() -> None:
    """Once each, whatever they broke; one that is not over as soon as its time has passed."""
    incidents = [
        incident(1, service="shop", acknowledged_at=at(30), resolved_at=at(60)),
        incident(2, service="shop", acknowledged_at=at(90), resolved_at=at(150)),
        incident(3, service="shop", acknowledged_at=at(30)),
        incident(4, service="shop", merged_into=1, closed_at=at(900)),
        incident(5, service="billing"),
    ]

    assert [1, 2] == [counted(incidents, bill(), at(now)).breaches for now in (120, 121)]


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
        (
            Channel("sms", "webhook", Priority.P3),
            incident(service="billing", course=Course(history=True)),
            0,
        ),
        (None, incident(service="billing"), 0),
    ],
)
def test_whoever_is_told_outside_business_hours_was_woken(
    told: Channel | None, found: Incident, woken: int
) -> None:
    """The hours are those of the service, else of the customer; without any nobody sleeps. Of
    history nobody was told.
    """
    assert woken == counted([found], bill(told), at(60)).woken


def test_the_hours_of_the_customer_count_where_a_service_has_none() -> None:
    """As everywhere else."""
    found = incident(service="billing")

    told = Channel("sms", "webhook", Priority.P3)

    assert 0 == counted([found], bill(told, None), at(60)).woken


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
    found, terms = priority(cost, COSTS)

    assert level == found
    assert ["incidents", "lasted", "breaches", "woken"] == [term.name for term in terms]
    assert any(term.because.startswith(level) for term in terms)


def test_a_term_says_from_how_much_on_it_counts_so() -> None:
    """Nobody has to look it up."""
    _, terms = priority(Cost(incidents=7), COSTS)

    assert ("7", "P3 from 5 incidents on") == (terms[0].value, terms[0].because)
    assert "P5 below 4 hours in all" == terms[1].because


def test_rules_say_from_how_much_on_a_problem_is_urgent() -> None:
    """A provider that sells promises may want to hear of the first that is broken."""
    found, terms = priority(Cost(incidents=3, breaches=1), Costs(breaches=(3, 2, 1, 1)))

    assert ("P3", "P3 from 1 that broke a promise on") == (found, terms[2].because)
