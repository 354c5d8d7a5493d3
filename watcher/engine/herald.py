"""Has people told of what the first diagnoses of an incident found, in one transaction with it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from watcher.decide.lifecycle import News
from watcher.decide.route import notifications
from watcher.decide.tidings import first_round, tidings
from watcher.model.action import Action
from watcher.model.incident import Entry, EntryKind
from watcher.model.policy import Policy
from watcher.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Herald:
    """Tells under the policy as it is now."""

    policy: Callable[[], Policy]

    def ended(self, tx: Tx, action: Action, number: int, now: datetime) -> None:
        """An attempt at an action of that incident, which is locked, has been written down."""
        if not first_round([action]):
            return
        incident = tx.incidents([number]).get(number)
        if incident is None:
            return
        actions = tx.actions_of(number)
        evidence = (each.diagnosis for each in tx.evidence_of(number))
        found = tidings(incident, actions, evidence)
        told = list(notifications(incident, (News.EVIDENCE,), self.policy(), now))
        if found.tell and tx.queue(told, now):
            text = "what the first diagnoses found is told"
            tx.add_entries([Entry(number, now, EntryKind.ACTION, text, found.reason)])
