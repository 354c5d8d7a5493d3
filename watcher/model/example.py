"""What a person said of two alerts: one disruption, or two. Kept to score rules against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from watcher.model.event import Severity
from watcher.model.reason import Reason


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two alerts as it was known when the person decided."""

    key: str
    occurrence: str
    source: str
    name: str
    severity: Severity
    host: str | None = None
    service: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled pair; `machine` is the reason for which the machine had decided otherwise."""

    customer: str
    one: Side
    other: Side
    together: bool
    by: str
    at: datetime
    why: str
    machine: Reason | None = None

    @property
    def pair(self) -> str:
        """The same for the same two occurrences, whichever comes first."""
        sides = sorted((each.key, each.occurrence) for each in (self.one, self.other))
        said = "\0".join((self.customer, *sides[0], *sides[1]))
        return blake2b(said.encode(), digest_size=16).hexdigest()
