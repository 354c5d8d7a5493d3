"""Rules: the shipped ones, one's own over them, and what is said of rules that do not fit."""

from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from watcher.kit.shipped import shipped
from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.policy import Channel, Grouping, Policy, RunbookTrigger
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy, rule_files

PRIORITY = """\
priority:
  impacts: [big, small]
  urgencies: [now, later]
  matrix: {big: [P1, P2], small: [P3, P4]}
  impact: {4: big, 3: big, 2: small, 1: small}
  urgency: {disaster: now, high: now, average: later, warning: later, information: later}
"""


def read(*folders: Path) -> tuple[Policy | None, list[str]]:
    """The policy of these folders, and all complaints without the first folder's parent."""
    problems = Problems()
    policy = load_policy(folders, (), (), problems)
    return policy, [str(problem).replace(f"{folders[0].parent}/", "") for problem in problems]


def rules(folder: Path, **files: str) -> Path:
    """A folder of rules with these files."""
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(dedent(text))
    return folder


def test_the_shipped_rules_do_what_their_examples_say() -> None:
    """The rules that come with Watcher are complete, and every example beside them holds."""
    policy, complaints = read(shipped("rules"))

    assert complaints == []
    assert policy is not None
    assert policy.grouping == Grouping()
    assert policy.priority.matrix["extensive", "critical"] == Priority.P1
    assert policy.priority.matrix["minor", "low"] == Priority.P5
    assert [path.name for path in rule_files(shipped("rules"))] == [
        "flapping.yaml",
        "grouping.yaml",
        "priority.yaml",
        "problems.yaml",
    ]


def test_a_policy_carries_channels_and_runbooks() -> None:
    """What decisions need to know of channels and runbooks is part of the policy."""
    channel, runbook = Channel("mail", "email"), RunbookTrigger("linux-base")
    policy = load_policy([shipped("rules")], [runbook], [channel], Problems())

    assert policy is not None
    assert (policy.channels, policy.runbooks) == ((channel,), (runbook,))


def test_a_section_of_ones_own_replaces_the_shipped_one(tmp_path: Path) -> None:
    """A later folder says only what differs; a section counts as a whole."""
    own = rules(tmp_path / "own", g="grouping: {gap: 10m, close_after: 1.5d}")
    policy, complaints = read(shipped("rules"), own)

    assert complaints == []
    assert policy is not None
    assert policy.grouping == Grouping(gap=timedelta(minutes=10), close_after=timedelta(hours=36))
    assert policy.priority.urgency[Severity.DISASTER] == "critical"


def test_tables_that_do_not_fit_are_told_row_by_row(tmp_path: Path) -> None:
    """Priority rules must cover everything that can happen, and nothing that cannot."""
    text = """\
        priority:
          impacts: [big, small]
          urgencies: [now, later]
          matrix: {big: [P1, P2], smal: [P2]}
          impact: {4: big, 3: bigg, 2: small, 5: small}
          urgency: {disaster: now, high: nw, average: later, warning: later}
        """
    policy, complaints = read(rules(tmp_path / "own", p=text))

    assert policy is None
    assert complaints == [
        f"{tmp_path}/own: there are no usable priority rules here".replace(f"{tmp_path}/", ""),
        "own/p.yaml:4: 'smal' needs a priority for each of the 2 urgencies, and has 1",
        "own/p.yaml:4: the impact small is missing",
        "own/p.yaml:4: there is no impact smal",
        "own/p.yaml:5: the criticality 1 is missing",
        "own/p.yaml:5: there is no criticality 5",
        "own/p.yaml:5: there is no impact 'bigg'; did you mean 'big'?",
        "own/p.yaml:6: the severity information is missing",
        "own/p.yaml:6: there is no urgency 'nw'; did you mean 'now'?",
    ]


@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        ("{given: {severity: high, criticality: 4}, expect: P1}", None),
        (
            "{given: {severity: high, criticality: 4}, expect: P2}",
            "this example expects P2, but the rules say P1",
        ),
        (
            "{given: {severity: high, at: 2026-03-02T11:00:00Z}, expect: P2}",
            "priority.examples.0.given: needs both a calendar and a time `at`, or neither",
        ),
        (
            "{given: {severity: hihg}, expect: P2}",
            "priority.examples.0.given.severity: should be "
            "'information', 'warning', 'average', 'high' or 'disaster'",
        ),
    ],
)
def test_examples_are_tried(tmp_path: Path, example: str, complaint: str | None) -> None:
    """An example that does not hold is an error at its line."""
    text = f"{PRIORITY}  examples:\n    - {example}\n"
    _, complaints = read(shipped("rules"), rules(tmp_path / "own", p=text))

    said = [each.partition(" (")[0] for each in complaints]
    assert ([f"{tmp_path}/own/p.yaml:8: {complaint}"] if complaint else []) == said


def test_examples_of_unsound_rules_are_left_alone(tmp_path: Path) -> None:
    """Where a section cannot be used, only that is said."""
    text = "priority: {examples: [{given: {severity: high}, expect: P5}]}"
    _, complaints = read(shipped("rules"), rules(tmp_path / "own", p=text))

    assert {f"{tmp_path}/own/p.yaml:1"} == {one.partition(": ")[0] for one in complaints}


def test_a_section_stands_once_in_a_folder(tmp_path: Path) -> None:
    """Two files that say the same thing differently are an error; so is a broken one."""
    own = rules(
        tmp_path / "own", a="grouping: {gap: 1m}", b="grouping: {gap: 2m}", c="- 1", p=PRIORITY
    )
    _, complaints = read(own)

    assert complaints == [
        "own/b.yaml:1: 'grouping' stands in own/a.yaml:1 already",
        "own/c.yaml:1: should be a mapping of keys to values",
    ]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """A folder of rules that is named must be there."""
    _, complaints = read(shipped("rules"), tmp_path / "none")

    assert [f"{tmp_path}/none: there is no such folder of rules"] == complaints
