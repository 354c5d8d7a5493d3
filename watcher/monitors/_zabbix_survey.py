"""All that holds in Zabbix and all that was missed, with the proofs for what is over."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush

import orjson

from watcher.decide.keys import occurrence_key
from watcher.kit.text import listed
from watcher.model.survey import Ending, Held, Survey
from watcher.monitors._zabbix_problems import (
    Fields,
    Problem,
    Scribe,
    event_id_of,
    remembered,
)
from watcher.monitors._zabbix_records import Record, Records
from watcher.monitors.base import MonitorError, Trouble

# Events are written by several processes at once: one with a lower id may come later.
_OVERLAP = timedelta(minutes=5)
_OVERLAP_IDS = 200
# What people did carries the clock of the web server, which may go differently.
_CLOCKS = timedelta(minutes=15)
# After a long absence the past is fetched over several surveys.
_MOST_PAGES = 20
# So many may be absent without a proof before the answer is doubted as a whole.
_FEW = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the past was walked: `floor` is where it began, `seen` the highest ids of problems
    with the epoch second at which each was the highest.
    """

    floor: int
    seen: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, cursor: str) -> "Mark | None":
        """The mark in a cursor, None where there is none."""
        try:
            said = orjson.loads(cursor)
            return cls(int(said["floor"]), tuple((int(at), int(id_)) for at, id_ in said["seen"]))
        except (ValueError, TypeError, LookupError):
            return None

    def __str__(self) -> str:
        return orjson.dumps({"floor": self.floor, "seen": self.seen}).decode()

    @property
    def last(self) -> tuple[int, int]:
        """When the newest problem was known, and which."""
        return max(self.seen, default=(0, self.floor))

    def start(self, now: int) -> int:
        """The id from which to walk: some before what was the newest a while ago."""
        settled = [id_ for at, id_ in self.seen if at <= now - _OVERLAP.total_seconds()]
        known = max(settled, default=min((id_ for _, id_ in self.seen), default=self.floor))
        return max(self.floor + 1, known - _OVERLAP_IDS)

    def moved(self, now: int, reached: int, newest: int) -> "Mark":
        """The mark after a walk as far as that; what was left for later lies far in the past."""
        late = now - int(_OVERLAP.total_seconds())
        settled = [each for each in self.seen if each[0] <= late]
        recent = [each for each in self.seen if each[0] > late]
        if reached < newest:
            return Mark(self.floor, ((late, reached + _OVERLAP_IDS),))
        return Mark(self.floor, (*settled[-1:], *recent, (now, reached)))


@dataclass(slots=True)
class _Findings:
    """What came of one survey, as far as it got."""

    open: dict[int, Problem] = field(default_factory=dict)
    past: list[Problem] = field(default_factory=list)
    events: Mapping[int, Record] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Surveys one Zabbix."""

    records: Records
    scribe: Scribe

    def survey(self, held: Sequence[Held], cursor: str, now: datetime) -> Survey:
        """As Monitor.survey."""
        self.records.begin()
        newest = self.records.newest()
        at = int(now.timestamp())
        mark = Mark.read(cursor)
        if mark is None or newest < mark.floor:
            # Nobody asked before, or not this database.
            mark = Mark(newest, ())
        known = {int(event_id_of(each)): each for each in held if event_id_of(each)}
        found = _Findings()
        try:
            self._list_open(found, newest)
            found.open |= self.records.open_outside(known.keys() - found.open.keys())
            _recognise(found.open.values(), known)
            reached = self._walk(found, mark.start(at), newest, known)
            self._prove(found, known)
            since = mark.last[0] - int(_CLOCKS.total_seconds())
            bodies = self._bodies(found, known, max(0, since))
        except MonitorError as error:
            if not found.open or error.trouble is Trouble.TOKEN:
                raise
            return _partial(found, cursor, str(error))
        return Survey(
            bodies,
            _keys(found.open.values()),
            str(mark.moved(at, reached, newest)),
            suppressed=_keys(each for each in found.open.values() if each.suppressed),
            endings=found.endings,
            complete=not found.doubts,
            problem="; ".join(found.doubts),
        )

    def history(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, bytes]]:
        """As Historian.history."""
        self.records.begin()
        first, last = int(since.timestamp()), int(until.timestamp())
        waiting: list[tuple[int, int, bytes]] = []
        told = 0
        for page in self.records.walk(0, time_from=first, time_till=last):
            # What began later cannot have been told of before: so much is in order already.
            settled = min((problem.began for problem in page), default=last)
            while waiting and waiting[0][0] < settled:
                yield _dated(heappop(waiting), since)
            for at, body in self._stories(page):
                if at <= last:
                    told += 1
                    heappush(waiting, (at, told, body))
        while waiting:
            yield _dated(heappop(waiting), since)

    def _list_open(self, found: _Findings, newest: int) -> None:
        """All that holds. What ends while it is listed does no harm, what is left out would."""
        for page in self.records.open():
            found.open.update((problem.id, problem) for problem in page)
        listed_ = len(found.open)
        count = self.records.count(max(found.open, default=newest))
        if count > listed_ or count < listed_ // 2:
            found.doubts.append(f"Zabbix listed {listed_} problems but counts {count}")

    def _walk(self, found: _Findings, start: int, newest: int, known: Mapping[int, Held]) -> int:
        """What came and went unheard; returns the id as far as which that was looked at."""
        for number, page in enumerate(self.records.walk(start), start=1):
            found.past.extend(
                problem
                for problem in page
                if problem.id not in found.open
                and problem.id not in known
                # Neither over nor listed: it began just now, or what it is about is gone.
                and (problem.recovery or problem.id > newest)
            )
            if number == _MOST_PAGES and page:
                return page[-1].id
        return newest

    def _prove(self, found: _Findings, known: Mapping[int, Held]) -> None:
        """What says that known problems which are not listed are over."""
        absent = {id_: held for id_, held in known.items() if id_ not in found.open}
        found.events = self.records.events([str(id_) for id_ in absent])
        _recognise((each.problem for each in found.events.values()), known)
        # An event that cannot be read may be gone, or hidden from the token: it proves nothing.
        orphans = [
            each for each in found.events.values() if each.orphan and not each.problem.recovery
        ]
        reasons = self._why_gone(orphans, absent)
        for id_, record in found.events.items():
            problem, held = record.problem, absent[id_]
            end = problem.recovery
            why = f"recovered in Zabbix by event {end}" if end else reasons.get(id_)
            if why:
                body = self.scribe.ending(problem, remembered(held))
                found.endings[held.occurrence] = Ending(body, why, recorded=bool(end))
        _doubt(found, absent.values(), len(known))

    def _why_gone(self, orphans: Sequence[Record], known: Mapping[int, Held]) -> Mapping[int, str]:
        """What became of that which they are about, in words. Zabbix shows an event without what it
        is about to everyone; whatever else is not seen may be hidden from us.
        """
        about = {each.problem.id: remembered(known[each.problem.id]) for each in orphans}
        ids = {each["host_id"] for each in about.values() if "host_id" in each}
        hosts = self.records.hosts(ids)
        there = self.records.triggers({each.problem.trigger for each in orphans})
        return {
            each.problem.id: _why_gone(about[each.problem.id], each.problem.trigger, hosts)
            for each in orphans
            if each.problem.trigger not in there
        }

    def _bodies(self, found: _Findings, known: Mapping[int, Held], since: int) -> tuple[bytes, ...]:
        """What would have been posted, oldest first."""
        ours = {id_: each for id_, each in found.open.items() if id_ in known}
        ours |= {
            # Its end stands among the proofs.
            id_: replace(record.problem, recovery="", ended=None)
            for id_, record in found.events.items()
            if known[id_].occurrence in found.endings
        }
        news = [
            each for each in found.open.values() if each.id not in known and not each.suppressed
        ]
        told: list[tuple[int, bytes]] = []
        for problem in self._with_names(ours.values(), since):
            told += self.scribe.story(problem, remembered(known[problem.id]), since)
        told += self._stories([*self._with_names(news, 0), *found.past])
        return tuple(body for _, body in sorted(told, key=lambda each: each[0]))

    def _with_names(self, problems: Iterable[Problem], since: int) -> list[Problem]:
        """Names are asked for where something was done, which is seldom."""
        problems = list(problems)
        touched = [
            problem
            for problem in problems
            if any(update.at >= since and not update.own for update in problem.updates)
        ]
        named = {problem.id: problem for problem in self.records.named(touched)}
        return [named.get(problem.id, problem) for problem in problems]

    def _stories(self, problems: Sequence[Problem]) -> Iterator[tuple[int, bytes]]:
        """All of what would have been posted of problems that are new to us."""
        places: Mapping[str, Fields] = self.records.places({each.trigger for each in problems})
        for problem in problems:
            if problem.trigger in places:
                yield from self.scribe.story(problem, places[problem.trigger])


def _recognise(problems: Iterable[Problem], known: Mapping[int, Held]) -> None:
    """Raises MonitorError where an event is not the one by whose number we know a problem."""
    for problem in problems:
        if problem.id in known:
            trigger = remembered(known[problem.id]).get("trigger_id")
            if trigger and trigger != problem.trigger:
                raise MonitorError(
                    f"event {problem.id} is of trigger {problem.trigger} there, of trigger "
                    f"{trigger} here: is that the Zabbix that posts, and not another one, or one "
                    "whose database began anew?",
                    Trouble.STRANGE,
                )


def _doubt(found: _Findings, absent: Iterable[Held], known: int) -> None:
    """Where too much is absent without a proof, the answer is doubted, not the problems."""
    silent = [held for held in absent if held.occurrence not in found.endings]
    if len(silent) > max(_FEW, known // 10):
        hosts = tuple(sorted({held.host or held.name for held in silent}))
        found.doubts.append(
            f"{len(silent)} of {known} known problems are not listed, and nothing says that they "
            f"are over; may its token still read {listed(hosts, 3)}?"
        )


def _partial(found: _Findings, cursor: str, problem: str) -> Survey:
    return Survey((), _keys(found.open.values()), cursor, complete=False, problem=problem)


def _keys(problems: Iterable[Problem]) -> frozenset[str]:
    return frozenset(occurrence_key(str(problem.id)) for problem in problems)


def _why_gone(about: Fields, trigger: str, hosts: Collection[str]) -> str:
    host_id = about.get("host_id", "")
    host = about["host_host"] or host_id
    if host_id and host_id not in hosts:
        return f"the host {host} was deleted in Zabbix"
    return f"the trigger {trigger} on {host} was deleted in Zabbix"


def _dated(told: tuple[int, int, bytes], like: datetime) -> tuple[datetime, bytes]:
    at, _, body = told
    return datetime.fromtimestamp(at, like.tzinfo), body
