"""Under which rules decisions are made, and what they are made about."""

from dataclasses import dataclass, field
from datetime import datetime

from watcher.decide import correlate
from watcher.decide.answers import Listeners
from watcher.decide.dedup import Identity
from watcher.decide.identify import resolve, service_of
from watcher.model.alert import Alert, Occurrence
from watcher.model.catalogue import Catalogue, Host
from watcher.model.change import replace
from watcher.model.event import Event, Kind
from watcher.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Under which rules and on whose map decisions are made, and which `listeners` are told."""

    policy: Policy
    catalogue: Catalogue
    listeners: Listeners = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class News:
    """One event with what the inventory makes of it: whose, when it came, on which host."""

    event: Event
    received_at: datetime
    who: Identity
    host: Host | None
    group: str


def identify(event: Event, customer: str, received_at: datetime, catalogue: Catalogue) -> News:
    """Gives an event its identity; every name of a host goes through the inventory here."""
    host = resolve(catalogue, customer, event.host) if event.host else None
    name = host.name if host is not None else event.host
    service = service_of(catalogue, customer, name, event.service)
    who = Identity(
        customer,
        name,
        host is not None,
        service.name if service is not None else event.service,
        service is not None,
    )
    return News(event, received_at, who, host, correlate.group_of(who, event.key))


def renamed(news: News, key: str) -> News:
    """The same of the condition with that key."""
    event = replace(news.event, key=key)
    return replace(news, event=event, group=correlate.group_of(news.who, key))


def revived(alert: Alert, span: Occurrence, now: datetime, catalogue: Catalogue) -> News:
    """What is known of a span that was held back, as if it had been heard of now."""
    event = Event(
        source=alert.source,
        kind=Kind.FIRING,
        key=alert.key,
        occurrence=span.occurrence,
        at=now,
        name=alert.name,
        severity=span.severity,
        host=alert.host,
        service=alert.service,
        labels=alert.labels,
        started_at=span.started_at,
    )
    return identify(event, alert.customer, now, catalogue)
