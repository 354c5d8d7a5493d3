"""Rules that change under a running Watcher: read as a whole, or left alone."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from watcher.engine.reload import InForce
from watcher.kit.shipped import shipped
from watcher.model.policy import Policy
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one's own beside the shipped one."""
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


def in_force(folder: Path) -> InForce:
    """The rules of a Watcher that has been running for a while."""
    folders = [shipped("rules"), folder]
    policy = load_policy(folders, (), (), Problems())
    assert policy is not None
    rules = InForce(policy, folders, partial(load_policy, folders, (), ()))
    rules.step()
    rules.step()
    return rules


def names(policy: Policy) -> list[str]:
    """The named rules."""
    return [rule.name for rule in policy.rules]


def rule(name: str) -> str:
    """A file with one rule."""
    return f"rules: [{{name: {name}, when: 'host=a', hold: 5m}}]\n"


def test_rules_that_change_are_in_force_once_they_are_whole(folder: Path) -> None:
    """A file that is still being written is waited for, one round after another."""
    rules = in_force(folder)
    before = rules.policy
    (folder / "a.yaml").write_text("rules: [")
    rules.step()
    (folder / "a.yaml").write_text(rule("one"))
    rules.step()

    assert before is rules.policy
    rules.step()
    assert ["one"] == names(rules.policy)
    assert () == rules.problems


def test_files_that_come_and_go_are_noticed(folder: Path) -> None:
    """A new file, one that is replaced by another of the same size, and one that is taken away."""
    rules = in_force(folder)
    file, seen = folder / "a.yaml", []

    def look() -> None:
        rules.step()
        rules.step()
        seen.append(names(rules.policy))

    file.write_text(rule("one"))
    look()
    (folder / "new").write_text(rule("two"))
    (folder / "new").rename(file)
    look()
    file.unlink()
    look()

    assert [["one"], ["two"], []] == seen


def test_broken_rules_leave_the_old_ones_in_force(folder: Path) -> None:
    """What is wrong is told by file and line, until it is mended; even a folder may be missing."""
    (folder / "a.yaml").write_text(rule("one"))
    rules = in_force(folder)
    (folder / "a.yaml").write_text("rules:\n  - {name: two, wen: 'host=a', hold: 5m}\n")
    rules.step()
    rules.step()

    assert ["one"] == names(rules.policy)
    assert [
        f"{folder}/a.yaml:2: 'when' is missing in rules.0",
        f"{folder}/a.yaml:2: unknown key 'wen' in rules.0; did you mean 'when'?",
    ] == [str(problem) for problem in rules.problems]
    shutil.rmtree(folder)
    rules.step()
    rules.step()
    assert [f"{folder}: there is no such folder of rules"] == [str(each) for each in rules.problems]
    folder.mkdir()
    rules.step()
    rules.step()
    assert ([], ()) == (names(rules.policy), rules.problems)
    (folder / "b.yaml").write_text(rule("three"))
    rules.step()
    rules.step()
    assert (["three"], ()) == (names(rules.policy), rules.problems)


def test_a_file_that_leads_nowhere_is_told_once_asked_for(folder: Path) -> None:
    """As while a mounted folder is being replaced: it is no reason to fall over."""
    rules = in_force(folder)
    (folder / "a.yaml").symlink_to(folder / "nowhere")
    rules.step()
    rules.step()
    rules.ask()
    rules.step()

    assert [f"{folder}/a.yaml:1: cannot be read: No such file or directory"] == [
        str(problem) for problem in rules.problems
    ]


def test_what_is_asked_for_is_read_at_once(folder: Path) -> None:
    """Without waiting; the same rules again change nothing."""
    rules = in_force(folder)
    before = rules.policy
    rules.ask()
    rules.step()

    assert before is rules.policy
    (folder / "a.yaml").write_text(rule("one"))
    rules.ask()
    rules.step()
    assert ["one"] == names(rules.policy)
