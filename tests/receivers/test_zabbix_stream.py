"""The event stream of a Zabbix connector: many lines in a request, each an event of its own."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.model.event import Kind, Reading, Severity
from watcher.receivers import zabbix
from watcher.receivers.base import Context, Unparsable

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BEGUN = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
CLOCK = int(BEGUN.timestamp())
HOSTS = [{"host": "db01", "name": "Billing database"}, {"host": "app01", "name": "App"}]
TAGS = [
    {"tag": "service", "value": "billing"},
    {"tag": "scope", "value": "capacity"},
    {"tag": "scope", "value": "availability"},
    {"tag": "__watcher_url", "value": "https://watcher.example/go/src/7"},
]


def problem(event: int = 7, **changes: Any) -> dict[str, Any]:
    """A line as the documented export protocol has it: numbers are numbers."""
    return {
        "clock": CLOCK,
        "ns": 519_000_000,
        "value": 1,
        "eventid": event,
        "name": "Disk is 97 % full",
        "severity": 4,
        "hosts": HOSTS,
        "groups": ["Databases"],
        "tags": TAGS,
        **changes,
    }


def recovery(event: int = 7, **changes: Any) -> dict[str, Any]:
    """Its end, which names the problem only."""
    return {"clock": CLOCK + 60, "ns": 1, "value": 0, "eventid": 8, "p_eventid": event, **changes}


ITEM = {
    "host": {"host": "db01", "name": "DB"}, "groups": [], "item_tags": [], "itemid": 3,
    "name": "CPU", "clock": CLOCK, "ns": 0, "value": 0.1, "type": 0,
}  # fmt: skip


def read(*lines: object, **given: object) -> Reading:
    """What is read out of these lines, where the source has a connector."""
    body = b"".join(
        (line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines
    )
    options = zabbix.options({"connector": True, **given})
    return zabbix.parse(body, Context("src", NOW, options))


def test_a_problem_and_its_recovery_are_two_events_of_one_span() -> None:
    """The recovery says nothing but that, so that its key is a last resort."""
    first, second = read(problem(), recovery()).events

    key = recurrence_key("src", "name", "Disk is <measure> full", "host", "db01")
    assert (Kind.FIRING, key, occurrence_key("7")) == (first.kind, first.key, first.occurrence)
    assert (BEGUN, BEGUN, Severity.HIGH) == (first.at, first.started_at, first.severity)
    assert ("Disk is 97 % full", "db01", "billing") == (first.name, first.host, first.service)
    assert {
        "service": "billing", "scope": "capacity, availability", "host_name": "Billing database",
    } == first.labels  # fmt: skip
    assert (Kind.RESOLVED, recurrence_key("src", "event", "7")) == (second.kind, second.key)
    assert (first.occurrence, None) == (second.occurrence, second.started_at)
    assert 60 == (second.at - first.at).total_seconds()
    assert first.aliased
    assert second.aliased


def test_the_media_type_of_such_a_source_names_conditions_alike() -> None:
    """The same event by both ways has one key, one span, one beginning."""
    body = {
        "event_source": "0", "event_value": "1", "event_id": "7", "trigger_id": "24117",
        "host_id": "10684", "host_host": "db01", "event_name": "Disk is 97 % full",
        "event_timestamp": str(CLOCK), "event_nseverity": "4",
    }  # fmt: skip
    [streamed] = read(problem()).events
    [posted] = read(body).events
    [alone] = zabbix.parse(orjson.dumps(body), Context("src", NOW, zabbix.options({}))).events

    assert streamed.key == posted.key != alone.key
    assert (streamed.occurrence, streamed.started_at) == (posted.occurrence, posted.started_at)
    assert (True, False) == (posted.aliased, alone.aliased)


def test_a_bad_line_costs_only_itself() -> None:
    """The delivery remarks which could not be read, and why; a few are enough."""
    reading = read(problem(1), b"{oops", problem(2, eventid="x"), b"", problem(3))

    assert [occurrence_key("1"), occurrence_key("3")] == [e.occurrence for e in reading.events]
    assert reading.note.startswith("2 of 4 lines cannot be read; line 2: the body is not JSON: ")
    assert reading.note.endswith("; line 3: eventid is 'x', not a number")
    assert read(problem(), *[b"[]"] * 5).note == (
        "5 of 6 lines cannot be read; line 2: it is a list, not an object; "
        "line 3: it is a list, not an object; line 4: it is a list, not an object; …"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (problem(value=2), "value is '2', neither 0 nor 1"),
        (problem(value="1"), "value is '1', neither 0 nor 1"),
        (problem(eventid=None), "eventid is nothing, not a number"),
        (recovery(p_eventid=-7), "p_eventid is '-7', not a number"),
        ({"eventid": 9, "value": 0}, "p_eventid is nothing, not a number"),
        (problem(tags=[7]), "tags is no list of tags"),
        (problem(tags={"tag": "a", "value": "b"}), "tags is no list of tags"),
        (problem(hosts={}), "hosts is an object, not a list"),
        (problem(hosts=["db01"]), "hosts[0] is a text, not an object"),
        (problem(name=["x"]), "name is a list, not a text"),
    ],
)
def test_a_body_of_bad_lines_only_is_a_dead_letter(line: object, reason: str) -> None:
    """Its reason names line and field."""
    with pytest.raises(Unparsable) as caught:
        read(line, ITEM)

    assert f"1 of 2 lines cannot be read; line 1: {reason}; item values are left out (1)" in str(
        caught.value
    )


def test_item_values_are_left_out_with_a_remark() -> None:
    """A connector of the wrong data type is seen among the deliveries, and harms nothing."""
    assert read(ITEM, ITEM) == Reading((), "item values are left out (2): stream events only")
    assert 1 == len(read(ITEM, problem()).events)
    assert read(ITEM).note == "item values are left out (1): stream events only"


def test_what_a_line_leaves_out_has_a_stand_in() -> None:
    """No host, no tags, no name, no time of its own."""
    bare = problem(hosts=[], tags=None, name="", clock=None, severity=None)
    [event] = read(bare, b"").events

    assert (None, None, {}) == (event.host, event.service, event.labels)
    assert ("Zabbix event 7", NOW, Severity.AVERAGE) == (event.name, event.at, event.severity)
    assert "DB" == read(problem(hosts=[{"host": "", "name": "DB"}])).events[0].host


def test_without_the_option_a_stream_is_a_dead_letter() -> None:
    """Only who has a connector pays for telling the two ways apart."""
    body = orjson.dumps(problem()) + b"\n" + orjson.dumps(recovery())

    with pytest.raises(Unparsable, match="the body is not JSON"):
        zabbix.parse(body, Context("src", NOW, zabbix.options({})))
    with pytest.raises(ValueError, match="connector must be true or false, not 'yes'"):
        zabbix.options({"connector": "yes"})


@pytest.mark.parametrize("body", [b"{", b"nonsense", b"7"])
def test_what_is_neither_is_told_as_for_the_media_type(body: bytes) -> None:
    """One reason, whichever way it was meant."""
    with pytest.raises(Unparsable, match=r"^the body is"):
        zabbix.parse(body, Context("src", NOW, zabbix.options({"connector": True})))
