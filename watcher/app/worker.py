"""Puts together the process that works behind the front."""

import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from watcher.app.keeping import duty, holder_here, keepers, planning
from watcher.app.stored import RULES_EVERY, listeners_of, rules_of
from watcher.diagnostics.late import LatePool
from watcher.engine.answer import AnswerHand
from watcher.engine.changes import ChangeWatch
from watcher.engine.deliver import Deliverer
from watcher.engine.deliver import Options as DeliverOptions
from watcher.engine.diagnose import DiagnoseHand, Hosts
from watcher.engine.digest import Digest, Read
from watcher.engine.filing import FileHand
from watcher.engine.hands import Hand, NotifyHand
from watcher.engine.herald import Herald
from watcher.engine.loop import Duty, Loops
from watcher.engine.reconcile import Reconciler
from watcher.engine.recurrence import Recurrence
from watcher.engine.reload import InForce
from watcher.engine.review import Review
from watcher.engine.rulebook import Rulebook
from watcher.engine.sweep import Retention, Sweep
from watcher.engine.vigil import Vigil
from watcher.kit.clock import Clock
from watcher.kit.plugins import adapter
from watcher.model.action import ActionKind
from watcher.model.concern import OWN
from watcher.model.delivery import Delivery
from watcher.model.event import Reading
from watcher.monitors.base import Monitor
from watcher.notifiers import Outlet
from watcher.policy.endpoints import Source
from watcher.receivers import watcher as itself
from watcher.receivers.base import Context
from watcher.settings import Settings
from watcher.settings.schema import MONITORS
from watcher.store.store import Store


@dataclass(frozen=True, slots=True)
class Worker:
    """What works behind the front under the rules as they are."""

    digest: Digest
    deliverer: Deliverer
    sweep: Sweep
    recurrence: Recurrence
    vigil: Vigil
    rules: InForce
    loops: Loops
    pool: LatePool
    keepers: tuple[Reconciler, ...] = ()

    def start(self) -> None:
        """Starts working; what a worker of this machine left behind when it was killed is its."""
        self.digest.inherit(_gone)
        for keeper in self.keepers:
            keeper.inherit(_gone)
        self.loops.start()

    def stop(self, within: float) -> None:
        """Lets everything finish what it is doing, for so many seconds at most."""
        self.deliverer.close(within)
        self.loops.stop(within)
        self.pool.close()
        self.vigil.close()
        for keeper in self.keepers:
            keeper.close()
        self.recurrence.release()
        self.digest.release()


def worker(settings: Settings, store: Store, clock: Clock) -> Worker:
    """The duties of a worker over that store."""
    holder = holder_here()
    rules = rules_of(settings)
    listeners = listeners_of(settings)

    def rulebook() -> Rulebook:
        return Rulebook(rules.policy, settings.catalogue, listeners)

    read = readers(settings.sources)
    digest = Digest(store, read, rulebook, clock, holder)
    pool = LatePool(clock)
    hands = _hands(settings, clock, pool)
    herald = Herald(lambda: rules.policy)
    options = DeliverOptions(
        wake=lambda: loops.wake("deliver"), ended=herald.ended, turn=Hosts().turn
    )
    deliverer = Deliverer(store, clock, hands, options)
    kept = settings.retention
    sweep = Sweep(
        store,
        clock,
        rulebook,
        Retention(kept.deliveries, kept.actions, kept.evidence, kept.runs, kept.changes),
    )
    asking = tuple(keepers(settings.sources, read, store, clock, holder).values())
    vigil = Vigil(
        store, clock, settings.sources, settings.public_url, holder, settings.channels.keys()
    )
    recurrence = Recurrence(store, clock, rulebook, holder)
    loops = Loops(
        (
            Duty("digest", digest.step, every=1.0, then=("deliver",)),
            Duty("deliver", deliverer.step, every=1.0),
            Duty("sweep", sweep.step, every=60.0),
            Duty("review", Review(store, clock, rulebook).step, every=15.0, then=("deliver",)),
            Duty("recurrence", recurrence.step, every=2.0, then=("deliver",)),
            Duty("changes", ChangeWatch(store, clock, settings.catalogue).step, every=2.0),
            Duty("rules", rules.step, every=RULES_EVERY),
            Duty("vigil", vigil.step, every=30.0, then=("digest",)),
            *map(duty, asking),
            *planning(settings, store, clock, holder),
        )
    )
    return Worker(digest, deliverer, sweep, recurrence, vigil, rules, loops, pool, asking)


def _hands(settings: Settings, clock: Clock, pool: LatePool) -> dict[ActionKind, Hand]:
    """What carries out each kind of action."""
    return {
        ActionKind.NOTIFY: NotifyHand(
            {
                name: Outlet(each.kind, each.options)  # type: ignore[arg-type]  # adapter's own
                for name, each in settings.channels.items()
            },
            clock,
            settings.public_url,
        ),
        ActionKind.DIAGNOSE: DiagnoseHand(
            settings.catalogue, settings.runbooks, clock, pool, settings.secrets
        ),
        ActionKind.ANSWER: AnswerHand(_monitors(settings, clock), clock, settings.public_url),
        ActionKind.FILE: FileHand(
            {each.name: each for each in settings.trackers}, clock, settings.public_url
        ),
    }


def _monitors(settings: Settings, clock: Clock) -> dict[str, Callable[[], Monitor]]:
    """What makes a monitor of each source that is told something."""
    return {
        source.name: partial(adapter(MONITORS, source.kind).monitor, source.monitor, clock)
        for source in settings.sources
        if source.name in listeners_of(settings)
    }


def _gone(holder: str) -> bool:
    """Whether the process behind a lease ran on this machine and does not any more."""
    process, _, _ = holder.rpartition(":")
    host, _, number = process.rpartition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    if int(number) == os.getpid():
        # In a container every worker gets the number of the one before.
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def readers(sources: Iterable[Source]) -> dict[str, Read]:
    """Reads deliveries of all these sources, and of Watcher itself."""
    own = partial(_read, itself.parse, OWN, itself.Options())
    return {OWN: own, **{source.name: reader(source) for source in sources}}


def reader(source: Source) -> Read:
    """Reads deliveries of one source with the receiver of its kind."""
    parse = adapter("watcher.receivers", source.kind).parse
    return partial(_read, parse, source.name, source.options)


def _read(
    parse: Callable[[bytes, Context], Reading], source: str, options: object, delivery: Delivery
) -> Reading:
    return parse(delivery.body, Context(source, delivery.received_at, options))
