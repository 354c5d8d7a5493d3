"""A tracker in memory, for tests of what becomes of tickets."""

from collections.abc import Callable
from dataclasses import dataclass, field

from watcher.model.action import Outcome, Verdict
from watcher.model.incident import Ticket
from watcher.trackers.base import Draft, Filed, Tracker


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the tracker is."""

    timeout: float = 1.0
    deadline: float = 5.0


@dataclass(frozen=True, slots=True)
class Board(Tracker):
    """A tracker in memory: finds what it has by its mark, as every one does. The `plan` says what
    comes instead of a ticket, or what happens between a ticket and the answer.
    """

    tickets: dict[str, Draft] = field(default_factory=dict)
    plan: list[Filed | Callable[[], None]] = field(default_factory=list)

    def file(self, draft: Draft) -> Filed:
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Filed):
            return step
        self.tickets.setdefault(draft.key, draft)
        if step is not None:
            step()
        number = list(self.tickets).index(draft.key) + 1
        key = f"{self.name.upper()}-{number}"
        ticket = Ticket("memory", key, f"https://{self.name}.example/{number}")
        return Filed(Outcome(Verdict.DONE, f"filed as {key}"), ticket)


def board(name: str = "ops", *customers: str) -> Board:
    """An empty tracker for these customers, or for all."""
    return Board(name, "memory", Limits(), frozenset(customers))
