"""The section `grouping`: every key can be set, and what makes no sense is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from watcher.kit.shipped import shipped
from watcher.model.policy import Grouping, Policy, Storm
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy
from watcher.policy.yamlfile import load

SECONDS = timedelta(seconds=1)
OWN = """\
grouping:
  gap: 1s
  same_host: 2s
  effect: 3s
  cause: 4s
  alike: 5s
  places: rack
  storm: {names: 6, within: 7s, quiet: 8s, settled: 9s, burst: 2s, least: 4, odds: 0.5, gather: 3}
  lateness: 10s
  suspect_after: 11s
  close_after: 12s
"""


def read(folder: Path, text: str) -> tuple[Policy | None, list[str]]:
    """The policy with this section over the shipped rules, and all complaints."""
    (folder / "own.yaml").write_text(text)
    problems = Problems()
    policy = load_policy([shipped("rules"), folder], (), (), problems)
    return policy, [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_everything_about_grouping_can_be_set(tmp_path: Path) -> None:
    """Each key ends up in the field of its name."""
    policy, complaints = read(tmp_path, OWN)

    assert [] == complaints
    assert policy is not None
    assert policy.grouping == Grouping(
        gap=SECONDS,
        same_host=2 * SECONDS,
        effect=3 * SECONDS,
        cause=4 * SECONDS,
        alike=5 * SECONDS,
        places=("rack",),
        storm=Storm(6, 7 * SECONDS, 8 * SECONDS, 9 * SECONDS, 2 * SECONDS, 4, 0.5, 3),
        lateness=10 * SECONDS,
        suspect_after=11 * SECONDS,
        close_after=12 * SECONDS,
    )


def test_what_is_left_out_keeps_its_default(tmp_path: Path) -> None:
    """Of a storm as well."""
    policy, complaints = read(tmp_path, "grouping: {storm: {quiet: 2m}}\n")

    assert [] == complaints
    assert policy is not None
    assert policy.grouping == Grouping(storm=Storm(quiet=timedelta(minutes=2)))


def test_the_shipped_section_shows_every_key() -> None:
    """Whoever copies it sees all that can be set; what it says are the defaults."""
    data = load(shipped("rules") / "grouping.yaml").data
    assert isinstance(data, dict)
    shown = data["grouping"]

    assert set(Grouping.__slots__) == set(shown)
    assert set(Storm.__slots__) == set(shown["storm"])


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("{same_host: 0s}", "grouping.same_host: should be longer than 0s"),
        ("{lateness: 0s}", "grouping.lateness: should be longer than 0s"),
        ("{storm: {burst: 0s}}", "grouping.storm.burst: should be longer than 0s"),
        ("{storm: {names: 0}}", "grouping.storm.names: should be greater than or equal to 1"),
        ("{storm: {odds: 0}}", "grouping.storm.odds: should be greater than 0"),
        ("{storm: {odds: 1}}", "grouping.storm.odds: should be less than 1"),
        ("{storm: {names: 2}}", "grouping.storm: least (3) should not be more than names (2)"),
        ("{storm: {within: 5s}}", "grouping.storm: burst should not be longer than within"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, section: str, complaint: str) -> None:
    """No evidence could ever count, no surge could be told from chance, or none could happen."""
    policy, complaints = read(tmp_path, f"grouping: {section}\n")

    assert [f"own.yaml:1: {complaint}"] == complaints
    assert policy is not None
    assert policy.grouping == Grouping()
