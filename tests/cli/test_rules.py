"""`watcher rules`: what rule authors see of their examples, of single events, and of the schema."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.cli.given import Desk
from tests.engine.streams import line, ndjson
from watcher.cli import build
from watcher.receivers import grafana

NOW = datetime(2026, 1, 1, tzinfo=UTC)

LINKS = """\
rules:
  - name: uplinks-flap
    when: ['name=~"Interface .*: Link down"', 'severity!="disaster"']
    hold: 30m
    for: 2m
    examples:
      - name: a port that comes and goes
        given: {name: "Interface eth0: Link down", severity: high}
        expect: {hold: 30m, for: 2m}
      - given: {name: "Interface eth0: Link down", severity: disaster}
        expect: {matches: false}
  - name: vip
    when: team="core"
    priority: {at_least: P2}
"""


@pytest.fixture
def own(at: Desk) -> Path:
    """A folder of one's own rules."""
    folder = at.folder / "own"
    folder.mkdir()
    (folder / "links.yaml").write_text(LINKS)
    return folder


def configured(at: Desk) -> Desk:
    """The same, with the folder of rules in the configuration."""
    at.config.write_text(at.config.read_text() + "rules: own\n")
    return at


def test_examples_that_hold_are_listed(at: Desk, own: Path) -> None:
    """Those of the shipped rules, too, each with its file and line; what has none is named."""
    answer = at.run("rules", "test", "--rules", str(own))

    assert (0, "") == (answer.exit_code, answer.stderr)
    assert "✓  uplinks-flap  a port that comes and goes" in answer.stdout
    assert f"{own}/links.yaml:7" in answer.stdout
    assert "✓  uplinks-flap  example 2" in answer.stdout
    assert "✓  priority " in answer.stdout
    assert "examples hold." in answer.stdout
    assert "Without an example: vip" in answer.stdout


def test_an_example_that_fails_is_told_with_its_reason(at: Desk, own: Path) -> None:
    """Under the example, with a count and an exit code for machines."""
    (own / "links.yaml").write_text(LINKS.replace("hold: 30m, for", "hold: 20m, for"))
    answer = configured(at).run("rules", "test")

    assert 1 == answer.exit_code
    assert "✗  uplinks-flap  a port that comes and goes" in answer.stdout
    said = "this example expects hold 20 min, but the rule 'uplinks-flap' says 30 min"
    assert said in answer.stdout
    assert " examples fails." in answer.stdout


def test_what_is_unsound_is_told_beside_the_examples(at: Desk, own: Path) -> None:
    """A file that cannot be read in full is no reason not to try the rest."""
    (own / "broken.yaml").write_text("rules: [{name: x, when: 'host', hold: 5m}]\n")
    answer = at.run("rules", "test", "--rules", str(own))

    assert 1 == answer.exit_code
    assert f"{own}/broken.yaml:1: rules.0.when.0: expected =, !=, =~ or !~" in answer.stderr
    assert "✓  uplinks-flap" in answer.stdout


def test_a_configuration_that_names_no_rules_is_told(at: Desk) -> None:
    """Where it cannot be read, there is nothing to try."""
    at.config.write_text("rules: {}\n")
    answer = at.run("rules", "test")

    assert 1 == answer.exit_code
    assert f"{at.config}:1: " in answer.stderr
    assert "the configuration cannot be used" in answer.stderr


LINK_DOWN = line(
    0,
    key="v1:1",
    name="Interface eth0: Link down",
    severity="high",
    host="10.0.0.7",
    labels={"team": "core"},
)


def explain(at: Desk, body: bytes, *words: str) -> Result:
    """What the command says of these events, or of this delivery."""
    (at.folder / "events").write_bytes(body)
    return at.run("rules", "explain", "--event", str(at.folder / "events"), *words)


def explained(at: Desk, body: bytes, *words: str) -> list[dict[str, Any]]:
    """The same for a program."""
    answer = explain(at, body, "--format", "json", *words)
    assert 0 == answer.exit_code, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def test_an_event_is_explained_to_a_person(at: Desk, own: Path) -> None:
    """Who it is about, every rule with what kept it from matching, and what comes of it."""
    later = line(9, "resolved", key="v1:2", name="Disk\x1b[31m is full", host="db9", service="mail")
    body = b"".join(ndjson([LINK_DOWN, later]))
    answer = explain(at, body, "--customer", "acme", "--rules", str(own))
    first, second = answer.stdout.split("Disk [31m is full resolved")

    assert (0, "") == (answer.exit_code, answer.stderr)
    for words in (
        "Interface eth0: Link down firing",
        "web01  in the inventory",
        "shop  in the catalogue",
        "team=core",
        "service:shop",
        "✓  uplinks-flap  every matcher holds",
        "hold      30 min       by uplinks-flap",
        "priority  at least P2  by vip",
        "held back by for:uplinks-flap, until 2026-03-01T03:02:00+00:00 at most",
        "would otherwise open an incident with P2",
    ):
        assert words in first
    for words in (
        "db9  not in the inventory",
        "mail  not in the catalogue",
        '✗  vip           team="core"  there is none',
        'name=~"Interface .*: Link down"  it is \'Disk',
        "opens an incident with P",
    ):
        assert words in second
    assert "\x1b" not in answer.stdout


def test_an_event_is_explained_to_a_program(at: Desk, own: Path) -> None:
    """The same facts, as a list with one object for each event."""
    [found] = explained(at, json.dumps(LINK_DOWN).encode(), "--rules", str(own))

    assert "group service:" not in found["group"]
    assert {
        "customer": "default",
        "host": "10.0.0.7",
        "host_known": False,
        "service": None,
        "service_known": False,
    } == found["identity"]
    assert [("uplinks-flap", True), ("vip", True)] == [
        (rule["name"], rule["matches"]) for rule in found["rules"]
    ]
    assert {
        "hold": {"value": 1800.0, "rule": "uplinks-flap"},
        "for": {"value": 120.0, "rule": "uplinks-flap"},
        "priority": {"value": {"at_least": "P2", "at_most": None}, "rule": "vip"},
    } == found["effects"]
    assert ["for:uplinks-flap", "P2"] == [found["withheld"]["by"], found["priority"]]


def test_a_list_of_events_is_explained_one_by_one(at: Desk) -> None:
    """Each as if it were alone, under the configured rules if no others are named."""
    two = [LINK_DOWN, {**LINK_DOWN, "key": "v1:2", "host": "db1"}]
    found = explained(at, json.dumps(two).encode())

    assert [([], {}), ([], {})] == [(each["rules"], each["effects"]) for each in found]
    assert [None, None] == [each["withheld"] for each in found]


def test_a_delivery_is_explained_as_its_source_would_read_it(at: Desk) -> None:
    """A configured source brings its options and its customer; the kind alone will do."""
    body = grafana.sample(next(iter(grafana.SAMPLES)), NOW, 7)
    named, kind = explained(at, body, "--source", "gra"), explained(at, body, "--source", "grafana")

    assert ["acme", "default"] == [each[0]["identity"]["customer"] for each in (named, kind)]
    assert ["gra", "grafana"] == [each[0]["event"]["source"] for each in (named, kind)]


@pytest.mark.parametrize(
    ("body", "words", "said"),
    [
        (b"{}", (), "events: line 1: at is missing"),
        (b"nonsense", (), "events: line 1: "),
        (b"{}", ("--source", "nobody"), "there is no source 'nobody'; there are: zbx, gra, gen"),
        (b"[", ("--source", "zabbix"), "events: "),
        (b"[]", ("--customer", "nobody"), "there is no customer 'nobody'; there are: acme"),
    ],
)
def test_what_cannot_be_explained_is_named(
    at: Desk, body: bytes, words: tuple[str, ...], said: str
) -> None:
    """The file and what is wrong with it."""
    answer = explain(at, body, *words)

    assert (1, "") == (answer.exit_code, answer.stdout)
    assert said in answer.stderr


def test_a_file_that_is_not_there_is_named(at: Desk) -> None:
    """In a sentence."""
    answer = at.run("rules", "explain", "--event", "/nonexistent")

    assert "watcher: /nonexistent cannot be read: No such file or directory\n" == answer.stderr


def test_events_may_be_typed(at: Desk) -> None:
    """On standard input, so that other programs can pass them on; an empty one has no events."""
    answer = at.run("rules", "explain", "--event", "-", typed=json.dumps(LINK_DOWN))
    nothing = at.run("rules", "explain", "--event", "-", typed="[]")

    assert "opens an incident with P" in answer.stdout
    assert "There is no event in it.\n" == nothing.stdout


def test_rules_that_cannot_be_used_explain_nothing(at: Desk, own: Path) -> None:
    """What is wrong with them is told instead."""
    (own / "links.yaml").write_text("rules: 5\n")
    answer = explain(at, b"", "--rules", str(own))

    assert 1 == answer.exit_code
    assert f"{own}/links.yaml:1: rules: should be a list" in answer.stderr
    assert "watcher: the rules cannot be used" in answer.stderr


def test_the_schema_is_printed() -> None:
    """For `yaml-language-server`, without any configuration."""
    answer = CliRunner().invoke(build(["rules"]), ["rules", "schema"])

    assert "Rules of Watcher" == json.loads(answer.stdout)["title"]
