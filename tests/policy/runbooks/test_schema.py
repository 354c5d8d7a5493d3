"""The JSON Schema of runbooks: current, of one mind with Watcher itself, and described in words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it ships no types

from watcher.kit.shipped import shipped
from watcher.policy.problems import Problems
from watcher.policy.runbooks import read_runbook
from watcher.policy.runbooks.schema import schema
from watcher.policy.yamlfile import load

DOCS = Path(__file__).parents[3] / "docs" / "reference"
SHIPPED = sorted(shipped("runbooks").glob("*.yaml"))
FILE = """\
apiVersion: watcher/v1
kind: Runbook
id: x
title: X
owner: ops
match: {{any: [{clause}]}}
policy: {{{policy}}}
inputs: {{mount: {{type: path, default: /}}}}
steps:
  - {{id: a, title: A, {step}}}
"""


def test_the_schema_in_the_documents_is_current() -> None:
    """After a change: `watcher runbook schema > docs/reference/runbook.schema.json`."""
    assert schema() == json.loads((DOCS / "runbook.schema.json").read_text())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_runbooks_fit_the_schema(path: Path) -> None:
    """An editor marks nothing in them."""
    assert [] == wrong(path)


def wrong(path: Path) -> list[str]:
    """What an editor marks, to which every key is a text."""
    plain = json.loads(json.dumps(load(path).data))
    return [error.message for error in Draft7Validator(schema()).iter_errors(plain)]


GOOD = {"clause": "{alert: x}", "policy": "timeout: 5s", "step": "run: df"}


@pytest.mark.parametrize(
    ("part", "text", "sound"),
    [
        ("step", "run: df", True),
        ("step", "runs: df", False),
        ("step", "read: nothing to run", False),
        ("step", "variants: [{needs: a, run: df}]", True),
        ("step", "variants: [{run: df}]", False),
        ("step", "run: df, sudo: true", True),
        ("step", "run: df, sudo: sometimes", False),
        ("step", "run: df, timeout: 5", False),
        ("step", "run: df, when: 'os_id=alpine'", True),
        ("step", "run: df, when: 'os=alpine'", False),
        ("step", "run: df, allow: {R05: it ends}", True),
        ("step", "run: df, extract: [{name: a, regex: x}]", True),
        ("step", "run: df, extract: [{name: a, regex: x, count: y}]", False),
        ("step", "run: df, extract: [{name: a}]", False),
        ("step", "run: df, signals: [{id: a, level: bad, if: 'status', say: x}]", True),
        ("step", "run: df, signals: [{id: a, level: ugly, if: 'status', say: x}]", False),
        ("clause", "{}", False),
        ("clause", "{severity: high, labels: {a: [b, c]}}", True),
        ("clause", "{host: {tags: {}}}", False),
        ("policy", "'on': [opened]", False),
        ("policy", "events: [opened], approval: none, max_output: 16k", True),
        ("policy", "approval: viewer", False),
        ("policy", "max_output: 16 kB", False),
    ],
)
def test_schema_and_watcher_say_the_same(tmp_path: Path, part: str, text: str, sound: bool) -> None:
    """What one of them refuses the other does not let pass."""
    path = tmp_path / "x.yaml"
    path.write_text(FILE.format(**{**GOOD, part: text}))

    assert (sound, sound) == (not wrong(path), read_runbook(path, Problems()) is not None)


def properties(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the language, with what is said of it."""
    if isinstance(node, dict):
        yield from node.get("properties", {}).items()
        for value in node.values():
            yield from properties(value)


def test_every_key_is_described_for_editors_and_for_readers() -> None:
    """In the schema, and in the reference as code."""
    keys = dict(properties(schema()))
    page = (DOCS / "runbooks.md").read_text()

    assert {"on"} == {key for key, value in keys.items() if "description" not in value}
    assert set() == {key for key in keys if f"`{key}`" not in page and f"`{key}:" not in page}
