"""Keeps priorities true when nothing is heard: business hours begin and end, rules are replaced."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from watcher.decide import lifecycle, route
from watcher.decide.lifecycle import Moment, Step
from watcher.decide.priority import Scale
from watcher.decide.recount import Ground, Member, Roll, recount, said_of
from watcher.engine.fold import HOURS
from watcher.engine.rulebook import Rulebook
from watcher.engine.shelf import members
from watcher.kit.clock import Clock
from watcher.model.change import replace
from watcher.model.policy import Policy
from watcher.model.reason import Reason
from watcher.store.store import Store
from watcher.store.tx import Tx

_RULES = Reason("rules-replaced", "rules or catalogue were read anew")
_AT_ONCE = 200


class Review:
    """One round of looking again at a time; safe to run on every replica."""

    def __init__(self, store: Store, clock: Clock, rulebook: Callable[[], Rulebook]) -> None:
        self._store = store
        self._clock = clock
        self._rulebook = rulebook
        # By which policy the incidents up to which number have been measured.
        self._policy: Policy | None = None
        self._last: int | None = 0

    def step(self) -> int:
        """Looks again at some incidents; returns at how many, 0 when nothing is left to do."""
        rulebook, now = self._rulebook(), self._clock.now()
        if rulebook.policy is not self._policy:
            self._policy, self._last = rulebook.policy, 0
        with self._store.begin() as tx:
            # The clock goes first: what it did long ago was done under what was known then.
            done = _by_clock(tx, rulebook, now)
            if done or self._last is None:
                return done
            numbers = [each.number for each in tx.living(self._last, _AT_ONCE)]
            for step in _measured_anew(tx, numbers, rulebook, now):
                _write(tx, step, rulebook.policy, now)
        self._last = numbers[-1] if numbers else None
        return len(numbers)


def _measured_anew(
    tx: Tx, numbers: Collection[int], rulebook: Rulebook, now: datetime
) -> Iterator[Step]:
    """Living incidents by rules that are new to them, all their alerts included."""
    ground = Ground(rulebook.policy, rulebook.catalogue)
    incidents = tx.incidents(numbers)
    alerts: dict[int | None, list[Member]] = defaultdict(list)
    for each in members(tx, numbers):
        alerts[each[1].incident].append(each)
    for incident in incidents.values():
        if incident.living:
            mine = tuple(alerts[incident.number])
            said = said_of(Roll(incident, mine))
            stakes = recount(incident, said, mine, ground).stakes
            moment = Moment(now, _RULES)
            step = lifecycle.reprioritised(replace(incident, stakes=stakes), ground.scale, moment)
            if step.incident != incident:
                yield step


def _by_clock(tx: Tx, rulebook: Rulebook, now: datetime) -> int:
    """What business hours do, as of the moments at which they began or ended."""
    scale = Scale(rulebook.policy.priority, rulebook.catalogue)
    due = [each.number for each in tx.due_for_review(now, _AT_ONCE)]
    # Read again, which locks them: somebody may have changed one meanwhile.
    for incident in tx.incidents(due).values():
        at = incident.review_at
        if incident.living and at is not None and at <= now:
            step = lifecycle.reprioritised(incident, scale, Moment(at, HOURS))
            _write(tx, step, rulebook.policy, at)
    return len(due)


def _write(tx: Tx, step: Step, policy: Policy, at: datetime) -> None:
    tx.save_incidents([step.incident])
    tx.add_entries(step.entries)
    tx.queue(route.notifications(step.incident, step.news, policy, at), at)
