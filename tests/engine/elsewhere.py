"""A monitoring system that is asked: problems come and go there, and answers go wrong."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from tests.engine.streams import RULEBOOK
from tests.fakes import FakeClock
from tests.stores import peek
from watcher.app.worker import reader
from watcher.engine.digest import Digest
from watcher.engine.reconcile import Reconciler, Round
from watcher.kit.secrets import Secret
from watcher.model.action import Outcome, Verdict
from watcher.model.answer import Answer, Verb
from watcher.model.delivery import Arrival
from watcher.model.survey import Ending, Held, Survey
from watcher.monitors.base import Access, MonitorError
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import generic
from watcher.store.query import Query
from watcher.store.store import Store

GEN = Source("gen", "generic", "default", Auth(), 1 << 20, generic.Options())
ACCESS = Access("gen", "default", "https://there.example", Secret("there"))
MINUTE = timedelta(minutes=1)


@dataclass
class Problem:
    """One problem there; where its host was deleted nothing is left of it."""

    name: str
    began: datetime
    host: str
    ended: datetime | None = None
    deleted: bool = False
    key: str = ""

    def body(self, status: str, at: datetime) -> bytes:
        """What would be posted of it."""
        return orjson.dumps(
            {
                "key": self.key or self.name,
                "occurrence": self.name,
                "name": f"{self.name} is down",
                "severity": "high",
                "host": self.host,
                "status": status,
                "at": at.isoformat(),
                "started_at": self.began.isoformat(),
            }
        )


@dataclass
class Elsewhere:
    """The monitor: answers truly unless told otherwise. `during` happens while it is asked."""

    problems: dict[str, Problem] = field(default_factory=dict)
    fault: MonitorError | None = None
    partial: bool = False
    blind: bool = False
    during: Callable[[], object] = lambda: None
    asked: list[str] = field(default_factory=list)
    longest: float = 1.0
    verbs: Collection[Verb] = ()

    def begin(self, *names: str, at: datetime, host: str = "") -> None:
        """Problems begin there, on that host or on one each."""
        self.problems |= {name: Problem(name, at, host or name) for name in names}

    def end(self, *names: str, at: datetime) -> None:
        """Problems are over there."""
        for name in names:
            self.problems[name].ended = at

    def survey(self, held: Sequence[Held], cursor: str, now: datetime) -> Survey:
        """See `Monitor`."""
        self.asked.append(cursor)
        self.during()
        if self.fault is not None:
            raise self.fault
        seen = [] if self.blind else [each for each in self.problems.values() if not each.deleted]
        lasting = [each for each in seen if each.ended is None]
        since = datetime.fromisoformat(cursor) if cursor else now
        said = [*self._said(seen, since), *((each.began, "firing", each) for each in lasting)]
        bodies = [each.body(how, at) for at, how, each in sorted(said, key=lambda one: one[0])]
        return Survey(
            tuple(dict.fromkeys(bodies)),
            frozenset(f"v1:{each.name}" for each in lasting),
            now.isoformat(),
            endings=dict(self._endings(held)),
            complete=not self.partial,
            problem="one page was missing" if self.partial else "",
        )

    def answer(self, answer: Answer) -> Outcome:
        """See `Monitor`; nobody answers here."""
        return Outcome(Verdict.DONE, answer.key)

    def history(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, bytes]]:
        """See `Historian`."""
        if self.fault is not None:
            raise self.fault
        said = self._said(self.problems.values(), since)
        for at, how, each in sorted(said, key=lambda one: one[0]):
            if at < until:
                yield at, each.body(how, at)

    @staticmethod
    def _said(
        problems: Iterable[Problem], since: datetime
    ) -> Iterator[tuple[datetime, str, Problem]]:
        for each in problems:
            if each.began >= since:
                yield each.began, "firing", each
            if each.ended is not None and each.ended >= since:
                yield each.ended, "resolved", each

    def _endings(self, held: Sequence[Held]) -> Iterator[tuple[str, Ending]]:
        for span in held:
            there = self.problems[span.occurrence.removeprefix("v1:")]
            if there.deleted:
                yield span.occurrence, self._gone(there)
            elif there.ended is not None and not self.blind:
                body = there.body("resolved", there.ended)
                yield span.occurrence, Ending(body, "it was over there", recorded=True)

    @staticmethod
    def _gone(there: Problem) -> Ending:
        body = there.body("resolved", there.began + MINUTE)
        return Ending(body, "its host was deleted there", recorded=False)


class World:
    """One source in a store of its own, with the digest and whoever asks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FakeClock()
        self.there = Elsewhere()
        self.digest = Digest(store, {"gen": reader(GEN)}, lambda: RULEBOOK, self.clock, "me")
        self.made: list[Reconciler] = []
        self.reconciler = self.another("me")

    @classmethod
    def at(cls, directory: Path) -> "World":
        """The world in a new store in that directory."""
        store = Store.open(f"sqlite:///{directory}/watcher.db")
        store.upgrade()
        return cls(store)

    def another(self, holder: str) -> Reconciler:
        """Asks like a replica of that name, or like the same worker after a restart."""
        self.made.append(
            Reconciler(self.store, ACCESS, reader(GEN), lambda: self.there, self.clock, holder)
        )
        return self.made[-1]

    def close(self) -> None:
        """Lets all of them go."""
        for each in self.made:
            each.close()

    def ago(self, minutes: float) -> datetime:
        """So many minutes before now."""
        return self.clock.now().astimezone(UTC) - minutes * MINUTE

    def post(self, *bodies: bytes) -> None:
        """The source posts these."""
        inbox = self.store.inbox(self.clock.now())
        now = self.clock.now()
        inbox.append([Arrival("gen", "default", now, {}, each) for each in bodies])
        inbox.close()

    def drain(self) -> None:
        """Digests all there is."""
        while self.digest.step():
            pass

    def hear(self, *names: str, minutes: float = 60) -> None:
        """Problems began so long ago, and their webhooks arrived."""
        self.there.begin(*names, at=self.ago(minutes))
        self.post(*(self.there.problems[name].body("firing", self.ago(minutes)) for name in names))
        self.drain()

    def round(self, *, by: Reconciler | None = None, wait: timedelta = 2 * MINUTE) -> Round:
        """One round of asking after a while, with what follows digested."""
        self.clock.advance(wait)
        done = (by or self.reconciler).round()
        assert done is not None
        self.drain()
        return done

    def firing(self) -> set[str]:
        """What fires as far as is known."""
        found = peek(self.store, "SELECT occurrence FROM alert WHERE status = 'firing'")
        return {name.removeprefix("v1:") for (name,) in found}

    def drift(self) -> dict[str, int]:
        """What was missed, by kind."""
        with self.store.view() as view:
            return {each.kind.value: each.count for each in view.missed()}

    def deliveries(self) -> int:
        """How many deliveries there are."""
        with self.store.view() as view:
            return view.delivery_list(Query(total=True)).total or 0
