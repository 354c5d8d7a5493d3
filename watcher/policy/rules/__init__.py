"""The rules as they stand in YAML files: one module for each section, checked and put together."""

from watcher.policy.rules.load import Loaded, RulesFile, load_policy, load_rules, rule_files

__all__ = ["Loaded", "RulesFile", "load_policy", "load_rules", "rule_files"]
