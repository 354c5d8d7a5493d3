"""Carries out what the outbox holds: claim, one adapter call outside any transaction, outcome.

An action is leased while it is carried out; who lost the lease stores nothing. A call whose outcome
was never stored is made again under the same idempotency key.
"""

import random
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Condition, Event, Thread

from watcher.decide.backoff import Attempt, Backoff, next_try, worn_out
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


@dataclass(frozen=True, slots=True)
class Crew:
    """How many actions of a kind run at once, how long one is leased at least, and how patient
    Watcher is with them.
    """

    threads: int
    lease: timedelta = timedelta(minutes=5)
    backoff: Backoff = field(default_factory=Backoff)


# For reading before and storing after the call.
_MARGIN = timedelta(seconds=60)

CREWS: Mapping[ActionKind, Crew] = {
    ActionKind.NOTIFY: Crew(threads=4),
    # What a host says hours later no longer explains the incident.
    ActionKind.DIAGNOSE: Crew(threads=16, backoff=Backoff(age=timedelta(hours=2))),
}


@dataclass(frozen=True, slots=True)
class Options:
    """How the work is done. `wake` is called whenever an action has ended, so that the next of its
    lane need not wait; `pause` is seconds between attempts to store an outcome.
    """

    crews: Mapping[ActionKind, Crew] = field(default_factory=lambda: CREWS)
    wake: Callable[[], None] = lambda: None
    dice: Callable[[], float] = random.random
    pause: float = 1.0


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
            for action in self._claim(kind, min(free, limit - begun)):
                begun += 1
                with self._changed:
                    self._running[kind] += 1
                name = f"deliver-{action.id}"
                Thread(target=self._work, args=(action,), name=name, daemon=True).start()
        return begun

    def run_due(self) -> int:
        """Carries out everything that is due, one after another, in this thread; returns how many
        attempts were made. Raises StoreError.
        """
        count = 0
        while True:
            actions = [each for kind in self._hands for each in self._claim(kind, 1)]
            if not actions:
                return count
            for action in actions:
                self._conclude(action, self._attempt(action))
                count += 1

    def lease(self, kind: ActionKind) -> timedelta:
        """How long actions of a kind are leased: always longer than one can take, so that a lease
        need not be renewed.
        """
        longest = timedelta(seconds=self._hands[kind].longest)
        return max(self._options.crews[kind].lease, longest + _MARGIN)

    def running(self) -> int:
        """How many actions are being carried out now."""
        with self._changed:
            return self._running.total()

    def close(self, seconds: float) -> bool:
        """Begins nothing more, and gives what runs that long to end; returns whether it did. What
        did not is done again when its lease has expired.
        """
        self._closing.set()
        with self._changed:
            return self._changed.wait_for(lambda: not self._running.total(), seconds)

    def _claim(self, kind: ActionKind, limit: int) -> list[Action]:
        if limit <= 0:
            return []
        with self._store.begin() as tx:
            return tx.claim(self._clock.now(), self.lease(kind), limit, [kind])

    def _work(self, action: Action) -> None:
        try:
            self._store_for_sure(action, self._attempt(action))
        except StoreError as error:
            self._log.warning("outcome not stored", action=action.id, why=str(error))
        finally:
            with self._changed:
                self._running[action.kind] -= 1
                self._changed.notify_all()
            self._options.wake()

    def _attempt(self, action: Action) -> Result:
        if worn_out(action.attempts, self._options.crews[action.kind].backoff):
            why = "it was begun many times and never came to an end; see the log of Watcher"
            return Result(Outcome(Verdict.GAVE_UP, why))
        try:
            with self._store.view() as view:
                errand = self._hands[action.kind].prepare(action, view)
            return errand()
        except StoreUnavailable as error:
            return Result(Outcome(Verdict.RETRY, f"the database was away: {error}"))
        except Exception as error:  # noqa: BLE001 - a fault in an adapter must not stop the others
            trace = redact(traceback.format_exc())
            self._log.error("fault in an adapter", action=action.id, trace=trace)
            why = f"a fault in Watcher ({type(error).__name__}); its log says more"
            return Result(Outcome(Verdict.RETRY, why))

    def _store_for_sure(self, action: Action, result: Result) -> None:
        """Does not let go of what was done while the database is away: it would be done again."""
        try:
            self._conclude(action, result)
        except StoreUnavailable:
            with self._changed:
                self._unstored += 1
            try:
                self._insist(action, result)
            finally:
                with self._changed:
                    self._unstored -= 1

    def _insist(self, action: Action, result: Result) -> None:
        while not self._closing.wait(self._options.pause):
            with suppress(StoreUnavailable):
                return self._conclude(action, result)
        return self._conclude(action, result)

    def _conclude(self, action: Action, result: Result) -> None:
        try:
            self._store_result(action, result)
        except Unstorable:
            why = "what came of it cannot be stored; the log of Watcher says more"
            trace = redact(traceback.format_exc())
            self._log.error("outcome refused by the database", action=action.id, trace=trace)
            self._store_result(action, Result(Outcome(Verdict.GAVE_UP, why)))

    def _store_result(self, action: Action, result: Result) -> None:
        """State, timeline and evidence in one transaction, if the lease is still ours."""
        now = self._clock.now()
        status, reason, next_at = self._conclusion(action, result.outcome, now)
        with self._store.begin() as tx:
            if not tx.settle(action, status, reason, next_at, now):
                self._log.warning("lease lost, outcome dropped", action=action.id)
                return
            incident = _home(tx, action.incident)
            if result.diagnosis is not None and status is not ActionStatus.RETRY:
                tx.add_evidence(incident, action.id, result.diagnosis)
            if status is not ActionStatus.RETRY or action.attempts == 1:
                why = Reason("deliver", reason, (action.key, *result.outcome.details.values()))
                text = f"{self._hands[action.kind].label(action)}: {_WORDS[status]}"
                tx.add_entries([Entry(incident, now, EntryKind.ACTION, text, why)])

    def _conclusion(
        self, action: Action, outcome: Outcome, now: datetime
    ) -> tuple[ActionStatus, str, datetime]:
        """What becomes of the action, why, and when it is due again."""
        if outcome.verdict is not Verdict.RETRY:
            return ActionStatus(outcome.verdict), outcome.reason, now
        attempt = Attempt(action.attempts, action.created_at, self._options.dice(), outcome.after)
        patience = next_try(attempt, self._options.crews[action.kind].backoff, now)
        reason = f"{outcome.reason} ({patience.reason})"
        if patience.at is None:
            return ActionStatus.GAVE_UP, reason, now
        return ActionStatus.RETRY, reason, patience.at


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
