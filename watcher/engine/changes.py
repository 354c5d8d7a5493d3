"""Changes of services and hosts: kept as they are told of, and held against incidents."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from watcher.decide.deployments import (
    LOOK_BACK,
    SHORTLY,
    Near,
    around,
    located,
    merged,
    rated,
    suspects,
)
from watcher.decide.topology import Topology
from watcher.kit.clock import Clock
from watcher.model.alert import Alert, Occurrence
from watcher.model.catalogue import Catalogue
from watcher.model.deployment import Deployment
from watcher.model.incident import Entry, EntryKind, Incident
from watcher.store.store import Store
from watcher.store.tx import Tx
from watcher.store.views import View

BY_HAND = "by hand"
"""The source of changes that people told of; no configured one can be called so."""

# So many suspects are shown; of thousands of changes the newest are looked at.
_SHOWN = 5
_LOOKED_AT = 1000
_AT_ONCE = 200
# After a restart only what opened lately is looked at: the rest was, or is long past.
_LATELY = timedelta(minutes=30)
# So many incidents that opened after a change are looked at when it is told of only then.
_AFTER_EACH = 20


def keep(tx: Tx, told: Iterable[tuple[str, Deployment]], catalogue: Catalogue) -> None:
    """Stores the changes that were told of customers. What was known of them is kept, whichever
    news comes first.
    """
    found: dict[tuple[str, str, str], Deployment] = {}
    for customer, each in told:
        change = located(each, customer, catalogue)
        key = (customer, change.source, change.key)
        found[key] = merged(found[key], change) if key in found else change
    known = tx.deployments(found)
    anew = {key: merged(known[key], each) if key in known else each for key, each in found.items()}
    tx.save_deployments(each for key, each in anew.items() if each != known.get(key))


def tell(store: Store, told: Deployment, catalogue: Catalogue) -> Deployment:
    """Stores a change that a person tells of, and gives it its number."""
    key = (told.customer, told.source, told.key)
    with store.begin() as tx:
        keep(tx, [(told.customer, told)], catalogue)
        return tx.deployments([key])[key]


def shortly_before(
    view: View,
    catalogue: Catalogue,
    incident: Incident,
    spans: Sequence[tuple[Alert, Occurrence]],
) -> list[Near]:
    """The changes before an incident that may have to do with it, the most suspicious first, each
    with what was seen of the changes like it.
    """
    first_at = _first_at(incident, spans)
    since = first_at - SHORTLY
    changes = view.changes_before(incident.customer, since, first_at, _LOOKED_AT)
    if not changes:
        return []
    mine = (each for each in catalogue.services.values() if each.customer == incident.customer)
    about = {(alert.host, alert.service) for alert, _ in spans}
    about |= {(host, None) for host in incident.hosts} | {(None, incident.service)}
    found = suspects(changes, first_at, around(Topology(mine), about))
    shown = found[:_SHOWN]
    since = first_at - LOOK_BACK
    # Up to, not including, this incident: it is what the suspicion is about.
    until = first_at - timedelta(microseconds=1)
    troubles = {
        node: view.troubles(incident.customer, node, since, until)
        for node in {each.node for each in shown}
    }
    return [
        rated(
            each,
            view.changes_like(each.deployment, each.node, since, first_at, _LOOKED_AT),
            troubles[each.node],
            first_at,
        )
        for each in shown
    ]


class ChangeWatch:
    """Writes onto the timelines of incidents which change was shortly before them: when they are
    new, and when the change is told of only then.
    """

    def __init__(self, store: Store, clock: Clock, catalogue: Catalogue) -> None:
        self._store = store
        self._clock = clock
        self._catalogue = catalogue
        self._last = 0

    def step(self) -> int:
        """Looks at some incidents and changes that are new; returns at how many, 0 when none is
        left.

        Safe to run on every replica: a line is written once.
        """
        now = self._clock.now()
        return self._opened(now) or self._told(now)

    def _opened(self, now: datetime) -> int:
        with self._store.view() as view:
            fresh = view.living(self._last, _AT_ONCE)
            found = [
                (each, near)
                for each in fresh
                if each.opened_at > now - _LATELY
                for near in self._before(view, each)[:1]
                if near.strong
            ]
        if found:
            with self._store.begin() as tx:
                tx.add_entries(_entry(each, near, now) for each, near in found)
        if fresh:
            self._last = fresh[-1].number
        return len(fresh)

    def _told(self, now: datetime) -> int:
        """What opened before these changes were told of, as far as they are the most suspicious."""
        with self._store.view() as view:
            told = view.changes_told(view.changes_followed(), _AT_ONCE)
            new = {each.id for each in told}
            opened = {each.number: each for change in told for each in _after(view, change)}
            found = [
                (each, near)
                for each in list(opened.values())[:_AT_ONCE]
                for near in self._before(view, each)[:1]
                if near.strong and near.deployment.id in new
            ]
        if told:
            with self._store.begin() as tx:
                tx.add_entries(_entry(each, near, now) for each, near in found)
                tx.follow_changes(told[-1].id or 0)
        return len(told)

    def _before(self, view: View, incident: Incident) -> list[Near]:
        at = incident.opened_at
        if not view.changes_before(incident.customer, at - SHORTLY, at, limit=1):
            return []
        spans = view.spans_of(incident.number)
        return shortly_before(view, self._catalogue, incident, spans)


def _first_at(incident: Incident, spans: Sequence[tuple[Alert, Occurrence]]) -> datetime:
    """When its first alert began."""
    begun = [at for _, span in spans if (at := span.started_at or span.joined_at)]
    return min([*begun, incident.opened_at])


def _after(view: View, change: Deployment) -> list[Incident]:
    """The incidents that opened so shortly after a change that it may be a suspect of them."""
    until = (change.ended_at or change.at) + SHORTLY
    return view.opened_after(change.customer, change.at, until, _AFTER_EACH)


def _entry(incident: Incident, near: Near, now: datetime) -> Entry:
    change = near.deployment
    text = f"change before it: {change.what}"
    key = f"change-before/{change.id}"
    return Entry(incident.number, now, EntryKind.CHANGE, text, near.reason, key=key)
