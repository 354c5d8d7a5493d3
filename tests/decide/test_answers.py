"""What monitoring systems are told of what people decide."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.decide.given import at, incident
from tests.decide.test_lifecycle import alert, joined, moment, opened, scale, stake
from watcher.decide import answers, lifecycle
from watcher.decide.answers import Saying, Spans
from watcher.decide.lifecycle import News, RefusedError
from watcher.model.action import ActionKind
from watcher.model.alert import Alert, Occurrence
from watcher.model.answer import Verb
from watcher.model.event import Severity
from watcher.model.incident import EntryKind, Priority, Status

UNTIL = at(120)


def member(
    key: str = "cpu",
    severity: Severity = Severity.AVERAGE,
    ended: float | None = None,
    source: str = "zabbix",
) -> tuple[Alert, Occurrence]:
    """An alert with its span, which fires unless it ended."""
    span = Occurrence(
        "acme",
        key,
        "o1",
        severity,
        at(0),
        severity,
        at(0),
        started_at=at(0),
        ended_at=None if ended is None else at(ended),
    )
    return replace(alert(key), source=source, url="https://z.example/1", labels={"a": "b"}), span


def keys(spans: Spans) -> list[str]:
    """The conditions of spans."""
    return [each.key for each in spans.held]


def test_each_source_is_told_once_in_a_lane_of_its_own() -> None:
    """The key names incident, source, verb and moment; nothing is said that is not there."""
    saying = Saying(Verb.ACKNOWLEDGE, "I look")
    [one, other] = answers.told(incident(), saying, ["grafana", "zabbix"], "ivan", at(5))

    assert (ActionKind.ANSWER, "answer/grafana", "answer/zabbix") == (
        one.kind,
        one.lane,
        other.lane,
    )
    assert f"1/answer/zabbix/acknowledge/{at(5).isoformat()}" == other.key
    assert {"source": "zabbix", "verb": "acknowledge", "by": "ivan", "text": "I look"} == (
        other.payload
    )


@pytest.mark.parametrize(
    "saying",
    [
        Saying(Verb.COMMENT, "so"),
        Saying(Verb.SEVERITY, "so", Severity.HIGH),
        Saying(Verb.SILENCE, until=UNTIL),
        Saying(Verb.ANNOTATE, "it", ended_at=UNTIL),
    ],
)
def test_what_is_to_be_told_survives_the_outbox(saying: Saying) -> None:
    """An action is a mapping of texts."""
    [intent] = answers.told(incident(), saying, ["zabbix"], "ivan", at(5))

    assert saying == answers.saying_of(intent.payload)


@pytest.mark.parametrize(
    ("saying", "words"),
    [
        (Saying(Verb.ACKNOWLEDGE), "tell zabbix that ivan is on it"),
        (Saying(Verb.COMMENT), "tell zabbix what ivan wrote"),
        (
            Saying(Verb.SEVERITY, severity=Severity.HIGH),
            "change the severity in zabbix to high for ivan",
        ),
        (Saying(Verb.CLOSE), "close it in zabbix for ivan"),
        (Saying(Verb.SILENCE, until=UNTIL), "silence it in zabbix for ivan"),
        (Saying(Verb.ANNOTATE), "mark it on the dashboards of zabbix"),
    ],
)
def test_an_action_says_what_it_does(saying: Saying, words: str) -> None:
    """In words for the page of the incident."""
    [intent] = answers.told(incident(), saying, ["zabbix"], "ivan", at(5))

    assert words == answers.described(intent.payload)


def test_only_those_hear_that_are_told_such_things() -> None:
    """A source without a monitor, or one that is told other things, hears nothing."""
    listeners = {"zabbix": {Verb.CLOSE}, "grafana": {Verb.SILENCE}}

    assert ("zabbix",) == answers.hearing(["grafana", "other", "zabbix"], listeners, Verb.CLOSE)


@pytest.mark.parametrize(
    ("saying", "expected"),
    [
        (Saying(Verb.ACKNOWLEDGE), ["cpu", "disk"]),
        (Saying(Verb.SEVERITY, severity=Severity.HIGH), ["cpu"]),
        (Saying(Verb.ANNOTATE), ["cpu", "disk"]),
        (Saying(Verb.ANNOTATE, ended_at=at(9)), ["cpu", "disk", "load"]),
    ],
)
def test_a_saying_is_about_what_fires_and_would_be_news(
    saying: Saying, expected: list[str]
) -> None:
    """Of that source; a severity only where it is another, an end for all that was marked."""
    members = [
        member("disk", Severity.HIGH),
        member("cpu"),
        member("load", ended=5),
        member("web", source="grafana"),
    ]

    assert expected == keys(answers.spans(members, "zabbix", saying, "", 9))


def test_a_span_says_what_a_monitor_needs() -> None:
    """Its keys, what it is called, since when it holds, and the labels and address of its alert."""
    [held] = answers.spans([member()], "zabbix", Saying(Verb.CLOSE), "", 9).held

    assert ("cpu", "o1", "cpu is high", at(0), "db01", {"a": "b"}, "https://z.example/1") == (
        held.key,
        held.occurrence,
        held.name,
        held.started_at,
        held.host,
        held.labels,
        held.url,
    )


def test_a_storm_is_told_in_bites() -> None:
    """Each begins behind the one before; the last says that nothing follows."""
    members = [member(f"k{number}") for number in range(5)]
    bites: list[list[str]] = []
    after = ""
    while not bites or after:
        some = answers.spans(members, "zabbix", Saying(Verb.CLOSE), after, 2)
        bites.append(keys(some))
        after = some.follows

    assert [["k0", "k1"], ["k2", "k3"], ["k4"]] == bites


@pytest.mark.parametrize(
    ("status", "saying", "why"),
    [
        (Status.OPEN, Saying(Verb.CLOSE), "the incident was reopened meanwhile"),
        (Status.RESOLVED, Saying(Verb.CLOSE), ""),
        (Status.OPEN, Saying(Verb.ACKNOWLEDGE), ""),
        (Status.OPEN, Saying(Verb.SILENCE, until=at(10)), "that time is over by now"),
        (Status.OPEN, Saying(Verb.SILENCE, until=at(11)), ""),
    ],
)
def test_what_holds_no_more_is_not_told_late(status: Status, saying: Saying, why: str) -> None:
    """A peer may have been away for hours."""
    known = replace(incident(), status=status)

    assert why == answers.overtaken(known, saying, at(10))


def test_a_severity_that_was_told_outdoes_nobody_and_is_no_news() -> None:
    """P2 is told as high, by which the rules would make it P1: it stays what the person said."""
    known = opened(alert()).incident
    set_by_hand = lifecycle.set_priority(known, Priority.P3, moment(1, "ivan"), scale()).incident
    told = answers.own(set_by_hand, Severity.HIGH, scale(), at(1))
    worse = replace(alert(), severity=Severity.HIGH)

    plain, echo = (
        lifecycle.severity_heard(each, worse, Severity.HIGH, stake(worse), moment(2), scale())
        for each in (set_by_hand, told)
    )

    assert (Priority.P1, (News.RAISED,)) == (plain.incident.priority, plain.news)
    assert (Priority.P3, ()) == (echo.incident.priority, echo.news)
    assert [EntryKind.ALERT] == [each.kind for each in echo.entries]


def test_what_is_worse_than_was_told_outdoes_the_person() -> None:
    """Facts that he did not make himself count as ever."""
    known = opened(alert(severity=Severity.WARNING)).incident
    set_by_hand = lifecycle.set_priority(known, Priority.P4, moment(1, "ivan"), scale()).incident
    told = answers.own(set_by_hand, Severity.WARNING, scale(), at(1))
    step = joined(told, alert("disk", Severity.DISASTER))

    assert Priority.P1 is step.incident.priority


def test_without_a_priority_by_hand_nothing_is_its_own() -> None:
    """It was left to the rules meanwhile."""
    assert incident() == answers.own(incident(), Severity.HIGH, scale(), at(1))


def test_a_silence_is_a_line_on_the_timeline() -> None:
    """It says where and until when, and that Watcher goes on."""
    step = answers.silenced(incident(), UNTIL, ["grafana", "zabbix"], moment(1, "ivan"))
    [entry] = step.entries

    assert incident() == step.incident
    assert (
        "ivan wants grafana and zabbix to be silent until 2026-03-01 05:00 UTC; "
        "Watcher itself goes on" == entry.text
    )
    assert ("ivan", "because the test says so") == (entry.actor, entry.reason.text)


@pytest.mark.parametrize(
    ("until", "sources", "said"),
    [
        (at(1), ["zabbix"], "a silence ends later than now"),
        (at(1) + timedelta(days=366, seconds=1), ["zabbix"], "a silence lasts 366 days at most"),
        (
            UNTIL,
            [],
            "none of its alerts that fire comes from a monitoring system that Watcher can silence",
        ),
    ],
)
def test_what_cannot_be_silenced_is_refused(until: datetime, sources: list[str], said: str) -> None:
    """With why, before anything is told."""
    with pytest.raises(RefusedError, match=said):
        answers.silenced(incident(), until, sources, moment(1))
