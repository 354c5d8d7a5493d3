"""What may be asked of hosts from the page of an incident, and what waits for a word there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.decide.route import INTRUSIVE, has_way_in
from watcher.diagnostics.inputs import Inputs
from watcher.engine import ask
from watcher.engine.ask import Plan
from watcher.engine.command import Desk
from watcher.engine.values import known_values
from watcher.model.action import Action, ActionStatus
from watcher.model.alert import Alert
from watcher.model.incident import Incident, Status
from watcher.model.person import Principal, Role
from watcher.model.policy import Occasion
from watcher.model.runbook import Effect, Runbook

# More than this nobody looks through; the command line takes any.
_MOST_HOSTS = 300
_EFFECTS = {
    Effect.TMPFILE: "writes a temporary file",
    Effect.PAUSE: "pauses what it looks at",
}
Runbooks = Mapping[str, Runbook]


@dataclass(frozen=True, slots=True)
class Held:
    """A runbook on a host that waits for a person: which steps, and what they do there.

    `role` is the least that may approve it; `may` says whether the reader has it.
    """

    id: int
    title: str
    host: str
    steps: tuple[str, ...]
    role: Role
    may: bool
    by: str
    until: datetime


def held(
    actions: Iterable[Action], runbooks: Runbooks, alerts: Iterable[Alert], by: Principal
) -> list[Held]:
    """What waits for a person, the oldest first."""
    names = {f"alert {alert.key}": f"the alert {alert.name}" for alert in alerts}
    return [
        _held(each, runbooks.get(each.payload.get("runbook", "")), names, by)
        for each in actions
        if each.status is ActionStatus.HELD
    ]


def _held(action: Action, runbook: Runbook | None, names: Mapping[str, str], by: Principal) -> Held:
    payload = action.payload
    role = Role(payload.get("role", Role.OPERATOR))
    who = payload.get("by", "")
    part = payload.get("part") == INTRUSIVE
    return Held(
        id=action.id,
        title=runbook.title if runbook else payload.get("runbook", "a runbook"),
        host=payload.get("host", "a host"),
        steps=tuple(_steps(runbook, intrusive=part)) if runbook else (),
        role=role,
        may=by.role.rank >= role.rank,
        by=names.get(who, who),
        until=action.next_at,
    )


def _steps(runbook: Runbook, *, intrusive: bool) -> Iterator[str]:
    for step in runbook.steps:
        if step.effects.needs_approval:
            yield f"{step.title} {_EFFECTS[step.effects]}"
        elif not intrusive:
            yield f"{step.title} only reads"


@dataclass(frozen=True, slots=True)
class Option:
    """A runbook to choose, by its name and title."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be run by hand: runbooks that apply and others, hosts of the incident and others;
    `more` are hosts that there is no room for.
    """

    applying: Sequence[Option]
    others: Sequence[Option]
    hosts: Sequence[str]
    elsewhere: Sequence[str]
    more: int

    def __bool__(self) -> bool:
        return bool((self.applying or self.others) and (self.hosts or self.elsewhere))


NOTHING = Offer((), (), (), (), 0)


def offer(desk: Desk, incident: Incident, alerts: Sequence[Alert], runbooks: Runbooks) -> Offer:
    """What may be run by hand for an incident; nothing for one that is closed."""
    if incident.status is Status.CLOSED:
        return NOTHING
    fitting = {each.runbook for each in ask.choices(desk, incident, alerts) if each.applies}
    known = [
        Option(each.name, runbooks[each.name].title if each.name in runbooks else each.name)
        for each in desk.policy.runbooks
        if Occasion.MANUAL in each.policy.occasions
    ]
    known.sort(key=lambda each: each.title.casefold())
    reached = {
        host.name
        for (customer, _), host in desk.catalogue.by_alias.items()
        if customer == incident.customer and has_way_in(host)
    }
    elsewhere = sorted(reached.difference(incident.hosts))
    return Offer(
        applying=[each for each in known if each.name in fitting],
        others=[each for each in known if each.name not in fitting],
        hosts=[each for each in incident.hosts if each in reached],
        elsewhere=elsewhere[:_MOST_HOSTS],
        more=len(elsewhere[_MOST_HOSTS:]),
    )


@dataclass(frozen=True, slots=True)
class Given:
    """An input and what it comes to; `refused` says why it has no value."""

    name: str
    value: str
    refused: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A runbook that would run on a host. `steps` are (title, what it does beside reading)."""

    runbook: str
    title: str
    summary: str
    host: str
    inputs: tuple[Given, ...]
    steps: tuple[tuple[str, str], ...]
    role: Role | None


def preview(plan: Plan, runbooks: Runbooks) -> Preview:
    """What a plan comes to."""
    name = plan.trigger.name
    runbook, role = runbooks.get(name), ask.role(plan.trigger)
    if runbook is None:
        return Preview(name, name, "", plan.host.name, (), (), role)
    return Preview(
        runbook=name,
        title=runbook.title,
        summary=runbook.summary,
        host=plan.host.name,
        inputs=tuple(_inputs(plan, runbook)),
        steps=tuple((each.title, _EFFECTS.get(each.effects, "")) for each in runbook.steps),
        role=role,
    )


def _inputs(plan: Plan, runbook: Runbook) -> Iterator[Given]:
    host = plan.host
    own = {"host.name": host.name, "host.address": host.address or ""}
    own |= {f"host.tags.{name}": value for name, value in host.tags.items()}
    found = Inputs(runbook.inputs, {**known_values(plan.incident, plan.alert), **own})
    for each in runbook.inputs:
        yield Given(each.name, found.values.get(each.name, ""), found.refused.get(each.name, ""))
