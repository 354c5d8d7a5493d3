"""`watcher examples`: what people said of pairs of alerts leaves Watcher, and scores a replay."""

from pathlib import Path

import orjson
import pytest

from tests.cli.given import Desk
from tests.cli.regrouped import seed_two_alerts


@pytest.fixture
def decided(at: Desk) -> Desk:
    """Where somebody split `disk` off."""
    with at.store() as store:
        seed_two_alerts(store)
    assert at.run("incident", "split", "1", "disk", "--reason", "another cause").exit_code == 0
    return at


def incidents(folder: Path, *groups: str) -> str:
    """What a replay wrote that put these alerts into incidents."""
    lines = [
        {"incident": str(number), "alerts": [{"key": key, "occurrence": "o1"} for key in group]}
        for number, group in enumerate((group.split() for group in groups), start=1)
    ]
    file = folder / "incidents.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    return str(file)


def test_a_pair_is_written_with_the_facts_of_then(decided: Desk) -> None:
    """Both alerts, what the person said, and what the machine had thought."""
    [line] = decided.run("examples", "export").output.splitlines()
    pair = orjson.loads(line)

    assert ("acme", False, "another cause", "same-group") == (
        pair["customer"],
        pair["together"],
        pair["why"],
        pair["machine"]["rule"],
    )
    assert {
        "key": "disk",
        "occurrence": "o1",
        "source": "zbx",
        "name": "disk is high",
        "severity": "average",
        "host": "web01",
        "service": None,
        "labels": {"env": "prod"},
        "started_at": "2026-03-01T03:01:00+00:00",
    } == pair["one"]
    assert "cpu" == pair["other"]["key"]


def test_only_what_was_asked_for_is_written(decided: Desk) -> None:
    """Of one customer, or since a day; a slip of the pen is told."""
    since = decided.run("examples", "export", "--since", "2999-01-01")
    other = decided.run("examples", "export", "--customer", "globex")
    wrong = decided.run("examples", "export", "--customer", "acmee")

    assert ("", "") == (since.output, other.output)
    assert 1 == wrong.exit_code


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (("cpu", "disk"), ["apart     1 of 1 agree", "unknown   0"]),
        (("cpu disk",), ["apart     0 of 1 agree", "unknown   0", "not apart: disk o1 | cpu o1"]),
        (("cpu",), ["apart     0 of 0 agree", "unknown   1"]),
    ],
)
def test_incidents_are_scored(
    decided: Desk, tmp_path: Path, groups: tuple[str, ...], said: list[str]
) -> None:
    """How many pairs agree, which do not, and which are not there."""
    result = decided.run("examples", "score", "--incidents", incidents(tmp_path, *groups))

    assert ["together  0 of 0 agree", *said] == result.output.splitlines()


def test_exported_pairs_score_as_well(decided: Desk, tmp_path: Path) -> None:
    """On another machine, with no store."""
    pairs = tmp_path / "pairs.ndjson"
    pairs.write_text(decided.run("examples", "export").output + "\n")
    words = ["--incidents", incidents(tmp_path, "cpu disk"), "--examples", str(pairs)]

    assert "apart     0 of 1 agree" in decided.run("examples", "score", *words).output


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("incidents", '{"alerts": [{"key": "a"}]}', "line 1 is no incident: incident is missing"),
        ("incidents", "[1]", "line 1 is no incident: list indices must be integers"),
        ("examples", '\n{"one": 1}', "line 2 is no pair: 'int' object is not subscriptable"),
        ("examples", "{", "line 1 is no pair: unexpected end of data"),
    ],
)
def test_what_is_no_line_is_told(
    decided: Desk, tmp_path: Path, name: str, text: str, said: str
) -> None:
    """With the number of the line."""
    wrong = tmp_path / "wrong.ndjson"
    wrong.write_text(text)
    files = {"incidents": incidents(tmp_path), "examples": str(wrong), name: str(wrong)}
    words = [word for option, file in files.items() for word in (f"--{option}", file)]
    result = decided.run("examples", "score", *words)

    assert 1 == result.exit_code
    assert said in result.stderr
