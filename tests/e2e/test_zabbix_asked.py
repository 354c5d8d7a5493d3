"""A real Zabbix is asked and answered by the monitor alone, with a token that may read hosts."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.e2e.process import wait_for
from tests.e2e.zabbix import GROUP, Trigger, Zabbix
from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.model.action import Verdict
from watcher.model.answer import Answer, Verb
from watcher.model.event import Event, Kind, Severity
from watcher.model.survey import Held, Survey
from watcher.monitors import zabbix as monitors
from watcher.monitors.base import Access, MonitorError
from watcher.receivers import zabbix as receiver
from watcher.receivers.base import Context

HOSTS = ("ask-db", "ask-brief", "ask-gone", "ask-calm", "ask-hand", "ask-stay", "ask-two")
TRIGGERS = [Trigger(host, f"{host} «down»", 3, [("service", "asked")]) for host in HOSTS]
# The functions of one trigger are on two hosts, the younger of which is named first.
TWICE = 'find(/ask-two/value,,"like","DOWN")=1 and find(/ask-db/value,,"like","DOWN")=1'
READ_WRITE = 3


class Asked:
    """What the tests do to one Zabbix, through the monitor and beside it."""

    def __init__(self, zabbix: Zabbix) -> None:
        self.zabbix = zabbix
        self.events: dict[str, str] = {}
        self.reader = self._monitor("watcher", GROUP)
        self.anywhere = self._monitor("watcher")
        self.writer = self._monitor("Admin", GROUP)
        self.cursor = self.reader.survey((), "", self.now).cursor

    @property
    def now(self) -> datetime:
        return Clock().now()

    def _monitor(self, user: str, *groups: str) -> monitors.ZabbixMonitor:
        """One that asks as that user, within these host groups or in all that he may read."""
        token, options = self.zabbix.token(user), monitors.options({"groups": list(groups)})
        access = Access("zbx", "default", self.zabbix.url, Secret(token), options=options)
        return monitors.monitor(access, Clock())

    def survey(self, *hosts: str) -> Survey:
        """What is said of all, where the problems of these hosts are known."""
        return self.reader.survey([self.held(host) for host in hosts], self.cursor, self.now)

    def told(self, host: str) -> list[Event]:
        """What the receiver reads of the problem of that host, which nobody knows yet."""
        return of(self.events[host], self.survey())

    def held(self, host: str) -> Held:
        trigger = self.zabbix.triggers[host]
        (found,) = self.zabbix.api.host.get(filter={"host": [host]}, output=["hostid"]) or [
            {"hostid": "999999"}
        ]
        return Held(
            recurrence_key("zbx", trigger, found["hostid"]),
            occurrence_key(self.events[host]),
            f"{host} «down»",
            self.now,
            host,
        )

    def answer(self, verb: Verb, *hosts: str, severity: Severity | None = None) -> Answer:
        spans = tuple(map(self.held, hosts))
        return Answer(verb, spans, 12, "https://w.example", "Анна", "смотрю", "k", severity)

    def problem(self, host: str) -> dict[str, Any]:
        (found,) = self.zabbix.api.event.get(
            eventids=[self.events[host]], output="extend", select_acknowledges="extend"
        )
        return dict(found)

    def fire(self, *hosts: str) -> None:
        for host in hosts:
            self.zabbix.fire(host)
        for host in hosts:
            self.events[host] = wait_for(partial(self.open, host), f"{host} to be down")

    def open(self, host: str) -> str:
        found = self.zabbix.api.problem.get(
            objectids=[self.zabbix.triggers[host]], output=["eventid"]
        )
        return found[0]["eventid"] if found else ""


def read(bodies: Sequence[bytes]) -> list[Event]:
    """What the receiver reads in them."""
    context = Context("zbx", Clock().now(), receiver.options({}))
    return [event for body in bodies for event in receiver.parse(body, context).events]


def of(event: str, survey: Survey) -> list[Event]:
    """What the receiver reads of that event."""
    return [each for each in read(survey.bodies) if each.occurrence == occurrence_key(event)]


@pytest.fixture(scope="module")
def asked(connected_zabbix: Zabbix) -> Iterator[Asked]:
    """A Zabbix in which a host of each sort is down, and one was while nobody asked."""
    zabbix = connected_zabbix
    zabbix.watch(*TRIGGERS)
    zabbix.api.trigger.update(triggerid=zabbix.triggers["ask-hand"], manual_close=1)
    zabbix.api.trigger.update(
        triggerid=zabbix.triggers["ask-two"], expression=TWICE, event_name="{HOST.HOST} is first"
    )
    (calm,) = zabbix.api.host.get(filter={"host": "ask-calm"}, output=["hostid"])
    now = int(time.time())
    zabbix.api.maintenance.create(
        name="Calm",
        active_since=now - 60,
        active_till=now + 3600,
        hosts=[{"hostid": calm["hostid"]}],
        timeperiods=[{"timeperiod_type": 0, "start_date": now - 60, "period": 3600}],
    )
    asked = Asked(zabbix)
    # The server needs to know of the triggers as they are by now.
    time.sleep(4)
    asked.fire(*HOSTS)
    zabbix.recover("ask-brief")
    wait_for(lambda: not asked.open("ask-brief"), "the brief problem to be over")
    yield asked
    zabbix.firing.clear()


def test_what_holds_is_told_with_the_ids_that_macros_have(asked: Asked) -> None:
    """The trigger is on two hosts; the one that the server calls first is ours, too."""
    survey = asked.survey()

    assert (survey.complete, survey.problem) == (True, "")
    [two] = of(asked.events["ask-two"], survey)
    assert (two.kind, two.name, two.host) == (Kind.FIRING, "ask-two is first", "ask-two")
    assert two.key == asked.held("ask-two").key
    [down] = of(asked.events["ask-db"], survey)
    assert (down.name, down.severity, down.service) == (
        "ask-db «down»",
        Severity.AVERAGE,
        "asked",
    )
    assert down.labels["host_ip"] == "127.0.0.1"
    assert down.at == datetime.fromtimestamp(int(asked.problem("ask-db")["clock"]), UTC)
    assert occurrence_key(asked.events["ask-db"]) in survey.open


def test_what_came_and_went_is_told_from_its_beginning_to_its_end(asked: Asked) -> None:
    """Nothing of it is open any more."""
    firing, resolved = asked.told("ask-brief")

    assert (firing.kind, resolved.kind) == (Kind.FIRING, Kind.RESOLVED)
    assert firing.at <= resolved.at
    assert firing.key == asked.held("ask-brief").key


def test_a_recovery_that_was_missed_is_proven(asked: Asked) -> None:
    """By the event that Zabbix recorded, with its time."""
    known = asked.held("ask-brief")

    ending = asked.survey("ask-brief").endings[known.occurrence]

    [resolved] = read([ending.body])
    assert (ending.recorded, resolved.kind, resolved.key) == (True, Kind.RESOLVED, known.key)


def test_an_update_has_the_words_of_the_messages(asked: Asked) -> None:
    """Acknowledged, commented and changed, by a person whose name may be read."""
    asked.zabbix.update("ask-db", 'взял "в работу"', 5)

    [_, update] = of(asked.events["ask-db"], asked.survey("ask-db"))

    assert (update.severity, update.note) == (
        Severity.DISASTER,
        "Zabbix Administrator (Admin) acknowledged, commented and changed severity"
        ' from Average to Disaster: взял "в работу"',
    )


def test_a_reader_may_acknowledge_and_comment_and_no_more(asked: Asked) -> None:
    """The rest wants the right to write; what was done is marked as ours and no news."""
    done = asked.reader.answer(asked.answer(Verb.ACKNOWLEDGE, "ask-hand", "ask-stay"))
    again = asked.reader.answer(asked.answer(Verb.ACKNOWLEDGE, "ask-hand", "ask-stay"))
    refused = asked.reader.answer(asked.answer(Verb.CLOSE, "ask-hand"))
    worse = asked.answer(Verb.SEVERITY, "ask-hand", severity=Severity.HIGH)

    assert (done.verdict, done.reason) == (
        Verdict.DONE,
        "acknowledged 2 of 2 problems in Zabbix",
    )
    assert again == done
    assert refused.verdict is Verdict.GAVE_UP
    assert "1 its token may only read their hosts" in refused.reason
    assert asked.reader.answer(worse).verdict is Verdict.GAVE_UP
    [acknowledged] = asked.problem("ask-hand")["acknowledges"]
    assert acknowledged["message"].startswith("Watcher: Анна acknowledged incident 12: смотрю")
    assert [event.kind for event in asked.told("ask-hand")] == [Kind.FIRING]


def test_a_writer_changes_the_severity(asked: Asked) -> None:
    """To that of the same name."""
    worse = asked.answer(Verb.SEVERITY, "ask-stay", severity=Severity.HIGH)

    assert asked.writer.answer(worse).verdict is Verdict.DONE
    assert asked.problem("ask-stay")["severity"] == "4"
    [firing] = of(asked.events["ask-stay"], asked.survey("ask-stay"))
    assert firing.severity is Severity.AVERAGE


def test_only_what_may_be_closed_by_hand_is(asked: Asked) -> None:
    """The one whose trigger does not allow it stays open, and does not keep the other."""
    outcome = asked.writer.answer(asked.answer(Verb.CLOSE, "ask-hand", "ask-stay"))

    assert outcome.verdict is Verdict.DONE
    assert outcome.reason == (
        "closed 1 of 2 problems in Zabbix; 1 their trigger does not allow closing by hand"
    )
    wait_for(lambda: asked.problem("ask-hand")["r_eventid"] != "0", "the problem to be closed")
    assert asked.problem("ask-stay")["r_eventid"] == "0"


def test_this_zabbix_cannot_suppress(asked: Asked) -> None:
    """It says so before it is asked."""
    outcome = asked.writer.answer(asked.answer(Verb.SILENCE, "ask-db"))

    assert outcome.reason == "Zabbix 6.0 cannot suppress a problem; 6.2 and later can"


def test_a_disabled_host_ends_nothing(asked: Asked) -> None:
    """Its problem may go on unseen."""
    (stay,) = asked.zabbix.api.host.get(filter={"host": "ask-stay"}, output=["hostid"])
    asked.zabbix.api.host.update(hostid=stay["hostid"], status=1)

    survey = asked.survey("ask-stay")

    assert (survey.endings, survey.complete) == ({}, True)


def test_a_host_in_another_group_ends_nothing(asked: Asked) -> None:
    """The token may not read that one: the problem is nowhere to be seen, and goes on."""
    api, known = asked.zabbix.api, asked.held("ask-db")
    (host,) = api.host.get(filter={"host": "ask-db"}, output=["hostid"])
    other = asked.zabbix.make_group("Elsewhere")
    api.host.update(hostid=host["hostid"], groups=[{"groupid": other}])
    try:
        surveys = [each.survey([known], "", asked.now) for each in (asked.reader, asked.anywhere)]
    finally:
        api.host.update(hostid=host["hostid"], groups=[{"groupid": asked.zabbix.group}])

    assert [known.occurrence in each.open for each in surveys] == [False, False]
    assert [each.endings for each in surveys] == [{}, {}]


def test_a_right_that_was_lost_ends_nothing(asked: Asked) -> None:
    """Neither a problem that goes on nor one whose end may not be read any more."""
    known = [asked.held("ask-db"), asked.held("ask-brief"), asked.held("ask-stay")]
    (group,) = asked.zabbix.api.usergroup.get(filter={"name": "Watcher"}, selectRights="extend")
    asked.zabbix.api.usergroup.update(usrgrpid=group["usrgrpid"], rights=[])
    try:
        survey = asked.anywhere.survey(known, asked.cursor, asked.now)
        with pytest.raises(MonitorError, match="may not read it"):
            asked.reader.survey(known, asked.cursor, asked.now)
    finally:
        asked.zabbix.api.usergroup.update(usrgrpid=group["usrgrpid"], rights=group["rights"])

    assert (len(survey.open), survey.endings) == (0, {})


def test_a_deleted_host_and_one_in_maintenance_are_told_apart(asked: Asked) -> None:
    """The one is over, with the reason and without a record; the other is merely held back."""
    known, calm = asked.held("ask-gone"), occurrence_key(asked.events["ask-calm"])
    (gone,) = asked.zabbix.api.host.get(filter={"host": "ask-gone"}, output=["hostid"])
    asked.zabbix.api.host.delete(gone["hostid"])

    def looked() -> Survey | None:
        survey = asked.reader.survey([known], asked.cursor, asked.now)
        return survey if survey.endings and survey.suppressed else None

    survey = wait_for(looked, "the host to be gone and the other to be in maintenance", 150)
    assert survey is not None

    ending = survey.endings[known.occurrence]
    assert (ending.recorded, ending.why) == (False, "the host ask-gone was deleted in Zabbix")
    assert [event.key for event in read([ending.body])] == [known.key]
    assert survey.suppressed == {calm}
    outcome = asked.writer.answer(
        Answer(Verb.COMMENT, (known, asked.held("ask-db")), 12, "", "Анна", "gone?", "k")
    )
    assert outcome.reason.startswith("commented on ")


def test_the_past_is_remembered(asked: Asked) -> None:
    """All of it, in order."""
    since = datetime.fromtimestamp(int(asked.problem("ask-db")["clock"]) - 60, UTC)

    told = list(asked.reader.history(since, asked.now))

    assert [at for at, _ in told] == sorted(at for at, _ in told)
    kinds = {event.kind for event in read([body for _, body in told])}
    assert kinds == {Kind.FIRING, Kind.RESOLVED, Kind.UPDATE}
