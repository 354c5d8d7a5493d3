"""Puts together who asks the monitoring systems behind sources, one for each."""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from secrets import token_hex

from watcher.engine.digest import Read
from watcher.engine.loop import Duty
from watcher.engine.plans import EVERY, Origin, Orphans, Plans
from watcher.engine.reconcile import Reconciler
from watcher.kit.clock import Clock
from watcher.kit.plugins import adapter
from watcher.monitors.base import Access, Monitor, Planner
from watcher.policy.endpoints import Source
from watcher.settings import Settings
from watcher.settings.schema import MONITORS
from watcher.store.store import Store


def holder_here() -> str:
    """What this process is called where it holds leases; whoever comes after it on this machine can
    tell by it that it is gone.
    """
    # Replicas in containers may share the name of a host and the number of a process.
    return f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"


def keepers(
    sources: Iterable[Source], readers: Mapping[str, Read], store: Store, clock: Clock, holder: str
) -> dict[str, Reconciler]:
    """Who asks about each source that has a monitor."""
    return {
        source.name: Reconciler(
            store,
            source.monitor,
            readers[source.name],
            partial(connect, source.kind, source.monitor, clock),
            clock,
            holder,
        )
        for source in sources
        if source.monitor is not None
    }


def connect(kind: str, access: Access, clock: Clock) -> Monitor:
    """The monitoring system of a source, for the thread that calls this."""
    monitor: Monitor = adapter(MONITORS, kind).monitor(access, clock)
    return monitor


def duty(keeper: Reconciler) -> Duty:
    """Asking again and again, on a thread of its own; the network must not hold up anything."""
    return Duty(keeper.name, keeper.step, every=keeper.every, then=("digest",))


def planning(settings: Settings, store: Store, clock: Clock, holder: str) -> Iterator[Duty]:
    """Reading the maintenance that is planned where sources come from, each on its own thread."""
    every, authors = EVERY.total_seconds(), []
    for source in settings.sources:
        if source.monitor is None:
            continue
        planner = connect(source.kind, source.monitor, clock)
        if isinstance(planner, Planner):
            origin = Origin(source.kind, source.monitor, planner)
            authors.append(origin.author)
            plans = Plans(store, origin, settings.catalogue, clock, holder)
            yield Duty(f"plans:{source.name}", plans.step, every)
    yield Duty("plans", Orphans(store, authors, clock).step, every)
