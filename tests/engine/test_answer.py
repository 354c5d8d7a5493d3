"""What people decide is told where alerts come from, and what comes back of it is no news."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.contract.given import arrival
from tests.decide.given import POLICY
from tests.fakes import NOON, FakeClock
from tests.stores import sqlite_in
from watcher.app.worker import reader
from watcher.decide.answers import MOST
from watcher.decide.lifecycle import RefusedError
from watcher.engine.answer import AnswerHand
from watcher.engine.command import Desk, NotThereError
from watcher.engine.deliver import Deliverer
from watcher.engine.digest import Digest
from watcher.engine.rulebook import Rulebook
from watcher.model.action import Action, ActionKind, ActionStatus, Outcome, Verdict
from watcher.model.answer import MARK, Answer, Verb
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.person import Principal, Role
from watcher.model.policy import Channel
from watcher.model.survey import Held, Survey
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import zabbix
from watcher.store.store import Store

IVAN = Principal("ivan", Role.OPERATOR)
ANNA = "Anna Orlova (anna)"
SOURCE = Source("zabbix", "zabbix", "acme", Auth(), 1 << 20, zabbix.Options())
URL = "https://watcher.example"
DONE = Outcome(Verdict.DONE, "2 of 2 told")


@dataclass
class FakeMonitor:
    """Does what the test says, one thing after another, the last one for ever."""

    scene: "Scene"
    longest: float = 7.0
    verbs: Collection[Verb] = frozenset(Verb)

    def survey(self, held: Sequence[Held], cursor: str, now: datetime) -> Survey:
        raise NotImplementedError

    def answer(self, answer: Answer) -> Outcome:
        scene, during = self.scene, self.scene.during.pop() if self.scene.during else None
        scene.heard.append(answer)
        if during is not None:
            during()
        return scene.plan[0] if len(scene.plan) == 1 else scene.plan.popleft()


@dataclass
class Scene:
    """A Zabbix that posts and is told, people, and what Watcher makes of it. What is to happen
    `during` an answer does so once. What is posted is digested, unless all is to be `at_once`.
    """

    store: Store
    verbs: frozenset[Verb] = frozenset(Verb) - {Verb.ANNOTATE}
    most: int = MOST
    plan: deque[Outcome] = field(default_factory=lambda: deque([DONE]))
    heard: list[Answer] = field(default_factory=list)
    during: list[Callable[[], object]] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)
    made: int = 0
    at_once: bool = False

    def __post_init__(self) -> None:
        listeners = {"zabbix": self.verbs} if self.verbs else {}
        policy = replace(POLICY, channels=(Channel("night", "email"),))
        rulebook = Rulebook(policy, Catalogue(), listeners)
        read = {"zabbix": reader(SOURCE)}
        self.digest = Digest(self.store, read, lambda: rulebook, self.clock, "here")
        self.hand = AnswerHand({"zabbix": self._monitor}, self.clock, URL, self.most)
        self.deliverer = Deliverer(self.store, self.clock, {ActionKind.ANSWER: self.hand})
        self.desk = Desk(self.store, self.clock, policy, Catalogue(), lambda: None, listeners)

    def _monitor(self) -> FakeMonitor:
        self.made += 1
        return FakeMonitor(self)

    def zabbix(self, event: int = 1, **fields: str) -> None:
        """Zabbix posts something of a problem, which is digested."""
        now = self.clock.advance(timedelta(seconds=5))
        body = {
            "event_id": str(event),
            "trigger_id": str(7000 + event),
            "event_value": "1",
            "event_update_status": "0",
            "event_nseverity": "3",
            "event_name": f"problem {event}",
            "host_host": "db01",
            "event_timestamp": str(NOON.timestamp()),
            "event_update_timestamp": str(now.timestamp()),
            **fields,
        }
        with closing(self.store.inbox(now)) as inbox:
            inbox.append([arrival(orjson.dumps(body), now)])
        if not self.at_once:
            self.digest.step()

    def updated(self, event: int = 1, **fields: str) -> None:
        """Somebody does something to a problem in Zabbix."""
        self.zabbix(event, **{"event_update_status": "1", "user_fullname": ANNA, **fields})

    def told(self) -> list[Verb]:
        """What is told by now, in the order in which it was."""
        self.deliverer.run_due()
        return [each.verb for each in self.heard]

    def incident(self, number: int = 1) -> Incident:
        with self.store.view() as view:
            found = view.incident(number, None)
        assert found is not None
        return found

    def actions(self) -> list[Action]:
        with self.store.view() as view:
            return [each for each in view.actions_of(1) if each.kind is ActionKind.ANSWER]

    def lines(self) -> list[tuple[str, str]]:
        """The timeline: what, and why."""
        with self.store.view() as view:
            return [(each.text, each.reason.text) for each in view.timeline(1)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Tests of the store tell of the other kind."""
    opened = Store.open(sqlite_in(tmp_path / "store"))
    yield opened
    opened.close()


@pytest.fixture
def scene(store: Store) -> Scene:
    """Two problems of one host in Zabbix, which make one incident."""
    found = Scene(store)
    found.zabbix(1)
    found.zabbix(2)
    return found


def test_what_is_acknowledged_there_is_acknowledged_here_and_not_told_back(scene: Scene) -> None:
    """Within one digest; the timeline says who, where and what he wrote."""
    said = {"event_update_action": "acknowledged and commented", "event_update_message": "I look"}
    scene.updated(1, **said)

    assert (Status.ACKNOWLEDGED, ANNA) == (
        scene.incident().status,
        scene.incident().acknowledged_by,
    )
    assert (
        f"acknowledged by {ANNA} in zabbix",
        f"{ANNA} acknowledged problem 1 on db01 in zabbix",
    ) in scene.lines()
    assert f"{ANNA} acknowledged and commented: I look" in [text for text, _ in scene.lines()]
    assert [] == scene.told()


def test_what_is_acknowledged_here_is_told_there_and_comes_back_as_no_news(scene: Scene) -> None:
    """All that fires of the incident in one go; the echo of Zabbix changes nothing."""
    scene.desk.acknowledge(1, IVAN, "I look")
    told = scene.told()
    [answer] = scene.heard
    before, lines = scene.incident(), scene.lines()
    for event in (1, 2):
        own = f"{MARK}acknowledged by ivan"
        scene.updated(
            event, event_update_action="acknowledged and commented", event_update_message=own
        )

    assert [Verb.ACKNOWLEDGE] == told
    assert (["problem 1", "problem 2"], 1, "ivan", "I look") == (
        [each.name for each in answer.spans],
        answer.incident,
        answer.by,
        answer.text,
    )
    assert "https://watcher.example/incidents/1" == answer.url
    assert (before, lines) == (scene.incident(), scene.lines())
    assert [Verb.ACKNOWLEDGE] == scene.told()


def test_whoever_lets_go_there_leaves_the_incident_open_here(scene: Scene) -> None:
    """Unless somebody holds another of its alerts, whenever that was heard of."""
    boris = {"user_fullname": "Boris"}
    scene.updated(1, event_update_action="acknowledged")
    scene.updated(2, event_update_action="acknowledged", **boris)
    scene.updated(1, event_update_action="unacknowledged")
    his = scene.incident()
    scene.updated(2, event_update_action="unacknowledged", **boris)

    assert (Status.ACKNOWLEDGED, "Boris") == (his.status, his.acknowledged_by)
    assert (Status.OPEN, None) == (scene.incident().status, scene.incident().acknowledged_by)
    assert ("open again: nobody is on it", "Boris let go of problem 2 on db01 in zabbix") in (
        scene.lines()
    )


def test_how_much_is_digested_at_once_makes_no_difference(tmp_path: Path) -> None:
    """Alone or in one batch with what came before, the same words have the same effect."""
    found = []
    for name, at_once in (("alone", False), ("together", True)):
        with closing(Store.open(sqlite_in(tmp_path / name))) as store:
            scene = Scene(store, at_once=at_once)
            scene.zabbix(1)
            scene.updated(1, event_update_action="acknowledged")
            scene.zabbix(2)
            scene.updated(2, event_update_action="acknowledged", user_fullname="Boris")
            scene.updated(1, event_update_action="unacknowledged")
            scene.digest.step()
            found.append((scene.incident(), scene.lines()))

    assert found[0] == found[1]


def test_what_came_of_it_is_on_the_timeline(scene: Scene) -> None:
    """In the words of the monitor."""
    scene.plan[0] = Outcome(Verdict.DONE, "1 of 2 acknowledged; event 2: it is gone")
    scene.desk.acknowledge(1, IVAN)
    scene.told()

    assert (
        "tell zabbix that ivan is on it: done",
        "1 of 2 acknowledged; event 2: it is gone",
    ) == scene.lines()[-1]


def test_severity_and_end_there_show_here_within_one_digest(scene: Scene) -> None:
    """A change of severity, then a close by hand there and the recovery of the other."""
    scene.updated(1, event_nseverity="5", event_update_action="changed severity")
    worse = scene.incident()
    for event in (1, 2):
        scene.zabbix(event, event_value="0", event_recovery_timestamp=str(NOON.timestamp() + 30))

    assert (Severity.DISASTER, Priority.P2) == (worse.severity, worse.priority)
    assert Status.RESOLVED is scene.incident().status


def test_each_step_is_told_by_its_verb(scene: Scene) -> None:
    """In the order in which people took them."""
    scene.desk.acknowledge(1, IVAN)
    scene.desk.note(1, IVAN, "the disk")
    scene.desk.set_priority(1, Priority.P1, IVAN, "the boss waits")
    until = scene.clock.now() + timedelta(hours=2)
    scene.desk.silence(1, until, IVAN, "new disk comes")
    scene.desk.resolve(1, IVAN)
    told = scene.told()

    verbs = [Verb.ACKNOWLEDGE, Verb.COMMENT, Verb.SEVERITY, Verb.SILENCE, Verb.CLOSE]
    assert verbs == told
    assert ("the disk", Severity.DISASTER, until) == (
        scene.heard[1].text,
        scene.heard[2].severity,
        scene.heard[3].until,
    )
    assert {ActionStatus.DONE} == {each.status for each in scene.actions()}


def test_a_priority_left_to_the_rules_is_told_nobody(scene: Scene) -> None:
    """There is no severity that a person has set any more."""
    scene.desk.set_priority(1, None, IVAN, "as you like")

    assert [] == scene.told()


def test_a_severity_is_told_where_it_is_another(scene: Scene) -> None:
    """What is called so already needs no word; its echo neither raises nor wakes anybody."""
    scene.updated(1, event_nseverity="4", event_update_action="changed severity")
    scene.desk.set_priority(1, Priority.P2, IVAN, "so")
    scene.told()
    waiting = len(_notifications(scene))
    own = {"event_update_message": f"{MARK}severity", "event_update_action": "changed severity"}
    scene.updated(2, event_nseverity="4", **own)

    assert [["problem 2"]] == [[span.name for span in each.spans] for each in scene.heard]
    assert Priority.P2 is scene.incident().priority
    assert waiting == len(_notifications(scene))


def test_nothing_is_told_of_what_is_over(scene: Scene) -> None:
    """Zabbix knows best that it ended."""
    for event in (1, 2):
        scene.zabbix(event, event_value="0", event_recovery_timestamp=str(NOON.timestamp() + 30))
    scene.desk.close(1, IVAN)

    assert [] == scene.actions()


def test_what_ended_before_it_was_told_needs_no_word(scene: Scene) -> None:
    """The action ends by itself, and the timeline is spared."""
    scene.desk.acknowledge(1, IVAN)
    for event in (1, 2):
        scene.zabbix(event, event_value="0", event_recovery_timestamp=str(NOON.timestamp() + 30))
    told = scene.told()
    [action] = scene.actions()

    assert [] == told
    assert (ActionStatus.DONE, "nothing of it fires there that this would be news to") == (
        action.status,
        action.reason,
    )
    assert action.reason not in [why for _, why in scene.lines()]


def test_what_was_reopened_is_not_closed_late(scene: Scene) -> None:
    """Zabbix was away meanwhile."""
    scene.desk.resolve(1, IVAN)
    scene.desk.reopen(1, IVAN)

    assert [] == scene.told()
    assert "the incident was reopened meanwhile" == scene.actions()[-1].reason


def test_what_is_refused_for_good_is_given_up_and_spoils_nothing(scene: Scene) -> None:
    """A person reads why, and can have it tried again."""
    scene.plan[0] = Outcome(Verdict.GAVE_UP, "event 2: its trigger may not be closed by hand")
    scene.desk.resolve(1, IVAN)
    scene.told()
    [action] = scene.actions()

    assert (ActionStatus.GAVE_UP, Status.RESOLVED) == (action.status, scene.incident().status)
    assert (
        "close it in zabbix for ivan: given up, a person can retry it",
        "event 2: its trigger may not be closed by hand",
    ) == scene.lines()[-1]


def test_what_cannot_be_reached_is_told_later_in_order(scene: Scene) -> None:
    """A note waits for the acknowledgement before it."""
    scene.plan.extendleft([Outcome(Verdict.RETRY, "zabbix cannot be reached")])
    scene.desk.acknowledge(1, IVAN)
    scene.desk.note(1, IVAN, "the disk")
    first = scene.told()
    scene.clock.advance(timedelta(minutes=5))

    assert [Verb.ACKNOWLEDGE] == first
    assert [Verb.ACKNOWLEDGE, Verb.ACKNOWLEDGE, Verb.COMMENT] == scene.told()


def test_a_storm_is_told_in_bites_one_after_another(store: Store) -> None:
    """What is too much for one action is left to the next, which begins behind it."""
    scene = Scene(store, most=1)
    scene.zabbix(1)
    scene.zabbix(2)
    scene.desk.acknowledge(1, IVAN)

    assert [Verb.ACKNOWLEDGE, Verb.ACKNOWLEDGE] == scene.told()
    assert [["problem 1"], ["problem 2"]] == [
        [span.name for span in each.spans] for each in scene.heard
    ]
    assert 2 == len({each.key for each in scene.heard})


def test_a_monitor_is_used_again(scene: Scene) -> None:
    """It may have logged in; the slowest of them tells how long a lease is."""
    scene.desk.acknowledge(1, IVAN)
    scene.desk.note(1, IVAN, "the disk")
    scene.told()

    assert (1, 7.0) == (scene.made, scene.hand.longest)


def test_two_that_are_told_at_once_have_a_monitor_each(scene: Scene) -> None:
    """Monitors are not for two threads."""
    scene.desk.acknowledge(1, IVAN)
    scene.desk.note(1, IVAN, "the disk")
    with scene.store.view() as view:
        errands = [scene.hand.prepare([each], view) for each in scene.actions()]
    scene.during.append(errands[1])
    errands[0]()

    assert (2, [Verb.ACKNOWLEDGE, Verb.COMMENT]) == (
        scene.made,
        [each.verb for each in scene.heard],
    )


def test_a_source_without_a_monitor_is_not_told(store: Store) -> None:
    """Nothing is queued, and a silence is refused."""
    scene = Scene(store, verbs=frozenset())
    scene.zabbix(1)
    scene.desk.acknowledge(1, IVAN)

    assert [] == scene.actions()
    with pytest.raises(RefusedError, match="can silence"):
        scene.desk.silence(1, scene.clock.now() + timedelta(hours=1), IVAN)


def test_a_source_is_told_only_what_is_wanted(store: Store) -> None:
    """By its configuration."""
    scene = Scene(store, verbs=frozenset({Verb.COMMENT}))
    scene.zabbix(1)
    scene.desk.acknowledge(1, IVAN)
    scene.desk.note(1, IVAN, "the disk")

    assert [Verb.COMMENT] == scene.told()


def test_a_source_that_lost_its_monitor_is_no_trouble(scene: Scene) -> None:
    """What was queued before the configuration changed ends by itself."""
    scene.desk.acknowledge(1, IVAN)
    hand = AnswerHand({}, scene.clock, URL)
    Deliverer(scene.store, scene.clock, {ActionKind.ANSWER: hand}).run_due()

    assert "the source 'zabbix' is not told anything any more" == scene.actions()[-1].reason


def test_a_stranger_silences_nothing(scene: Scene) -> None:
    """The same answer as for no incident at all."""
    stranger = Principal("eve", Role.OPERATOR, "globex")
    until = scene.clock.now() + timedelta(hours=1)

    for number, by in ((1, stranger), (9, IVAN)):
        with pytest.raises(NotThereError, match=f"there is no incident {number}"):
            scene.desk.silence(number, until, by)


def test_dashboards_show_when_it_began_and_ended(store: Store) -> None:
    """Once each; that they are marked is not on the timeline."""
    scene = Scene(store, verbs=frozenset({Verb.ANNOTATE}))
    scene.zabbix(1)
    begun = scene.told()
    scene.zabbix(2)
    for event in (1, 2):
        scene.zabbix(event, event_value="0", event_recovery_timestamp=str(NOON.timestamp() + 30))
    ended = scene.told()
    lines = [text for text, _ in scene.lines()]

    assert ([Verb.ANNOTATE], [Verb.ANNOTATE, Verb.ANNOTATE]) == (begun, ended)
    assert (None, scene.incident().resolved_at) == tuple(each.ended_at for each in scene.heard)
    assert [1, 2] == [len(each.spans) for each in scene.heard]
    assert not any("dashboards" in line for line in lines)


def test_what_was_merged_away_is_told_where_its_alerts_are(scene: Scene) -> None:
    """The word goes out for the incident that has them now."""
    scene.desk.acknowledge(1, IVAN)
    now = scene.clock.now()
    with scene.store.begin() as tx:
        [first] = tx.incidents([1]).values()
        tx.save_incidents(
            [
                replace(first, number=2),
                replace(first, status=Status.CLOSED, merged_into=2, closed_at=now),
            ]
        )
        tx.merge(1, 2)

    assert [Verb.ACKNOWLEDGE] == scene.told()
    assert 2 == scene.heard[0].incident


def _notifications(scene: Scene) -> list[Action]:
    with scene.store.view() as view:
        return [each for each in view.actions_of(1) if each.kind is ActionKind.NOTIFY]
