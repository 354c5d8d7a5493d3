"""Decisions that go both ways between people in Zabbix and people in Watcher, over its real API."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from tests.monitors.zabbix_api import StandIn, zabbix_api
from tests.stores import sqlite_in
from tests.stories.telling import FILES, MIDNIGHT, TOKEN, Story, olga, told, zabbix
from watcher.app.stored import listeners_of
from watcher.engine.command import Desk
from watcher.model.action import ActionKind, ActionStatus
from watcher.model.incident import Status
from watcher.store.store import Store

SEEN = {2: "acknowledged", 4: "commented", 6: "acknowledged and commented"}


@dataclass(frozen=True)
class Update:
    """What Zabbix posts of the last thing that was done to a problem."""

    there: StandIn
    event: int
    source: str = "zabbix"

    def body(self, now: datetime) -> bytes:
        done = self.there.problems[self.event].acknowledges[-1]
        by = self.there.users.get(done["userid"], ("watcher", "Watcher", ""))
        fields = {
            "event_update_status": "1",
            "event_update_action": SEEN[int(done["action"])],
            "event_update_message": done["message"],
            "event_update_timestamp": str(int(now.timestamp())),
            "user_fullname": f"{by[1]} {by[2]} ({by[0]})",
        }
        problem = zabbix("db01 is down", event=self.event, since="00:00").body(now)
        return orjson.dumps({**orjson.loads(problem), **fields})


@pytest.fixture
def there() -> Iterator[StandIn]:
    """A Zabbix with one problem on db01."""
    with zabbix_api("7.0.1") as running:
        running.tokens[TOKEN] = ""
        running.fire(running.trigger(running.host("db01")), int(MIDNIGHT.timestamp()))
        yield running


@pytest.fixture
def story(tmp_path: Path, there: StandIn) -> Iterator[Story]:
    """The whole product, at midnight, when Zabbix has told of that problem."""
    monitor = f"monitor: {{url: '{there.url}', token: {{env: TOKEN}}}}"
    text = FILES["watcher.yaml"].replace("{name: zabbix,", f"{{name: zabbix, {monitor},")
    store = Store.open(sqlite_in(tmp_path / "store"))
    with told(tmp_path, store, {"watcher.yaml": text}) as story:
        story.at("00:00", zabbix("db01 is down", event=next(iter(there.problems))))
        yield story
    store.close()


def answers(story: Story) -> list[tuple[ActionStatus, str]]:
    """What Zabbix was told, and what came of it."""
    return [
        (each.status, each.reason) for each in story.actions() if each.kind is ActionKind.ANSWER
    ]


def test_what_is_acknowledged_in_zabbix_is_not_told_there(story: Story, there: StandIn) -> None:
    """The incident is acknowledged by that person, and Zabbix hears nothing of it."""
    [event] = there.problems
    there.update(event, int(MIDNIGHT.timestamp()) + 60, 6, "I look")
    story.at("00:01", Update(there, event))
    [incident] = story.found()

    assert (Status.ACKNOWLEDGED, "Zabbix Administrator (Admin)") == (
        incident.status,
        incident.acknowledged_by,
    )
    assert "acknowledged by Zabbix Administrator (Admin) in zabbix" in story.timeline()
    assert [] == answers(story)
    assert [] == there.asked("event.acknowledge")


def test_what_is_acknowledged_here_comes_back_as_no_news(story: Story, there: StandIn) -> None:
    """Zabbix is told once by whom; its own update about that changes nothing here."""
    policy, catalogue = story.settings.policy, story.settings.catalogue
    listeners = listeners_of(story.settings)
    desk = Desk(story.store, story.clock, policy, catalogue, lambda: None, listeners)
    desk.acknowledge(1, olga(), "I look")
    story.wait_until("00:01")
    [event] = there.problems
    before = story.found(), story.timeline()
    story.at("00:02", Update(there, event))

    problem = there.problems[event]
    [done] = problem.acknowledges
    assert problem.acknowledged
    assert (
        "Watcher: olga acknowledged incident 1: I look http://watcher.example/incidents/1"
        == done["message"]
    )
    assert [(ActionStatus.DONE, "acknowledged 1 of 1 problem in Zabbix")] == answers(story)
    assert before == (story.found(), story.timeline())
    assert 1 == len(there.asked("event.acknowledge"))
