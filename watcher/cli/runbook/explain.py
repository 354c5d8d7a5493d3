"""`watcher runbook explain`: which runbooks an alert would have, which not and why, with what."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from watcher.cli._common import fail, settings_of
from watcher.cli.rules._shared import Config, console, said
from watcher.cli.runbook._given import given
from watcher.cli.runbook._named import named
from watcher.cli.runbook._shown import indented
from watcher.decide.identify import resolve
from watcher.decide.runbooks import Verdict, judge, names
from watcher.diagnostics.inputs import Inputs
from watcher.diagnostics.rehearse import GivenAlert
from watcher.model.catalogue import Catalogue, Host
from watcher.model.runbook import Runbook
from watcher.policy.runbooks import triggers
from watcher.policy.suggest import did_you_mean

_STDIN = Path("/dev/stdin")


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("explain")(_command)


def _command(
    alert: Annotated[
        Path,
        typer.Option(help="A file with the fields of an alert, as in tests; - reads it here."),
    ],
    runbooks: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders or ids of runbooks; all of them if none is named."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="The host of the inventory, if the alert names none.")
    ] = None,
    config: Config = None,
) -> None:
    """Explain which runbooks apply to an alert, which do not and why, and what their inputs are.

    For every clause of a runbook you see the first key that does not hold, and what was found.
    """
    about = given(_STDIN if str(alert) == "-" else alert, None).alert
    chosen = named(runbooks or [], config)
    target = _host(settings_of(config).catalogue, about, host)
    screen = console()
    screen.print(Group(*_alert(about, target, host or about.host)))
    verdicts = [judge(trigger, about, target) for trigger in triggers(chosen)]
    pairs = sorted(zip(chosen, verdicts, strict=True), key=lambda each: not each[1].applies)
    for runbook, verdict in pairs:
        screen.print(Group(*_runbook(runbook, verdict, about, target)), soft_wrap=True)


def _host(catalogue: Catalogue, about: GivenAlert, name: str | None) -> Host | None:
    """The host of the inventory. Ends the command where the one that was asked for is not there."""
    customers = sorted({each for each, _ in catalogue.by_alias})
    wanted = [about.customer] if about.customer else customers
    found = (resolve(catalogue, each, name or about.host or "") for each in wanted)
    host = next(filter(None, found), None)
    if host is None and name is not None:
        known = sorted({alias for _, alias in catalogue.by_alias})
        fail(f"the inventory has no host {name!r}{did_you_mean(name, known)}")
    return host


def _alert(about: GivenAlert, host: Host | None, name: str | None) -> Iterator[RenderableType]:
    first, *others = names(about.name)
    yield said(first or "(an alert without a name)", "bold")
    if others:
        yield indented(2, said(f"also known as: {' | '.join(others)}", "dim"))
    if host is not None:
        tags = ", ".join(f"{tag}={value}" for tag, value in sorted(host.tags.items())) or "no tags"
        yield indented(2, said(f"on {host.name} of the inventory: {tags}", "dim"))
    elif name:
        note = f"{name} is not in the inventory: it has no tags, and nothing would run there"
        yield indented(2, said(note, "yellow"))


def _runbook(
    runbook: Runbook, verdict: Verdict, about: GivenAlert, host: Host | None
) -> Iterator[RenderableType]:
    mark, style = ("\u2713", "green") if verdict.applies else ("\u2717", "red")
    yield Text.assemble((mark, style), " ", said(runbook.id, "bold"))
    for number, miss in enumerate(verdict.misses, 1):
        yield indented(4, said(f"any {number} does not hold: {miss}", "dim"))
    if verdict.holding is not None:
        yield indented(4, said(f"any {verdict.holding + 1} holds", "green"))
    if verdict.barring is not None:
        yield indented(4, said(f"none {verdict.barring + 1} holds, so it does not apply", "red"))
    if verdict.applies:
        yield from _inputs(runbook, about, host)


def _inputs(runbook: Runbook, about: GivenAlert, host: Host | None) -> Iterator[RenderableType]:
    fields = dict(about.fields)
    if host is not None:
        tags = {f"host.tags.{name}": value for name, value in host.tags.items()}
        fields |= {"host.name": host.name, "host.address": host.address or "", **tags}
    inputs = Inputs(runbook.inputs, fields)
    for one in runbook.inputs:
        if (value := inputs.values.get(one.name)) is not None:
            yield indented(4, said(f"{one.name} = {value}"))
        else:
            note = f"{inputs.refused[one.name]}; steps that use it are left out"
            yield indented(4, said(note, "yellow"))
