"""Impact x urgency, and the words that go with it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decide.given import RULES, T0, incident
from watcher.decide.priority import (
    Breadth,
    Scale,
    Share,
    assess,
    basis,
    pooled,
    prioritise,
    staked,
)
from watcher.decide.rules import Effect, Effects
from watcher.model.alert import Alert, AlertStatus
from watcher.model.catalogue import Calendar, Catalogue, Customer, Service
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import (
    Incident,
    Judgement,
    Override,
    OverrideKind,
    Priority,
    Stake,
    Status,
)
from watcher.model.policy import Bounds, OutsideHours
from watcher.model.reason import Reason

OFFICE = Calendar("office", ZoneInfo("Europe/Moscow"), {day: ((540, 1080),) for day in range(5)})
EASED = replace(
    RULES, outside_hours=OutsideHours(1, frozenset({4}), frozenset({Severity.DISASTER}))
)
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

severities = st.sampled_from(Severity)
criticalities = st.none() | st.integers(1, 4)
breadths = st.builds(Breadth, st.integers(0, 9), st.integers(0, 9), st.integers(1, 9))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given
calendars = st.sampled_from((None, OFFICE))


@pytest.mark.parametrize(
    ("severity", "criticality", "breadth", "expected"),
    [
        (Severity.DISASTER, 4, Breadth(), Priority.P1),
        (Severity.HIGH, 4, Breadth(), Priority.P1),
        (Severity.AVERAGE, 4, Breadth(), Priority.P2),
        (Severity.WARNING, 4, Breadth(), Priority.P3),
        (Severity.DISASTER, 2, Breadth(), Priority.P2),
        (Severity.DISASTER, 2, Breadth(hosts=5), Priority.P1),
        (Severity.DISASTER, 2, Breadth(services=3), Priority.P1),
        (Severity.HIGH, 2, Breadth(hosts=5, services=3), Priority.P2),
        (Severity.HIGH, 2, Breadth(customers=3), Priority.P2),
        (Severity.HIGH, 2, Breadth(hosts=5, customers=3), Priority.P1),
        (Severity.HIGH, 2, Breadth(hosts=4, services=2, customers=2), Priority.P3),
        (Severity.INFORMATION, 1, Breadth(), Priority.P5),
        (Severity.DISASTER, None, Breadth(), Priority.P2),
        (Severity.HIGH, 4, Breadth(hosts=9), Priority.P1),
    ],
)
def test_priority_follows_the_matrix(
    severity: Severity, criticality: int | None, breadth: Breadth, expected: Priority
) -> None:
    """Criticality and breadth make the impact, severity the urgency, the matrix the priority."""
    found = assess(RULES, [Share(severity, "billing", criticality)], breadth, T0)

    assert expected == found.priority


def test_every_term_says_what_made_it_so() -> None:
    """The terms name the criticality, how much is affected, and the severity behind them."""
    share = Share(Severity.HIGH, "billing", 2)
    impact, urgency = assess(RULES, [share], Breadth(7, 4, 3), T0).terms

    assert ("impact", "extensive") == (impact.name, impact.value)
    assert impact.because == (
        "criticality of billing is 2; 7 hosts and 4 services affected: one step wider; "
        "3 customers affected: one step wider"
    )
    assert ("urgency", "high") == (urgency.name, urgency.value)
    assert "highest severity seen is high" == urgency.because


@pytest.mark.parametrize(
    ("share", "because"),
    [
        (Share(Severity.HIGH), "no service known, criticality 2 assumed"),
        (Share(Severity.HIGH, "cron"), "cron is not in the catalogue, criticality 2 assumed"),
        (Share(Severity.HIGH, None, 3), "criticality of the service is 3"),
    ],
)
def test_an_unknown_service_is_said_to_be_unknown(share: Share, because: str) -> None:
    """Where the catalogue knows no service, the assumed criticality is named."""
    assert because == assess(RULES, [share], Breadth(), T0).terms[0].because


def test_nothing_is_wider_than_the_widest() -> None:
    """What is affected is told even where it changes nothing."""
    [impact, _] = assess(RULES, [Share(Severity.HIGH, "shop", 4)], Breadth(6, 1, 2), T0).terms

    assert "extensive" == impact.value
    assert "criticality of shop is 4; 6 hosts affected; 2 customers affected" == impact.because


@pytest.mark.parametrize(
    ("at", "severity", "criticality", "level", "text"),
    [
        (MONDAY, Severity.HIGH, 3, "high", "within business hours (office)"),
        (
            SUNDAY,
            Severity.HIGH,
            3,
            "medium",
            "outside business hours (office: Sunday): 1 step less urgent",
        ),
        (
            EVENING,
            Severity.HIGH,
            None,
            "medium",
            "outside business hours (office): 1 step less urgent",
        ),
        (
            SUNDAY,
            Severity.HIGH,
            4,
            "high",
            "outside business hours (office: Sunday), but criticality 4 counts at all hours",
        ),
        (
            SUNDAY,
            Severity.DISASTER,
            1,
            "critical",
            "outside business hours (office: Sunday), but disaster counts at all hours",
        ),
        (SUNDAY, Severity.WARNING, 1, "low", "outside business hours (office: Sunday)"),
        (MONDAY, Severity.HIGH, 4, "high", "within business hours (office)"),
    ],
)
def test_urgency_depends_on_business_hours(
    at: datetime, severity: Severity, criticality: int | None, level: str, text: str
) -> None:
    """A service is less urgent while nobody needs it, unless it is needed at all hours."""
    share = Share(severity, "shop", criticality, OFFICE)
    urgency = assess(EASED, [share], Breadth(), at).terms[1]

    assert (level, f"highest severity seen is {severity}; {text}") == (
        urgency.value,
        urgency.because,
    )


def test_several_steps_less_urgent_are_counted() -> None:
    """As many as there are."""
    rules = replace(RULES, outside_hours=OutsideHours(2))
    share = Share(Severity.DISASTER, "shop", 3, OFFICE)

    assert "2 steps less urgent" in assess(rules, [share], Breadth(), SUNDAY).terms[1].because


@pytest.mark.parametrize(
    ("rules", "share", "expected"),
    [
        (EASED, Share(Severity.HIGH, "shop", 3, OFFICE), EVENING),
        (EASED, Share(Severity.HIGH, "shop", 4, OFFICE), None),
        (EASED, Share(Severity.HIGH, "shop", 3), None),
        (RULES, Share(Severity.HIGH, "shop", 3, OFFICE), None),
    ],
)
def test_the_clock_is_waited_for_only_where_it_changes_something(
    rules: type[object], share: Share, expected: datetime | None
) -> None:
    """Who looks again knows when."""
    assert expected == assess(rules, [share], Breadth(), MONDAY).review_at  # type: ignore[arg-type]  # a table of rules


def test_the_most_urgent_share_makes_the_priority() -> None:
    """A disaster on what matters little does not make a warning on what matters most urgent."""
    shares = [Share(Severity.WARNING, "shop", 4), Share(Severity.DISASTER, "cron", 1)]
    found = assess(RULES, shares, Breadth(), T0)

    assert Priority.P3 is found.priority
    assert "criticality of shop is 4" == found.terms[0].because


def override(kind: OverrideKind, value: str, rule: str = "pay") -> Override:
    """What the rule `pay` says."""
    return Override(kind, value, rule)


@pytest.mark.parametrize(
    ("overrides", "expected", "terms"),
    [
        (
            (override(OverrideKind.IMPACT, "extensive"),),
            Priority.P2,
            ("the rule 'pay' says so", "highest severity seen is average"),
        ),
        (
            (override(OverrideKind.URGENCY, "critical"),),
            Priority.P2,
            ("criticality of shop is 2", "the rule 'pay' says so"),
        ),
        (
            (override(OverrideKind.AT_LEAST, "P1"),),
            Priority.P1,
            (
                "criticality of shop is 2",
                "highest severity seen is average",
                "the rule 'pay' makes it P1 at least",
            ),
        ),
        (
            (override(OverrideKind.AT_MOST, "P4"),),
            Priority.P4,
            (
                "criticality of shop is 2",
                "highest severity seen is average",
                "the rule 'pay' makes it P4 at most",
            ),
        ),
        (
            (override(OverrideKind.AT_LEAST, "P4"), override(OverrideKind.AT_MOST, "P2")),
            Priority.P3,
            ("criticality of shop is 2", "highest severity seen is average"),
        ),
        (
            (override(OverrideKind.IMPACT, "gone"), override(OverrideKind.URGENCY, "gone")),
            Priority.P3,
            ("criticality of shop is 2", "highest severity seen is average"),
        ),
    ],
)
def test_rules_have_the_last_word(
    overrides: tuple[Override, ...], expected: Priority, terms: tuple[str, ...]
) -> None:
    """What a rule says of a term or of the priority counts, and is shown where it changes it."""
    share = Share(Severity.AVERAGE, "shop", 2, overrides=overrides)
    found = assess(RULES, [share], Breadth(), T0)

    assert (expected, terms) == (found.priority, tuple(term.because for term in found.terms))


ALERT = Alert(
    "acme", "k", "zabbix", "o", AlertStatus.FIRING, Severity.HIGH, "k", T0, T0, T0, service="shop"
)


def test_an_alert_stakes_its_service_with_what_rules_say_of_it() -> None:
    """Each effect keeps the name of its rule."""
    said = Effects(
        impact=Effect("minor", Reason("rule", "", keys=("one",))),
        urgency=Effect("low", Reason("rule", "", keys=("two",))),
        priority=Effect(Bounds(Priority.P2, Priority.P2), Reason("rule", "", keys=("three",))),
    )
    capped = Effects(priority=Effect(Bounds(None, Priority.P4), Reason("", "", keys=("cap",))))
    pushed = Effects(priority=Effect(Bounds(Priority.P4, None), Reason("", "", keys=("push",))))

    assert Stake("shop", Severity.DISASTER) == staked(ALERT, Severity.DISASTER, Effects())
    assert (
        override(OverrideKind.IMPACT, "minor", "one"),
        override(OverrideKind.URGENCY, "low", "two"),
        override(OverrideKind.AT_LEAST, "P2", "three"),
        override(OverrideKind.AT_MOST, "P2", "three"),
    ) == staked(ALERT, Severity.HIGH, said).overrides
    assert ("P4",) == tuple(each.value for each in staked(ALERT, Severity.HIGH, capped).overrides)
    assert (OverrideKind.AT_LEAST,) == tuple(
        each.kind for each in staked(ALERT, Severity.HIGH, pushed).overrides
    )


def test_stakes_are_pooled_by_service() -> None:
    """The worst severity of each service stays, in an order that does not tell who came first."""
    stakes = [
        Stake("shop", Severity.HIGH),
        Stake(None, Severity.WARNING),
        Stake("shop", Severity.WARNING),
        Stake("billing", Severity.AVERAGE),
    ]
    expected = (
        Stake(None, Severity.WARNING),
        Stake("billing", Severity.AVERAGE),
        Stake("shop", Severity.HIGH),
    )

    assert expected == pooled(stakes) == pooled(reversed(stakes))


CATALOGUE = Catalogue(
    customers={"acme": Customer("acme", calendar=OFFICE)},
    services={
        ("acme", "shop"): Service("acme", "shop", 3, used_by=("globex", "initech")),
        ("acme", "mail"): Service("acme", "mail", 1, used_by=("globex",)),
    },
)


def disruption(*stakes: Stake) -> Incident:
    """An incident of the customer acme with that at stake."""
    return replace(incident(), stakes=stakes, hosts=("db01",))


def test_other_customers_are_counted_and_not_named() -> None:
    """Who else depends on a service is nobody's business."""
    found = prioritise(
        Scale(RULES, CATALOGUE),
        disruption(Stake("shop", Severity.HIGH), Stake("mail", Severity.HIGH)),
        T0,
    )

    assert "criticality of shop is 3; 3 customers affected: one step wider" == (
        found.terms[0].because
    )


def test_the_calendar_of_a_customer_counts_where_a_service_has_none() -> None:
    """For services and for what no service is known of."""
    scale = Scale(EASED, CATALOGUE)
    known = prioritise(scale, disruption(Stake("shop", Severity.HIGH)), SUNDAY)
    unknown = prioritise(scale, disruption(Stake(None, Severity.HIGH)), SUNDAY)

    assert ["medium", "medium"] == [each.terms[1].value for each in (known, unknown)]


def test_an_incident_from_before_stakes_were_kept_has_its_service_at_stake() -> None:
    """With the highest severity seen."""
    old = replace(incident(), service="shop", severity=Severity.DISASTER)

    assert Priority.P1 is prioritise(Scale(RULES, CATALOGUE), old, T0).priority


def test_what_is_over_waits_for_no_clock() -> None:
    """A resolved incident keeps its priority."""
    over = replace(disruption(Stake("shop", Severity.HIGH)), status=Status.RESOLVED)

    assert None is prioritise(Scale(EASED, CATALOGUE), over, MONDAY).review_at


@pytest.mark.parametrize(
    ("priority", "severity", "at", "expected", "said"),
    [
        (Priority.P4, Severity.HIGH, MONDAY, Priority.P4, "by the rules it is P2"),
        (Priority.P1, Severity.HIGH, SUNDAY, Priority.P1, "by the rules it is P3"),
        (
            Priority.P4,
            Severity.DISASTER,
            MONDAY,
            Priority.P1,
            "by the rules it is P1, since things are worse than they were then",
        ),
    ],
)
def test_what_a_person_set_stays_until_things_get_worse(
    priority: Priority, severity: Severity, at: datetime, expected: Priority, said: str
) -> None:
    """Neither the clock nor the end of an alert undoes it."""
    scale = Scale(
        EASED, replace(CATALOGUE, services={("acme", "shop"): Service("acme", "shop", 3)})
    )
    known = disruption(Stake("shop", Severity.HIGH))
    judgement = Judgement(priority, "olga", "a test system", basis(scale, known, SUNDAY))
    later = replace(disruption(Stake("shop", severity)), judgement=judgement)
    found = prioritise(scale, later, at)

    assert Priority.P2 is judgement.basis
    assert expected is found.priority
    assert ("set by hand", priority.value, f"olga: a test system; {said}") == (
        found.terms[-1].name,
        found.terms[-1].value,
        found.terms[-1].because,
    )


@given(severities, severities, criticalities, breadths, calendars, moments)
def test_a_worse_severity_never_makes_anything_less_urgent(
    one: Severity,
    other: Severity,
    criticality: int | None,
    breadth: Breadth,
    calendar: Calendar | None,
    at: datetime,
) -> None:
    """Whatever else is the case."""
    low, high = sorted((one, other), key=lambda each: each.rank)
    share = Share(low, "shop", criticality, calendar)
    worse = replace(share, severity=high)

    assert (
        assess(EASED, [worse], breadth, at).priority <= assess(EASED, [share], breadth, at).priority
    )


@given(severities, st.integers(1, 4), st.integers(1, 4), breadths, calendars, moments)
def test_a_more_critical_service_is_never_less_urgent(
    severity: Severity,
    one: int,
    other: int,
    breadth: Breadth,
    calendar: Calendar | None,
    at: datetime,
) -> None:
    """Whatever else is the case."""
    share = Share(severity, "shop", min(one, other), calendar)
    more = replace(share, criticality=max(one, other))

    assert (
        assess(EASED, [more], breadth, at).priority <= assess(EASED, [share], breadth, at).priority
    )


@given(severities, criticalities, breadths, breadths, calendars, moments)
def test_the_more_is_affected_the_more_urgent_it_is(
    severity: Severity,
    criticality: int | None,
    one: Breadth,
    other: Breadth,
    calendar: Calendar | None,
    at: datetime,
) -> None:
    """Nothing that is added makes it less urgent."""
    both = Breadth(
        max(one.hosts, other.hosts),
        max(one.services, other.services),
        max(one.customers, other.customers),
    )
    share = Share(severity, "shop", criticality, calendar)

    assert assess(EASED, [share], both, at).priority <= assess(EASED, [share], one, at).priority
