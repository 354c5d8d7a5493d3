"""`watcher replay`: recorded events through the same decisions, offline."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.engine.streams import line, ndjson
from watcher.cli import build

SERVICES = """\
services:
  - {name: billing, criticality: 4, hosts: [db01]}
"""


def replay(folder: Path, *words: str, events: bytes, services: str = SERVICES) -> Result:
    """What the command answers."""
    (folder / "events.ndjson").write_bytes(events)
    (folder / "services.yaml").write_text(services)
    given = [str(folder / "events.ndjson"), "--services", str(folder / "services.yaml"), *words]
    return CliRunner().invoke(build(["replay"]), ["replay", *given])


def test_one_line_for_each_incident(tmp_path: Path) -> None:
    """On standard output, as JSON, in the order of opening."""
    lines = ndjson([line(0), line(10, key="disk"), line(20, key="x", host="web01")])
    result = replay(tmp_path, "--format", "ndjson", events=b"".join(lines))
    incidents = [json.loads(each) for each in result.stdout.splitlines()]

    assert 0 == result.exit_code
    assert ["service:billing", "host:web01"] == [each["group"] for each in incidents]
    assert ["cpu", "disk"] == [each["key"] for each in incidents[0]["alerts"]]
    assert ["P2", "P3"] == [each["priority"] for each in incidents]


def test_rules_of_ones_own_come_on_top(tmp_path: Path) -> None:
    """With less time for a host the same alerts are two incidents."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/grouping.yaml").write_text("grouping: {same_host: 5s}\n")
    lines = b"".join(ndjson([line(0), line(10, key="disk")]))
    result = replay(tmp_path, "--rules", str(tmp_path / "rules"), events=lines)

    assert 2 == len(result.stdout.splitlines())


@pytest.mark.parametrize(
    ("events", "services", "said"),
    [
        (b"{}\n", SERVICES, "events.ndjson: line 1: "),
        (b"", "services: [{name: billing}]", "services.yaml:1: "),
    ],
)
def test_what_cannot_be_replayed_is_named(
    tmp_path: Path, events: bytes, services: str, said: str
) -> None:
    """The file and the line, and nothing on standard output."""
    result = replay(tmp_path, events=events, services=services)

    assert (1, "") == (result.exit_code, result.stdout)
    assert said in result.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Before anything is done."""
    result = CliRunner().invoke(
        build(["replay"]), ["replay", "/nonexistent", "--services", str(tmp_path)]
    )

    assert 2 == result.exit_code
    assert "/nonexistent" in result.stderr
