"""`watcher incident`: somebody phoned, or knows better how alerts belong together."""

import getpass

import pytest

from tests.cli.given import Desk
from tests.cli.regrouped import seed_two_alerts
from watcher.model.incident import Priority


def test_an_incident_is_opened_by_hand(at: Desk) -> None:
    """By the service, with its criticality, the host under its own name, and what was said."""
    words = ["--customer", "acme", "--service", "shop", "--host", "10.0.0.7", "--severity", "high"]
    result = at.run("incident", "open", "The shop is slow", *words, "--text", "Anna phoned")
    with at.store() as store, store.view() as view:
        incident = view.incident(1, None)
        [opened] = view.timeline(1)

    assert 0 == result.exit_code
    assert [
        "#1 P2 The shop is slow",
        "http://127.0.0.1:8080/incidents/1",
    ] == result.output.splitlines()
    assert incident is not None
    assert ("acme", "shop", ("web01",), Priority.P2, getpass.getuser()) == (
        incident.customer,
        incident.service,
        incident.hosts,
        incident.priority,
        incident.opened_by,
    )
    assert f"opened by {getpass.getuser()}: Anna phoned" == opened.text


def test_an_unknown_customer_is_refused(at: Desk) -> None:
    """A slip of the pen opens nothing."""
    result = at.run("incident", "open", "The shop is slow", "--customer", "acmee")

    assert (1, "watcher: there is no customer 'acmee'\n") == (result.exit_code, result.stderr)


@pytest.mark.parametrize(
    ("title", "said"),
    [
        (" \t", "an incident needs a title: say what is wrong"),
        ("one\ntwo", "a title is one line, without control characters: say the rest as text"),
        ("bell\a", "a title is one line, without control characters: say the rest as text"),
        ("x" * 201, "a title has 200 characters at most: say the rest as text"),
    ],
    ids=["blank", "two lines", "control", "long"],
)
def test_a_title_is_a_line(at: Desk, title: str, said: str) -> None:
    """Lists, subjects of mails and tickets have no room for more."""
    result = at.run("incident", "open", title, "--customer", "acme")

    assert (1, f"watcher: {said}\n") == (result.exit_code, result.stderr)


def test_what_nobody_described_is_said(at: Desk) -> None:
    """The incident is opened all the same: at night the catalogue is not the first concern."""
    words = ["--customer", "acme", "--service", "shpo", "--host", "web99"]
    result = at.run("incident", "open", "  The shop is slow ", *words)
    with at.store() as store, store.view() as view:
        incident = view.incident(1, None)
        [_, noted] = view.timeline(1)

    strange = [
        "the service 'shpo' is not in the catalogue",
        "the host 'web99' is not in the inventory",
    ]
    assert (0, [f"watcher: {each}" for each in strange]) == (
        result.exit_code,
        result.stderr.splitlines(),
    )
    assert "; ".join(strange) == noted.text
    assert incident is not None
    assert ("The shop is slow", "shpo", ("web99",)) == (
        incident.title,
        incident.service,
        incident.hosts,
    )


def two(at: Desk) -> None:
    """Incident 1 with two alerts of web01, and incident 2 that somebody reported."""
    with at.store() as store:
        seed_two_alerts(store)
    at.run("incident", "open", "The shop is slow", "--customer", "acme")


def keys(at: Desk, number: int) -> list[str]:
    """The alerts of an incident."""
    with at.store() as store, store.view() as view:
        return [alert.key for alert, _ in view.alerts_of(number)]


def test_alerts_are_split_off_moved_and_merged(at: Desk) -> None:
    """Each by whoever types, with the reason on the timeline."""
    two(at)
    split = at.run("incident", "split", "1", "disk", "--reason", "another cause")
    move = at.run("incident", "move", "3", "disk", "--into", "2")
    merge = at.run("incident", "merge", "2", "1", "--reason", "one after all")
    with at.store() as store, store.view() as view:
        lines = [(each.actor, each.reason.text) for each in view.timeline(1)]

    assert [0, 0, 0] == [each.exit_code for each in (split, move, merge)]
    assert split.output.startswith("#3 ")
    assert merge.output.startswith("#1 ")
    assert ["cpu", "disk"] == keys(at, 1)
    assert (getpass.getuser(), "another cause") in lines
    assert (getpass.getuser(), "one after all") in lines


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("merge", "1", "9"), "there is no incident 9"),
        (("split", "1", "nothing"), "#1 has no alert 'nothing'"),
    ],
)
def test_what_cannot_be_regrouped_is_refused(at: Desk, words: tuple[str, ...], said: str) -> None:
    """In one line on standard error."""
    two(at)
    result = at.run("incident", *words)

    assert (1, f"watcher: {said}\n") == (result.exit_code, result.stderr)


def test_a_priority_is_set_by_hand_with_a_reason(at: Desk) -> None:
    """And left to the rules again; nobody learns whether another's incident is there."""
    at.run("incident", "open", "The shop is slow", "--customer", "acme")
    said = [
        at.run("incident", "priority", "1", *words)
        for words in (["P1", "--reason", "the board"], ["--reason", "over"], ["P1"])
    ]
    gone = at.run("incident", "priority", "9", "P1", "--reason", "x")

    assert ["#1 P1 The shop is slow", "#1 P3 The shop is slow"] == [
        each.output.splitlines()[0] for each in said[:2]
    ]
    assert "watcher: a priority that is set by hand needs a reason: say why\n" == said[2].stderr
    assert (1, "watcher: there is no incident 9\n") == (gone.exit_code, gone.stderr)


def test_an_incident_is_silenced_where_its_alerts_come_from(at: Desk) -> None:
    """The worker tells that system; the timeline says where, until when and why."""
    monitor = "monitor: {url: https://zabbix.example, token: {env: ZBX_TOKEN}}"
    text = at.config.read_text()
    at.config.write_text(text.replace("{name: zbx,", f"{{name: zbx, {monitor},"))
    with at.store() as store:
        seed_two_alerts(store)
    result = at.run("incident", "silence", "1", "--for", "2h", "--why", "new disk comes")
    with at.store() as store, store.view() as view:
        [action] = view.actions_of(1)
        [entry] = view.timeline(1)

    assert (0, "#1 P3 cpu is high on web01") == (result.exit_code, result.output.splitlines()[0])
    assert ("silence", "zbx", "new disk comes") == (
        action.payload["verb"],
        action.payload["source"],
        action.payload["text"],
    )
    assert " wants zbx to be silent until " in entry.text
    assert "new disk comes" == entry.reason.text


def test_what_nobody_can_silence_is_refused(at: Desk) -> None:
    """A source without a monitor is not told anything."""
    with at.store() as store:
        seed_two_alerts(store)
    result = at.run("incident", "silence", "1", "--for", "2h")

    assert (
        1,
        "watcher: none of its alerts that fire comes from a monitoring system that Watcher can "
        "silence\n",
    ) == (result.exit_code, result.stderr)
