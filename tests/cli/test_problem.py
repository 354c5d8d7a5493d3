"""`watcher problem …`: problems are opened, led through their life and looked at by command."""

import orjson

from tests.cli.given import Desk
from watcher.model.problem import Bond, ProblemStatus

TITLE = "The log is never rotated"


def opened(at: Desk) -> None:
    """Two incidents, and a problem behind the first."""
    for title in ("The disk is full", "The disk is full again"):
        assert 0 == at.run("incident", "open", title, "--customer", "acme").exit_code
    result = at.run("problem", "open", TITLE, "--incident", "1", "--service", "shop")
    assert result.output.startswith(f"problem 1 P5 new: {TITLE}\n")


def test_a_problem_is_led_to_its_end(at: Desk) -> None:
    """A known error needs its workaround, and what is resolved a cause or a fix."""
    opened(at)
    refused = at.run("problem", "known-error", "1")
    steps = [
        ["investigate", "1"],
        ["known-error", "1", "--workaround", "rotate it by hand"],
        ["resolve", "1", "--fix", "a timer"],
        ["close", "1"],
        ["reopen", "1"],
    ]
    said = [at.run("problem", *words).output.split(":")[0] for words in steps]

    assert "a known error needs a workaround" in refused.output
    assert [
        f"problem 1 P5 {status}"
        for status in ("investigating", "known_error", "resolved", "closed", "known_error")
    ] == said


def test_incidents_are_tied_untied_and_split_off(at: Desk) -> None:
    """Whatever a person says stands on the timeline with its reason."""
    opened(at)
    tied = at.run("problem", "tie", "1", "2", "--reason", "the same host")
    split = at.run("problem", "split", "1", "2", "--title", "A backup fills it")
    merged = at.run("problem", "merge", "2", "--into", "1")
    untied = at.run("problem", "untie", "1", "2")

    assert [0, 0, 0, 0] == [each.exit_code for each in (tied, split, merged, untied)]
    assert split.output.startswith("problem 2 ")
    with at.store() as store, store.view() as view:
        ties = {each.incident: each.bond for each in view.ties_of_problem(1)}
    assert {1: Bond.CONFIRMED, 2: Bond.REFUSED} == ties
    shown = at.run("problem", "show", "1").output
    assert "the same host" in shown
    assert "  breaches 0: P5 below 1 that broke a promise\n" in shown


def test_what_is_live_is_listed_unless_asked(at: Desk) -> None:
    """As lines for people, and as the API has it for programs."""
    opened(at)
    listed, old = at.run("problem", "list"), at.run("problem", "list", "--match", "status=closed")
    found = orjson.loads(at.run("problem", "list", "--format", "json").output)
    whole = orjson.loads(at.run("problem", "show", "1", "--format", "json").output)

    assert TITLE in listed.output
    assert "" == old.output
    assert [(1, ProblemStatus.NEW)] == [(each["number"], each["status"]) for each in found]
    assert [1] == [each["incident"] for each in whole["incidents"]]


def test_what_is_not_there_is_said(at: Desk) -> None:
    """Nothing is opened without a customer, and no matcher is guessed at."""
    opened(at)
    wrong = [
        at.run("problem", "show", "9"),
        at.run("problem", "confirm", "9"),
        at.run("problem", "confirm", "1"),
        at.run("problem", "open", "Something"),
        at.run("problem", "list", "--match", "status"),
        at.run("problem", "list", "--match", "colour=red"),
    ]

    assert [1] * 6 == [each.exit_code for each in wrong]
    assert all(each.output.startswith("watcher: ") for each in wrong)
