"""What Zabbix is told of decisions: many at once, each once, and no problem for another's sake."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.monitors.zabbix_api import TOKEN, StandIn, zabbix_api
from tests.peers import closed_port
from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.model.action import Outcome, Verdict
from watcher.model.answer import Answer, Verb
from watcher.model.event import Severity
from watcher.model.survey import Held
from watcher.monitors import zabbix as monitors
from watcher.monitors.base import Access

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = datetime(2096, 11, 22, 12, 0, tzinfo=UTC)
URL = "https://watcher.example.org/incidents/12"


@pytest.fixture(params=["6.0.14", "6.4.3", "7.0.1", "7.2.0"])
def each(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A Zabbix of each version."""
    with zabbix_api(request.param) as running:
        yield running


@pytest.fixture
def zabbix() -> Iterator[StandIn]:
    """A Zabbix 7.0."""
    with zabbix_api("7.0.1") as running:
        yield running


class Hasty(Clock):
    """A clock on which more than a minute passes from look to look."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        self.at += 61
        return self.at


def told(zabbix: StandIn, answer: Answer, clock: Clock | None = None) -> Outcome:
    """What comes of telling it."""
    options = monitors.Options(timeout=5)
    access = Access("zbx", "default", zabbix.url, Secret(TOKEN), options=options)
    return monitors.monitor(access, clock or Clock()).answer(answer)


def answer(verb: Verb, *events: int, **more: Any) -> Answer:
    """Anna's decision about these events."""
    spans = tuple(
        Held(recurrence_key("zbx", "1", "2"), occurrence_key(str(event)), "Disk is full", NOW)
        for event in events
    )
    return Answer(verb, spans, 12, URL, "Anna", "looking at it", "key", **more)


def fired(zabbix: StandIn, count: int = 1, **more: Any) -> list[int]:
    """The events of so many problems."""
    trigger = zabbix.trigger(zabbix.host("db01"), **more)
    return [zabbix.fire(trigger, 1_790_000_000) for _ in range(count)]


def test_every_decision_reaches_every_version(each: StandIn) -> None:
    """Bits, message and severity arrive as they are documented, in one call for all."""
    events = fired(each, 3)
    for verb, bits in ((Verb.ACKNOWLEDGE, 6), (Verb.COMMENT, 4), (Verb.CLOSE, 5)):
        outcome = told(each, answer(verb, *events))

        assert outcome.verdict is Verdict.DONE
        assert outcome.reason.endswith("3 of 3 problems in Zabbix")
        assert each.asked("event.acknowledge")[-1]["action"] == bits
    assert len(each.asked("event.acknowledge")) == 3
    assert all(each.problems[event].acknowledged for event in events)
    assert all(each.problems[event].r_eventid for event in events)


def test_a_message_says_whose_decision_it_was_and_leads_back(zabbix: StandIn) -> None:
    """It begins with the mark by which Watcher knows its own."""
    [event] = fired(zabbix)

    told(zabbix, answer(Verb.ACKNOWLEDGE, event))

    [done] = zabbix.problems[event].acknowledges
    assert done["message"] == f"Watcher: Anna acknowledged incident 12: looking at it {URL}"


def test_a_long_message_is_cut_and_still_leads_back(zabbix: StandIn) -> None:
    """Zabbix takes 2048 characters and refuses more."""
    [event] = fired(zabbix)

    told(zabbix, replace(answer(Verb.COMMENT, event), text="ы" * 5000))

    message = zabbix.problems[event].acknowledges[0]["message"]
    assert len(message) == 2048
    assert message.startswith("Watcher: Anna commented on incident 12: ыы")
    assert message.endswith(f"… {URL}")


def test_a_severity_is_changed_to_that_of_the_same_name(each: StandIn) -> None:
    """Information is 1, disaster 5; 0 is not classified."""
    [event] = fired(each)

    outcome = told(each, answer(Verb.SEVERITY, event, severity=Severity.DISASTER))

    assert outcome == Outcome(Verdict.DONE, "changed the severity of 1 of 1 problem in Zabbix")
    assert each.problems[event].severity == 5
    assert "to disaster: " in each.problems[event].acknowledges[0]["message"]


def test_what_is_so_already_is_not_told_again(zabbix: StandIn) -> None:
    """A second try after an answer that was lost adds no second message."""
    [event] = fired(zabbix)
    decisions = (
        answer(Verb.ACKNOWLEDGE, event),
        answer(Verb.COMMENT, event),
        answer(Verb.SEVERITY, event, severity=Severity.WARNING),
        answer(Verb.SILENCE, event, until=LATER),
        answer(Verb.CLOSE, event),
    )
    for decision in decisions:
        told(zabbix, decision)

        assert told(zabbix, decision).verdict is Verdict.DONE
    assert len(zabbix.problems[event].acknowledges) == len(decisions)


def test_an_acknowledgement_that_a_person_took_back_is_given_again(zabbix: StandIn) -> None:
    """The message is there, but it is not acknowledged."""
    [event] = fired(zabbix)
    told(zabbix, answer(Verb.ACKNOWLEDGE, event))
    zabbix.update(event, 1_800_000_001, 16)

    told(zabbix, answer(Verb.ACKNOWLEDGE, event))

    assert zabbix.problems[event].acknowledged


def test_one_that_is_gone_keeps_the_others_from_nothing(each: StandIn) -> None:
    """Zabbix refuses all for the sake of one; so that one is left out, and counted."""
    events = fired(each, 50)
    each.hidden.add(events[17])

    outcome = told(each, answer(Verb.ACKNOWLEDGE, *events))

    assert outcome == Outcome(
        Verdict.DONE,
        "acknowledged 49 of 50 problems in Zabbix; "
        "1 gone from Zabbix, or its token may not see them",
    )
    assert len(each.asked("event.acknowledge")) == 1


def test_one_that_goes_in_between_is_found_by_halves(zabbix: StandIn) -> None:
    """It was there when it was looked for, and is not when it is told."""
    events = fired(zabbix, 50)

    def hide(result: Any) -> Any:
        zabbix.hidden.add(events[17])
        return result

    zabbix.spoil["event.get"] = hide

    outcome = told(zabbix, answer(Verb.ACKNOWLEDGE, *events))

    assert outcome == Outcome(
        Verdict.DONE,
        "acknowledged 49 of 50 problems in Zabbix; "
        "1 No permissions to referred object or it does not exist",
    )
    assert len(zabbix.asked("event.acknowledge")) <= 13
    assert all(
        len(zabbix.problems[event].acknowledges) == (event != events[17]) for event in events
    )


def test_closing_wants_a_trigger_that_allows_it(each: StandIn) -> None:
    """The others are closed."""
    [yes], [no] = fired(each), fired(each, manual_close=False)

    outcome = told(each, answer(Verb.CLOSE, yes, no))

    assert outcome == Outcome(
        Verdict.DONE,
        "closed 1 of 2 problems in Zabbix; 1 their trigger does not allow closing by hand",
    )
    assert (bool(each.problems[yes].r_eventid), each.problems[no].r_eventid) == (True, 0)


def test_severity_and_closing_want_the_right_to_write(each: StandIn) -> None:
    """Reading is enough for the rest; the reason says which right is missing."""
    [event] = fired(each, writable=False)

    assert told(each, answer(Verb.ACKNOWLEDGE, event)).verdict is Verdict.DONE
    assert told(each, answer(Verb.SEVERITY, event, severity=Severity.HIGH)).verdict is Verdict.DONE
    for decision in (
        answer(Verb.SEVERITY, event, severity=Severity.DISASTER),
        answer(Verb.CLOSE, event),
    ):
        outcome = told(each, decision)

        assert outcome.verdict is Verdict.GAVE_UP
        assert "1 its token may only read their hosts" in outcome.reason


def test_a_silence_suppresses_until_it_ends(zabbix: StandIn) -> None:
    """From 6.2 on; without an end it is for ever."""
    first, second = fired(zabbix, 2)

    told(zabbix, answer(Verb.SILENCE, first, until=LATER))
    told(zabbix, answer(Verb.SILENCE, second))

    asked = zabbix.asked("event.acknowledge")
    assert [each["suppress_until"] for each in asked] == [int(LATER.timestamp()), 0]
    assert "suppressed incident 12 until 2096-11-22 12:00 UTC: " in asked[0]["message"]
    assert zabbix.problems[first].suppressed


def test_a_silence_that_is_over_is_not_told(zabbix: StandIn) -> None:
    """It waited for too long."""
    [event] = fired(zabbix)

    outcome = told(zabbix, answer(Verb.SILENCE, event, until=NOW - timedelta(days=99)))

    assert (outcome.verdict, zabbix.calls) == (Verdict.DONE, [])


def test_what_is_over_is_not_suppressed(zabbix: StandIn) -> None:
    """Nothing is left to hold back."""
    [event] = fired(zabbix)
    zabbix.recover(event, 1_790_000_100)

    outcome = told(zabbix, answer(Verb.SILENCE, event))

    assert outcome == Outcome(Verdict.DONE, "suppressed 0 of 1 problem in Zabbix; 1 over already")


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (answer(Verb.SILENCE, 1), "Zabbix 6.0 cannot suppress a problem; 6.2 and later can"),
        (answer(Verb.ANNOTATE, 1), "Zabbix cannot be told to annotate"),
        (answer(Verb.SEVERITY, 1), "there is no severity to change to"),
    ],
)
def test_what_cannot_be_told_is_given_up_at_once(decision: Answer, words: str) -> None:
    """With what would be needed."""
    with zabbix_api("6.0.14") as zabbix:
        assert told(zabbix, decision) == Outcome(Verdict.GAVE_UP, words)


def test_nothing_that_zabbix_knows_is_given_up(zabbix: StandIn) -> None:
    """A span without an event has nobody to be told."""
    decision = replace(answer(Verb.COMMENT), spans=(Held("v1:zbx:a", "", "x", NOW),))

    assert told(zabbix, decision) == Outcome(
        Verdict.GAVE_UP,
        "commented on 0 of 1 problem in Zabbix; 1 not known to Zabbix by an event",
    )


def test_what_may_pass_is_tried_again(zabbix: StandIn) -> None:
    """A server that is busy, or not there."""
    [event] = fired(zabbix)
    zabbix.status = 503
    busy = told(zabbix, answer(Verb.COMMENT, event))
    zabbix.url = f"http://127.0.0.1:{closed_port()}"
    dead = told(zabbix, answer(Verb.COMMENT, event))

    assert (busy.verdict, dead.verdict) == (Verdict.RETRY, Verdict.RETRY)
    assert "HTTP 503" in busy.reason
    assert "Connection refused" in dead.reason


@pytest.mark.parametrize(
    "said", ["API token expired.", 'No permissions to call "event.acknowledge".']
)
def test_what_a_person_must_mend_is_not_tried_again(zabbix: StandIn, said: str) -> None:
    """A token, or a right."""
    [event] = fired(zabbix)
    zabbix.tokens[TOKEN] = said

    outcome = told(zabbix, answer(Verb.COMMENT, event))

    assert outcome.verdict is Verdict.GAVE_UP
    assert said.rstrip(".") in outcome.reason


def test_what_was_told_before_a_failure_is_counted(zabbix: StandIn) -> None:
    """The next try tells the rest, and only that."""
    events = fired(zabbix, 600)

    def fail(result: Any) -> Any:
        zabbix.status = 502
        return result

    zabbix.spoil["event.acknowledge"] = fail
    first = told(zabbix, answer(Verb.COMMENT, *events))
    zabbix.status = 200
    zabbix.spoil.clear()
    second = told(zabbix, answer(Verb.COMMENT, *events))

    assert first.verdict is Verdict.RETRY
    assert first.reason.startswith("commented on 500 of 600 problems in Zabbix; then: ")
    assert second == Outcome(Verdict.DONE, "commented on 600 of 600 problems in Zabbix")
    assert {len(zabbix.problems[event].acknowledges) for event in events} == {1}


def test_it_ends_in_time(zabbix: StandIn) -> None:
    """What is left for want of time is told by the next try."""
    [event] = fired(zabbix)

    outcome = told(zabbix, answer(Verb.COMMENT, event), Hasty())

    assert (
        outcome == Outcome(Verdict.DONE, "commented on 1 of 1 problem in Zabbix")
        or outcome.verdict is Verdict.RETRY
    )
