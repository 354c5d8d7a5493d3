"""Who is told of an incident, and which runbooks run on which host: news in, intents out."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase

from watcher.decide.lifecycle import News
from watcher.model.action import ActionKind, Intent
from watcher.model.alert import Alert
from watcher.model.catalogue import Host
from watcher.model.incident import Incident
from watcher.model.policy import Policy, RunbookMatch

HELD = "/held"
"""How the lane of a message ends that waits for the end of a hold."""


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
            if incident.priority > channel.at_least:
                continue
            if channel.customers and incident.customer not in channel.customers:
                continue
            yield Intent(
                incident=incident.number,
                customer=incident.customer,
                kind=ActionKind.NOTIFY,
                lane=f"notify/{channel.name}{HELD if waits else ''}",
                key=f"{incident.number}/notify/{channel.name}/{event}/{now.isoformat()}",
                payload={"channel": channel.name, "event": event.value},
                not_before=waits,
            )


def diagnoses(
    incident: Incident, alert: Alert, host: Host | None, policy: Policy
) -> Iterator[Intent]:
    """Each matching runbook once for each host of an incident; a host that is not in the inventory,
    or has no way in, is never connected to.
    """
    if host is None or host.address is None or host.ssh is None:
        return
    for runbook in policy.runbooks:
        if any(_matches(clause, alert, host) for clause in runbook.any):
            yield Intent(
                incident=incident.number,
                customer=incident.customer,
                kind=ActionKind.DIAGNOSE,
                lane=f"diagnose/{host.name}",
                key=f"{incident.number}/diagnose/{host.name}/{runbook.name}",
                payload={"runbook": runbook.name, "host": host.name, "alert": alert.key},
            )


def _matches(clause: RunbookMatch, alert: Alert, host: Host) -> bool:
    name = alert.name.casefold()
    return (
        (not clause.sources or alert.source in clause.sources)
        and (not clause.alerts or any(fnmatchcase(name, each.casefold()) for each in clause.alerts))
        and all(host.tags.get(tag) in values for tag, values in clause.host_tags.items())
    )
