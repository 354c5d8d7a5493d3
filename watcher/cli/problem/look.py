"""`watcher problem list|show`: which causes are known, and what is known of one."""

from typing import Annotated

import typer

from watcher.cli._common import AsFormat, Format, fail, write_json
from watcher.cli.problem._desk import Config, Number, problem_desk
from watcher.decide.match import MatcherError, parse
from watcher.decide.problem import LIVE
from watcher.model.matcher import Matcher, Operator
from watcher.model.problem import Problem
from watcher.store.base import UnknownField
from watcher.store.query import Query
from watcher.store.views import View
from watcher.web.api.problem_models import ProblemDetail, ProblemItem

_MOST = 500


def register(group: typer.Typer) -> None:
    """Adds the commands."""
    group.command("list")(_list)
    group.command("show")(_show)


def _list(
    match: Annotated[
        list[str] | None,
        typer.Option("--match", help="A matcher, as status=known_error; may be repeated."),
    ] = None,
    form: AsFormat = Format.TEXT,
    config: Config = None,
) -> None:
    """List problems, newest first; those that are over only where they are asked for."""
    try:
        matchers = tuple(each for text in match or () for each in parse(text))
    except MatcherError as error:
        fail(str(error))
    if not any(each.name == "status" for each in matchers):
        matchers += (Matcher("status", Operator.REGEX, "|".join(LIVE)),)
    with problem_desk(config) as (settings, desk), desk.desk.store.view() as view:
        try:
            found = view.problem_list(Query(matchers, limit=_MOST)).items
        except UnknownField as error:
            fail(str(error))
    if form is Format.JSON:
        write_json(
            [ProblemItem.of(each, settings.public_url).model_dump(mode="json") for each in found]
        )
        return
    for each in found:
        cost = f"{each.cost.incidents} incidents, last {each.last_at:%Y-%m-%d %H:%M}"
        typer.echo(f"{each.number:<6} {each.priority} {each.status:<13} {each.title} ({cost})")


def _show(number: Number, form: AsFormat = Format.TEXT, config: Config = None) -> None:
    """Print what is known of a problem, its incidents and its timeline."""
    with problem_desk(config) as (settings, desk), desk.desk.store.view() as view:
        found = view.problem(number, None)
        if found is None:
            fail(f"there is no problem {number}")
        if form is Format.JSON:
            write_json(
                ProblemDetail.whole(found, view, settings.public_url).model_dump(mode="json")
            )
            return
        for line in _lines(found, view):
            typer.echo(line)


def _lines(found: Problem, view: View) -> list[str]:
    head = f"problem {found.number} {found.priority} {found.status}: {found.title}"
    owner = f", owned by {found.owner}" if found.owner else ""
    lines = [head, f"  {found.customer}, {found.service or 'no service'}{owner}"]
    lines += [f"  {term.name} {term.value}: {term.because}" for term in found.terms]
    for name, text in (
        ("root cause", found.root_cause),
        ("workaround", found.workaround),
        ("fix", found.fix),
        ("runbook", found.runbook),
    ):
        if text:
            lines.append(f"  {name}: {text}")
    for tie in view.ties_of_problem(found.number):
        why = f": {'; '.join(tie.reasons)}" if tie.reasons else ""
        lines.append(f"  #{tie.incident} {tie.bond}{why}")
    for entry in view.problem_timeline(found.number):
        lines.append(f"  {entry.at:%Y-%m-%d %H:%M} {entry.text} ({entry.reason.text})")
    return lines
