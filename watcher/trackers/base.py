"""What a ticket is before it is filed, and what every tracker can do with it."""

from dataclasses import dataclass
from datetime import date, datetime

from watcher.kit.net import Timed
from watcher.kit.plugins import adapter
from watcher.model.action import Outcome
from watcher.model.incident import Ticket


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to become one ticket. `key` is its mark in the tracker, of letters, digits, `-` and
    `_` only, the same for ever: by it the ticket is found again where an answer was lost. The text
    is plain, lines ended by a line feed; `url` is where Watcher shows more, `at` is now.
    """

    key: str
    title: str
    text: str
    url: str
    at: datetime
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """What came of filing: the ticket where there is one by now."""

    outcome: Outcome
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True)
class Tracker:
    """A configured tracker: the adapter of that kind with its options. Only the work of its
    `customers` is kept there; where none is named, that of all.
    """

    name: str
    kind: str
    options: Timed
    customers: frozenset[str] = frozenset()

    def serves(self, customer: str) -> bool:
        """Whether work of this customer may be shown there."""
        return not self.customers or customer in self.customers

    @property
    def longest(self) -> float:
        """Seconds after which `file` has come back for certain."""
        return self.options.deadline + self.options.timeout

    def file(self, draft: Draft) -> Filed:
        """Makes one ticket of the draft, or finds the one that was made of it before; whatever the
        peer does is an outcome.
        """
        filed: Filed = adapter("watcher.trackers", self.kind).file(draft, self.options)
        return filed

    def check(self, now: datetime) -> Outcome:
        """Whether the tracker can be reached and lets us do what we need, in words; writes nothing
        there.
        """
        outcome: Outcome = adapter("watcher.trackers", self.kind).check(now, self.options)
        return outcome
