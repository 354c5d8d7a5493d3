"""Who is told of an incident, and which runbooks run on which host: news in, intents out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.lifecycle import News
from watcher.decide.runbooks import applying
from watcher.model.action import Action, ActionKind, Intent
from watcher.model.alert import Alert
from watcher.model.catalogue import Catalogue, Host
from watcher.model.incident import Incident
from watcher.model.person import Role
from watcher.model.policy import Channel, Occasion, Policy, Rerun, RunbookTrigger

HELD = "/held"
"""How the lane of a message ends that waits for the end of a hold."""

INTRUSIVE = "intrusive"
"""The part of a runbook that does more than read."""

ANSWER_WITHIN = timedelta(hours=24)
"""For how long what is held waits for a person; later it would tell of another day."""

OCCASIONS: Mapping[News, Occasion] = {
    News.REOPENED: Occasion.REOPENED,
    News.RAISED: Occasion.ESCALATED,
}
"""Which news are occasions for runbooks by themselves."""


@dataclass(frozen=True, slots=True)
class Order:
    """Why a runbook is to run: the occasion, when, the alert whose fields it takes, and who asked
    for it (a person, else that alert).
    """

    occasion: Occasion
    now: datetime
    alert: str = ""
    by: str = ""


def notifications(
    incident: Incident,
    news: Iterable[News],
    policy: Policy,
    now: datetime,
    held_until: datetime | None = None,
) -> Iterator[Intent]:
    """One message a channel for each piece of news; the key makes it one for ever.

    With `held_until` the news that it is over waits until then, in a lane of its own: whatever
    else there is to tell must not wait behind it.
    """
    for event in news:
        waits = held_until if event is News.RESOLVED else None
        for channel in policy.channels:
            if not hears(channel, incident) or (event is News.EVIDENCE and not channel.evidence):
                continue
            yield Intent(
                incident=incident.number,
                customer=incident.customer,
                kind=ActionKind.NOTIFY,
                lane=f"notify/{channel.name}{HELD if waits else ''}",
                key=_told(incident, channel.name, event, now),
                payload={"channel": channel.name, "event": event.value},
                not_before=waits,
            )


def hears(channel: Channel, incident: Incident) -> bool:
    """Whether a channel tells of an incident with its priority and customer."""
    mine = not channel.customers or incident.customer in channel.customers
    return mine and incident.priority <= channel.at_least


@dataclass(frozen=True, slots=True)
class Estate:
    """The runbooks in force, and the hosts that there are."""

    policy: Policy
    catalogue: Catalogue


def diagnoses(
    incident: Incident, alert: Alert, host: Host | None, orders: Iterable[Order], estate: Estate
) -> Iterator[Intent]:
    """Each runbook that applies and has the occasion, on each of its hosts."""
    for runbook in applying(estate.policy.runbooks, alert, host):
        wanted = [each for each in orders if each.occasion in runbook.policy.occasions]
        if wanted:
            for target in targets(runbook, incident.customer, host, estate.catalogue):
                for order in wanted:
                    yield from ordered(incident, runbook, target, order)


def targets(
    runbook: RunbookTrigger, customer: str, host: Host | None, catalogue: Catalogue
) -> tuple[Host, ...]:
    """Where a runbook runs for an alert on that host; a host that is not in the inventory of the
    customer, or has no way in, is never connected to.
    """
    wanted = runbook.policy.on_hosts
    if not wanted:
        return (host,) if host is not None and has_way_in(host) else ()
    found = {
        each.name: each
        for (owner, _), each in catalogue.by_alias.items()
        if owner == customer
        and all(each.tags.get(tag) in values for tag, values in wanted.items())
        and has_way_in(each)
    }
    return tuple(found[name] for name in sorted(found))[: runbook.policy.max_hosts]


def ordered(
    incident: Incident, runbook: RunbookTrigger, host: Host, order: Order
) -> Iterator[Intent]:
    """A runbook on a host; what a person must agree to is an action of its own, which is held."""
    policy = runbook.policy
    if policy.approval is not None:
        yield _diagnosis(incident, runbook, host, order, role=policy.approval)
        return
    yield _diagnosis(incident, runbook, host, order)
    if runbook.intrusive:
        yield _diagnosis(incident, runbook, host, order, INTRUSIVE, Role.OPERATOR)


def repeated(action: Action, rerun: Rerun, now: datetime) -> Intent | None:
    """The same diagnosis once more, for what only time shows; None if it was made often enough."""
    times = int(action.payload.get("again", "0")) + 1
    if times > rerun.times:
        return None
    return Intent(
        incident=action.incident,
        customer=action.customer,
        kind=action.kind,
        lane=f"again/{action.payload['host']}+{rerun.after.total_seconds():g}",
        key=f"{action.key.partition('/again/')[0]}/again/{times}",
        payload={**action.payload, "again": str(times)},
        not_before=now + rerun.after,
    )


def _diagnosis(
    incident: Incident,
    runbook: RunbookTrigger,
    host: Host,
    order: Order,
    part: str = "",
    role: Role | None = None,
) -> Intent:
    """One action; with a role, held until somebody who has it agrees."""
    delay = runbook.policy.delay
    payload = {
        "runbook": runbook.name,
        "host": host.name,
        "alert": order.alert,
        "occasion": order.occasion.value,
        "by": order.by or f"alert {order.alert}",
        "part": part,
        "role": role.value if role else "",
    }
    return Intent(
        incident=incident.number,
        customer=incident.customer,
        kind=ActionKind.DIAGNOSE,
        # What waits must not hold up what is due.
        lane=f"diagnose/{host.name}" + (f"+{delay.total_seconds():g}" if delay else ""),
        key="/".join(filter(None, (_key(incident, runbook.name, host.name, order), part))),
        payload={name: value for name, value in payload.items() if value},
        not_before=order.now + delay if delay else None,
        held_until=order.now + ANSWER_WITHIN if role else None,
    )


def _told(incident: Incident, channel: str, event: News, now: datetime) -> str:
    """Once for each time that it happens; what the diagnoses found is told once for ever."""
    once = f"{incident.number}/notify/{channel}/{event}"
    return once if event is News.EVIDENCE else f"{once}/{now.isoformat()}"


def _key(incident: Incident, runbook: str, host: str, order: Order) -> str:
    """Once for each incident, runbook and host; again when it is back, at each higher priority, and
    whenever a person wants it.
    """
    once = f"{incident.number}/diagnose/{runbook}/{host}"
    if order.occasion is Occasion.OPENED:
        return once
    if order.occasion is Occasion.ESCALATED:
        return f"{once}/{order.occasion}/{incident.priority}"
    return f"{once}/{order.occasion}/{order.now.isoformat()}"


def has_way_in(host: Host) -> bool:
    """Whether Watcher knows how to log in there."""
    return host.address is not None and host.ssh is not None
