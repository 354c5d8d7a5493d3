"""What people do to incidents, actions and deliveries, each in one transaction.

Whoever may see only one customer gets the same answer for a stranger's incident as for none at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from unicodedata import category

from watcher.decide import answers, lifecycle, route
from watcher.decide.answers import Listeners, Saying
from watcher.decide.identify import resolve, service_of
from watcher.decide.lifecycle import Moment, RefusedError, Report, Step
from watcher.decide.priority import Scale
from watcher.engine.digest import LEASE
from watcher.kit.clock import Clock
from watcher.model.answer import Verb
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.incident import Incident, Priority, Status
from watcher.model.matcher import Matcher, Operator
from watcher.model.person import Principal
from watcher.model.policy import Policy
from watcher.model.reason import Reason
from watcher.store.query import Query
from watcher.store.store import Store
from watcher.store.tx import Tx
from watcher.trackers.base import Tracker

_RULE = "by-hand"
_LONGEST_TITLE = 200
# Control characters, halves of characters, and what ends lines and paragraphs.
_NO_LINE = frozenset(("Cc", "Cs", "Zl", "Zp"))


class NotThereError(Exception):
    """There is no such thing, or it is a stranger's; the text says what was asked for."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people's commands are carried out; `wake` tells the worker that there is work.
    The `listeners` are told what people decide; what they agree to do is kept in the `trackers`.
    """

    store: Store
    clock: Clock
    policy: Policy
    catalogue: Catalogue
    wake: Callable[[], None]
    listeners: Listeners = field(default_factory=dict)
    trackers: tuple[Tracker, ...] = ()

    def acknowledge(self, number: int, by: Principal, text: str = "") -> Incident:
        """Somebody works on it now. Raises NotThereError or RefusedError."""
        said = Saying(Verb.ACKNOWLEDGE, text)
        text = text or "somebody took it on"
        return self._step(number, by, text, lifecycle.acknowledge, said=said)

    def resolve(self, number: int, by: Principal, text: str = "") -> Incident:
        """It is over. Raises NotThereError or RefusedError."""
        said = Saying(Verb.CLOSE, text)
        text = text or "somebody found it to be over"
        return self._step(number, by, text, lifecycle.resolve, said=said)

    def close(self, number: int, by: Principal, text: str = "") -> Incident:
        """Nothing is left to do. Raises NotThereError or RefusedError."""
        said = Saying(Verb.CLOSE, text)
        text = text or "somebody found nothing left to do"
        return self._step(number, by, text, lifecycle.close, waits=True, said=said)

    def reopen(self, number: int, by: Principal, text: str = "") -> Incident:
        """It is not over after all. Raises NotThereError or RefusedError."""
        text = text or "somebody found it not to be over"
        return self._step(number, by, text, lifecycle.reopen, waits=True)

    def note(self, number: int, by: Principal, text: str) -> Incident:
        """A line on the timeline. Raises NotThereError."""

        def noted(incident: Incident, moment: Moment) -> Step:
            return lifecycle.note(incident, text, moment)

        said = Saying(Verb.COMMENT, text)
        return self._step(number, by, "somebody wrote it down", noted, said=said)

    def silence(self, number: int, until: datetime, by: Principal, text: str = "") -> Incident:
        """Has the monitoring systems of its alerts be silent until then. Raises NotThereError or
        RefusedError.
        """
        moment = self.moment(by, text or "somebody wants no news of it from there")
        with self._locked(number, by) as (tx, incident):
            sources = self._hearing(tx, incident, Verb.SILENCE)
            self.write(tx, answers.silenced(incident, until, sources, moment), moment)
            said = Saying(Verb.SILENCE, text, until=until)
            tx.queue(answers.told(incident, said, sources, by.name, moment.now), moment.now)
        self.wake()
        return incident

    def set_priority(
        self, number: int, priority: Priority | None, by: Principal, text: str
    ) -> Incident:
        """A person knows better how urgent it is, and says why; None leaves it to the rules again.
        Raises NotThereError or RefusedError.
        """
        if not text.strip():
            raise RefusedError("a priority that is set by hand needs a reason: say why")

        def decide(incident: Incident, moment: Moment) -> Step:
            return lifecycle.set_priority(incident, priority, moment, self._scale)

        severity = answers.SEVERITIES[priority] if priority is not None else None
        said = Saying(Verb.SEVERITY, text.strip(), severity) if severity is not None else None
        return self._step(number, by, text.strip(), decide, said=said)

    def open(self, report: Report, by: Principal) -> Incident:
        """An incident that monitoring did not tell of; its timeline says what `unknown` says.

        Raises RefusedError for a title that is no line, and for a customer that the catalogue does
        not know, or that is a stranger.
        """
        report = replace(report, title=titled(report.title))
        known = self.catalogue.customers
        stranger = by.customer not in {None, report.customer}
        if stranger or (known and report.customer not in known):
            raise RefusedError(f"there is no customer {report.customer!r}")
        strange = self.unknown(report)
        report = self._identified(report)
        moment = self.moment(by, "somebody reported it")
        with self.store.begin() as tx:
            [number] = tx.numbers(1)
            step = lifecycle.open_by_hand(number, report, moment, self._scale)
            if strange:
                noted = lifecycle.note(step.incident, "; ".join(strange), moment)
                step = replace(step, entries=step.entries + noted.entries)
            self.write(tx, step, moment)
            tx.regrouped()
        self.wake()
        return step.incident

    def unknown(self, report: Report) -> list[str]:
        """What a report names and nobody described, in words: perhaps a slip of the pen."""
        said = []
        service, host = report.service, report.host
        if service and (report.customer, service) not in self.catalogue.services:
            said.append(f"the service {service!r} is not in the catalogue")
        if host and resolve(self.catalogue, report.customer, host) is None:
            said.append(f"the host {host!r} is not in the inventory")
        return said

    def retry(self, action: int, by: Principal) -> None:
        """An action that was given up is due again. Raises NotThereError or RefusedError."""
        with self.store.view() as view:
            mine = view.action_list(only(action, by)).items
        if not mine:
            raise NotThereError(f"there is no action {action}")
        with self.store.begin() as tx:
            if not tx.retry_action(action, self.clock.now()):
                raise RefusedError("only an action that was given up can be tried again")
        self.wake()

    def replay(self, delivery: int, by: Principal) -> None:
        """A dead delivery is digested again. Raises NotThereError or RefusedError."""
        with self.store.view() as view:
            mine = view.delivery_list(only(delivery, by)).items
        if not mine:
            raise NotThereError(f"there is no delivery {delivery}")
        with self.store.begin() as tx:
            if not tx.replay(delivery):
                raise RefusedError("only a dead delivery can be replayed")
        self.wake()

    def _step(
        self,
        number: int,
        by: Principal,
        text: str,
        decide: Callable[[Incident, Moment], Step],
        *,
        waits: bool = False,
        said: Saying | None = None,
    ) -> Incident:
        """Takes one step, of which monitoring systems are told what is `said`."""
        moment = self.moment(by, text)
        with self._locked(number, by, waits=waits) as (tx, incident):
            step = decide(incident, moment)
            if said is not None:
                step = self._told(tx, step, said, moment)
            self.write(tx, step, moment)
            if (incident.status is Status.CLOSED) is not (step.incident.status is Status.CLOSED):
                tx.regrouped()
        self.wake()
        return step.incident

    @contextmanager
    def _locked(
        self, number: int, by: Principal, *, waits: bool = False
    ) -> Iterator[tuple[Tx, Incident]]:
        """An incident that nobody else changes meanwhile. What changes which incidents there are
        `waits` for a batch that is being written: its alerts must not land in what is closed.
        """
        with self.store.begin() as tx:
            if waits:
                tx.freeze(LEASE)
            incident = tx.incidents([number]).get(number)
            if incident is None or by.customer not in {None, incident.customer}:
                raise NotThereError(f"there is no incident {number}")
            yield tx, incident

    def _told(self, tx: Tx, step: Step, said: Saying, moment: Moment) -> Step:
        """Queues what monitoring systems are told; returns the step with what that changes."""
        incident = step.incident
        sources = self._hearing(tx, incident, said.verb)
        tx.queue(answers.told(incident, said, sources, moment.actor, moment.now), moment.now)
        if said.severity is None or not sources:
            return step
        told = answers.own(incident, said.severity, self._scale, moment.now)
        return replace(step, incident=told)

    def _hearing(self, tx: Tx, incident: Incident, verb: Verb) -> tuple[str, ...]:
        """The sources of its alerts that fire, as far as they are told such things."""
        if not any(verb in verbs for verbs in self.listeners.values()):
            return ()
        return answers.hearing(tx.speaking(incident.number), self.listeners, verb)

    @property
    def _scale(self) -> Scale:
        return Scale(self.policy.priority, self.catalogue)

    def _identified(self, report: Report) -> Report:
        """The same with the names of the inventory, and with the service of its host if none."""
        host = report.host
        if host and (known := resolve(self.catalogue, report.customer, host)):
            host = known.name
        service = service_of(self.catalogue, report.customer, host, report.service)
        return replace(report, host=host, service=service.name if service else report.service)

    def moment(self, by: Principal, text: str) -> Moment:
        """Now, with who acts and why. Raises RefusedError for Watcher's own name."""
        if lifecycle.is_machine(by.name):
            raise RefusedError(f"{by.name!r} is Watcher's own name: act under another one")
        return Moment(self.clock.now(), Reason(_RULE, text), by.name)

    def write(self, tx: Tx, step: Step, moment: Moment) -> None:
        """Stores a step, its timeline, and who is to be told of it."""
        tx.save_incidents([step.incident])
        tx.add_entries(step.entries)
        if lifecycle.News.REOPENED in step.news:
            tx.take_back(step.incident.number)
        told = route.notifications(step.incident, step.news, self.policy, moment.now)
        tx.queue(told, moment.now)


def titled(title: str, what: str = "an incident") -> str:
    """The title of what is opened as one line. Raises RefusedError."""
    title = title.strip()
    if not title:
        raise RefusedError(f"{what} needs a title: say what is wrong")
    if len(title) > _LONGEST_TITLE:
        raise RefusedError(f"a title has {_LONGEST_TITLE} characters at most: say the rest as text")
    if any(category(char) in _NO_LINE for char in title):
        raise RefusedError("a title is one line, without control characters: say the rest as text")
    return title


def only(number: int, by: Principal) -> Query:
    """The one row with that id, if it is not a stranger's."""
    return Query((Matcher("id", Operator.EQUAL, str(number)),), by.customer, limit=1)
