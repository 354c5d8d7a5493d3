"""`watcher runbook lint`: what is wrong with runbooks, or not as it should be, before they run."""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from watcher.cli._common import fail, starter_config
from watcher.cli.rules._shared import Config, console, said
from watcher.cli.runbook._sarif import sarif
from watcher.policy.problems import Problem, Problems
from watcher.policy.runbooks import read_runbook, runbook_files
from watcher.policy.runbooks.lint import Finding, Grade, lint
from watcher.policy.runbooks.rules import RULES
from watcher.policy.suggest import did_you_mean
from watcher.settings import SettingsError, runbook_folders


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("lint")(_command)


def _command(
    runbooks: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders or ids of runbooks; all of them if none is named."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write.")] = Format.TEXT,
    config: Config = None,
) -> None:
    """Hold runbooks to the rules for them; fails if one of them cannot be used or should not be."""
    problems = Problems()
    paths = _paths(runbooks or [], config, problems)
    findings = sorted({finding for path in paths for finding in _of_file(path)} | _kept(problems))
    match form:
        case Format.TEXT:
            _print(findings, len(paths))
        case Format.JSON:
            _write([_plain(each) for each in findings])
        case Format.SARIF:
            _write(sarif(findings, Path.cwd()))
    if any(each.grade is Grade.ERROR for each in findings):
        raise typer.Exit(1)


def _paths(names: Sequence[str], config: Path | None, problems: Problems) -> list[Path]:
    """The files that are meant."""
    found: list[Path] = []
    ids = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found += runbook_files([path], problems)
        elif path.suffix == ".yaml":
            found.append(path)
        else:
            ids.append(name)
    if ids or not names:
        known = list(runbook_files(_folders(config), problems))
        for name in ids:
            if name not in [path.stem for path in known]:
                fail(f"there is no runbook {name!r}{did_you_mean(name, [p.stem for p in known])}")
        found += [path for path in known if not ids or path.stem in ids]
    return found


def _folders(config: Path | None) -> list[Path]:
    try:
        return runbook_folders(config or starter_config(), os.environ)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        fail("the configuration cannot be used")


def _of_file(path: Path) -> set[Finding]:
    """Everything that is found in a file; one that cannot be used is only told so."""
    problems = Problems()
    source = read_runbook(path, problems)
    return _kept(problems) | set(lint(source) if source else ())


def _kept(problems: Problems) -> set[Finding]:
    return {_of_problem(problem) for problem in problems}


def _of_problem(problem: Problem) -> Finding:
    """What bars a runbook from being used, as a finding; it may begin with the rule it breaks."""
    grade = Grade.WARNING if problem.warning else Grade.ERROR
    rule, _, rest = problem.message.partition(" ")
    if rule in RULES:
        return Finding(problem.file, problem.line, rule, rest, "", grade)
    return Finding(problem.file, problem.line, "R01", problem.message, "", grade)


def _print(findings: Sequence[Finding], files: int) -> None:
    screen = console()
    for each in findings:
        style = "red" if each.grade is Grade.ERROR else "yellow"
        screen.print(said(str(each), style), soft_wrap=True)
    errors = sum(each.grade is Grade.ERROR for each in findings)
    runbooks = f"{files} runbook{'s' * (files != 1)}"
    counts = f"{errors} errors and {len(findings) - errors} warnings in {runbooks}"
    clean = f"Nothing to mend in {runbooks}."
    screen.print(said(f"{counts}.", "bold") if findings else said(clean, "green"))


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "file": finding.file,
        "line": finding.line,
        "rule": finding.rule,
        "grade": finding.grade,
        "message": finding.message,
        "advice": finding.advice,
    }


def _write(found: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
