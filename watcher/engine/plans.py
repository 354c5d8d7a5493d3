"""Keeps our windows as maintenance is planned in a monitoring system: made, changed, ended early.

What people planned here is never touched, and an answer that did not come changes nothing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.identify import resolve
from watcher.decide.pattern import literal
from watcher.decide.windows import WindowError, check
from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.estate import Work
from watcher.model.matcher import Matcher, Operator
from watcher.model.silence import Window, WindowKind
from watcher.monitors.base import Access, MonitorError, Planner
from watcher.store.store import Store
from watcher.store.tx import Tx

EVERY = timedelta(minutes=5)

_log = logger("plans")
_LEASE = timedelta(minutes=5)
# A regular expression has a size; so many characters leave room for the rest of it.
_LONGEST = 800


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of one round."""

    planned: int = 0
    changed: int = 0
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where maintenance is planned."""

    kind: str
    access: Access
    planner: Planner

    @property
    def author(self) -> str:
        """Who has planned what stands among our windows."""
        return f"{self.kind}:{self.access.source}"


class Plans:
    """The maintenance of one source; safe to run on every replica."""

    def __init__(
        self, store: Store, origin: Origin, catalogue: Catalogue, clock: Clock, holder: str
    ) -> None:
        self._store = store
        self._origin = origin
        self._catalogue = catalogue
        self._clock = clock
        self._holder = holder
        # What stands in the store since we write there; nothing is known of before.
        self._notes: tuple[str, ...] | None = None
        self._problem = ""

    def step(self) -> int:
        """Asks once and writes down what is another than before; 0, since that was all."""
        token = self._turn()
        if token is not None:
            try:
                self._ask(token)
            except MonitorError as error:
                self._say_problem(str(error))
            with self._store.begin() as tx:
                tx.release(self._lease, self._holder)
        return 0

    def _ask(self, token: int) -> None:
        timetable = self._origin.planner.timetable(self._clock.now())
        self._say_problem("")
        wanted, unsayable = self._windows(timetable.works)
        self._keep(wanted, tuple(sorted({*timetable.notes, *unsayable})), token)

    @property
    def _lease(self) -> str:
        return f"plans:{self._origin.access.source}"

    def _turn(self) -> int | None:
        """The fence of our turn; None while it is another's."""
        with self._store.begin() as tx:
            return tx.lease(self._lease, self._holder, self._clock.now(), _LEASE)

    def _keep(self, wanted: Iterable[Window], notes: tuple[str, ...], token: int) -> None:
        with self._store.begin() as tx:
            # What is held back is the digest's to write.
            tx.freeze("digest")
            if not tx.held(self._lease, token):
                return
            kept = sync(tx, wanted, self._origin.author, self._clock.now())
            if notes != self._notes:
                tx.save_left_out(self._origin.access.source, notes)
        self._say_notes(notes)
        if kept != Kept():
            counts = {"planned": kept.planned, "changed": kept.changed, "ended": kept.ended}
            _log.info("maintenance was taken over", source=self._origin.access.source, **counts)

    def _windows(self, works: Iterable[Work]) -> tuple[list[Window], list[str]]:
        """The windows of what is planned there, and what cannot be one."""
        found, notes = [], []
        for work in works:
            for window in self._of(work):
                try:
                    check(window)
                except WindowError as error:
                    notes.append(f"maintenance {work.comment!r} is not taken over: {error}")
                else:
                    found.append(window)
        return found, notes

    def _of(self, work: Work) -> Iterable[Window]:
        """A window for as many hosts as one regular expression can name."""
        customer = self._origin.access.customer
        known = (resolve(self._catalogue, customer, host) for host in work.hosts)
        named = zip(work.hosts, known, strict=True)
        names = sorted({host.name if host else raw for raw, host in named})
        for number, hosts in enumerate(_parts(names), 1):
            yield Window(
                kind=WindowKind.MAINTENANCE,
                customer=customer,
                when=(_one_of(hosts), *work.when),
                starts=work.starts,
                length=work.length,
                repeat=work.repeat,
                zone=work.zone,
                title=f"{work.title}/{number}",
                comment=work.comment,
                author=self._origin.author,
            )

    def _say_problem(self, problem: str) -> None:
        if problem and problem != self._problem:
            _log.warning(
                "maintenance was not read", source=self._origin.access.source, error=problem
            )
        self._problem = problem

    def _say_notes(self, notes: tuple[str, ...]) -> None:
        for note in sorted({*notes} - {*(self._notes or ())}):
            _log.warning("maintenance is left out", source=self._origin.access.source, reason=note)
        self._notes = notes


class Orphans:
    """Maintenance of sources that are asked no more: nobody could end it any other way."""

    def __init__(self, store: Store, authors: Collection[str], clock: Clock) -> None:
        self._store = store
        self._authors = frozenset(authors)
        self._clock = clock

    def step(self) -> int:
        """Ends it; 0, since that was all."""
        with self._store.begin() as tx:
            now = self._clock.now()
            for each in tx.windows(now):
                if each.elsewhere and each.author not in self._authors:
                    _end(tx, each, now)
        return 0


def sync(tx: Tx, wanted: Iterable[Window], author: str, now: datetime) -> Kept:
    """Makes the windows of that author the ones that are wanted, known by their titles."""
    stored = (each for each in tx.windows(now) if each.elsewhere and each.author == author)
    held = {each.title: each for each in stored}
    kept = {"planned": 0, "changed": 0, "ended": 0}
    for each in wanted:
        before = held.pop(each.title, None)
        if before is None:
            tx.plan_window(replace(each, created_at=now))
            kept["planned"] += 1
            continue
        after = replace(each, id=before.id, created_at=before.created_at)
        if after != before:
            tx.change_window(after, now)
            kept["changed"] += 1
    for gone in held.values():
        _end(tx, gone, now)
        kept["ended"] += 1
    return Kept(**kept)


def _end(tx: Tx, window: Window, now: datetime) -> None:
    tx.cancel_window(window.id or 0, window.author, now)


def _one_of(hosts: list[str]) -> Matcher:
    if len(hosts) == 1:
        return Matcher("host", Operator.EQUAL, hosts[0])
    return Matcher("host", Operator.REGEX, "|".join(map(literal, hosts)))


def _parts(names: list[str]) -> Iterable[list[str]]:
    part: list[str] = []
    size = 0
    for name in names:
        if part and size + len(name) > _LONGEST:
            yield part
            part, size = [], 0
        part.append(name)
        size += len(name) + 2
    if part:
        yield part
