"""The JSON Schema of rules: current, and of one mind with what Watcher itself says of a file."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it ships no types

from watcher.kit.shipped import shipped
from watcher.model.matcher import Matcher, Operator
from watcher.policy.problems import Problems
from watcher.policy.rules import load_rules, rule_files
from watcher.policy.rules.schema import schema
from watcher.policy.yamlfile import load

PATTERN = schema()["$defs"]["RuleEntry"]["properties"]["when"]["anyOf"][0]["pattern"]
KEPT = Path(__file__).parents[2] / "docs/reference/rules.schema.json"


def test_the_schema_in_the_documents_is_current() -> None:
    """After a change: `watcher rules schema > docs/reference/rules.schema.json`."""
    assert schema() == json.loads(KEPT.read_text())


@pytest.mark.parametrize("path", rule_files(shipped("rules")), ids=lambda path: path.stem)
def test_the_shipped_rules_fit_the_schema(path: Path) -> None:
    """An editor marks nothing in them; and each names the schema that it is to be held to."""
    wrong = [error.message for error in Draft7Validator(schema()).iter_errors(plain(path))]

    assert [] == wrong
    first = path.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../docs/reference/rules.schema.json"


def plain(path: Path) -> Any:
    """The content as an editor sees it: every key is a text."""
    return json.loads(json.dumps(load(path).data))


RULE = "rules: [{{name: a, when: {when}, {wish}}}]\n"
FILES = [
    ("rules: []\n", True),
    (RULE.format(when="'host=a'", wish="hold: 5m"), True),
    (RULE.format(when="['host=a', '{\"my label\"=~\"x\"}']", wish="for: 1.5h"), True),
    (RULE.format(when="'{}'", wish="priority: {set: P1}"), True),
    (RULE.format(when="'host'", wish="hold: 5m"), False),
    (RULE.format(when="[]", wish="hold: 5m"), False),
    (RULE.format(when="'host=a'", wish="hold: 5"), False),
    (RULE.format(when="'host=a'", wish="hold: soon"), False),
    (RULE.format(when="'host=a'", wish="priority: {set: P9}"), False),
    (RULE.format(when="'host=a'", wish="hodl: 5m"), False),
    ("rules: [{name: a, hold: 5m}]\n", False),
    ("grouping: {gap: 5m}\n", True),
    ("groping: {gap: 5m}\n", False),
]


@pytest.mark.parametrize(("text", "sound"), FILES)
def test_an_editor_marks_what_watcher_refuses(tmp_path: Path, text: str, sound: bool) -> None:
    """Keys, durations, priorities and matchers are checked while one types."""
    path = tmp_path / "a.yaml"
    path.write_text(text)
    problems = Problems()
    load_rules([tmp_path], problems)

    assert sound is Draft7Validator(schema()).is_valid(plain(path))
    assert sound is not bool(problems.errors)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.builds(Matcher, TEXT.filter(bool), st.sampled_from(Operator), TEXT))
def test_every_matcher_looks_like_one(matcher: Matcher) -> None:
    """The pattern for editors knows no fewer than Watcher reads, however odd the name."""
    assert re.search(PATTERN, str(matcher))


def test_a_schema_says_what_keys_are_for() -> None:
    """In the words of a rule author: durations as they are written, and no nulls."""
    found = schema()
    hold = found["$defs"]["RuleEntry"]["properties"]["hold"]
    gap = found["$defs"]["GroupingSection"]["properties"]["gap"]

    assert "For how long after a recovery" in hold["description"]
    assert "^([0-9]+(?:\\.[0-9]+)?)(ms|s|m|h|d)$" == hold["pattern"]
    assert "5m" == gap["default"]
    assert "null" not in json.dumps(found)
