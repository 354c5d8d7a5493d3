"""A night on which not the monitored things fail, but the monitoring."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.stories.telling import FILES, TOKEN, Story, told, zabbix
from watcher.model.delivery import Arrival
from watcher.model.source import Asked
from watcher.store.store import Store

PLAIN = "{name: zabbix, kind: zabbix, customer: acme, auth: {bearer: {env: TOKEN}}}"
KEPT = f"""\
{PLAIN.removesuffix("}")}, heartbeat: 20m,
     monitor: {{url: "https://zabbix.acme.example", token: {{env: TOKEN}}}}}}"""


@pytest.fixture
def story(tmp_path: Path, store: Store) -> Iterator[Story]:
    """The usual night, with a source that should speak every 20 minutes and is asked."""
    config = FILES["watcher.yaml"].replace(PLAIN, KEPT)
    with told(tmp_path, store, {"watcher.yaml": config}) as story:
        yield story


def watch(story: Story, *times: str) -> None:
    """At these times somebody looks after the sources, as a worker does by itself."""
    for time in times:
        story.wait_until(time)
        story.worker.vigil.step()
        story._work()


def asked(story: Story, trouble: str = "", problem: str = "") -> None:
    """What came of asking Zabbix just now."""
    now = story.clock.now()
    with story.store.begin() as tx:
        since = tx.source("zabbix").asked.since or now
        told = Asked(at=now, trouble=trouble, problem=problem, since=since)
        tx.save_asked("zabbix", told if trouble else Asked(at=now, complete_at=now))


def test_a_source_that_falls_silent_at_night_is_one_incident(story: Story) -> None:
    """It says who looks where, is told once, and ends when the source speaks again."""
    story.at("00:00", zabbix("web01 is down", event=1))
    story.at("00:01", zabbix("web01 is up", event=1, since="00:00"))
    watch(story, "00:10", "00:20", "00:22", "00:25")
    [_, silent] = story.incidents()

    assert "Source zabbix is silent (P2, open)" == silent
    [alert] = [each for each in story.alerts() if each.source == "watcher"]
    assert ("acme", story.found()[1].number) == (alert.customer, alert.incident)
    assert "it has been silent for 21 min" in alert.summary

    asked(story)
    story.at("00:30", zabbix("web01 is down", event=2))
    watch(story, "00:30", "00:31")
    assert "Source zabbix is silent (P2, resolved)" == story.incidents()[1]
    own = [each for each in story.mails() if "Source zabbix" in each]
    assert ["[P2]", "[P2]"] == [each.split()[0] for each in own]


def test_an_expired_token_is_one_incident(story: Story) -> None:
    """However often it is tried; nobody is told the token."""
    for minute in range(2, 10, 2):
        story.at(f"00:{minute:02}", zabbix("web01 is down", event=1))
        asked(story, "token", "API token expired")
        watch(story, f"00:{minute:02}")
    title = "Source zabbix: its monitoring system refuses the token"

    assert [f"{title} (P3, open)"] == [each for each in story.incidents() if "Source" in each]
    assert 1 == len([each for each in story.mails() if title in each])
    assert not [each for each in story.post_box.mails if TOKEN in str(each)]
    asked(story)
    watch(story, "00:11")
    assert f"{title} (P3, resolved)" in story.incidents()


def test_a_thousand_dead_letters_are_one_incident(story: Story) -> None:
    """Somebody broke the media type; once it is mended, the incident ends by itself."""
    inbox = story.store.inbox(story.clock.now())
    for minute in range(5):
        now = story.clock.now() + timedelta(minutes=minute)
        inbox.append([Arrival("zabbix", "acme", now, {}, b'{"event_id": []}')] * 200)
    inbox.close()
    watch(story, "00:05", "00:06", "00:08")

    title = "Source zabbix posts what cannot be understood"
    assert [f"{title} (P3, open)"] == story.incidents()
    assert "1000 of 1000 deliveries" in story.alerts()[0].summary
    story.at("00:15", zabbix("web01 is up", event=1))
    asked(story)
    watch(story, "00:16")
    assert f"{title} (P3, resolved)" in story.incidents()
