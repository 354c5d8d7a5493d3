"""`watcher rules backtest`: what a lead reads before he dares, and what programs get."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.cli.given import Desk
from watcher.kit.clock import Clock
from watcher.model.delivery import Arrival

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PERIOD = ("--since", "1d", "--until", "2026-03-03T00:00Z")
CALM = """\
rules:
  - name: calm
    when: ['name=~".*CPU.*"']
    for: 10m
"""
CHANNEL = "channels: [{name: night, kind: webhook, options: {url: 'https://night.example'}}]\n"


def fired(minutes: float, name: str, kind: str = "firing", host: str = "web01") -> Arrival:
    """An alert that came in so long after noon."""
    at = NOON + timedelta(minutes=minutes)
    event: dict[str, Any] = {
        "kind": kind,
        "key": f"{name} {host}",
        "name": name,
        "severity": "high",
        "host": host,
        "at": at.isoformat(),
    }
    return Arrival("gen", "acme", at, {}, orjson.dumps(event))


@pytest.fixture
def at(at: Desk) -> Desk:
    """A desk with a history, and rules that are to be tried."""
    arrivals = [
        fired(0, "CPU is high"),
        fired(2, "CPU is high", "resolved"),
        fired(60, "[red]Disk[/red] is full"),
        fired(120, "CPU is high", host="web02"),
        fired(121, "CPU is high", "resolved", host="web02"),
        Arrival("gone", "acme", NOON + timedelta(hours=3), {}, b"{}"),
    ]
    with at.store() as store:
        inbox = store.inbox(Clock().now())
        for each in arrivals:
            inbox.append([each])
        inbox.close()
    with at.config.open("a") as config:
        config.write(CHANNEL)
    (at.folder / "new").mkdir()
    (at.folder / "new" / "calm.yaml").write_text(CALM)
    return at


def run(at: Desk, *more: str) -> str:
    """What the command prints."""
    result = at.run("rules", "backtest", "--rules", str(at.folder / "new"), *PERIOD, *more)
    assert 0 == result.exit_code, result.output
    return result.stdout


def test_people_read_figures_then_differences_then_noise(at: Desk) -> None:
    """The most important first, with the reasons of both."""
    lines = [" ".join(each.split()) for each in run(at).splitlines()]

    assert (
        "History from 2026-03-02 12:00 UTC to 2026-03-02 15:00 UTC: 6 deliveries with 5 events"
        == lines[0]
    )
    assert "1 left out: there is no source 'gone' any more" == lines[1]
    assert "incidents 3 1 -2" in lines
    assert "messages 5 1 -4" in lines
    assert "night, P3 2 0 -2" in lines
    assert "alerts too short to count 0 2 +2" in lines
    assert "for:calm 0 2 +2" in lines
    assert "2 differences, the most important first" in lines
    first = lines.index("P2 gone 2026-03-02 12:00 UTC acme shop: CPU is high on web01")
    assert "present P2 1 alert, 2 messages" == lines[first + 1]
    assert "changed no incident" == lines[first + 3]
    assert "held back: " in lines[first + 4]
    assert "alerts CPU is high on web01" == lines[first + 5]
    assert "The noisiest conditions" in lines
    assert "1 1 1 [red]Disk[/red] is full on web01 acme" in lines
    assert "is not done again" in lines[-1]


def test_a_long_list_is_cut(at: Desk) -> None:
    """And says how to see the rest."""
    assert "and 1 more: --limit 0 shows all" in run(at, "--limit", "1")
    assert "more: --limit" not in run(at, "--limit", "0")


def test_no_difference_is_said(at: Desk) -> None:
    """In words, and so is an empty history."""
    (at.folder / "new" / "calm.yaml").write_text("")

    assert "No incident would have been another one." in run(at)
    assert "No delivery is stored from that time." in run(at, "--customer", "globex")


def test_programs_get_all_of_it(at: Desk) -> None:
    """As one object, or as a line for the figures and one for each difference."""
    whole = orjson.loads(run(at, "--format", "json"))
    [summary, *lines] = map(orjson.loads, run(at, "--format", "ndjson").splitlines())

    assert ("2026-03-02T00:00:00+00:00", "2026-03-03T00:00:00+00:00", None) == (
        whole["since"],
        whole["until"],
        whole["customer"],
    )
    assert ((6, 5), (3, 1)) == (
        (whole["deliveries"], whole["events"]),
        (whole["before"]["incidents"], whole["after"]["incidents"]),
    )
    assert {"P1": 0, "P2": 1, "P3": 1, "P4": 0, "P5": 0} != whole["after"]["priorities"]
    assert {"there is no source 'gone' any more": 1} == whole["unread"]
    assert ["gone", "gone"] == [each["change"] for each in whole["differences"]]
    assert lines == whole.pop("differences")
    assert summary == whole
    assert {"change", "priority", "title", "customer", "at", "before", "after", "alerts",
            "why_before", "why_after"} == set(lines[0])  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "soon"], "--since: 'soon' is neither a time"),
        (["--until", "late"], "--until: 'late' is neither a time"),
        (["--since", "2027-01-01T00:00Z"], "the history would end before it begins"),
        (["--customer", "acmee"], "there is no customer 'acmee'"),
    ],
)
def test_a_period_that_is_none_is_refused(at: Desk, words: list[str], said: str) -> None:
    """With what to write instead."""
    result = at.run("rules", "backtest", "--rules", str(at.folder / "new"), *words)

    assert 1 == result.exit_code
    assert said in result.stderr


def test_rules_that_do_not_load_are_not_tried(at: Desk) -> None:
    """Their problems are printed."""
    (at.folder / "new" / "calm.yaml").write_text("rules: [{name: x}]")
    result = at.run("rules", "backtest", "--rules", str(at.folder / "new"))

    assert 1 == result.exit_code
    assert "calm.yaml:1" in result.stderr
    assert "the changed rules cannot be used" in result.stderr


def test_an_older_database_is_left_as_it_is(at: Desk) -> None:
    """A look at history changes nothing."""
    (at.folder / "data" / "watcher.db").unlink()
    (at.folder / "data" / "watcher-inbox.db").unlink()
    result = at.run("rules", "backtest", "--rules", str(at.folder / "new"))

    assert "run `watcher db upgrade` first" in result.stderr
