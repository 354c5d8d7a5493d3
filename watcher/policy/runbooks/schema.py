"""The JSON Schema of a runbook, by which editors check and complete what is written."""

from typing import Any

from watcher.policy.jsonschema import schema_of
from watcher.policy.runbooks.file import RunbookFile


def schema() -> dict[str, Any]:
    """The schema; in the draft that all editors know."""
    return schema_of(RunbookFile, "Runbook of Watcher")
