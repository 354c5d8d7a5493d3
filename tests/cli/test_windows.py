"""`watcher maintenance` and `watcher mute`: planned, listed and ended on the command line."""

import getpass

import pytest

from tests.cli.given import Desk
from watcher.model.silence import WindowKind

NIGHTLY = (
    "maintenance", "plan", 'host=~"db.*"', "--customer", "acme", "--starts", "2036-03-01 02:00",
    "--ends", "2036-03-01 04:00", "--repeat", "FREQ=DAILY", "--timezone", "Europe/Berlin",
)  # fmt: skip


def test_maintenance_is_planned_listed_and_cancelled(at: Desk) -> None:
    """By local clocks; the list says when it opens next, then who cancelled it."""
    planned = at.run(*NIGHTLY, "--comment", "backups")
    listed = at.run("maintenance", "list")
    cancelled = at.run("maintenance", "cancel", "1")

    assert 0 == planned.exit_code
    assert planned.output == listed.output
    assert ["1", "acme", "2036-03-01", "01:00", "to", "2036-03-01", "03:00", "UTC"] == (
        listed.output.split()[:8]
    )
    assert listed.output.endswith('host=~"db.*"  backups\n')
    assert f"cancelled by {getpass.getuser()}" in cancelled.output


def test_a_mute_is_added_listed_and_lifted(at: Desk) -> None:
    """For so long, by whoever types."""
    added = at.run("mute", "add", "key=disk", "--for", "2h", "--customer", "acme")
    listed = at.run("mute", "list")
    lifted = at.run("mute", "lift", "1")
    with at.store() as store, store.view() as view:
        mute = view.window(1, None)

    assert 0 == added.exit_code
    assert added.output == listed.output
    assert "until" in listed.output
    assert mute is not None
    assert (WindowKind.MUTE, getpass.getuser()) == (mute.kind, mute.author)
    assert "cancelled by" in lifted.output


def test_the_windows_of_the_rules_are_listed(at: Desk) -> None:
    """Under their names; one that is over says so."""
    (at.folder / "rules").mkdir()
    (at.folder / "rules" / "windows.yaml").write_text(
        "maintenance:\n"
        "  - {name: backups, when: 'host=db1', starts: 2026-01-01 02:00, duration: 24h,"
        " repeat: FREQ=DAILY}\n"
    )
    with at.config.open("a") as config:
        config.write("rules: [rules]\n")
    listed = at.run("maintenance", "list")

    assert listed.output.split()[:3] == ["backups", "(all)", "until"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mute", "add", "host~db", "--for", "2h"), "this is not a matcher: expected"),
        (("mute", "add", "{}", "--for", "2h", "--customer", "acme"), "without matchers"),
        (("mute", "add", "host=db1", "--for", "soon"), "'soon' is no duration"),
        (("mute", "add", "host=db1", "--for", "2h", "--customer", "acmee"), "no customer 'acmee'"),
        (("mute", "lift", "7"), "there is no mute 7"),
        (("maintenance", "cancel", "7"), "there is no maintenance 7"),
        ((*NIGHTLY, "--timezone", "Mars"), "there is no time zone 'Mars'"),
    ],
)
def test_what_cannot_be_is_refused_in_words(at: Desk, words: tuple[str, ...], said: str) -> None:
    """And nothing is stored."""
    answer = at.run(*words)

    assert 0 != answer.exit_code
    assert said in answer.stderr
