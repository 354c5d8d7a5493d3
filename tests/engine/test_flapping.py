"""A condition that flaps is one incident, with its true recoveries, however the news comes."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, pairwise

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine import streams
from tests.engine.streams import Line, line, ndjson
from watcher.engine.book import Book
from watcher.engine.fold import Fold
from watcher.engine.replay import read_events, replay, write_incidents
from watcher.engine.rulebook import Rulebook, identify
from watcher.model.action import ActionKind
from watcher.model.matcher import Matcher, Operator
from watcher.model.policy import AlertRule, Flapping

MINUTE = 60
POLICY = replace(streams.RULEBOOK.policy, flapping=Flapping(returns=2))
RULEBOOK = Rulebook(POLICY, streams.RULEBOOK.catalogue)


def flaps(*pauses: float, recovers: bool = True) -> list[Line]:
    """A condition that holds for a minute at a time, with pauses of so many minutes between."""
    lines, clock = [], 0.0
    for number, pause in enumerate((*pauses, 0.0)):
        name = f"o{number}"
        lines.append(line(clock, occurrence=name))
        if recovers:
            lines.append(line(clock + MINUTE, "resolved", occurrence=name))
        clock += (1 + pause) * MINUTE
    return lines


def booked(lines: list[Line], rulebook: Rulebook = RULEBOOK) -> Book:
    """What comes of a stream."""
    return replay(read_events(ndjson(lines)), rulebook)


def grouped(lines: list[Line]) -> list[list[str]]:
    """The occurrences of each incident."""
    return [
        sorted(each["occurrence"] for each in orjson.loads(incident)["alerts"])
        for incident in write_incidents(booked(lines))
    ]


def test_a_flapping_condition_becomes_one_incident() -> None:
    """Two returns teach how long it stays away; from then on it is held for longer than the gap."""
    expected = [["o0"], ["o1"], ["o2", "o3", "o4", "o5"]]

    assert expected == grouped(flaps(20, 20, 20, 25, 45))


def test_a_second_outage_beyond_the_hold_is_another_incident() -> None:
    """Three times its usual pause is all that is forgiven."""
    assert [["o0"], ["o1"], ["o2", "o3"], ["o4"]] == grouped(flaps(20, 20, 20, 61))


def test_the_recovery_stays_the_true_one() -> None:
    """The hold only says what a return means: the incident was over when the source said so."""
    [*_, last] = booked(flaps(20, 20, 20, 20)).incidents.values()
    [*_, end] = flaps(20, 20, 20, 20)

    assert last.resolved_at == datetime.fromisoformat(end["at"])


def test_the_reason_of_a_return_can_be_recomputed() -> None:
    """It names the condition and the time it was away, and says why it was held."""
    book = booked(flaps(20, 22, 18, 30))
    reason = book.occurrences["default", "cpu", "o4"].reason

    assert reason is not None
    assert ("same-condition", ("cpu",), 1800.0) == (reason.rule, reason.keys, reason.gap)
    assert reason.text == (
        "back after 30 min; held for up to 60 min because it came back 3 times before,"
        " usually within 20 min"
    )


def test_a_source_without_recoveries_teaches_nothing() -> None:
    """Its repeats are not returns: nothing is pulled into an old incident."""
    assert [[f"o{number}"] for number in range(6)] == grouped(
        flaps(20, 20, 20, 20, 20, recovers=False)
    )


def test_the_hold_of_a_rule_goes_before_what_was_learned() -> None:
    """It may be longer from the first return on, or shorter than what the condition has taught."""
    for hold, expected in ((30, 1), (10, 6)):
        rule = AlertRule(
            "cpus",
            (Matcher("name", Operator.REGEX, "CPU.*"),),
            hold=timedelta(minutes=hold),
        )
        ruled = Rulebook(replace(RULEBOOK.policy, rules=(rule,)), RULEBOOK.catalogue)

        assert expected == len(booked(flaps(20, 20, 20, 20, 20), ruled).incidents)


def told(lines: list[Line]) -> list[tuple[str, datetime | None]]:
    """What people are told in the end, and when at the earliest."""
    book = Book(count(1))
    fold = Fold(book, RULEBOOK)
    for each in read_events(ndjson(lines)):
        fold.take(identify(each.event, "default", each.received_at, RULEBOOK.catalogue))
    tells = [each for each in book.intents if each.kind is ActionKind.NOTIFY]
    return [(each.payload["event"], each.not_before) for each in tells]


def test_people_are_told_of_a_flapping_condition_once() -> None:
    """That it is over they hear when it has stayed away for as long as it is held."""
    lines = flaps(20, 20, 20, 25, 22)
    known = ["opened", "resolved", "opened", "resolved", "opened"]
    over = datetime.fromisoformat(lines[-1]["at"]) + timedelta(minutes=60)

    assert [*((each, None) for each in known), ("resolved", over)] == told(lines)


def shuffled(lines: list[Line], dice: random.Random) -> list[Line]:
    """The lines, some twice, in an order that is wrong by less than a second."""
    twice = [each for each in lines for _ in range(dice.randint(1, 2))]
    late = [(datetime.fromisoformat(each["at"]), dice.random(), each) for each in twice]
    late.sort(key=lambda each: (each[0] + timedelta(seconds=each[1]), each[1]))
    return [each for _, _, each in late]


PAUSES = st.lists(st.floats(0.1, 300) | st.floats(0.002, 0.02), min_size=1, max_size=14)


@settings(max_examples=60, deadline=None)
@given(PAUSES, st.randoms(use_true_random=False))
def test_doubled_and_shuffled_news_makes_the_same_incidents(
    pauses: list[float], dice: random.Random
) -> None:
    """What was learned and decided depends on what happened, not on how the news of it came."""
    lines = flaps(*pauses)

    assert grouped(lines) == grouped(shuffled(lines, dice))


@settings(max_examples=60, deadline=None)
@given(PAUSES)
def test_no_incident_bridges_more_than_the_longest_hold(pauses: list[float]) -> None:
    """Whatever a condition did, four hours of quiet end its incident."""
    book = booked(flaps(*pauses))
    spans = sorted(
        (each.started_at or each.heard_at, each.ended_at, each.incident)
        for each in book.occurrences.values()
    )
    for (_, ended, one), (started, _, other) in pairwise(spans):
        assert ended is not None
        assert one != other or started - ended <= RULEBOOK.policy.flapping.longest
