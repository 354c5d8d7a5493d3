"""From an alert to what a host says, and what a person lets it say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import StartSshd
from tests.stories.telling import FILES, Story, olga, told, zabbix
from watcher.engine import ask
from watcher.engine.command import Desk
from watcher.model.action import Action, ActionStatus
from watcher.model.evidence import Diagnosis
from watcher.model.run import Run
from watcher.store.query import Query
from watcher.store.store import Store

LOAD = """\
apiVersion: watcher/v1
kind: Runbook
id: load
title: The load
owner: operations
match: {any: [{alert: "*is down"}]}
steps:
  - id: load
    title: Load
    run: echo load 48
    extract: [{name: load, regex: "load ([0-9]+)", type: int}]
    signals: [{id: high, level: bad, if: load > 10, say: "the load is {{ load }}"}]
"""
MINE = ("load", "dump")
DUMP = """\
apiVersion: watcher/v1
kind: Runbook
id: dump
title: What it does
owner: operations
match: {any: [{host: {tags: {os: linux}}}]}
steps:
  - {id: list, title: Processes, run: echo two processes}
  - {id: dump, title: Stacks, run: echo all stacks, effects: pause}
"""


@pytest.fixture
def ward(tmp_path: Path, store: Store, sshd: StartSshd) -> Iterator[Story]:
    """The product with two runbooks, and db01 is a real server."""
    server = sshd()
    profile = f"user: {server.user}, key_file: {server.client_key}"
    inventory = (
        FILES["inventory.yaml"]
        .replace("user: watcher, key_file: nokey", profile)
        .replace("nohosts", str(server.known_hosts_file()))
        .replace("127.0.0.1", server.address)
        .replace("SSH_PORT", str(server.port))
    )
    files = {
        "inventory.yaml": inventory,
        "watcher.yaml": FILES["watcher.yaml"] + "runbooks: books\n",
        "books/load.yaml": LOAD,
        "books/dump.yaml": DUMP,
    }
    with told(tmp_path, store, files) as story:
        yield story
        story.worker.pool.close()


def evidence(story: Story, number: int = 1) -> list[Diagnosis]:
    """What an incident shows of these two; others come with Watcher."""
    with story.store.view() as view:
        found = [each.diagnosis for each in view.evidence_of(number)]
    return [each for each in found if each.runbook in MINE]


def outputs(story: Story, number: int = 1) -> dict[str, str]:
    """What the steps of an incident's diagnoses printed."""
    steps = [step for each in evidence(story, number) for step in each.steps if step.output]
    return {step.step: step.output for step in steps}


def runs(story: Story) -> list[Run]:
    """What the run log says of them, oldest first."""
    with story.store.view() as view:
        return [each for each in reversed(view.run_list(Query()).items) if each.runbook in MINE]


def held(story: Story) -> Action:
    """What waits for a person."""
    [found] = [each for each in story.actions() if each.payload.get("part")]
    return found


def test_an_alert_brings_what_its_host_says(ward: Story) -> None:
    """Both runbooks run as one script; what does more than read waits for olga, who agrees. The
    next incident within the cooldown is answered by what is known.
    """
    ward.at("00:00", zabbix("db01 is down"))

    assert {"load": "load 48", "list": "two processes"} == outputs(ward)
    assert ["the load is 48"] == [
        said.say for each in evidence(ward) for step in each.steps for said in step.highlights
    ]
    assert 1 == len({each.script for each in runs(ward)})

    policy, catalogue = ward.settings.policy, ward.settings.catalogue
    desk = Desk(ward.store, ward.clock, policy, catalogue, wake=lambda: None)
    ask.approve(desk, held(ward).id, olga(), "the customer agrees")
    ward.wait_until("00:01")

    assert "all stacks" == outputs(ward)["dump"]
    assert [("", "dump"), ("", "load"), ("olga", "dump")] == sorted(
        (each.approved_by, each.runbook) for each in runs(ward)
    )
    assert "approved: diagnosis dump of db01 (what does more than read)" in ward.timeline()

    desk.resolve(1, olga())
    desk.close(1, olga())
    ward.at("00:05", zabbix("db01 is down", event=2))

    assert {"load": "load 48", "list": "two processes"} == outputs(ward, 2)
    assert {1} == {each.made_for for each in evidence(ward, 2)}
    assert 3 == len(runs(ward))


def test_what_nobody_agrees_to_is_over_the_next_day(ward: Story) -> None:
    """It did not run, and says so."""
    ward.at("00:00", zabbix("db01 is down"))
    assert ActionStatus.HELD is held(ward).status
    ward.clock.advance(held(ward).next_at - ward.clock.now())
    ward.worker.sweep.step()

    assert "diagnosis dump of db01: not run" in ward.timeline()
    assert (ActionStatus.DONE, "nobody approved it") == (held(ward).status, held(ward).reason)
    assert 2 == len(runs(ward))
