"""Where an alert belongs, one row a sentence of the policy."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.decide.given import at, incident
from watcher.decide.correlate import (
    Start,
    bridged,
    extend,
    fuse,
    group_of,
    place,
    point_of,
    reunited,
)
from watcher.decide.dedup import Identity
from watcher.decide.flapping import Hold
from watcher.model.alert import Occurrence
from watcher.model.event import Severity
from watcher.model.incident import Incident, Status
from watcher.model.policy import Grouping

RULES = Grouping(gap=timedelta(minutes=5), lateness=timedelta(minutes=2))
GROUP = "host:db01"
HOLD = Hold(RULES.gap)


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


def start(occurrence: Occurrence, point: float, now: float, hold: Hold = HOLD) -> Start:
    """A start on db01."""
    return Start(occurrence, GROUP, at(point), at(now), hold)


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
    ("neighbours", "point", "expected", "gap"),
    [
        ([], 0, None, None),
        ([incident(1, 0, 0)], 5, 1, 300.0),
        ([incident(1, 0, 0)], 5.1, None, None),
        ([incident(1, 0, 20)], 10, 1, 0.0),
        ([incident(1, 3, 3)], 0, 1, 180.0),
        ([incident(1, 3, 3, opened=1)], 0, None, None),
        ([replace(incident(1, 3, 3), before_at=at(-9))], 0, None, None),
        ([replace(incident(1, 8, 8), before_at=at(-3))], 0, 1, 180.0),
        ([incident(1, 0, 0), incident(2, 4, 4)], 6, 2, 120.0),
        ([incident(1, 0, 0), incident(2, 4, 4)], 2, 1, 120.0),
        ([incident(1, 0, 0, status=Status.CLOSED)], 1, None, None),
        ([incident(1, 0, 0, status=Status.RESOLVED)], 1, 1, 60.0),
    ],
)
def test_an_alert_joins_the_nearest_incident_of_its_group(
    neighbours: list[Incident], point: float, expected: int | None, gap: float | None
) -> None:
    """Within the gap it joins, the nearest first, else it opens an incident of its own."""
    placed = place(start(span(point), point, 4), None, None, neighbours, RULES)

    assert expected == (placed.incident.number if placed.incident else None)
    assert (gap, (GROUP,)) == (placed.reason.gap, placed.reason.keys)
    assert ("same-group" if expected else "new-disruption") == placed.reason.rule


@pytest.mark.parametrize(
    ("previous", "status", "expected"),
    [
        (span(0, 58), Status.RESOLVED, "same-condition"),
        (span(0, 54), Status.RESOLVED, "new-disruption"),
        (span(0, None, heard=57), Status.OPEN, "same-condition"),
        (span(0, None, heard=0), Status.OPEN, "new-disruption"),
        (span(0, 58), Status.CLOSED, "new-disruption"),
        (span(61, None, heard=61), Status.OPEN, "same-condition"),
        (span(None, 58), Status.OPEN, "same-condition"),
    ],
)
def test_a_condition_that_comes_back_soon_returns_to_its_incident(
    previous: Occurrence, status: Status, expected: str
) -> None:
    """Within the gap after it was last seen, unless that incident is closed."""
    home = incident(7, 0, 0, status=status)
    placed = place(start(span(60, 60), 60, 60), previous, home, [], RULES)

    assert expected == placed.reason.rule


@pytest.mark.parametrize(
    ("hold", "expected"),
    [
        (HOLD, None),
        (
            Hold(timedelta(minutes=30), 4, timedelta(minutes=10)),
            "back after 20 min; held for up to 30 min because it came back 4 times before,"
            " usually within 10 min",
        ),
        (
            Hold(timedelta(hours=1), because="the rule 'uplinks' says so"),
            "back after 20 min; held for up to 60 min because the rule 'uplinks' says so",
        ),
    ],
)
def test_a_condition_known_to_flap_is_held_longer(hold: Hold, expected: str | None) -> None:
    """What swallows a second outage says so, and why."""
    home = incident(7, 0, 0, status=Status.RESOLVED)
    placed = place(start(span(60), 60, 60, hold), span(0, 40), home, [], RULES)

    if expected is None:
        assert "new-disruption" == placed.reason.rule
    else:
        assert (home, expected) == (placed.incident, placed.reason.text)


@pytest.mark.parametrize(("began", "expected"), [(56, 7), (54, 8)])
def test_beyond_the_gap_what_is_new_goes_before_the_hold(began: float, expected: int) -> None:
    """The condition may well be a symptom of that: a hold must not swallow another disruption."""
    home, news = incident(7, 0, 0, status=Status.RESOLVED), incident(8, 58, 58)
    hold = Hold(timedelta(minutes=30), 4, timedelta(minutes=10))
    placed = place(start(span(60), 60, 60, hold), span(0, began), home, [news], RULES)

    assert placed.incident is not None
    assert expected == placed.incident.number


def test_a_condition_without_an_incident_is_placed_by_its_group() -> None:
    """A span that never was part of an incident leads nowhere."""
    placed = place(start(span(1), 1, 1), span(0), None, [incident()], RULES)

    assert "same-group" == placed.reason.rule


@pytest.mark.parametrize(
    ("point", "expected"),
    [(4, (0, 4)), (-3, (-3, 0)), (60, (60, 60)), (-60, (0, 0))],
)
def test_a_start_extends_the_burst_or_begins_a_new_one(
    point: float, expected: tuple[float, float]
) -> None:
    """Near starts stretch the burst, a later one begins anew, an old straggler changes nothing."""
    extended = extend(incident(1, 0, 0), at(point), RULES.gap)

    assert tuple(map(at, expected)) == (extended.burst_at, extended.last_at)


@pytest.mark.parametrize(
    ("joined", "other", "point", "expected"),
    [
        (incident(1, 0, 4), incident(2, 8, 8), 6, [(2, 1)]),
        (incident(2, 8, 8), incident(1, 0, 4), 6, [(2, 1)]),
        (incident(1, 0, 2), incident(2, 8, 8), 2.5, []),
        (incident(1, 0, 9), incident(2, 8, 8), 9, []),
        (incident(1, 0, 4), incident(2, 8, 8, opened=5), 6, []),
        (incident(1, 0, 4), incident(2, 8, 8, status=Status.CLOSED), 6, []),
        (incident(1, 0, 4, status=Status.CLOSED), incident(2, 8, 8), 6, []),
        (incident(1, 0, 4), incident(1, 0, 4), 4, []),
    ],
)
def test_late_news_merges_what_is_still_provisional(
    joined: Incident, other: Incident, point: float, expected: list[tuple[int, int]]
) -> None:
    """A start before the first one of a young incident shows that it belongs to the earlier."""
    mergers = bridged(joined, [other], start(span(point), point, 9), RULES)

    assert expected == [(each.later.number, each.earlier.number) for each in mergers]


@pytest.mark.parametrize(("ended", "expected"), [(7, [(2, 1)]), (2, [])])
def test_a_late_recovery_reunites_a_condition_with_its_incident(
    ended: float, expected: list[tuple[int, int]]
) -> None:
    """It came back within the gap after its true recovery, though nobody knew that in time."""
    homes = (incident(2, 8, 8), incident(1, 0, 0))
    mergers = reunited(span(0, ended), span(8), homes, HOLD, at(9), RULES)

    assert expected == [(each.later.number, each.earlier.number) for each in mergers]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(42, "42 s apart"), (120, "2 min apart"), (150, "2 min 30 s apart")],
)
def test_a_reason_says_how_far_apart(gap: float, expected: str) -> None:
    """The gap is said in words and kept as a number."""
    placed = place(start(span(0), gap / 60, gap / 60), None, None, [incident()], RULES)

    assert f"same host db01, {expected}" == placed.reason.text
    assert gap == placed.reason.gap


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (incident(2, 8, 9), (0, 9, None)),
        (incident(2, 30, 31), (30, 31, 4)),
        (incident(2, -30, -20), (0, 4, -20)),
    ],
)
def test_merged_incidents_have_the_starts_of_both(
    other: Incident, expected: tuple[float, float, float | None]
) -> None:
    """One burst where they are near, the newer burst and the end of the older one where not."""
    fused = fuse(incident(1, 0, 4), other, RULES.gap)
    burst, last, before = expected

    assert (at(burst), at(last)) == (fused.burst_at, fused.last_at)
    assert (None if before is None else at(before)) == fused.before_at
