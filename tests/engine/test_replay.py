"""Replaying recorded events: what is read, what is written, and that it never looks ahead."""

from datetime import datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decide.given import T0
from tests.engine.streams import RULEBOOK, Line, in_order_of_arrival, line, ndjson, stories
from watcher.engine.book import Book
from watcher.engine.replay import ReplayError, read_events, replay, write_incidents
from watcher.model.event import Kind, Severity

LATENESS = RULEBOOK.policy.grouping.lateness
SUSPECT_AFTER = RULEBOOK.policy.grouping.suspect_after


def replayed(lines: list[Line]) -> list[Line]:
    """The incidents of a stream, as they are written."""
    book = replay(read_events(ndjson(lines)), RULEBOOK)
    return [orjson.loads(each) for each in write_incidents(book)]


def test_a_line_is_read_with_all_that_it_says() -> None:
    """Every field of the format, and both clocks."""
    given = line(60, "update", 30, service="billing", started_at="2026-03-01T06:00:00+03:00")
    [read] = read_events(ndjson([given]))
    event = read.event

    assert (T0 + timedelta(seconds=60), T0 + timedelta(seconds=90)) == (event.at, read.received_at)
    assert (Kind.UPDATE, Severity.AVERAGE, T0) == (event.kind, event.severity, event.started_at)
    assert ("gen", "cpu", "o1", "CPU is high") == (
        event.source,
        event.key,
        event.occurrence,
        event.name,
    )
    assert ("db01", "billing", {"env": "prod"}) == (event.host, event.service, event.labels)


def test_what_may_be_left_out() -> None:
    """Without its own clock a line came when it happened; hosts and labels are not known then."""
    short = {
        "at": "2026-01-01T00:00:00.000Z",
        "source": "zabbix",
        "kind": "firing",
        "key": "k",
        "occurrence": "1",
        "name": "x",
        "severity": "high",
    }
    [read] = read_events([b"\n", orjson.dumps(short), b"  \n"])

    assert datetime.fromisoformat("2026-01-01T00:00:00Z") == read.received_at == read.event.at
    assert (None, None, {}, None) == (
        read.event.host,
        read.event.service,
        read.event.labels,
        read.event.started_at,
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (b"{", "line 2: unexpected end of data"),
        (b"[]", "line 2: "),
        (b"\xff", "line 2: "),
        ({"key": ...}, "line 2: key is missing"),
        ({"at": ...}, "line 2: at is missing"),
        ({"at": "yesterday"}, "line 2: Invalid isoformat string: 'yesterday'"),
        ({"at": "2026-01-01T00:00:00"}, "line 2: the time '2026-01-01T00:00:00' has no zone"),
        ({"at": 5}, "line 2: "),
        ({"kind": "problem"}, "line 2: 'problem' is not a valid Kind"),
        ({"severity": "awful"}, "line 2: 'awful' is not a valid Severity"),
        ({"labels": [1]}, "line 2: "),
    ],
)
def test_a_line_that_is_no_event_is_named(changes: bytes | Line, said: str) -> None:
    """The text says which line and what is wrong with it."""
    [good] = ndjson([line(0)])
    bad = changes
    if isinstance(changes, dict):
        merged = {**line(1), **changes}
        bad = orjson.dumps({name: value for name, value in merged.items() if value is not ...})
    assert isinstance(bad, bytes)

    with pytest.raises(ReplayError) as caught:
        list(read_events([good, bad]))

    assert str(caught.value).startswith(said)


def test_an_incident_is_written_with_its_evidence() -> None:
    """One line an incident; every alert has the time at which it joined, and why."""
    lines = [
        line(0),
        line(30, key="disk", host="10.0.0.5:9100", severity="disaster"),
        line(90, "resolved"),
        line(100, "resolved", key="disk"),
    ]

    assert [
        {
            "incident": "1",
            "opened_at": "2026-03-01T03:00:00.000+00:00",
            "closed_at": None,
            "priority": "P1",
            "status": "resolved",
            "title": "billing: CPU is high on db01",
            "group": "service:billing",
            "overtaken_by": None,
            "suspect": {
                "key": "cpu",
                "host": "db01",
                "reason": {
                    "rule": "likely-cause",
                    "text": "its own alert 'CPU is high' is new here; nothing alerted before it",
                    "keys": ["cpu"],
                    "edge": None,
                    "gap": 0.0,
                },
            },
            "alerts": [
                {
                    "key": "cpu",
                    "occurrence": "o1",
                    "joined_at": "2026-03-01T03:00:00.000+00:00",
                    "reason": {
                        "rule": "new-disruption",
                        "text": "nothing was going on that db01 has to do with",
                        "keys": ["cpu"],
                        "edge": None,
                        "gap": None,
                    },
                },
                {
                    "key": "disk",
                    "occurrence": "o1",
                    "joined_at": "2026-03-01T03:00:30.000+00:00",
                    "reason": {
                        "rule": "same-host",
                        "text": "another alert on db01 30 s before",
                        "keys": ["cpu"],
                        "edge": None,
                        "gap": 30.0,
                    },
                },
            ],
        }
    ] == replayed(lines)


def test_one_alert_of_an_incident_opened_it() -> None:
    """Of two that began at once, too: the other has the evidence that brought it there."""
    [incident] = replayed([line(0, key="disk"), line(0, key="cpu")])
    rules = {each["key"]: each["reason"]["rule"] for each in incident["alerts"]}

    assert {"cpu": "new-disruption", "disk": "same-host"} == rules


def test_what_was_merged_away_has_no_line() -> None:
    """Its alerts stand with the incident that took it in."""
    lines = [
        line(0, key="a"),
        line(912, key="c"),
        line(840, key="b", late=96),
    ]
    book = replay(read_events(ndjson(lines)), RULEBOOK)
    [incident] = map(orjson.loads, write_incidents(book))

    assert [(2, 1)] == book.merges
    assert ["a", "b", "c"] == sorted(each["key"] for each in incident["alerts"])


def test_quiet_incidents_are_closed_as_time_goes_by() -> None:
    """The clock of the stream closes them a day later; only the passing of time is needed."""
    lines = [line(0), line(60, "resolved"), line(2 * 86400, key="other", host="web01")]

    assert ["closed", "open"] == [each["status"] for each in replayed(lines)]
    assert replayed(lines)[0]["closed_at"] is not None


def test_the_clock_never_runs_back() -> None:
    """A line whose time of receipt is before that of the line above counts as received then."""
    lines = [line(100), line(40, key="disk")]

    [incident] = replayed(lines)

    assert {"2026-03-01T03:01:40.000+00:00"} == {each["joined_at"] for each in incident["alerts"]}


def test_nothing_comes_of_nothing() -> None:
    """An empty stream has no incidents."""
    assert [] == replayed([])


def decided(book: Book, until: datetime) -> dict[tuple[str, str], tuple[object, ...]]:
    """Of every occurrence that had joined by then: with whom, when and why it stands together."""
    found: dict[tuple[str, str], tuple[object, ...]] = {}
    for number, incident in book.incidents.items():
        members = [
            each
            for each in book.members(number)
            if each.joined_at is not None and each.joined_at <= until
        ]
        together = frozenset((each.key, each.occurrence) for each in members)
        for each in members:
            found[each.key, each.occurrence] = (
                together,
                incident.opened_at,
                each.joined_at,
                each.reason,
            )
    return found


@settings(max_examples=150)
@given(stories, st.integers(0, 4000))
def test_a_replay_never_looks_ahead(lines: list[Line], second: int) -> None:
    """Cut the stream at any moment: what was decided before the lateness window stays decided."""
    cut = T0 + timedelta(seconds=second)
    whole = replay(read_events(ndjson(lines)), RULEBOOK)
    heard = [each for each in lines if datetime.fromisoformat(each["received_at"]) <= cut]
    part = replay(read_events(ndjson(heard)), RULEBOOK)

    assert decided(whole, cut - LATENESS) == decided(part, cut - LATENESS)


@settings(max_examples=150)
@given(stories, st.integers(0, 4000))
def test_the_suspect_is_the_one_known_in_time(lines: list[Line], second: int) -> None:
    """Five minutes after an incident was opened its suspect does not change any more."""
    cut = T0 + timedelta(seconds=second)
    # Time passes up to the cut in both, though nothing that matters is heard of then.
    lines = in_order_of_arrival([*lines, line(second, "resolved", key="~", host=None)])
    whole = replay(read_events(ndjson(lines)), RULEBOOK)
    heard = [each for each in lines if datetime.fromisoformat(each["received_at"]) <= cut]
    part = replay(read_events(ndjson(heard)), RULEBOOK)

    def suspects(book: Book) -> dict[int, object]:
        return {
            number: each.suspect
            for number, each in book.incidents.items()
            if each.merged_into is None and each.opened_at <= cut - SUSPECT_AFTER
        }

    assert suspects(whole) == suspects(part)
