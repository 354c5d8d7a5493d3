"""What a survey of Zabbix brings: what holds, what was missed, and proofs for what is over."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.monitors.zabbix_api import TOKEN, StandIn, zabbix_api
from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.model.event import Event, Kind, Severity
from watcher.model.survey import Held, Survey
from watcher.monitors import zabbix as monitors
from watcher.monitors.base import Access, Historian, Monitor, MonitorError, Trouble
from watcher.receivers import zabbix as receiver
from watcher.receivers.base import Context

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
T = int(NOW.timestamp()) - 3600
VERSIONS = ("6.0.14", "6.4.3", "7.0.1", "7.2.0")
ACK, SAY, SEVERITY, UNACK = 2, 4, 8, 16


@pytest.fixture(params=VERSIONS)
def each(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A Zabbix of each version."""
    with zabbix_api(request.param) as running:
        yield running


@pytest.fixture
def zabbix() -> Iterator[StandIn]:
    """A Zabbix 6.0."""
    with zabbix_api() as running:
        yield running


def monitor(zabbix: StandIn, **given: object) -> monitors.ZabbixMonitor:
    """The monitor of it."""
    access = Access("zbx", "default", zabbix.url, Secret(TOKEN), options=monitors.options(given))
    return monitors.monitor(access, Clock())


def events(bodies: Sequence[bytes]) -> list[Event]:
    """What the receiver reads in them."""
    context = Context("zbx", NOW, receiver.options({}))
    return [event for body in bodies for event in receiver.parse(body, context).events]


def held(zabbix: StandIn, event: int, **more: Any) -> Held:
    """A problem as Watcher came to hold it by webhook."""
    problem = zabbix.problems[event]
    host = zabbix.triggers[problem.trigger].hosts[0]
    return Held(
        key=recurrence_key("zbx", problem.trigger, host),
        occurrence=occurrence_key(str(event)),
        name=problem.name,
        started_at=at(problem.clock),
        host=zabbix.hosts[host]["host"],
        labels={"trigger_id": problem.trigger, "host_name": zabbix.hosts[host]["name"]},
        **more,
    )


def at(clock: int) -> datetime:
    """An epoch second as a time."""
    return datetime.fromtimestamp(clock, UTC)


def surveyed(zabbix: StandIn, *known: Held, cursor: str = "") -> Survey:
    """One survey."""
    return monitor(zabbix).survey(known, cursor, NOW)


def asked_before(zabbix: StandIn) -> str:
    """The cursor of a survey an hour ago, after which nothing was heard."""
    return monitor(zabbix).survey((), "", NOW - timedelta(hours=1)).cursor


def test_it_is_what_the_engine_expects(zabbix: StandIn) -> None:
    """A monitor that also remembers."""
    asking: Monitor = monitor(zabbix)

    assert isinstance(asking, Historian)


def test_what_holds_is_told_as_the_webhook_would(each: StandIn) -> None:
    """Key, host, time, severity and labels are those that macros give: those of the first host."""
    trigger = each.trigger(each.host("db01"), each.host("db02"))
    tags = [{"tag": "service", "value": "billing"}, {"tag": "__watcher_url", "value": "x"}]
    event = each.fire(trigger, T, severity=5, name='Диск "полон"', tags=tags)

    survey = surveyed(each)

    [firing] = events(survey.bodies)
    assert firing == Event(
        source="zbx",
        kind=Kind.FIRING,
        key=recurrence_key("zbx", trigger, "10000"),
        occurrence=occurrence_key(str(event)),
        at=at(T),
        name='Диск "полон"',
        severity=Severity.DISASTER,
        host="db01",
        service="billing",
        labels={
            "service": "billing",
            "host_name": "The db01",
            "host_ip": "10.0.0.5",
            "trigger_id": trigger,
            "item_key": "vfs.fs.size",
        },
        started_at=at(T),
        summary="Look at the disk.",
        url=f"{each.url}/tr_events.php?triggerid={trigger}&eventid={event}",
    )
    assert survey.open == {firing.occurrence}
    assert (survey.complete, survey.problem, survey.endings) == (True, "", {})
    assert orjson.loads(survey.bodies[0])["reconciled"] == "1"


def test_the_first_survey_begins_without_a_past(zabbix: StandIn) -> None:
    """What was over before Watcher asked for the first time is none of its business."""
    over = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    zabbix.recover(over, T + 60)

    first = surveyed(zabbix)
    second = surveyed(zabbix, cursor=first.cursor)

    assert (first.bodies, second.bodies) == ((), ())


def test_what_came_and_went_unheard_is_told_with_its_true_times(each: StandIn) -> None:
    """Neither the list of open problems nor a look-up by id would find it."""
    trigger = each.trigger(each.host("db01"))
    cursor = asked_before(each)
    event = each.fire(trigger, T)
    each.recover(event, T + 90)

    survey = surveyed(each, cursor=cursor)

    firing, resolved = events(survey.bodies)
    assert (firing.kind, firing.at) == (Kind.FIRING, at(T))
    assert (resolved.kind, resolved.at, resolved.started_at) == (Kind.RESOLVED, at(T + 90), at(T))
    assert firing.key == resolved.key
    assert (survey.open, survey.complete) == (frozenset(), True)


def test_events_that_are_written_late_are_not_passed_over(zabbix: StandIn) -> None:
    """Several processes write events: a lower id may be seen after a higher one."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    asking = monitor(zabbix)
    cursor = asking.survey((), "", NOW).cursor
    late, early = zabbix.fire(trigger, T), zabbix.fire(trigger, T)
    zabbix.hidden.add(late)
    zabbix.recover(early, T + 1)
    zabbix.recover(late, T + 2)
    cursor = asking.survey((), cursor, NOW + timedelta(minutes=2)).cursor
    zabbix.hidden.clear()

    bodies = asking.survey((), cursor, NOW + timedelta(minutes=4)).bodies

    assert occurrence_key(str(late)) in {event.occurrence for event in events(bodies)}


def test_the_walk_goes_on_from_where_it_was(zabbix: StandIn) -> None:
    """What was settled long ago is not asked for again and again."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    asking, cursor = monitor(zabbix), asked_before(zabbix)
    for second in range(500):
        zabbix.recover(zabbix.fire(trigger, T + second), T + second)
    for minutes in (0, 2, 4, 6, 8, 10):
        survey = asking.survey((), cursor, NOW + timedelta(minutes=minutes))
        cursor = survey.cursor

    assert len(survey.bodies) <= 2 * 200
    assert len(cursor) < 200


def test_a_long_past_is_fetched_over_several_surveys(zabbix: StandIn) -> None:
    """No survey lasts for ever, and nothing is left out."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    asking, cursor = monitor(zabbix, page=10), asked_before(zabbix)
    fired = {zabbix.fire(trigger, T + second) for second in range(450)}
    for event in fired:
        zabbix.recover(event, T + 1000)
    told = set()
    for minutes in range(5):
        survey = asking.survey((), cursor, NOW + timedelta(minutes=2 * minutes))
        cursor = survey.cursor
        told |= {event.occurrence for event in events(survey.bodies)}

    assert told == {occurrence_key(str(event)) for event in fired}


@pytest.mark.parametrize("cursor", ["nonsense", "{}", '{"floor": 999999, "seen": []}'])
def test_a_cursor_of_another_database_begins_anew(zabbix: StandIn, cursor: str) -> None:
    """Zabbix may have been installed again; then ids begin again, too."""
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    zabbix.recover(event, T + 1)

    survey = surveyed(zabbix, cursor=cursor)

    assert (survey.bodies, survey.complete) == ((), True)
    assert f'"floor":{event}' in survey.cursor


def test_a_missed_recovery_is_proven_by_its_record(each: StandIn) -> None:
    """The proof carries the key that Watcher knows, and the time at which it was over."""
    event = each.fire(each.trigger(each.host("db01")), T)
    known = held(each, event)
    recovery = each.recover(event, T + 120)

    survey = surveyed(each, known)

    ending = survey.endings[known.occurrence]
    [resolved] = events([ending.body])
    assert (ending.recorded, ending.why) == (True, f"recovered in Zabbix by event {recovery}")
    assert (resolved.kind, resolved.key, resolved.occurrence) == (
        Kind.RESOLVED,
        known.key,
        known.occurrence,
    )
    assert (resolved.at, resolved.host) == (at(T + 120), "db01")
    assert Kind.RESOLVED not in {event.kind for event in events(survey.bodies)}


@pytest.mark.parametrize(
    "parts",
    [
        ("name", "Disk is full", "host", "db01"),
        ("name", "Disk is full", "10000"),
        ("20000", "host", "db01"),
        ("20000", "10000"),
    ],
)
def test_a_condition_known_by_names_ends_under_its_names(
    zabbix: StandIn, parts: tuple[str, ...]
) -> None:
    """A key of another making is the one under which the alert is found, whatever the inventory
    calls the host.
    """
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    zabbix.recover(event, T + 1)
    key = recurrence_key("zbx", *parts)
    host = "db01" if "db01" in parts else "db01.example.org"
    known = replace(held(zabbix, event), key=key, host=host, labels={})

    survey = surveyed(zabbix, known)

    [resolved] = events([survey.endings[known.occurrence].body])
    assert resolved.key == key


def test_what_people_did_reads_as_the_webhook_tells_it(each: StandIn) -> None:
    """The same words, the same second: a note that came by webhook is known again."""
    event = each.fire(each.trigger(each.host("db01")), T, severity=3)
    each.update(event, T + 10, ACK | SAY | SEVERITY, "смотрю", severity=5)
    each.update(event, T + 10, SAY, "second of the same second")
    each.update(event, T + 20, UNACK, user="2")

    told = events(surveyed(each).bodies)

    assert [(event.at, event.severity, event.note) for event in told] == [
        (at(T), Severity.AVERAGE, ""),
        (
            at(T + 10),
            Severity.DISASTER,
            "Zabbix Administrator (Admin) acknowledged, commented and changed severity"
            " from Average to Disaster: смотрю",
        ),
        (
            at(T + 10),
            Severity.DISASTER,
            "Zabbix Administrator (Admin) commented: second of the same second",
        ),
        (at(T + 20), Severity.DISASTER, "Inaccessible user unacknowledged"),
    ]
    assert [event.acknowledged for event in told] == [None, True, None, False]


def test_only_what_people_did_since_the_last_survey_is_told_of_known_problems(
    zabbix: StandIn,
) -> None:
    """What was told of before need not be read again; severity and acknowledgement are as now."""
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T, severity=2)
    known = held(zabbix, event)
    zabbix.update(event, T + 10, ACK | SEVERITY, severity=4)
    cursor = surveyed(zabbix, known).cursor
    now = NOW + timedelta(hours=2)
    zabbix.update(event, int(now.timestamp()) - 60, SAY, "news")

    survey = monitor(zabbix).survey([known], cursor, now)

    firing, update = events(survey.bodies)
    assert (firing.severity, update.note) == (
        Severity.HIGH,
        "Zabbix Administrator (Admin) commented: news",
    )
    assert orjson.loads(survey.bodies[0])["event_ack_status"] == "Yes"


def test_what_watcher_did_itself_is_left_out(zabbix: StandIn) -> None:
    """No echo, though the severity is the one that it set."""
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T, severity=2)
    zabbix.update(event, T + 10, SAY | SEVERITY, "Watcher: Anna did it", severity=5)

    told = events(surveyed(zabbix).bodies)

    assert [(event.kind, event.severity, event.note) for event in told] == [
        (Kind.FIRING, Severity.WARNING, "")
    ]


def test_an_update_after_the_recovery_comes_after_it(zabbix: StandIn) -> None:
    """People comment on what is over."""
    cursor = asked_before(zabbix)
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    zabbix.recover(event, T + 60)
    zabbix.update(event, T + 90, SAY, "it was the backup")

    told = events(surveyed(zabbix, cursor=cursor).bodies)

    assert [event.kind for event in told] == [
        Kind.FIRING,
        Kind.RESOLVED,
        Kind.RESOLVED,
        Kind.UPDATE,
    ]
    assert {event.at for event in told if event.kind is Kind.RESOLVED} == {at(T + 60)}


def test_bodies_are_in_the_order_of_their_times(zabbix: StandIn) -> None:
    """Oldest first, across problems."""
    cursor = asked_before(zabbix)
    trigger = zabbix.trigger(zabbix.host("db01"))
    long, short = zabbix.fire(trigger, T), zabbix.fire(trigger, T + 10)
    zabbix.recover(short, T + 20)
    zabbix.recover(long, T + 30)

    told = events(surveyed(zabbix, cursor=cursor).bodies)

    assert [event.at for event in told] == [at(T), at(T + 10), at(T + 20), at(T + 30)]


def test_what_is_suppressed_is_named_and_not_told_unless_known(zabbix: StandIn) -> None:
    """What Zabbix holds back by maintenance is no news."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    known, unknown = (zabbix.fire(trigger, T, suppressed=True) for _ in range(2))

    survey = surveyed(zabbix, held(zabbix, known))

    assert survey.suppressed == survey.open
    assert survey.open == {occurrence_key(str(each)) for each in (known, unknown)}
    assert [event.occurrence for event in events(survey.bodies)] == [occurrence_key(str(known))]


def test_a_deleted_host_is_a_reason_but_no_record(each: StandIn) -> None:
    """Its event is still there, without anything that it is about: that is proof enough."""
    host = each.host("db01")
    event = each.fire(each.trigger(host), T)
    known = held(each, event)
    each.delete_host(host)

    survey = surveyed(each, known)

    ending = survey.endings[known.occurrence]
    [resolved] = events([ending.body])
    assert (ending.recorded, ending.why) == (False, "the host db01 was deleted in Zabbix")
    assert (resolved.key, resolved.occurrence) == (known.key, known.occurrence)
    assert survey.complete


def test_a_deleted_trigger_is_told_from_a_deleted_host(zabbix: StandIn) -> None:
    """The host is still there."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    known = held(zabbix, zabbix.fire(trigger, T))
    del zabbix.triggers[trigger]

    survey = surveyed(zabbix, known)

    assert survey.endings[known.occurrence].why == (
        f"the trigger {trigger} on db01 was deleted in Zabbix"
    )


@pytest.mark.parametrize("number", [1, 5, 20])
def test_hosts_that_may_not_be_read_any_more_end_nothing(each: StandIn, number: int) -> None:
    """Problem, event, trigger and host are all missing in answers that are in order otherwise."""
    host = each.host("db01")
    trigger = each.trigger(host)
    known = [held(each, each.fire(trigger, T)) for _ in range(number)]
    seen = [held(each, each.fire(each.trigger(each.host("web01")), T)) for _ in range(5)]
    each.denied.add(host)

    survey = surveyed(each, *known, *seen)

    assert survey.endings == {}
    assert survey.open == {span.occurrence for span in seen}
    assert survey.complete == (number < 20)


def test_a_host_that_was_moved_out_of_the_groups_ends_nothing(each: StandIn) -> None:
    """Neither where it may still be read, nor where it may not."""
    each.groups = {"5": "Linux", "6": "Other"}
    moved, denied = each.host("db01"), each.host("db02")
    known = [held(each, each.fire(each.trigger(host), T)) for host in (moved, denied)]
    each.hosts[moved]["group"] = each.hosts[denied]["group"] = "6"
    each.denied.add(denied)

    survey = monitor(each, groups=["Linux"]).survey(known, "", NOW)

    assert (set(survey.open), survey.endings) == ({known[0].occurrence}, {})


def test_a_token_that_may_read_nothing_ends_nothing(each: StandIn) -> None:
    """A user without a group gets empty answers, not refusals."""
    host = each.host("db01")
    known = [held(each, each.fire(each.trigger(host), T)) for _ in range(3)]
    each.recover(int(known[0].occurrence[3:]), T + 5)
    each.denied.add(host)

    assert surveyed(each, *known, cursor=asked_before(each)).endings == {}


@pytest.mark.parametrize("over", [False, True])
def test_another_zabbix_behind_the_address_ends_nothing(each: StandIn, over: bool) -> None:
    """There the numbers of our events stand for something else, whatever became of that."""
    host = each.host("db01")
    event = each.fire(each.trigger(host), T)
    known = held(each, event)
    each.problems[event].trigger = each.trigger(host)
    if over:
        each.recover(event, T + 120)

    with pytest.raises(MonitorError) if over else nullcontext() as caught:
        survey = surveyed(each, known)

    said = str(caught.value) if caught else survey.problem
    assert f"event {event} is of trigger {each.problems[event].trigger} there, of trigger" in said
    if not over:
        assert ({}, False) == (survey.endings, survey.complete)


def test_what_the_housekeeper_took_stays_open(zabbix: StandIn) -> None:
    """Without the event nobody can tell a deleted host or trigger from a hidden one."""
    host = zabbix.host("db01")
    gone = held(zabbix, zabbix.fire(zabbix.trigger(host), T))
    lost = held(zabbix, zabbix.fire(zabbix.trigger(zabbix.host("web01")), T))
    zabbix.delete_host(host)
    zabbix.problems.clear()

    assert surveyed(zabbix, gone, lost).endings == {}


def test_an_event_whose_trigger_is_there_is_no_orphan(zabbix: StandIn) -> None:
    """Two answers that contradict each other prove nothing."""
    known = held(zabbix, zabbix.fire(zabbix.trigger(zabbix.host("db01")), T))
    zabbix.spoil["problem.get"] = lambda result: "0" if isinstance(result, str) else []
    zabbix.spoil["event.get"] = lambda rows: [row | {"hosts": []} for row in rows]

    assert surveyed(zabbix, known).endings == {}


def test_absence_alone_ends_nothing(zabbix: StandIn) -> None:
    """A problem that is not listed, without a record of its end, goes on."""
    known = held(zabbix, zabbix.fire(zabbix.trigger(zabbix.host("db01")), T))
    zabbix.spoil["problem.get"] = lambda result: "0" if isinstance(result, str) else []

    survey = surveyed(zabbix, known)

    assert (survey.open, survey.endings) == (frozenset(), {})


def test_a_suddenly_empty_answer_is_doubted(zabbix: StandIn) -> None:
    """Fifty problems do not vanish without a trace."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    known = [held(zabbix, zabbix.fire(trigger, T)) for _ in range(50)]
    zabbix.spoil["problem.get"] = lambda result: "0" if isinstance(result, str) else []

    survey = surveyed(zabbix, *known)

    assert (survey.complete, survey.endings) == (False, {})
    assert survey.problem == (
        "50 of 50 known problems are not listed, and nothing says that they are over; may its "
        "token still read db01?"
    )


def test_many_that_are_proven_over_are_no_reason_to_doubt(zabbix: StandIn) -> None:
    """Every one has its record."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    known = [held(zabbix, zabbix.fire(trigger, T)) for _ in range(50)]
    for each in known:
        zabbix.recover(int(each.occurrence[3:]), T + 5)

    survey = surveyed(zabbix, *known)

    assert (len(survey.endings), survey.complete) == (50, True)


def test_a_list_that_is_shorter_than_its_count_is_doubted(zabbix: StandIn) -> None:
    """What was left out might be taken to be over."""
    zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    zabbix.spoil["problem.get"] = lambda result: "3" if isinstance(result, str) else result

    survey = surveyed(zabbix)

    assert (survey.complete, survey.problem) == (False, "Zabbix listed 1 problems but counts 3")
    assert len(survey.bodies) == 1


def test_a_page_that_fails_leaves_the_survey_incomplete(zabbix: StandIn) -> None:
    """What was listed is true, what was not may be too; the past is asked for again."""
    trigger = zabbix.trigger(zabbix.host("db01"))
    fired = [zabbix.fire(trigger, T) for _ in range(25)]
    cursor = asked_before(zabbix)
    pages = iter([None, "no list"])
    zabbix.spoil["problem.get"] = lambda result: next(pages, None) or result
    known = held(zabbix, fired[-1])

    survey = monitor(zabbix, page=10).survey([known], cursor, NOW)

    assert (survey.complete, survey.cursor, survey.endings) == (False, cursor, {})
    assert survey.problem == "Zabbix answers problem.get unlike any version known"
    assert len(survey.open) == 10


@pytest.mark.parametrize(
    ("broken", "trouble"), [({"status": 503}, "unreachable"), ({"raw": b"<html>"}, "strange")]
)
def test_no_answer_at_all_is_raised(
    zabbix: StandIn, broken: Mapping[str, Any], trouble: str
) -> None:
    """There is nothing to compare with."""
    for name, value in broken.items():
        setattr(zabbix, name, value)

    with pytest.raises(MonitorError) as caught:
        surveyed(zabbix)

    assert caught.value.trouble == trouble


def test_a_token_that_ends_in_the_middle_is_raised(zabbix: StandIn) -> None:
    """A person must mend that, whatever was listed before."""
    zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)

    def expire(result: Any) -> Any:
        zabbix.tokens[TOKEN] = "API token expired."
        return result

    zabbix.spoil["problem.get"] = expire

    with pytest.raises(MonitorError) as caught:
        surveyed(zabbix)

    assert caught.value.trouble is Trouble.TOKEN


def test_rows_of_another_shape_are_strange(zabbix: StandIn) -> None:
    """Nothing is made up for what is missing."""
    zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    zabbix.spoil["problem.get"] = lambda result: [{"eventid": "1"}]

    with pytest.raises(MonitorError, match="unlike any version known"):
        surveyed(zabbix)


def test_an_upgrade_between_two_surveys_goes_unnoticed(zabbix: StandIn) -> None:
    """Each survey learns the version anew, and asks as that wants to be asked."""
    zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    asking = monitor(zabbix)
    asking.survey((), "", NOW)
    zabbix.version = "7.2.0"

    assert asking.survey((), "", NOW).complete


def test_only_the_groups_that_are_named_are_asked_for(each: StandIn) -> None:
    """With those below them; what is known outside is looked at all the same, and goes on."""
    each.groups |= {"6": "Prod", "7": "Prod/Db", "8": "Production"}
    inside = [each.fire(each.trigger(each.host(f"db{group}", group)), T) for group in "67"]
    outside = [each.fire(each.trigger(each.host("web", "8")), T) for _ in range(20)]
    known = [held(each, event) for event in outside[:10]]

    survey = monitor(each, groups=["Prod"]).survey(known, "", NOW)

    assert survey.open == {occurrence_key(str(event)) for event in (*inside, *outside[:10])}
    assert (survey.endings, survey.complete) == ({}, True)


def test_a_group_that_is_not_there_is_named(zabbix: StandIn) -> None:
    """It was misspelt, or hidden."""
    with pytest.raises(MonitorError, match="no host group 'Prod'") as caught:
        monitor(zabbix, groups=["Prod"]).survey((), "", NOW)

    assert caught.value.trouble is Trouble.RIGHTS


def test_spans_that_are_no_events_of_zabbix_are_left_alone(zabbix: StandIn) -> None:
    """Nothing can be asked of them."""
    zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    odd = Held("v1:zbx:name:x:host:y", "", "x", NOW), Held("v1:zbx:1:2", "v1:abc", "x", NOW)

    assert surveyed(zabbix, *odd).endings == {}


def test_what_is_known_by_name_only_is_gone_if_its_event_says_so(zabbix: StandIn) -> None:
    """The event knows its trigger, if we do not."""
    host = zabbix.host("db01")
    trigger = zabbix.trigger(host)
    event = zabbix.fire(trigger, T)
    key = recurrence_key("zbx", "name", "Disk is full", "host", "db01")
    known = replace(held(zabbix, event), key=key, labels={})
    zabbix.delete_host(host)

    assert [ending.why for ending in surveyed(zabbix, known).endings.values()] == [
        f"the trigger {trigger} on db01 was deleted in Zabbix"
    ]


def test_a_key_of_an_unknown_making_is_left_to_the_host(zabbix: StandIn) -> None:
    """Nothing is read out of it."""
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    zabbix.recover(event, T + 1)
    known = replace(held(zabbix, event), key="v9:zbx")

    [resolved] = events([surveyed(zabbix, known).endings[known.occurrence].body])

    assert resolved.host == "db01"


def test_what_came_and_went_with_its_trigger_is_left_out(zabbix: StandIn) -> None:
    """Nothing is known of it by which its alert could be named."""
    cursor = asked_before(zabbix)
    host = zabbix.host("db01")
    event = zabbix.fire(zabbix.trigger(host), T)
    zabbix.recover(event, T + 1)
    zabbix.delete_host(host)

    assert surveyed(zabbix, cursor=cursor).bodies == ()


def test_an_end_whose_event_is_gone_has_no_time(zabbix: StandIn) -> None:
    """The housekeeper took it; that it is over is on record all the same."""
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T)
    known = held(zabbix, event)
    zabbix.recover(event, T + 1)
    zabbix.recoveries.clear()

    survey = surveyed(zabbix, known)

    [resolved] = events([survey.endings[known.occurrence].body])
    assert (survey.endings[known.occurrence].recorded, resolved.at) == (True, NOW)


def test_the_past_is_told_in_the_order_of_its_times(each: StandIn) -> None:
    """For a backfill: what began in that time, page by page, across pages in order."""
    trigger = each.trigger(each.host("db01"))
    old, long, short = (each.fire(trigger, T + second) for second in (-999, 0, 10))
    open_ = each.fire(trigger, T + 20)
    each.recover(old, T - 900)
    each.recover(short, T + 15)
    each.recover(long, T + 500)

    told = list(monitor(each, page=10).history(at(T), NOW))

    assert [when for when, _ in told] == [at(T + after) for after in (0, 10, 15, 20, 500)]
    [*_, last] = events([body for _, body in told])
    assert (last.kind, last.occurrence) == (Kind.RESOLVED, occurrence_key(str(long)))
    assert occurrence_key(str(open_)) in {event.occurrence for event in events([told[3][1]])}


def test_ten_thousand_open_problems_take_few_calls(zabbix: StandIn) -> None:
    """Two for each thousand and a handful more, and no time that grows with their square."""
    triggers = [zabbix.trigger(zabbix.host(f"h{number}")) for number in range(200)]
    fired = [zabbix.fire(triggers[number % 200], T) for number in range(10_000)]
    known = [held(zabbix, event) for event in fired]
    clock = Clock()
    begun = clock.monotonic()

    survey = surveyed(zabbix, *known)

    assert (len(survey.bodies), survey.complete) == (10_000, True)
    assert len(zabbix.calls) < 20
    assert clock.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pages": 3}, "unknown option pages; there are: groups, page, severities, timeout"),
        ({"groups": "Linux"}, "groups must be a list of names"),
        ({"page": 5}, "page must be a whole number from 10 to 10000"),
        ({"timeout": True}, "timeout must be a whole number from 1 to 300"),
        ({"severities": ["a", "b"]}, "severities must be 6 names, from the least to the worst"),
    ],
)
def test_options_that_cannot_be_are_refused(given: Mapping[str, object], words: str) -> None:
    """With what would be right."""
    with pytest.raises(ValueError, match=words):
        monitors.options(given)


def test_severities_have_the_names_of_their_administrator(zabbix: StandIn) -> None:
    """Messages use them, so notes must."""
    event = zabbix.fire(zabbix.trigger(zabbix.host("db01")), T, severity=2)
    zabbix.update(event, T + 10, SEVERITY, severity=5)
    names = ["none", "info", "warn", "bad", "worse", "worst"]

    survey = monitor(zabbix, severities=names).survey((), "", NOW)

    assert "from warn to worst" in events(survey.bodies)[-1].note


def test_options_of_another_kind_are_a_fault_of_the_caller(zabbix: StandIn) -> None:
    """They are never guessed."""
    with pytest.raises(TypeError, match="not those of zabbix"):
        monitors.monitor(Access("zbx", "default", zabbix.url, Secret(TOKEN)), Clock())
