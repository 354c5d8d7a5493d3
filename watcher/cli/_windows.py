"""What the commands about maintenance and mutes share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from watcher.cli._common import fail, me, store_of
from watcher.decide.lifecycle import RefusedError
from watcher.decide.match import MatcherError, parse
from watcher.decide.windows import WindowError
from watcher.engine import planning
from watcher.engine.command import Desk, NotThereError
from watcher.engine.planning import Plan, Planned
from watcher.kit.clock import Clock
from watcher.model.matcher import Matcher
from watcher.model.silence import WindowKind
from watcher.settings import Settings

When = Annotated[str, typer.Argument(metavar="MATCHERS", help="Which alerts, as 'host=~\"db.*\"'.")]
Number = Annotated[int, typer.Argument(help="Its number in the list.", min=1)]
Customer = Annotated[str, typer.Option(help="Whose alerts.")]
Comment = Annotated[str, typer.Option(help="Why.")]


def matchers(text: str) -> tuple[Matcher, ...]:
    """What the text says; ends the command if that is nothing."""
    try:
        return parse(text)
    except MatcherError as error:
        fail(f"this is not a matcher: {error}")


def planned(settings: Settings, plan: Plan) -> None:
    """Stores a window and prints it."""
    with _desk(settings) as desk:
        window = planning.plan(desk, plan, me())
        _print(planning.find(desk, plan.kind, window.id or 0, me()))


def listed(settings: Settings, kind: WindowKind) -> None:
    """Prints every window of that kind."""
    with _desk(settings) as desk:
        for each in planning.listed(desk, me(), kind):
            _print(each)


def cancelled(settings: Settings, kind: WindowKind, number: int) -> None:
    """Ends a window early and prints it."""
    with _desk(settings) as desk:
        _print(planning.cancel(desk, kind, number, me()))


@contextmanager
def _desk(settings: Settings) -> Iterator[Desk]:
    with store_of(settings) as store:
        try:
            yield Desk(store, Clock(), settings.policy, settings.catalogue, wake=lambda: None)
        except (RefusedError, NotThereError, WindowError) as error:
            fail(str(error))


def _print(planned: Planned) -> None:
    window = planned.window
    name = window.title if window.id is None else str(window.id)
    when = ", ".join(map(str, window.when))
    comment = f"  {window.comment}" if window.comment else ""
    typer.echo(f"{name:<12} {window.customer or '(all)':<12} {_state(planned):<48} {when}{comment}")


def _state(planned: Planned) -> str:
    span, window = planned.span, planned.window
    if span is None:
        return f"cancelled by {window.cancelled_by}" if window.cancelled_by else "over"
    start, end = (f"{moment:%Y-%m-%d %H:%M}" for moment in (span.starts, span.ends))
    word = "until" if planned.running else f"{start} to"
    held = f", holds back {planned.holds}" if planned.holds else ""
    return f"{word} {end} UTC{held}"
