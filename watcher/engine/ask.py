"""What people ask of hosts: to be looked at by a runbook; and what they agree to, or refuse."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from watcher.decide.identify import resolve
from watcher.decide.lifecycle import RefusedError
from watcher.decide.route import INTRUSIVE, Order, ordered, targets
from watcher.decide.runbooks import applies
from watcher.engine.command import Desk, NotThereError, only
from watcher.model.action import Action, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus
from watcher.model.catalogue import Host
from watcher.model.change import replace
from watcher.model.incident import Entry, EntryKind, Incident, Status
from watcher.model.person import Principal, Role
from watcher.model.policy import Occasion, RunbookTrigger
from watcher.store.views import View


class NotAllowedError(Exception):
    """Who asks may not decide this; the text says which role it takes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be run for an incident, and why: all that applies to it unless there
    is a `runbook`, on its hosts unless there is a `host`. With `approve` he also agrees to what
    waits for a person.
    """

    number: int
    runbook: str = ""
    host: str = ""
    approve: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A runbook that may be run by hand on a host; `applies` says that it is meant for the alerts
    there, and `role` who must agree to all of it or to what does more than read.
    """

    host: str
    runbook: str
    applies: bool
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A runbook that would run on a host, with the fields of that alert if there is one."""

    incident: Incident
    trigger: RunbookTrigger
    host: Host
    alert: Alert | None


def choices(desk: Desk, incident: Incident, alerts: Sequence[Alert]) -> tuple[Choice, ...]:
    """What may be run by hand for an incident, on its own hosts; what applies comes first."""
    found = [
        Choice(host.name, trigger.name, _fitting(trigger, alerts, host) is not None, role(trigger))
        for name in incident.hosts
        if (host := resolve(desk.catalogue, incident.customer, name))
        for trigger in desk.policy.runbooks
        if Occasion.MANUAL in trigger.policy.occasions
        and targets(trigger, incident.customer, host, desk.catalogue)
    ]
    return tuple(sorted(found, key=lambda each: (not each.applies, each.host, each.runbook)))


def role(trigger: RunbookTrigger) -> Role | None:
    """Who must agree to a runbook, or to the part of it that does more than read."""
    least = Role.OPERATOR if trigger.intrusive else None
    return trigger.policy.approval or least


def diagnose(desk: Desk, wish: Wish, by: Principal) -> tuple[Intent, ...]:
    """Has runbooks run because somebody wants it, and returns what is to be done.

    Raises NotThereError, RefusedError or NotAllowedError.
    """
    moment = desk.moment(by, wish.text.strip() or "somebody wanted to know more")
    with desk.store.view() as view:
        found = plans(desk, wish, by, view)
    order = Order(Occasion.MANUAL, moment.now, by=by.name)
    intents = tuple(
        {
            intent.key: _agreed(intent, by) if wish.approve else intent
            for each in found
            for intent in ordered(
                each.incident,
                each.trigger,
                each.host,
                replace(order, alert=each.alert.key if each.alert else ""),
            )
        }.values()
    )
    incident = found[0].incident
    names = sorted({f"{each.payload['runbook']} on {each.payload['host']}" for each in intents})
    text = f"asked for {', '.join(names)}"
    with desk.store.begin() as tx:
        tx.queue(intents, moment.now)
        tx.add_entries(
            [Entry(incident.number, moment.now, EntryKind.NOTE, text, moment.reason, by.name)]
        )
    desk.wake()
    return intents


def plans(desk: Desk, wish: Wish, by: Principal, view: View) -> tuple[Plan, ...]:
    """What would be run, at least one. Raises NotThereError or RefusedError."""
    incident = _incident(view, wish.number, by)
    alerts = [alert for alert, _ in view.alerts_of(incident.number)]
    found = {
        (trigger.name, target.name): Plan(incident, trigger, target, alert)
        for trigger, host, alert in _wanted(desk, wish, incident, alerts)
        for target in targets(trigger, incident.customer, host, desk.catalogue)
    }
    if not found:
        raise RefusedError(_nothing(wish))
    return tuple(found.values())


def approve(desk: Desk, number: int, by: Principal, text: str = "") -> Action:
    """Somebody agrees to what is held. Raises NotThereError, RefusedError or NotAllowedError."""
    return _answer(desk, number, by, text.strip(), agrees=True)


def refuse(desk: Desk, number: int, by: Principal, text: str = "") -> Action:
    """Somebody does not want what is held. Raises NotThereError or RefusedError."""
    return _answer(desk, number, by, text.strip(), agrees=False)


def _answer(desk: Desk, number: int, by: Principal, text: str, *, agrees: bool) -> Action:
    moment = desk.moment(by, text or f"somebody {'agreed to' if agrees else 'did not want'} it")
    with desk.store.view() as view:
        action = next(iter(view.action_list(only(number, by)).items), None)
    if action is None:
        raise NotThereError(f"there is no action {number}")
    if agrees:
        _check(by, Role(action.payload.get("role", Role.OPERATOR)))
        with desk.store.view() as view:
            _incident(view, action.incident, by)
    with desk.store.begin() as tx:
        answer = tx.approve if agrees else tx.refuse
        if action.status is not ActionStatus.HELD or not answer(number, by.name, moment.now):
            raise RefusedError("only an action that is held can be approved or refused")
        said = f"{'approved' if agrees else 'refused'}: {_named(action)}"
        kind = EntryKind.ACTION
        tx.add_entries([Entry(action.incident, moment.now, kind, said, moment.reason, by.name)])
    desk.wake()
    return action


def _incident(view: View, number: int, by: Principal) -> Incident:
    incident = view.incident(number, by.customer)
    if incident is None:
        raise NotThereError(f"there is no incident {number}")
    if incident.merged_into is not None:
        raise RefusedError(f"incident {number} was merged into {incident.merged_into}: ask there")
    if incident.status is Status.CLOSED:
        raise RefusedError("a closed incident cannot be diagnosed: reopen it first")
    return incident


def _wanted(
    desk: Desk, wish: Wish, incident: Incident, alerts: Sequence[Alert]
) -> Iterator[tuple[RunbookTrigger, Host | None, Alert | None]]:
    """What is to be run on account of which host and alert."""
    triggers = _triggers(desk, wish)
    for name in [wish.host] if wish.host else incident.hosts:
        host = resolve(desk.catalogue, incident.customer, name)
        if host is None and wish.host:
            raise RefusedError(f"the host {name!r} is not in the inventory of this customer")
        for trigger in triggers:
            alert = _fitting(trigger, alerts, host)
            if alert is not None:
                yield trigger, host, alert
            elif wish.runbook:
                # Somebody knows better what he is looking for than the runbook what it is for.
                yield trigger, host, next(_at(alerts, host), None)


def _triggers(desk: Desk, wish: Wish) -> list[RunbookTrigger]:
    known = desk.policy.runbooks
    if wish.runbook and all(each.name != wish.runbook for each in known):
        raise RefusedError(f"there is no runbook {wish.runbook!r}")
    found = [
        each
        for each in known
        if wish.runbook in {"", each.name} and Occasion.MANUAL in each.policy.occasions
    ]
    if wish.runbook and not found:
        raise RefusedError(f"the runbook {wish.runbook!r} is not to be run by hand")
    return found


def _fitting(trigger: RunbookTrigger, alerts: Sequence[Alert], host: Host | None) -> Alert | None:
    """The alert there to which a runbook applies; one that still fires, if there is any."""
    return next((each for each in _at(alerts, host) if applies(trigger, each, host)), None)


def _at(alerts: Iterable[Alert], host: Host | None) -> Iterator[Alert]:
    there = [each for each in alerts if host is not None and each.host == host.name]
    yield from sorted(there, key=lambda each: each.status is not AlertStatus.FIRING)


def _agreed(intent: Intent, by: Principal) -> Intent:
    """The same, with the word of the person who asks."""
    if intent.held_until is None:
        return intent
    _check(by, Role(intent.payload["role"]))
    return replace(intent, held_until=None, payload={**intent.payload, "approved_by": by.name})


def _check(by: Principal, least: Role) -> None:
    if by.role.rank < least.rank:
        raise NotAllowedError(f"to agree to this needs the role {least}, yours is {by.role}")


def _nothing(wish: Wish) -> str:
    if wish.runbook:
        where = f"the host {wish.host!r}" if wish.host else "no host of this incident"
        verb = "has no" if wish.host else "has an"
        return f"{where} {verb} address and SSH profile in the inventory"
    return "no runbook applies to this incident on hosts that can be reached: name one"


def _named(action: Action) -> str:
    part = " (what does more than read)" if action.payload.get("part") == INTRUSIVE else ""
    return f"diagnosis {action.payload['runbook']} of {action.payload['host']}{part}"
