"""Takes in old tickets as history: closed incidents, and the problems behind them.

Nobody is told anything and nothing is diagnosed. The comparison of incidents follows them as it
does any others, so that what comes back is recognised by them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide import belong, lifecycle, problem
from watcher.decide.cost import Bill
from watcher.decide.identify import resolve, service_of
from watcher.decide.keys import digest, moment_part, recurrence_key
from watcher.decide.lifecycle import Moment, Report
from watcher.decide.priority import Scale
from watcher.decide.problem import OPEN, Case, Step
from watcher.engine.causes import Causes, leading
from watcher.engine.digest import LEASE
from watcher.engine.reconcile import BusyError
from watcher.engine.rulebook import Rulebook
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import Course, Entry, EntryKind, Incident, Status, Ticket
from watcher.model.problem import Problem, ProblemStatus
from watcher.model.reason import Reason
from watcher.policy.tickets import OldTicket
from watcher.store.store import Store
from watcher.store.tx import Tx
from watcher.store.views import View

IMPORTED = "import"
"""What begins the group of an incident that was a ticket, and the name of the lease."""

_TTL = timedelta(hours=1)
# The digest waits for so much at once.
_AT_ONCE = 50
_TAKES = (*OPEN, ProblemStatus.RESOLVED, ProblemStatus.CLOSED)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: how much was new."""

    incidents: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class Behind:
    """A problem of the old tracker: its title, how many new incidents it would have, and the
    problem that is known by that name.
    """

    title: str
    incidents: int
    known: Problem | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be taken in: the tickets that are new, and the problems behind those by name."""

    tickets: tuple[OldTicket, ...]
    problems: Mapping[str, Behind]

    @property
    def taken(self) -> Taken:
        """How much of it would be new."""
        return Taken(len(self.tickets), sum(not each.known for each in self.problems.values()))


@dataclass(frozen=True, slots=True)
class Importer:
    """Takes in the tickets of one customer, in the name of somebody."""

    store: Store
    rulebook: Rulebook
    customer: str
    by: str
    holder: str

    def run(self, tickets: Iterable[OldTicket], now: datetime) -> Taken:
        """Takes in those that nobody took in before. Raises BusyError while somebody else does so;
        or StoreUnavailable, then perhaps a part was.
        """
        lease = f"{IMPORTED}:{self.customer}"
        with self.store.begin() as tx:
            if tx.lease(lease, self.holder, now, _TTL) is None:
                raise BusyError("tickets of this customer are being taken in")
        try:
            return self._run(sorted(tickets, key=lambda each: each.opened), now)
        finally:
            with self.store.begin() as tx:
                tx.release(lease, self.holder)

    def foresee(self, tickets: Iterable[OldTicket]) -> Foreseen:
        """What `run` would take in now; nothing is written."""
        given = sorted(tickets, key=lambda each: each.opened)
        behind = _behind(given)
        with self.store.view() as view:
            new = tuple(each for _, each in self._new(view, given))
            counts = Counter(each.problem for each in new if each.problem)
            known = self._known(view, counts)
        problems = {
            name: Behind(_title(name, behind[name]), count, known.get(name))
            for name, count in counts.items()
        }
        return Foreseen(new, problems)

    def _run(self, tickets: Sequence[OldTicket], now: datetime) -> Taken:
        behind = _behind(tickets)
        with self.store.view() as view:
            left = self._new(view, tickets)
        problems = 0
        for start in range(0, len(left), _AT_ONCE):
            problems += self._take(dict(left[start : start + _AT_ONCE]), behind, now)
        return Taken(len(left), problems)

    def _new(self, view: View, tickets: Sequence[OldTicket]) -> list[tuple[str, OldTicket]]:
        """Those that nobody took in before, by their groups."""
        new = {self._group(each): each for each in reversed(tickets)}
        for group in view.groups_like(self.customer, f"{IMPORTED}:"):
            new.pop(group, None)
        return list(reversed(new.items()))

    def _group(self, ticket: OldTicket) -> str:
        """The same for the same ticket, however often it comes."""
        parts = (ticket.ticket,) if ticket.ticket else (moment_part(ticket.opened), ticket.title)
        return f"{IMPORTED}:{digest(recurrence_key(*parts))}"

    def _take(
        self,
        tickets: Mapping[str, OldTicket],
        behind: Mapping[str, Sequence[OldTicket]],
        now: datetime,
    ) -> int:
        """Stores some, and returns how many problems are new with them."""
        causes = Causes(Bill(self.rulebook.policy, self.rulebook.catalogue))
        members: dict[str, list[Incident]] = defaultdict(list)
        with self.store.begin() as tx:
            tx.freeze(LEASE)
            numbers = tx.numbers(len(tickets))
            for number, (group, each) in zip(numbers, tickets.items(), strict=True):
                incident, entries = self._incident(number, group, each)
                tx.save_incidents([incident])
                tx.add_entries(entries)
                if each.problem:
                    members[each.problem].append(incident)
            known = self._known(tx, members)
            for name, incidents in members.items():
                found = known.get(name)
                step = Step(found) if found else self._problem(tx, name, behind[name])
                moment = self._moment(now, f"the old tickets say that it is of {name}")
                causes.write(tx, _with(step, incidents, moment), moment)
            tx.regrouped()
        return len(members.keys() - known.keys())

    def _incident(self, number: int, group: str, ticket: OldTicket) -> tuple[Incident, list[Entry]]:
        catalogue = self.rulebook.catalogue
        known = resolve(catalogue, self.customer, ticket.host) if ticket.host else None
        host = known.name if known else ticket.host or None
        service = service_of(catalogue, self.customer, host, ticket.service or None)
        report = Report(
            self.customer,
            ticket.title,
            Severity.AVERAGE,
            service.name if service else ticket.service or None,
            host,
        )
        began = self._moment(ticket.opened, "the old tickets say so")
        ended = self._moment(ticket.closed, "the old tickets say so")
        scale = Scale(self.rulebook.policy.priority, catalogue)
        step = lifecycle.open_by_hand(number, report, began, scale)
        incident = replace(
            step.incident,
            status=Status.CLOSED,
            group=group,
            resolved_at=ticket.closed,
            closed_at=ticket.closed,
            ended_at=ticket.closed,
            held_by=None,
            review_at=None,
            course=Course(history=True),
            ticket=Ticket("", ticket.ticket) if ticket.ticket else None,
        )
        how = ticket.fix or ticket.workaround
        return incident, [
            _line(number, EntryKind.NOTE, "taken from old tickets: nobody was told of it", began),
            _line(number, EntryKind.OPENED, "opened", began),
            _line(number, EntryKind.RESOLVED, f"closed: {how}" if how else "closed", ended),
        ]

    def _known(self, tx: Tx | View, names: Iterable[str]) -> dict[str, Problem]:
        """The problems of the customer that are called so in the old tracker, by that name."""
        wanted = set(names)
        found: dict[str, Problem] = {}
        if wanted:
            for each in tx.problems_of(self.customer, _TAKES):
                for name in wanted.intersection(each.tickets):
                    heir = leading(tx, each.number)
                    if heir is not None and heir.status in _TAKES:
                        found.setdefault(name, heir)
        return found

    def _problem(self, tx: Tx, name: str, tickets: Sequence[OldTicket]) -> Step:
        """A new problem as all of its tickets tell of it, the newest word first."""
        newest = _newest(tickets)
        services = {each.service for each in newest}
        began = self._moment(newest[-1].opened, "the old tickets tell of it")
        over = self._moment(max(each.closed for each in newest), "the old tickets tell of it")
        [number] = tx.problem_numbers(1)
        service = services.pop() if len(services) == 1 else ""
        case = Case(self.customer, _title(name, tickets), service or None)
        step = problem.open_new(number, case, began)
        told = replace(
            step.problem,
            workaround=_first(each.workaround for each in newest),
            root_cause=_first(each.cause for each in newest),
            fix=_first(each.fix for each in newest),
            tickets=(name,),
        )
        after = Step(told)
        if told.fix or told.root_cause:
            after = problem.resolve(told, over)
        elif told.workaround:
            after = problem.known_error(told, over)
        return Step(after.problem, (*step.entries, *after.entries))

    def _moment(self, at: datetime, why: str) -> Moment:
        return Moment(at, Reason("history", why), self.by)


def _with(step: Step, incidents: Iterable[Incident], moment: Moment) -> Step:
    """The step with incidents that are of its problem; of the past there is no news."""
    for each in incidents:
        tied = belong.tie(step.problem, each, (), moment)
        step = Step(
            tied.problem,
            (*step.entries, *tied.entries),
            (*step.ties, *tied.ties),
            (*step.told, *tied.told),
        )
    return step


def _behind(tickets: Iterable[OldTicket]) -> dict[str, list[OldTicket]]:
    """The tickets of each problem."""
    found: dict[str, list[OldTicket]] = defaultdict(list)
    for each in tickets:
        found[each.problem].append(each)
    return found


def _newest(tickets: Iterable[OldTicket]) -> list[OldTicket]:
    return sorted(tickets, key=lambda each: each.opened, reverse=True)


def _title(name: str, tickets: Iterable[OldTicket]) -> str:
    return _first(each.problem_title for each in _newest(tickets)) or name


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _line(number: int, kind: EntryKind, text: str, moment: Moment) -> Entry:
    return Entry(number, moment.now, kind, text, moment.reason, moment.actor)
