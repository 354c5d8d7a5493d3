"""The JSON Schema of a file of rules, by which editors check and complete what is written."""

from typing import Any

from watcher.policy.jsonschema import schema_of
from watcher.policy.rules.load import RulesFile


def schema() -> dict[str, Any]:
    """The schema; in the draft that all editors know."""
    return schema_of(RulesFile, "Rules of Watcher")
