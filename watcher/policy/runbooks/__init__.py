"""The runbooks as they stand in YAML files: read, checked, and made into model nouns."""

from watcher.policy.runbooks.load import (
    load_runbooks,
    read_runbook,
    runbook_files,
    triggers,
    with_fixtures,
)
from watcher.policy.runbooks.source import Source

__all__ = [
    "Source",
    "load_runbooks",
    "read_runbook",
    "runbook_files",
    "triggers",
    "with_fixtures",
]
