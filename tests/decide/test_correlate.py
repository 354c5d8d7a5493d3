"""What the correlator is told of an alert, and which starts an incident remembers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.given import alert
from tests.decide.given import at, incident
from watcher.decide.correlate import (
    SAME,
    Homecoming,
    group_of,
    homecoming,
    onset_of,
    point_of,
)
from watcher.decide.dedup import Identity
from watcher.decide.flapping import Hold
from watcher.model.alert import Occurrence, Placed
from watcher.model.event import Severity
from watcher.model.incident import Incident, Status
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

RULES = Grouping(gap=timedelta(minutes=5), lateness=timedelta(minutes=2))
HOLD = Hold(RULES.gap)
FLAPS = Hold(timedelta(minutes=30), 4, timedelta(minutes=10))


def span(
    started: float | None, ended: float | None = None, heard: float | None = None
) -> Occurrence:
    """A span of the condition `cpu`."""
    return Occurrence(
        "acme",
        "cpu",
        "o1",
        severity=Severity.AVERAGE,
        severity_at=at(0),
        worst=Severity.AVERAGE,
        heard_at=at(next(each for each in (heard, ended, started, 0) if each is not None)),
        started_at=None if started is None else at(started),
        ended_at=None if ended is None else at(ended),
    )


def back(
    previous: Occurrence | None, home: Incident | None, hold: Hold = HOLD
) -> Homecoming | None:
    """Where the condition returns to that starts again after an hour."""
    return homecoming(previous, home, span(60, 60), hold, RULES.gap)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (Identity("acme", "db01", service="billing", service_known=True), "service:billing"),
        (Identity("acme", "db01", service="node-exporter"), "host:db01"),
        (Identity("acme", service="node-exporter"), "service:node-exporter"),
        (Identity("acme", "db01"), "host:db01"),
        (Identity("acme"), "alert:cpu"),
    ],
)
def test_alerts_share_a_service_else_a_host_else_nothing(who: Identity, expected: str) -> None:
    """The group is the service, else the host, else the condition itself."""
    assert expected == group_of(who, "cpu")


@pytest.mark.parametrize(
    ("started", "received", "expected"), [(10, 11, 10), (0, 11, 9), (None, 11, 11), (12, 11, 11)]
)
def test_a_start_counts_within_the_lateness_window(
    started: float | None, received: float, expected: float
) -> None:
    """A clock that is wrong by more than the window does not move incidents about."""
    assert at(expected) == point_of(span(started), at(received), RULES.lateness)


@pytest.mark.parametrize(
    ("previous", "status", "expected"),
    [
        (span(0, 58), Status.RESOLVED, 120.0),
        (span(0, 54), Status.RESOLVED, None),
        (span(0, None, heard=57), Status.OPEN, 180.0),
        (span(0, None, heard=0), Status.OPEN, None),
        (span(0, 58), Status.CLOSED, None),
        (span(61, None, heard=61), Status.OPEN, 60.0),
        (span(None, 58), Status.OPEN, 120.0),
    ],
)
def test_a_condition_that_comes_back_soon_returns_to_its_incident(
    previous: Occurrence, status: Status, expected: float | None
) -> None:
    """Within the gap between the two spans, unless that incident is closed."""
    home = back(previous, incident(7, status=status))

    assert expected == (home.reason.gap if home else None)
    assert home is None or (7, SAME, ("cpu",), False, False) == (
        home.number,
        home.reason.rule,
        home.reason.keys,
        home.pinned,
        home.long,
    )


def test_a_return_without_a_known_start_is_no_time_away() -> None:
    """The condition was never seen to be gone."""
    home = homecoming(span(None, 3), incident(7), span(None, 60), HOLD, RULES.gap)

    assert home is not None
    assert 0.0 == home.reason.gap


def test_what_was_part_of_nothing_returns_to_nothing() -> None:
    """The condition is new, or its last span never was part of an incident."""
    assert (None, None) == (back(None, incident(7)), back(span(0, 58), None))


@pytest.mark.parametrize(
    ("ended", "hold", "expected"),
    [
        (57.5, HOLD, "the same condition, 2 min 30 s after it was last seen"),
        (59.3, HOLD, "the same condition, 42 s after it was last seen"),
        (
            40,
            FLAPS,
            "back after 20 min; held for up to 30 min because it came back 4 times before,"
            " usually within 10 min",
        ),
        (
            40,
            Hold(timedelta(hours=1), because="the rule 'uplinks' says so"),
            "back after 20 min; held for up to 60 min because the rule 'uplinks' says so",
        ),
    ],
)
def test_a_return_says_how_long_the_condition_was_away(
    ended: float, hold: Hold, expected: str
) -> None:
    """What might swallow a second outage says so, and why."""
    home = back(span(0, ended), incident(7, status=Status.RESOLVED), hold)

    assert home is not None
    assert expected == home.reason.text


@pytest.mark.parametrize(("ended", "expected"), [(56, False), (55, False), (54, True)])
def test_beyond_the_gap_a_hold_is_the_weaker_evidence(ended: float, expected: bool) -> None:
    """The condition may well be a symptom of something new: that goes first then."""
    home = back(span(0, ended), incident(7, status=Status.RESOLVED), FLAPS)

    assert home is not None
    assert expected is home.long


@pytest.mark.parametrize("status", [Status.OPEN, Status.ACKNOWLEDGED])
def test_what_a_person_put_somewhere_returns_there(status: Status) -> None:
    """However long it was away, as long as somebody works on that."""
    previous = replace(span(-600, -500), placed=Placed(7, "olga"))
    home = back(previous, incident(7, status=status))

    assert home is not None
    assert (7, "by-hand", True) == (home.number, home.reason.rule, home.pinned)


def test_what_a_person_put_where_it_is_over_may_be_something_new() -> None:
    """Then it is as if nobody had said anything."""
    previous = replace(span(-600, -500), placed=Placed(7, "olga"))

    assert back(previous, incident(7, status=Status.RESOLVED)) is None


@pytest.mark.parametrize(
    ("told", "node", "place"),
    [
        ({"host": "db01", "service": "billing"}, "db01", None),
        ({"service": "billing"}, "billing", "services"),
        ({"host": "billing", "service": "billing"}, "billing", "services"),
        ({"host": "db01"}, "db01", None),
        ({}, "cpu", None),
        ({"host": "db01", "labels": {"site": "bonn", "zone": "b"}}, "db01", "site=bonn"),
        ({"service": "billing", "labels": {"zone": "b"}}, "billing", "zone=b"),
        ({"host": "db01", "labels": {"site": "", "rack": "4"}}, "db01", None),
    ],
)
def test_an_onset_says_on_what_and_where_it_is(
    told: dict[str, Any], node: str, place: str | None
) -> None:
    """Its host, else its service, else nothing else; and the first place that it names."""
    onset = onset_of(alert("cpu", **told), span(1), at(2), None, RULES)

    assert (node, told.get("service"), place) == (onset.node, onset.service, onset.place)
    assert (at(2).timestamp(), "cpu", "o1", None, None, frozenset()) == (
        onset.at,
        onset.key,
        onset.occurrence,
        onset.home,
        onset.why,
        onset.barred,
    )


def test_an_onset_says_where_its_condition_returns_to_and_where_not() -> None:
    """Both as people and the machine have it."""
    why = Reason("by-hand", "a person put it there")
    placed = replace(span(1), placed=Placed(7, "olga", out_of=(3, 4)))
    onset = onset_of(alert("cpu"), placed, at(1), Homecoming(7, why, True, True), RULES)

    assert (7, why, True, True) == (onset.home, onset.why, onset.pinned, onset.long)
    assert frozenset((3, 4)) == onset.barred
