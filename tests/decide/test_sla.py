"""Promises of service: until when, by which priority, and whether they were kept."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decide.given import at
from tests.decide.problems import incident
from watcher.decide.hours import worked
from watcher.decide.sla import Duty, agreed, broken, promises
from watcher.model.catalogue import Calendar, Catalogue, Customer, Service, Sla
from watcher.model.change import replace
from watcher.model.incident import Course, Incident, Priority

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
P1, P2, P3, P4 = Priority.P1, Priority.P2, Priority.P3, Priority.P4
MOSCOW = ZoneInfo("Europe/Moscow")
GOLD = Sla("gold", {P1: 15 * MINUTE, P3: HOUR}, {P1: 4 * HOUR, P3: 24 * HOUR})
OFFICE = Calendar("office", MOSCOW, {day: ((540, 1080),) for day in range(5)})
BY_DAY = Sla("by-day", {P1: HOUR}, {P1: 4 * HOUR}, OFFICE)


def under(sla: Sla | None, of_service: Sla | None = None) -> Catalogue:
    """What acme was promised, and perhaps of its service billing."""
    return Catalogue(
        customers={"acme": Customer("acme", sla=sla)},
        services={("acme", "billing"): Service("acme", "billing", 3, sla=of_service)},
    )


def urgent(**changes: Any) -> Incident:
    """An incident of priority P1."""
    return incident(**{"priority": P1} | changes)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (incident(service="billing"), BY_DAY),
        (incident(service="shop"), GOLD),
        (incident(), GOLD),
        (incident(customer="globex"), None),
    ],
)
def test_the_sla_of_a_service_counts_over_that_of_its_customer(
    found: Incident, expected: Sla | None
) -> None:
    """Where there is none nothing is promised."""
    assert expected == agreed(found, under(GOLD, BY_DAY))


def test_the_sla_of_the_customer_counts_where_a_service_has_none() -> None:
    """As with calendars."""
    assert GOLD == agreed(incident(service="billing"), under(GOLD))


def test_without_an_sla_nothing_is_broken() -> None:
    """However long it takes."""
    assert ((), False) == (
        promises(urgent(), under(None), at(10_000)),
        broken(urgent(), under(None), at(10_000)),
    )


# Sunday, 1 March 2026, 03:00 UTC is when the test begins.
@pytest.mark.parametrize(
    ("found", "now", "words"),
    [
        (
            urgent(acknowledged_at=at(22), resolved_at=at(60)),
            90,
            (
                "P1 of gold: acknowledge within 15 min, due Sun 01 Mar 2026, 03:15 UTC; "
                "acknowledged after 22 min, 7 min late",
                "P1 of gold: resolve within 4 h, due Sun 01 Mar 2026, 07:00 UTC; "
                "resolved after 60 min",
            ),
        ),
        (
            urgent(),
            20,
            (
                "P1 of gold: acknowledge within 15 min, due Sun 01 Mar 2026, 03:15 UTC; "
                "not acknowledged yet, 20 min have passed, 5 min late",
                "P1 of gold: resolve within 4 h, due Sun 01 Mar 2026, 07:00 UTC; "
                "not resolved yet, 20 min have passed",
            ),
        ),
        (
            urgent(resolved_at=at(10)),
            90,
            (
                "P1 of gold: acknowledge within 15 min, due Sun 01 Mar 2026, 03:15 UTC; "
                "resolved after 10 min, and nobody had acknowledged it",
                "P1 of gold: resolve within 4 h, due Sun 01 Mar 2026, 07:00 UTC; "
                "resolved after 10 min",
            ),
        ),
        (
            urgent(course=Course(history=True), resolved_at=at(300)),
            400,
            (
                "P1 of gold: resolve within 4 h, due Sun 01 Mar 2026, 07:00 UTC; "
                "resolved after 5 h, 60 min late",
            ),
        ),
        (
            urgent(course=Course(peaks=((P3, at(0)), (P1, at(30)))), acknowledged_at=at(40)),
            50,
            (
                "P1 of gold since Sun 01 Mar 2026, 03:30 UTC: acknowledge within 15 min, "
                "due Sun 01 Mar 2026, 03:45 UTC; acknowledged after 10 min",
                "P1 of gold since Sun 01 Mar 2026, 03:30 UTC: resolve within 4 h, "
                "due Sun 01 Mar 2026, 07:30 UTC; not resolved yet, 20 min have passed",
            ),
        ),
        (urgent(merged_into=3, closed_at=at(300)), 400, ()),
        (incident(priority=P4), 400, ()),
    ],
)
def test_each_promise_says_what_was_promised_and_what_came_of_it(
    found: Incident, now: float, words: tuple[str, ...]
) -> None:
    """Of history nobody acknowledged anything, and what was merged counts elsewhere."""
    assert words == tuple(each.reason.text for each in promises(found, under(GOLD), at(now)))


def test_the_clock_runs_in_business_hours_only() -> None:
    """It opens on Sunday; the office opens on Monday at nine, which is six in UTC."""
    monday = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    taken, solved = promises(
        urgent(acknowledged_at=monday + 70 * MINUTE), under(BY_DAY), monday + 2 * HOUR
    )

    assert (monday + HOUR, 10 * MINUTE) == (taken.due_at, taken.late)
    assert (monday + 4 * HOUR, 2 * HOUR, False) == (solved.due_at, solved.spent, solved.broken)
    assert (
        "P1 of by-day: acknowledge within 60 min of business hours (office), "
        "due Mon 02 Mar 2026, 10:00 MSK; acknowledged after 70 min, 10 min late"
    ) == taken.reason.text


def test_business_hours_are_not_counted_in_days() -> None:
    """Thirty working hours are more than three days in the office."""
    long = replace(BY_DAY, resolve={P1: 30 * HOUR})
    friday = datetime(2026, 3, 6, 15, 30, tzinfo=UTC)
    _, solved = promises(urgent(resolved_at=friday), under(long), friday)
    _, around = promises(urgent(), under(replace(long, calendar=None)), friday)

    assert "within 30 h of business hours (office)" in solved.reason.text
    assert solved.reason.text.endswith("; resolved after 45 h, 15 h late")
    assert ("45 h", "44 h 30 min") == tuple(
        solved.words(each) for each in (solved.spent, solved.spent - 30 * MINUTE)
    )
    assert "5 d have passed, 4 d late" in around.reason.text


def test_what_nobody_works_on_is_due_in_the_far_future() -> None:
    """A calendar without any hours lets no promise break."""
    never = replace(BY_DAY, calendar=Calendar("never", MOSCOW, {}))
    taken, _ = promises(urgent(), under(never), at(10_000))

    assert (None, False) == (taken.due_at, taken.broken)
    assert "due in the far future" in taken.reason.text


def test_what_is_less_urgent_is_promised_too() -> None:
    """P2 has no times of its own here, and is no worse off than P3."""
    [taken, solved] = promises(incident(priority=P2), under(GOLD), at(1))

    assert [(P3, HOUR), (P3, 24 * HOUR)] == [
        (each.priority, each.within) for each in (taken, solved)
    ]


def test_what_became_more_urgent_may_be_due_by_its_old_priority() -> None:
    """P3 was to be acknowledged at four; that it is P1 since five to four gives no more time."""
    course = Course(peaks=((P3, at(0)), (P1, at(55))))
    taken, solved = promises(urgent(course=course), under(GOLD), at(62))

    assert (P3, at(60), 2 * MINUTE) == (taken.priority, taken.due_at, taken.late)
    assert (P1, at(55) + 4 * HOUR) == (solved.priority, solved.due_at)


def test_what_became_less_urgent_is_judged_by_what_it_is() -> None:
    """P1 was a mistake that somebody put right."""
    course = Course(peaks=((P1, at(0)),))
    taken, _ = promises(incident(course=course), under(GOLD), at(30))

    assert (P3, at(60), False) == (taken.priority, taken.due_at, taken.broken)


def test_the_clock_stands_still_while_it_is_over() -> None:
    """Three hours, then two of peace, then two more: due an hour after it is back."""
    course = Course(breaks=((at(180), at(300)),))
    found = urgent(course=course, acknowledged_at=at(5), resolved_at=at(420))
    taken, solved = promises(found, under(GOLD), at(500))

    assert (5 * MINUTE, at(15)) == (taken.spent, taken.due_at)
    assert (at(360), 5 * HOUR, HOUR) == (solved.due_at, solved.spent, solved.late)
    assert broken(found, under(GOLD), at(500))


def test_what_was_over_before_anybody_took_it_on_goes_on_when_it_is_back() -> None:
    """Ten minutes, peace, and ten more are twenty."""
    course = Course(breaks=((at(10), at(100)),))
    taken, _ = promises(urgent(course=course, acknowledged_at=at(110)), under(GOLD), at(200))

    assert (at(105), 20 * MINUTE, 5 * MINUTE) == (taken.due_at, taken.spent, taken.late)


breaks = st.lists(st.integers(0, 20_000), max_size=8, unique=True).map(
    lambda minutes: tuple(
        (at(start), at(end))
        for start, end in zip(sorted(minutes)[::2], sorted(minutes)[1::2], strict=False)
    )
)


@given(
    breaks,
    st.integers(0, 25_000),
    st.sampled_from((GOLD, BY_DAY)),
    st.tuples(st.integers(0, 3000), st.integers(0, 3000)).map(sorted),
)
def test_a_promise_is_broken_from_the_moment_on_at_which_it_is_due(
    breaks: tuple[tuple[datetime, datetime], ...], now: int, sla: Sla, raised: list[int]
) -> None:
    """As soon as any time that counts has passed since then; both ways to ask agree."""
    peaks = ((P4, at(0)), (P3, at(raised[0])), (P1, at(raised[1])))
    found = urgent(course=Course(peaks=peaks, breaks=breaks))
    told = promises(found, under(sla), at(now))

    for each in told:
        assert each.due_at is not None
        away = [
            worked(sla.calendar, max(start, each.due_at), min(end, at(now)))
            for start, end in breaks
        ]
        since = worked(sla.calendar, each.due_at, at(now)) - sum(away, timedelta())
        assert each.broken is (since > timedelta())
        assert each.late == since
    assert [Duty.ACKNOWLEDGE, Duty.RESOLVE] == [each.duty for each in told]
    assert broken(found, under(sla), at(now)) is any(each.broken for each in told)
