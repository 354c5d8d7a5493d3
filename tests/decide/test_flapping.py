"""For how long a condition is held after its recovery, one row a sentence of the policy."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.decide import given
from tests.decide.given import at
from watcher.decide.flapping import (
    REMEMBERED,
    Hold,
    Spell,
    hold_for,
    hold_of,
    learn,
    pause_between,
    spell_of,
)
from watcher.model.alert import Alert, AlertStatus, Occurrence, Pause
from watcher.model.event import Severity
from watcher.model.matcher import Matcher, Operator
from watcher.model.policy import AlertRule, Flapping

GAP = timedelta(minutes=5)
RULES = Flapping(returns=2)
POLICY = replace(given.POLICY, flapping=RULES)


def minutes(number: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=number)


def pauses(*away: float) -> tuple[Pause, ...]:
    """Pauses of so many minutes, each before a span of a minute; the first one began at 0."""
    found: tuple[Pause, ...] = ()
    now = 0.0
    for each in away:
        found = learn(found, Pause(at(now + each), minutes(each)))
        now += each + 1
    return found


def span(started: float | None, ended: float | None, heard: float) -> Occurrence:
    """A span of the condition `cpu`."""
    return Occurrence(
        "acme",
        "cpu",
        "o1",
        severity=Severity.AVERAGE,
        severity_at=at(0),
        worst=Severity.AVERAGE,
        heard_at=at(heard),
        started_at=None if started is None else at(started),
        ended_at=None if ended is None else at(ended),
    )


@pytest.mark.parametrize(
    ("away", "length", "returns", "usual"),
    [
        ((), 5, 0, 0),
        ((20,), 5, 0, 0),
        ((20, 20), 60, 2, 20),
        ((1, 1, 1), 5, 3, 1),
        ((10, 20, 100), 60, 3, 20),
        ((100, 120, 140), 240, 3, 120),
        ((300, 20, 20), 60, 2, 20),
        ((10, 20), 60, 2, 20),
        ((300, 600, 900), 5, 0, 0),
        ((20, 20, *[3000] * REMEMBERED), 5, 0, 0),
        ((90, *[10] * REMEMBERED), 30, 8, 10),
    ],
)
def test_a_condition_teaches_its_own_hold(
    away: tuple[float, ...], length: float, returns: int, usual: float
) -> None:
    """Three times the usual return, between the gap and four hours; what was long ago fades."""
    assert Hold(minutes(length), returns, minutes(usual)) == hold_of(pauses(*away), RULES, GAP)


def test_whether_the_condition_is_known_to_come_back() -> None:
    """Its history or a rule says so, else nobody."""
    assert [False, True, True, False] == [
        Hold(GAP).special,
        Hold(GAP, returns=2).special,
        Hold(GAP, because="a rule").special,
        Hold(minutes(0), because="a rule").special,
    ]


@pytest.mark.parametrize(
    ("before", "began", "expected"),
    [
        (span(0, 3, heard=3), 10, 7),
        (span(0, None, heard=3), 10, None),
        (span(0, 10, heard=3), 10, None),
        (span(0, 12, heard=12), 10, None),
        (span(None, 3, heard=3), 10, 7),
        (span(0, 3, heard=3), None, None),
    ],
)
def test_only_a_recovery_that_was_heard_of_begins_a_pause(
    before: Occurrence, began: float | None, expected: float | None
) -> None:
    """A span that was merely superseded tells nothing of pauses, nor does one that overlaps."""
    pause = pause_between(before, span(began, None, heard=began or 0))

    assert (None if not began or not expected else Pause(at(began), minutes(expected))) == pause


def test_pauses_are_the_same_in_any_order_and_doubled() -> None:
    """What was learned does not depend on when or how often the news of it arrived."""
    random = Random(3)
    known = [Pause(at(random.uniform(0, 900)), minutes(random.uniform(1, 90))) for _ in range(30)]
    expected = tuple(sorted(known)[-REMEMBERED:])
    for _ in range(20):
        found: tuple[Pause, ...] = ()
        for pause in random.sample(known * 2, 60):
            found = learn(found, pause)

        assert expected == found


def test_of_one_return_the_shortest_pause_counts() -> None:
    """A recovery heard of late may belong to an earlier span than the last."""
    found = learn(learn(learn((), Pause(at(9), minutes(2))), Pause(at(9), minutes(8))), *pauses(3))

    assert (Pause(at(3), minutes(3)), Pause(at(9), minutes(2))) == found


def flapper(*away: float, status: AlertStatus = AlertStatus.FIRING, last: float = 0) -> Alert:
    """The condition `cpu` after such pauses, last heard of so many minutes after three."""
    return Alert(
        "acme",
        "cpu",
        "zabbix",
        "o1",
        status=status,
        severity=Severity.AVERAGE,
        name="cpu is high",
        first_at=at(0),
        last_at=at(last),
        started_at=at(0),
        pauses=pauses(*away),
    )


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (flapper(), None),
        (flapper(20), None),
        (flapper(20, 20), (3, 0, 41)),
        (flapper(200, 20, 20), (3, 201, 242)),
        (flapper(20, 20, 200), None),
        (flapper(20, 20, status=AlertStatus.RESOLVED, last=45), (3, 0, 41)),
        (flapper(20, 20, status=AlertStatus.RESOLVED, last=39), None),
    ],
)
def test_a_spell_is_the_newest_run_of_returns(
    alert: Alert, expected: tuple[int, float, float] | None
) -> None:
    """It counts the spans since the last long pause, until the condition has stayed away."""
    hold = hold_for(alert, POLICY)
    spell = spell_of(alert, hold, at(100))

    if expected is None:
        assert spell is None
    else:
        times, since, until = expected
        assert Spell(times, at(since), at(until), hold) == spell


def test_a_rule_goes_before_what_was_learned() -> None:
    """Its hold counts, and it says which rule it was."""
    matcher = Matcher("name", Operator.REGEX, "cpu.*")
    rule = AlertRule("cpus", (matcher,), hold=timedelta(hours=1))
    hold = hold_for(flapper(20, 20, 20), replace(POLICY, rules=(rule,)))

    assert Hold(minutes(60), because="the rule 'cpus' says so") == hold
