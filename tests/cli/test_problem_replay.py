"""`watcher problem replay`: recorded incidents, asked which known cause each has."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from watcher.cli import build

Lines = Sequence[Mapping[str, Any]]


def replay(folder: Path, lines: Lines | str, *truths: object, words: Sequence[str] = ()) -> Result:
    """What the command answers."""
    file = folder / "recorded.ndjson"
    file.write_text(lines if isinstance(lines, str) else "\n".join(map(json.dumps, lines)))
    given = ["problem", "replay", str(file), "--format", "ndjson", *words]
    for number, truth in enumerate(truths):
        path = folder / f"truth-{number}.json"
        path.write_text(truth if isinstance(truth, str) else json.dumps(truth))
        given += ["--truth", str(path)]
    return CliRunner().invoke(build(["problem"]), given)


def answers(result: Result) -> list[dict[str, Any]]:
    """The lines on standard output."""
    assert 0 == result.exit_code, result.output
    return [json.loads(each) for each in result.stdout.splitlines()]


def ticket(number: int, **fields: object) -> Mapping[str, Any]:
    """A line of a service desk: one a day."""
    at = f"2026-{1 + number // 28:02}-{1 + number % 28:02}T08:00:00Z"
    return {"incident": f"INC{number}", "opened_at": at, "fields": fields}


_OTHERS = [ticket(each, category=f"c{each}", group=f"g{each % 20}") for each in range(100)]
_PRINTS = [
    ticket(100 + each, category="printer", group="g3", tags=["paper", "tray"]) for each in range(5)
]
_LINKS = {
    **{f"INC{each}": f"other-{each}" for each in range(20)},
    **{f"INC{100 + each}": "printer" for each in range(5)},
}


def test_what_comes_back_is_suggested_and_then_linked(tmp_path: Path) -> None:
    """The first is new; from the fourth on the cause has come back often enough to be sure."""
    found = answers(replay(tmp_path, [*_OTHERS, *_PRINTS], {"links": _LINKS}))[-5:]

    assert ["new", "suggested", "suggested", "sure", "sure"] == [each["bond"] for each in found]
    assert [None, None, None, "printer", "printer"] == [each["auto_link"] for each in found]
    assert ["printer"] * 4 == [each["ranked"][0] for each in found[1:]]
    assert "the same category: printer; seen in 1 of 101 incidents (+1.8)" in found[1]["reasons"]


def test_no_answer_knows_what_came_later(tmp_path: Path) -> None:
    """A file that ends early gives the same answers up to there."""
    whole = answers(replay(tmp_path, [*_OTHERS, *_PRINTS], {"links": _LINKS}))
    early = answers(replay(tmp_path, [*_OTHERS, *_PRINTS[:3]], {"links": _LINKS}))

    assert whole[: len(early)] == early
    assert (None, []) == (whole[0]["known"], whole[0]["ranked"])


def test_problems_of_old_are_known_without_being_asked_about(tmp_path: Path) -> None:
    """What stands in the history has its problem from the beginning."""
    truth = {
        "links": {"INC103": "printer"},
        "history": {f"INC{each}": "printer" for each in range(100, 103)},
    }
    [found] = answers(replay(tmp_path, [*_OTHERS, *_PRINTS], truth))

    assert ("INC103", "sure", ["printer"]) == (found["incident"], found["bond"], found["ranked"])


def test_without_a_truth_incidents_are_compared_with_each_other(tmp_path: Path) -> None:
    """Each is then a cause of its own, and the likest of before comes first."""
    found = answers(replay(tmp_path, [*_OTHERS, *_PRINTS[:2]]))

    assert ("INC101", "INC100") == (found[-1]["incident"], found[-1]["ranked"][0])


def alert(number: int, name: str, **more: object) -> Mapping[str, Any]:
    """A line of an event stream."""
    return {
        "at": f"2026-01-01T00:{number:02}:00Z",
        "source": "zabbix",
        "kind": "firing",
        "key": f"k{number}",
        "occurrence": f"o{number}",
        "name": name,
        "severity": "average",
        "host": f"h{number}",
        **more,
    }


def test_faults_are_recognised_by_their_alerts_wherever_they_are(tmp_path: Path) -> None:
    """Names of hosts do not count, and nothing crosses from one system to another."""
    said = ["disk of h0 full", "no ping", "disk of h2 full", "disk of h3 full", "noise"]
    stream = [alert(number, name) for number, name in enumerate(said)]
    belongs = {f"o{each}": [f"f{each}", "2026-01-01T00:00:00Z"] for each in range(4)}
    systems = {"shop": {"order": ["f0", "f1", "f2"]}, "bank": {"order": ["f3"]}}
    more = [alert(5, "disk of h0 full", occurrence="o0", kind="resolved")]
    found = answers(replay(tmp_path, [*stream, *more], {"alerts": belongs}, {"systems": systems}))

    assert [("f0", []), ("f1", ["f0"]), ("f2", ["f0", "f1"]), ("f3", [])] == [
        (each["incident"], each["ranked"]) for each in found
    ]

    alone = answers(replay(tmp_path, stream, {"alerts": belongs}))
    assert ["f0", "f2", "f1"] == alone[-1]["ranked"]


def test_thresholds_are_those_of_the_rules(tmp_path: Path) -> None:
    """With a pattern of one, what came back once is sure already."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/problems.yaml").write_text("problems: {pattern: 1, margin: 1}\n")
    lines = [*_OTHERS, *_PRINTS[:2]]
    found = answers(
        replay(tmp_path, lines, {"links": _LINKS}, words=["--rules", str(tmp_path / "rules")])
    )

    assert "sure" == found[-1]["bond"]


@pytest.mark.parametrize(
    ("lines", "truth", "said"),
    [
        ("{}", {}, "recorded.ndjson: line 1: fields is missing"),
        ("\nx", {}, "recorded.ndjson: line 2: "),
        ([{**ticket(1), "opened_at": "2026-01-01T00:00:00"}], {}, "has no zone"),
        ("{}", {"alerts": {}}, "recorded.ndjson: line 1: at is missing"),
        ("", "[1]", "truth-0.json: "),
    ],
)
def test_what_cannot_be_replayed_is_named(
    tmp_path: Path, lines: Lines | str, truth: object, said: str
) -> None:
    """The file, the line and what is wrong with it."""
    result = replay(tmp_path, lines, truth)

    assert (1, "") == (result.exit_code, result.stdout)
    assert said in result.stderr


def test_rules_that_cannot_be_used_end_it(tmp_path: Path) -> None:
    """Each mistake is named with its place."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/problems.yaml").write_text("problems: {pattern: many}\n")
    result = replay(tmp_path, [], words=["--rules", str(tmp_path / "rules")])

    assert (1, "") == (result.exit_code, result.stdout)
    assert "problems.yaml" in result.stderr
    assert "the rules cannot be used" in result.stderr
