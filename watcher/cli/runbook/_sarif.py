"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from watcher.policy.runbooks.lint import Finding
from watcher.policy.runbooks.rules import RULES

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Iterable[Finding], base: Path) -> dict[str, Any]:
    """One run with all findings; files below the base are named from there."""
    rules = [{"id": rule.id, "shortDescription": {"text": rule.title}} for rule in RULES.values()]
    driver = {"name": "watcher runbook lint", "rules": rules}
    results = [_result(each, base) for each in findings]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(finding: Finding, base: Path) -> dict[str, Any]:
    file = Path(finding.file).absolute()
    uri = file.relative_to(base).as_posix() if file.is_relative_to(base) else file.as_uri()
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    advice = f"; {finding.advice}" if finding.advice else ""
    return {
        "ruleId": finding.rule,
        "level": finding.grade,
        "message": {"text": f"{finding.message}{advice}"},
        "locations": [{"physicalLocation": place}],
    }
