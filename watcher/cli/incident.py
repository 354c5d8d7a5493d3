"""`watcher incident`: opens one for which a user phoned, corrects priority and grouping, silences
alerts where they come from, has hosts looked at, and prints reviews.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from watcher.app.stored import listeners_of
from watcher.cli._common import Config, Span, fail, me, settings_of, store_of
from watcher.decide.lifecycle import RefusedError, Report
from watcher.engine import ask, reviews
from watcher.engine.arrange import Order, Verb, carry_out
from watcher.engine.ask import NotAllowedError, Wish
from watcher.engine.command import Desk, NotThereError
from watcher.engine.report import report
from watcher.kit.clock import Clock
from watcher.kit.document import to_markdown
from watcher.kit.pdf import to_pdf
from watcher.model.action import ActionStatus
from watcher.model.article import Language
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority
from watcher.settings import Settings
from watcher.store.store import Store


class Format(StrEnum):
    """As what a review is written."""

    MARKDOWN = "md"
    PDF = "pdf"


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(help="Incidents.", no_args_is_help=True)
    group.command("open")(_open)
    group.command("priority")(_priority)
    group.command("silence")(_silence)
    group.command("merge")(_merge)
    group.command("split")(_split)
    group.command("move")(_move)
    group.command("diagnose")(_diagnose)
    group.command("approve")(_approve)
    group.command("refuse")(_refuse)
    group.command("review")(_review)
    app.add_typer(group, name="incident")


Number = Annotated[int, typer.Argument(help="The incident.", min=1)]
Alerts = Annotated[
    list[str], typer.Argument(help="Keys of its alerts, or occurrences.", show_default=False)
]
Text = Annotated[str, typer.Option("--reason", help="Why; goes onto the timeline.")]
Why = Annotated[str, typer.Option(help="Why; goes onto the timeline and to those systems.")]
Held = Annotated[
    int | None, typer.Argument(help="The action, where several are held.", show_default=False)
]


def _open(  # noqa: PLR0913, PLR0917 - the options of a command are its arguments
    title: Annotated[str, typer.Argument(help="What does not work, in one line.")],
    customer: Annotated[str, typer.Option(help="Whose service it is.")] = "default",
    service: Annotated[str | None, typer.Option(help="The service in the catalogue.")] = None,
    host: Annotated[str | None, typer.Option(help="The host, by any of its names.")] = None,
    severity: Annotated[Severity, typer.Option(help="How bad it is.")] = Severity.AVERAGE,
    text: Annotated[str, typer.Option(help="What the user said.")] = "",
    config: Config = None,
) -> None:
    """Open an incident by hand; alerts of the same service join it."""
    report = Report(customer, title, severity, service, host, text)
    with _desk(config) as (settings, desk):
        incident = desk.open(report, me())
        for strange in desk.unknown(report):
            typer.echo(f"watcher: {strange}", err=True)
        _tell(settings, incident)


def _priority(
    number: Number,
    priority: Annotated[
        Priority | None, typer.Argument(help="P1 to P5; none leaves it to the rules again.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; goes onto the timeline.")] = "",
    config: Config = None,
) -> None:
    """Set the priority of an incident by hand, and say why."""
    with _desk(config) as (settings, desk):
        _tell(settings, desk.set_priority(number, priority, me(), reason))


def _silence(number: Number, span: Span, why: Why = "", config: Config = None) -> None:
    """Have the monitoring systems of its alerts be silent for a while; Watcher itself goes on."""
    with _desk(config) as (settings, desk):
        _tell(settings, desk.silence(number, desk.clock.now() + span, me(), why))


def _merge(
    number: Number,
    into: Annotated[int, typer.Argument(help="The incident that takes it in.", min=1)],
    reason: Text = "",
    config: Config = None,
) -> None:
    """Merge an incident into another: they are one disruption."""
    _carry_out(Order(Verb.MERGE, number, into, text=reason), config)


def _split(number: Number, alerts: Alerts, reason: Text = "", config: Config = None) -> None:
    """Make a new incident of some alerts: they are another disruption."""
    _carry_out(Order(Verb.SPLIT, number, alerts=tuple(alerts), text=reason), config)


def _move(
    number: Number,
    alerts: Alerts,
    into: Annotated[int, typer.Option(help="The incident that they belong to.", min=1)],
    reason: Text = "",
    config: Config = None,
) -> None:
    """Move alerts to another incident."""
    _carry_out(Order(Verb.MOVE, number, into, tuple(alerts), reason), config)


def _diagnose(
    number: Number,
    runbook: Annotated[
        str, typer.Argument(help="The runbook; none for all that apply.", show_default=False)
    ] = "",
    host: Annotated[str, typer.Option(help="A host; none for those of the incident.")] = "",
    approve: Annotated[
        bool, typer.Option("--approve", help="Agree to what waits for a person as well.")
    ] = False,
    reason: Text = "",
    config: Config = None,
) -> None:
    """Have runbooks run on hosts of an incident; the worker of `watcher serve` does it."""
    with _desk(config, brief=False) as (_, desk):
        for intent in ask.diagnose(desk, Wish(number, runbook, host, approve, reason), me()):
            what = f"{intent.payload['runbook']} on {intent.payload['host']}"
            state = f"held for the role {intent.payload['role']}" if intent.held_until else "queued"
            typer.echo(f"{what}: {state}")


def _approve(number: Number, action: Held = None, reason: Text = "", config: Config = None) -> None:
    """Agree to what is held for an incident."""
    with _desk(config) as (_, desk):
        done = ask.approve(desk, _held(desk.store, number, action), me(), reason)
    typer.echo(f"approved: {done.payload['runbook']} on {done.payload['host']}")


def _refuse(number: Number, action: Held = None, reason: Text = "", config: Config = None) -> None:
    """End what is held for an incident."""
    with _desk(config) as (_, desk):
        done = ask.refuse(desk, _held(desk.store, number, action), me(), reason)
    typer.echo(f"refused: {done.payload['runbook']} on {done.payload['host']}")


def _review(
    number: Number,
    kind: Annotated[Format, typer.Option("--format", help="Markdown or PDF.")] = Format.MARKDOWN,
    lang: Annotated[Language, typer.Option(help="Of headings and sentences.")] = Language.ENGLISH,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; none for standard output.")
    ] = None,
    config: Config = None,
) -> None:
    """Print the post-incident review of an incident: what is on record, and what people wrote."""
    if kind is Format.PDF and out is None and sys.stdout.isatty():
        fail("a PDF is nothing for a terminal: name a file with --out")
    with _desk(config) as (_, desk), desk.store.view() as view:
        document = report(reviews.read(view, desk.catalogue, number, me(), desk.clock.now()), lang)
    content = to_pdf(document) if kind is Format.PDF else to_markdown(document).encode()
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}")


def _held(store: Store, number: int, action: int | None) -> int:
    """The action that is meant; where several are held, somebody must say which."""
    with store.view() as view:
        held = [each for each in view.actions_of(number) if each.status is ActionStatus.HELD]
    found = [each.id for each in held if action in {None, each.id}]
    if not found:
        fail(f"nothing is held for incident {number}" + (f" as {action}" if action else ""))
    if len(found) > 1:
        for each in held:
            what = f"{each.payload['runbook']} on {each.payload['host']}"
            typer.echo(f"{each.id}  {what}, for the role {each.payload.get('role')}", err=True)
        fail("several actions are held: name one")
    return found[0]


@contextmanager
def _desk(config: Path | None, *, brief: bool = True) -> Iterator[tuple[Settings, Desk]]:
    settings = settings_of(config, brief=brief)
    with store_of(settings) as store:
        desk = Desk(
            store,
            Clock(),
            settings.policy,
            settings.catalogue,
            wake=lambda: None,
            listeners=listeners_of(settings),
        )
        try:
            yield settings, desk
        except (RefusedError, NotThereError, NotAllowedError) as error:
            fail(str(error))


def _carry_out(order: Order, config: Path | None) -> None:
    with _desk(config) as (settings, desk):
        _tell(settings, carry_out(desk, order, me()))


def _tell(settings: Settings, incident: Incident) -> None:
    link = f"{settings.public_url}/incidents/{incident.number}"
    typer.echo(f"#{incident.number} {incident.priority} {incident.title}\n{link}")
