"""What the clock does: closes quiet incidents, counts what problems cost, lets old rows go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide import lifecycle
from watcher.decide.cost import Bill
from watcher.engine.causes import Causes
from watcher.engine.rulebook import Rulebook
from watcher.kit.clock import Clock
from watcher.model.action import Action
from watcher.model.incident import Entry, EntryKind, Status
from watcher.model.policy import Policy
from watcher.model.reason import Reason
from watcher.store.store import Store

_AT_ONCE = 500
_UNANSWERED = "nobody approved it"
_TOO_LATE = "nobody approved it in time; what it would say no longer explains the incident"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept that nobody works with any more."""

    deliveries: timedelta
    actions: timedelta
    evidence: timedelta
    runs: timedelta = timedelta(days=730)
    changes: timedelta = timedelta(days=400)


class Sweep:
    """One round of housekeeping at a time; every duty is safe to run on every replica."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rulebook: Callable[[], Rulebook],
        retention: Retention,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rulebook = rulebook
        self._retention = retention
        # By which policy problems have been counted, and which are left.
        self._policy: Policy | None = None
        self._uncounted: list[int] = []

    def step(self) -> int:
        """Closes and lets go; returns how many rows it touched, 0 when nothing is left to do."""
        now = self._clock.now()
        closed = self._close_quiet(now)
        return closed + self._lapse(now) + self._recount(now) + self._let_go(now)

    def _close_quiet(self, now: datetime) -> int:
        after = self._rulebook().policy.grouping.close_after
        with self._store.begin() as tx:
            due = [each.number for each in tx.due_to_close(now - after, _AT_ONCE)]
            # Read again, which locks them: somebody may have reopened one meanwhile.
            steps = [
                lifecycle.close_quiet(each, now, after)
                for each in tx.incidents(due).values()
                if each.status is Status.RESOLVED
            ]
            tx.save_incidents(step.incident for step in steps)
            tx.add_entries(entry for step in steps for entry in step.entries)
        return len(steps)

    def _lapse(self, now: datetime) -> int:
        """Ends what was held for a person and nobody agreed to in time."""
        with self._store.begin() as tx:
            lapsed = tx.lapse(_UNANSWERED, now, _AT_ONCE)
            tx.add_entries(
                Entry(
                    each.incident, now, EntryKind.ACTION, _lapsed(each), Reason("held", _TOO_LATE)
                )
                for each in lapsed
            )
        return len(lapsed)

    def _recount(self, now: datetime) -> int:
        """Counts what problems cost of which an incident lives or has ended, and once all of them
        by rules that are new; each by itself, since people may be at work on several.
        """
        book = self._rulebook()
        causes = Causes(Bill(book.policy, book.catalogue))
        moment = lifecycle.Moment(now, Reason("cost", "its incidents were counted"))
        with self._store.view() as view:
            numbers = {*view.stirred_problems()}
            if book.policy is not self._policy:
                self._policy, self._uncounted = book.policy, view.standing_problems()
        changed = 0
        for number in sorted(numbers.union(self._uncounted[:_AT_ONCE])):
            with self._store.begin() as tx:
                changed += causes.catch_up(tx, number, moment)
        self._uncounted = self._uncounted[_AT_ONCE:]
        return changed + len(self._uncounted)

    def _let_go(self, now: datetime) -> int:
        kept = self._retention
        removed = self._store.expire_deliveries(now - kept.deliveries, _AT_ONCE)
        with self._store.begin() as tx:
            removed += tx.expire_sessions(now) + tx.expire(
                actions_before=now - kept.actions,
                evidence_before=now - kept.evidence,
                runs_before=now - kept.runs,
                limit=_AT_ONCE,
            )
            removed += tx.expire_deployments(now - kept.changes, _AT_ONCE)
        return removed


def _lapsed(action: Action) -> str:
    payload = action.payload
    return f"diagnosis {payload['runbook']} of {payload['host']}: not run"
