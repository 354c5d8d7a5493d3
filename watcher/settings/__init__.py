"""The configuration: one YAML file and the environment, read into frozen options for every part."""

from watcher.settings.load import (
    Settings,
    SettingsError,
    complete,
    load,
    reload_policy,
    rule_folders,
    runbook_folders,
)

__all__ = [
    "Settings",
    "SettingsError",
    "complete",
    "load",
    "reload_policy",
    "rule_folders",
    "runbook_folders",
]
