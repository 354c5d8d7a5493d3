"""Carries out what the outbox holds: claim, one adapter call outside any transaction, outcome.

An action is leased while it is carried out; who lost the lease stores nothing. A call whose outcome
was never stored is made again under the same idempotency key.
"""

import random
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from threading import Condition, Event, Thread

from watcher.decide.backoff import Attempt, Backoff, next_try, worn_out
from watcher.engine import runlog
from watcher.engine.diagnose import TOGETHER
from watcher.engine.hands import Hand, Result
from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.kit.redact import redact
from watcher.model.action import Action, ActionKind, ActionStatus, Outcome, Verdict
from watcher.model.incident import Entry, EntryKind
from watcher.model.reason import Reason
from watcher.store.base import StoreError, StoreUnavailable, Unstorable
from watcher.store.store import Store
from watcher.store.tx import Tx

Errand = tuple[Action, ...]
"""Actions of one lane that are carried out in one go."""

Results = tuple[Result, ...]
Conclusion = tuple[ActionStatus, str, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Crew:
    """How many errands of a kind run at once, how long an action is leased at least, and how
    patient Watcher is with them; and how many actions of a lane make up one errand.
    """

    threads: int
    lease: timedelta = timedelta(minutes=5)
    backoff: Backoff = field(default_factory=Backoff)
    together: int = 1


# For reading before and storing after the call.
_MARGIN = timedelta(seconds=60)

CREWS: Mapping[ActionKind, Crew] = {
    ActionKind.NOTIFY: Crew(threads=4),
    # What a host says an hour later no longer explains the incident.
    ActionKind.ANSWER: Crew(threads=4),
    ActionKind.DIAGNOSE: Crew(
        threads=16,
        backoff=Backoff(timedelta(seconds=20), timedelta(minutes=3), least=4, attempts=6),
        together=TOGETHER,
    ),
    # Nobody is woken by a ticket: it may wait until somebody mends the tracker after a weekend.
    ActionKind.FILE: Crew(
        threads=2,
        backoff=Backoff(timedelta(seconds=30), timedelta(hours=1), age=timedelta(days=3)),
    ),
}


@dataclass(frozen=True, slots=True)
class Options:
    """How the work is done. `wake` is called whenever an action has ended, so that the next of its
    lane need not wait; `pause` is seconds between attempts to store an outcome. `ended` is called
    in the transaction that stores outcomes, with each action and the number of its incident. What
    is claimed together is done within its `turn`, from reading to storing.
    """

    crews: Mapping[ActionKind, Crew] = field(default_factory=lambda: CREWS)
    wake: Callable[[], None] = lambda: None
    dice: Callable[[], float] = random.random
    pause: float = 1.0
    ended: Callable[[Tx, Action, int, datetime], None] = lambda tx, action, incident, now: None
    turn: Callable[[Errand], AbstractContextManager[None]] = lambda actions: nullcontext()


class Deliverer:
    """Works on the outbox with a bounded number of threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        hands: Mapping[ActionKind, Hand],
        options: Options | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._hands = hands
        self._options = options or Options()
        self._log = logger("deliver")
        self._running: Counter[ActionKind] = Counter()
        self._unstored = 0
        self._changed = Condition()
        self._closing = Event()

    def step(self, limit: int = 64) -> int:
        """Claims what is due, as far as hands are free, and sets them to work; returns how many
        actions began. Raises StoreError.
        """
        begun = 0
        for kind in self._hands:
            with self._changed:
                free = self._options.crews[kind].threads - self._running[kind]
                # What waits to be stored is done: claiming now could do it again.
                if self._closing.is_set() or self._unstored:
                    return begun
            for actions in self._claim(kind, min(free, limit - begun)):
                begun += len(actions)
                with self._changed:
                    self._running[kind] += 1
                name = f"deliver-{actions[0].id}"
                Thread(target=self._work, args=(actions,), name=name, daemon=True).start()
        return begun

    def run_due(self) -> int:
        """Carries out everything that is due, one after another, in this thread; returns how many
        attempts were made. Raises StoreError.
        """
        count = 0
        while True:
            errands = [each for kind in self._hands for each in self._claim(kind, 1)]
            if not errands:
                return count
            for actions in errands:
                self._conclude(actions, self._attempt(actions))
                count += len(actions)

    def lease(self, kind: ActionKind) -> timedelta:
        """How long actions of a kind are leased: always longer than one can take, so that a lease
        need not be renewed.
        """
        longest = timedelta(seconds=self._hands[kind].longest)
        return max(self._options.crews[kind].lease, longest + _MARGIN)

    def running(self) -> int:
        """How many errands are under way now."""
        with self._changed:
            return self._running.total()

    def close(self, seconds: float) -> bool:
        """Begins nothing more, and gives what runs that long to end; returns whether it did. What
        did not is done again when its lease has expired.
        """
        self._closing.set()
        with self._changed:
            return self._changed.wait_for(lambda: not self._running.total(), seconds)

    def _claim(self, kind: ActionKind, limit: int) -> list[Errand]:
        """What is due, as far as one errand does it."""
        if limit <= 0:
            return []
        together = self._options.crews[kind].together
        with self._store.begin() as tx:
            claimed = tx.claim(self._clock.now(), self.lease(kind), limit, [kind], together)
        return [
            tuple(lane) for _, lane in groupby(claimed, lambda each: (each.incident, each.lane))
        ]

    def _work(self, actions: Errand) -> None:
        try:
            with self._options.turn(actions):
                self._store_for_sure(actions, self._attempt(actions))
        except StoreError as error:
            self._log.warning("outcome not stored", action=actions[0].id, why=str(error))
        finally:
            with self._changed:
                self._running[actions[0].kind] -= 1
                self._changed.notify_all()
            self._options.wake()

    def _attempt(self, actions: Errand) -> Results:
        """Does what is not worn out; what goes wrong together is tried one by one."""
        backoff = self._options.crews[actions[0].kind].backoff
        fresh = tuple(each for each in actions if not worn_out(each.attempts, backoff))
        made = {each.id: result for each, result in zip(fresh, self._made(fresh), strict=True)}
        return tuple(made.get(each.id, _WORN_OUT) for each in actions)

    def _made(self, actions: Errand) -> Results:
        if not actions:
            return ()
        try:
            with self._store.view() as view:
                errand = self._hands[actions[0].kind].prepare(actions, view)
            return tuple(errand())
        except StoreUnavailable as error:
            why = f"the database was away: {error}"
        except Exception as error:  # noqa: BLE001 - a fault in an adapter must not stop the others
            trace = redact(traceback.format_exc())
            self._log.error("fault in an adapter", action=actions[0].id, trace=trace)
            if len(actions) > 1:
                return tuple(result for each in actions for result in self._made((each,)))
            why = f"a fault in Watcher ({type(error).__name__}); its log says more"
        return (Result(Outcome(Verdict.RETRY, why)),) * len(actions)

    def _store_for_sure(self, actions: Errand, results: Results) -> None:
        """Does not let go of what was done while the database is away: it would be done again."""
        try:
            self._conclude(actions, results)
        except StoreUnavailable:
            with self._changed:
                self._unstored += 1
            try:
                self._insist(actions, results)
            finally:
                with self._changed:
                    self._unstored -= 1

    def _insist(self, actions: Errand, results: Results) -> None:
        while not self._closing.wait(self._options.pause):
            with suppress(StoreUnavailable):
                return self._conclude(actions, results)
        return self._conclude(actions, results)

    def _conclude(self, actions: Errand, results: Results) -> None:
        """Stores what came of them; what the database refuses of one spoils no other."""
        dice = self._options.dice()
        try:
            self._store_results(actions, results, dice)
        except Unstorable:
            if len(actions) > 1:
                for action, result in zip(actions, results, strict=True):
                    self._conclude((action,), (result,))
                return
            why = "what came of it cannot be stored; the log of Watcher says more"
            trace = redact(traceback.format_exc())
            self._log.error("outcome refused by the database", action=actions[0].id, trace=trace)
            self._store_results(actions, (Result(Outcome(Verdict.GAVE_UP, why)),), dice)

    def _store_results(self, actions: Errand, results: Results, dice: float) -> None:
        """All that came of them in one transaction, as far as the leases are still ours."""
        now = self._clock.now()
        with self._store.begin() as tx:
            # Locked before its actions, as by everybody who decides about it and then queues some.
            incident = _home(tx, actions[0].incident)
            for action, result in zip(actions, results, strict=True):
                conclusion = self._conclusion(action, result, dice, now)
                self._store_result(tx, action, result, conclusion, incident)
            for action in actions:
                self._options.ended(tx, action, incident, now)

    def _store_result(
        self, tx: Tx, action: Action, result: Result, conclusion: Conclusion, incident: int
    ) -> None:
        """State, timeline, evidence and run log."""
        status, reason, next_at, now = conclusion
        if not tx.settle(action, status, reason, next_at, now):
            self._log.warning("lease lost, outcome dropped", action=action.id)
            return
        if result.diagnosis is not None:
            tx.add_evidence(incident, action.id, result.diagnosis, whole=result.whole)
        if result.run is not None:
            runlog.keep(tx, replace(result.run, incident=incident), result.script)
        if result.filed is not None:
            # While its incident is locked nobody saves a review that has not seen the ticket.
            tx.item_filed(result.filed)
        tx.queue([replace(each, incident=incident) for each in result.follows], now)
        if result.quiet or (status is ActionStatus.RETRY and action.attempts > 1):
            return
        why = Reason("deliver", reason, (action.key, *result.outcome.details.values()))
        word = f"filed as {result.filed.ticket.key}" if result.filed else _WORDS[status]
        text = f"{self._hands[action.kind].label(action)}: {word}"
        tx.add_entries([Entry(incident, now, EntryKind.ACTION, text, why)])

    def _conclusion(self, action: Action, result: Result, dice: float, now: datetime) -> Conclusion:
        """What becomes of the action, why, when it is due again, and when that is decided."""
        outcome = result.outcome
        if outcome.verdict is not Verdict.RETRY:
            return ActionStatus(outcome.verdict), outcome.reason, now, now
        attempt = Attempt(action.attempts, action.created_at, dice, outcome.after)
        patience = next_try(attempt, self._options.crews[action.kind].backoff, now)
        reason = f"{outcome.reason} ({patience.reason})"
        if patience.at is None:
            return ActionStatus.GAVE_UP, reason, now, now
        return ActionStatus.RETRY, reason, patience.at, now


_WORN_OUT = Result(
    Outcome(
        Verdict.GAVE_UP,
        "it was begun many times and never came to an end; see the log of Watcher",
    )
)
_WORDS = {
    ActionStatus.DONE: "done",
    ActionStatus.RETRY: "not yet, it is tried again",
    ActionStatus.GAVE_UP: "given up, a person can retry it",
}


def _home(tx: Tx, number: int) -> int:
    """The incident, or the one that has taken it in meanwhile."""
    while (found := tx.incidents([number]).get(number)) and found.merged_into is not None:
        number = found.merged_into
    return number
