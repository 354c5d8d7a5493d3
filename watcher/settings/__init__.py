"""The configuration: one YAML file and the environment, read into frozen options for every part."""

from watcher.settings.load import (
    Described,
    Settings,
    SettingsError,
    complete,
    described_in,
    load,
    reload_policy,
    rule_folders,
    runbook_folders,
    token_files,
)

__all__ = [
    "Described",
    "Settings",
    "SettingsError",
    "complete",
    "described_in",
    "load",
    "reload_policy",
    "rule_folders",
    "runbook_folders",
    "token_files",
]
