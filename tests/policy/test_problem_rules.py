"""The section `problems`: what it may say, and how its examples are tried."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.policy.test_flapping_rules import read
from watcher.model.policy import Costs, ProblemRules


def test_the_section_says_when_incidents_are_a_problem(tmp_path: Path) -> None:
    """What it leaves out keeps its default."""
    policy, complaints = read(tmp_path, "problems: {after: 5, within: 7d, open: true, sure: 2.5}\n")

    assert [] == complaints
    assert policy is not None
    assert ProblemRules(5, timedelta(days=7), open=True, sure=2.5) == policy.problems


def test_the_section_says_what_makes_a_problem_urgent(tmp_path: Path) -> None:
    """Part by part."""
    section = "problems: {priority: {breaches: [4, 3, 2, 1], woken: [9, 9, 3, 1]}}\n"
    policy, complaints = read(tmp_path, section)

    assert [] == complaints
    assert policy is not None
    assert Costs(breaches=(4, 3, 2, 1), woken=(9, 9, 3, 1)) == policy.problems.priority


@pytest.mark.parametrize(
    "levels", ["[4, 3, 2]", "[1, 2, 3, 4]", "[4, 3, 2, 0]", "4", "[4, 3, 2, 1.5]"]
)
def test_levels_fall_from_one_priority_to_the_next(tmp_path: Path, levels: str) -> None:
    """There is one for each of P1 to P4, and nothing is urgent without reason."""
    _, complaints = read(tmp_path, f"problems:\n  priority:\n    breaches: {levels}\n")

    assert complaints
    assert all(each.startswith("own.yaml:3: problems.priority.breaches") for each in complaints)


def test_without_the_section_the_shipped_one_counts(tmp_path: Path) -> None:
    """What is shipped is what holds where nothing is said."""
    policy, complaints = read(tmp_path, "grouping: {gap: 5m}\n")

    assert ([], ProblemRules()) == (complaints, policy.problems if policy else None)


@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        ("{given: {before: [7d, 14d]}, expect: true}", None),
        ("{given: {before: [7d, 31d]}, expect: false}", None),
        (
            "{given: {before: [7d]}, expect: true}",
            "this example expects a problem, but the rules say none",
        ),
        (
            "{given: {before: [1h, 2h, 3h]}, expect: false}",
            "this example expects none, but the rules say a problem",
        ),
    ],
)
def test_examples_are_held_to_the_section(
    tmp_path: Path, example: str, complaint: str | None
) -> None:
    """So many within so long, the newest included."""
    _, complaints = read(tmp_path, f"problems:\n  examples:\n    - {example}\n")

    assert ([f"own.yaml:3: {complaint}"] if complaint else []) == complaints


@pytest.mark.parametrize(
    "section",
    ["{after: 1}", "{within: 0s}", "{pattern: 0}", "{margin: -1}", "{sure: .inf}", "{often: 3}"],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, section: str) -> None:
    """One incident has not come back, and nothing is infinitely sure."""
    _, complaints = read(tmp_path, f"problems: {section}\n")

    assert 1 == len(complaints)
