"""`watcher rules backtest`: what other rules would have made of what has happened."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from watcher.app.worker import readers
from watcher.cli._common import check_customer, fail, settings_of
from watcher.cli.rules._difference import as_json, as_lines, as_text
from watcher.cli.rules._shared import Config, console
from watcher.engine.backtest import Backtest, backtest
from watcher.engine.rulebook import Rulebook
from watcher.kit.clock import Clock
from watcher.kit.shipped import shipped
from watcher.model.policy import Policy
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy
from watcher.policy.values import parse_duration
from watcher.settings import Settings
from watcher.store.base import StoreError
from watcher.store.history import Period
from watcher.store.store import Store

_HELP = "\n\n".join(
    (
        "Try changed rules on the stored history before you dare.",
        "Every delivery of the last days is decided again, once by the rules in force and once by "
        "the shipped rules with those of --rules over them. You see what would have been "
        "different: how many incidents, messages and tickets, and which incidents would have "
        "merged or split, come or gone, and why, the most important first.",
        "    watcher rules backtest --rules new-rules/ --since 7d",
        "Nothing is sent and nothing is changed, so that it may run beside a Watcher that serves. "
        "What people did (taking incidents on, merging them, setting priorities) is not done "
        "again; the history begins where --since or the retention of deliveries says, with "
        "nothing known from before.",
    )
)


class Format(StrEnum):
    """How differences are written."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("backtest", help=_HELP)(_command)


def _command(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    rules: Annotated[
        list[Path],
        typer.Option(help="The changed rules, a folder; may be repeated.", show_default=False),
    ],
    since: Annotated[
        str, typer.Option(help="How far back (30d, 12h), or from when on (2026-11-01T00:00Z).")
    ] = "30d",
    until: Annotated[
        str, typer.Option(help="Until when; now, if not given.", show_default=False)
    ] = "",
    customer: Annotated[str | None, typer.Option(help="Only the history of this customer.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write.")] = Format.TEXT,
    limit: Annotated[
        int, typer.Option(help="How many differences to show as text; 0 is all.", min=0)
    ] = 20,
    config: Config = None,
) -> None:
    settings = settings_of(config)
    check_customer(settings, customer)
    period = _period(since, until, customer)
    found = _run(settings, period, _policy(rules, settings))
    match form:
        case Format.TEXT:
            console().print(as_text(found, limit))
        case Format.JSON:
            _write(as_json(found))
        case Format.NDJSON:
            for line in as_lines(found):
                _write(line)


def _run(settings: Settings, period: Period, policy: Policy) -> Backtest:
    sources = readers(settings.sources)
    before = Rulebook(settings.policy, settings.catalogue)
    after = Rulebook(policy, settings.catalogue)
    store = Store.open(settings.database_url)
    try:
        present, wanted = store.revision()
        if present != wanted:
            fail("the database has another shape: run `watcher db upgrade` first")
        return backtest(store, period, sources, before, after)
    except StoreError as error:
        fail(str(error))
    finally:
        store.close()


def _period(since: str, until: str, customer: str | None) -> Period:
    end = _moment(until, "--until") if until else Clock().now()
    try:
        begin = end - parse_duration(since)
    except ValueError:
        begin = _moment(since, "--since")
    if begin >= end:
        fail("the history would end before it begins: check --since and --until")
    return Period(begin, end, customer)


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option}: {text!r} is neither a time as in 2026-11-01T00:00Z nor one as in 30d")
    # Who names no zone means that of the machine, as with every other command.
    return moment.astimezone(UTC)


def _policy(rules: list[Path], settings: Settings) -> Policy:
    problems, known = Problems(), settings.policy
    folders = [shipped("rules"), *rules]
    policy = load_policy(folders, known.runbooks, known.channels, problems)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems.errors or policy is None:
        fail("the changed rules cannot be used")
    return policy


def _write(found: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(found) + b"\n")
