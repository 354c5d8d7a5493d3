"""`watcher runbook log`: who ran what on which host, as whom and why."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import Config, fail, settings_of, store_of
from watcher.kit.clock import Clock
from watcher.model.matcher import Matcher, Operator
from watcher.model.run import Run
from watcher.policy.values import parse_duration
from watcher.store.query import Query
from watcher.store.store import Store

_PAGE = 200


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("log")(_log)


def _log(
    host: Annotated[str | None, typer.Option(help="Only of this host.")] = None,
    incident: Annotated[int | None, typer.Option(help="Only for this incident.")] = None,
    since: Annotated[str, typer.Option(help="How far back: 90m, 7d.")] = "7d",
    script: Annotated[
        str | None, typer.Option(help="Print what ran under this SHA-256 instead.")
    ] = None,
    config: Config = None,
) -> None:
    """Show the run log, newest first; it outlives the evidence."""
    if script is not None:
        _print(script, config)
        return
    try:
        earliest = Clock().now() - parse_duration(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    asked = {"host": host, "incident": None if incident is None else str(incident)}
    matchers = tuple(
        Matcher(name, Operator.EQUAL, value) for name, value in asked.items() if value is not None
    )
    with store_of(settings_of(config, brief=True)) as store:
        _show(store, matchers, earliest)


def _print(script: str, config: Path | None) -> None:
    with store_of(settings_of(config, brief=True)) as store, store.view() as view:
        text = view.script(script, customer=None)
    if text is None:
        fail(f"the run log knows no script {script}")
    typer.echo(text, nl=False)


def _show(store: Store, matchers: tuple[Matcher, ...], earliest: datetime) -> None:
    cursor = None
    while True:
        with store.view() as view:
            page = view.run_list(Query(matchers, limit=_PAGE, cursor=cursor))
        for run in page.items:
            if run.at < earliest:
                return
            typer.echo(_line(run))
        if page.next is None:
            return
        cursor = page.next


def _line(run: Run) -> str:
    whose = f"#{run.incident}" if run.incident else "tried out"
    approved = f", approved by {run.approved_by}" if run.approved_by else ""
    way = f" via {', '.join(run.via)}" if run.via else ""
    key = f"{run.host_key} ({run.verified})" if run.host_key else "no host key"
    inputs = " ".join(f"{name}={value}" for name, value in run.inputs.items()) or "no inputs"
    return "\n".join(
        [
            f"{run.at:%Y-%m-%d %H:%M:%S} UTC  {run.customer}  {run.host}  {run.runbook}  {whose}",
            f"  by {run.by}{approved}; {inputs}",
            f"  as {run.user} at {run.address}{way}; {key}",
            f"  script {run.script or 'none'}; runbook {run.digest or 'unknown'}",
            f"  {run.outcome} ({run.size} bytes, {run.seconds:.1f} s)",
        ]
    )
