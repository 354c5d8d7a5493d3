"""`watcher incident diagnose`, `approve` and `refuse`, and the log of what ran."""

import getpass
from datetime import timedelta

import pytest

from tests.cli.given import Desk
from watcher.kit.clock import Clock
from watcher.model.action import ActionStatus
from watcher.model.run import Run

RUNBOOK = """\
apiVersion: watcher/v1
kind: Runbook
id: {name}
title: {name}
owner: operations
match: {{any: [{{alert: "*"}}]}}
policy: {{approval: {approval}}}
steps:
  - {{id: uptime, title: How long it is up, run: uptime}}
"""
INVENTORY = """\
profiles: {lab: {user: watcher, key_file: key, known_hosts: hosts}}
hosts: [{name: web01, customer: acme, address: 10.0.0.7, ssh: lab}]
"""


@pytest.fixture
def ward(at: Desk) -> Desk:
    """An incident on a host with a way in, and two runbooks, one of which waits for a manager."""
    folder = at.folder / "books"
    folder.mkdir()
    for name, approval in (("look", "none"), ("trace", "manager")):
        text = RUNBOOK.format(name=name, approval=approval)
        (folder / f"{name}.yaml").write_text(text)
    (at.folder / "inventory.yaml").write_text(INVENTORY)
    with at.config.open("a") as config:
        config.write("runbooks: books\n")
    opened = at.run("incident", "open", "Slow", "--customer", "acme", "--host", "web01")
    assert 0 == opened.exit_code, opened.output
    return at


def states(at: Desk) -> list[tuple[str, ActionStatus]]:
    """What is to be done for the incident."""
    with at.store() as store, store.view() as view:
        return [(each.payload["runbook"], each.status) for each in view.actions_of(1)]


def test_a_runbook_is_asked_for(ward: Desk) -> None:
    """The worker does it; who asked is on record."""
    result = ward.run("incident", "diagnose", "1", "look", "--reason", "Anna phoned")

    assert "look on web01: queued\n" == result.output
    assert [("look", ActionStatus.WAITING)] == states(ward)
    with ward.store() as store, store.view() as view:
        last = view.timeline(1)[-1]
    assert (getpass.getuser(), "Anna phoned") == (last.actor, last.reason.text)


@pytest.mark.parametrize(
    ("verb", "status"), [("approve", ActionStatus.WAITING), ("refuse", ActionStatus.DONE)]
)
def test_what_is_held_is_answered(ward: Desk, verb: str, status: ActionStatus) -> None:
    """The one that is held need not be named."""
    asked = ward.run("incident", "diagnose", "1", "trace")
    answered = ward.run("incident", verb, "1")

    assert "trace on web01: held for the role manager\n" == asked.output
    assert f"{verb}d: trace on web01\n" == answered.output
    assert [("trace", status)] == states(ward)


def test_of_several_one_must_be_named(ward: Desk) -> None:
    """They are listed for that."""
    ward.run("incident", "diagnose", "1", "trace")
    ward.run("incident", "diagnose", "1", "trace")
    asked = ward.run("incident", "approve", "1")
    named = ward.run("incident", "approve", "1", "2")

    assert (1, 0) == (asked.exit_code, named.exit_code)
    assert "2  trace on web01, for the role manager" in asked.stderr
    assert "several actions are held: name one" in asked.stderr
    assert [ActionStatus.HELD, ActionStatus.WAITING] == [state for _, state in states(ward)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["approve", "1"], "nothing is held for incident 1\n"),
        (["refuse", "1", "9"], "nothing is held for incident 1 as 9\n"),
        (["diagnose", "1", "nonsense"], "there is no runbook 'nonsense'\n"),
        (["diagnose", "9"], "there is no incident 9\n"),
    ],
)
def test_what_cannot_be_done_is_said(ward: Desk, words: list[str], said: str) -> None:
    """In one line."""
    result = ward.run("incident", *words)

    assert (1, f"watcher: {said}") == (result.exit_code, result.stderr)


def test_the_log_is_shown(ward: Desk) -> None:
    """Newest first, with all that an auditor asks, as far back as asked for."""
    now = Clock().now()
    run = Run(
        now,
        "acme",
        "look",
        "web01",
        "alert v1:k",
        incident=1,
        approved_by="boris",
        address="10.0.0.7:22",
        user="watcher",
        via=("gate",),
        host_key="SHA256:x",
        verified="known_hosts",
        digest="d1",
        script="s1",
        inputs={"fs": "/var"},
        outcome="1 steps in 0.2 s",
        seconds=0.2,
        size=9,
    )
    tried = Run(now, "acme", "look", "web02", "olga", outcome="no answer")
    old = Run(now - timedelta(days=30), "acme", "look", "web01", "olga", outcome="old")
    with ward.store() as store, store.begin() as tx:
        tx.add_runs([old, *[tried] * 201, run])
        tx.keep_script("s1", "df -P\n", now)
    shown = ward.run("runbook", "log", "--incident", "1").output.splitlines()[1:]
    everything = ward.run("runbook", "log").output
    narrow = ward.run("runbook", "log", "--host", "web01", "--since", "60d").output

    assert [
        "  by alert v1:k, approved by boris; fs=/var",
        "  as watcher at 10.0.0.7:22 via gate; SHA256:x (known_hosts)",
        "  script s1; runbook d1",
        "  1 steps in 0.2 s (9 bytes, 0.2 s)",
    ] == shown
    assert 201 == everything.count("tried out")
    assert "df -P\n" == ward.run("runbook", "log", "--script", "s1").output
    unknown = ward.run("runbook", "log", "--script", "s2")
    assert (1, "the run log knows no script s2" in unknown.output) == (unknown.exit_code, True)
    assert (False, True) == ("old" in everything, "old" in narrow)


def test_a_span_that_is_none_is_refused(ward: Desk) -> None:
    """With how it is written."""
    result = ward.run("runbook", "log", "--since", "yesterday")

    assert 2 == result.exit_code
    assert "--since" in result.stderr
