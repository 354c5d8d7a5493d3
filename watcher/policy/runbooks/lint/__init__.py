"""What is worth telling the author of a runbook beyond whether it can be used."""

from watcher.policy.runbooks.lint.check import dangers, lint
from watcher.policy.runbooks.lint.findings import Finding, Grade

__all__ = ["Finding", "Grade", "dangers", "lint"]
