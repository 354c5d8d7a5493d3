"""The section `flapping`: what it may say, and how its examples are tried."""

from datetime import timedelta
from pathlib import Path

import pytest

from watcher.kit.shipped import shipped
from watcher.model.policy import Flapping, Policy
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy


def read(folder: Path, text: str) -> tuple[Policy | None, list[str]]:
    """The policy with this section over the shipped rules, and all complaints."""
    (folder / "own.yaml").write_text(text)
    problems = Problems()
    policy = load_policy([shipped("rules"), folder], (), (), problems)
    return policy, [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_the_section_bounds_the_learned_hold(tmp_path: Path) -> None:
    """What it leaves out keeps its default."""
    policy, complaints = read(tmp_path, "flapping: {longest: 1h, returns: 3}\n")

    assert [] == complaints
    assert policy is not None
    assert Flapping(timedelta(hours=1), 3.0, 3) == policy.flapping


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("{given: {pauses: [8m, 10m, 9m]}, expect: 27m}", None),
        (
            "{given: {pauses: [8m, 10m, 9m]}, expect: 20m}",
            "this example expects 20 min, but the rules say 27 min",
        ),
        ("{given: {pauses: [20s, 10s]}, expect: 7m}", None),
    ],
)
def test_examples_are_held_to_the_section_and_the_gap(
    tmp_path: Path, section: str, complaint: str | None
) -> None:
    """A short hold is never shorter than the activity gap that stands beside it."""
    text = f"grouping: {{gap: 7m}}\nflapping:\n  examples:\n    - {section}\n"
    _, complaints = read(tmp_path, text)

    assert ([f"own.yaml:4: {complaint}"] if complaint else []) == complaints


@pytest.mark.parametrize(
    "section", ["{longest: 0s}", "{factor: 0.5}", "{returns: 0}", "{returns: 9}", "{shortest: 1m}"]
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, section: str) -> None:
    """A hold shorter than its pause, or one that could never be learned."""
    policy, complaints = read(tmp_path, f"flapping: {section}\n")

    assert 1 == len(complaints)
    assert policy is None or policy.flapping == Flapping()
