"""Tells whether something new goes on in the middle of a storm of alerts.

A storm is told by how many different alerts start, not by how many: one cause makes many hosts say
the same thing, and another cause says something else.
"""

from collections import deque
from dataclasses import dataclass, field
from math import exp, lgamma, log

from watcher.decide.activity import Onset
from watcher.model.policy import Storm


@dataclass(slots=True)
class Pulse:
    """How the alerts of one disruption come in: by name, and the newest of them whole."""

    recent: deque[Onset] = field(default_factory=deque)
    latest: dict[str, float] = field(default_factory=dict)
    slots: dict[int, dict[str, float]] = field(default_factory=dict)

    def copy(self) -> "Pulse":
        """The same, to go on from twice."""
        slots = {slot: dict(names) for slot, names in self.slots.items()}
        return Pulse(deque(self.recent), dict(self.latest), slots)

    def note(self, onset: Onset, rules: Storm) -> None:
        """An onset became part of the disruption."""
        burst = rules.burst.total_seconds()
        self.recent.append(onset)
        while self.recent[0].at <= onset.at - burst:
            self.recent.popleft()
        self.latest[onset.name] = onset.at
        slot = int(onset.at // burst)
        self.slots.setdefault(slot, {}).setdefault(onset.name, onset.at)
        oldest = slot - int(rules.within / rules.burst) - 1
        for old in [each for each in self.slots if each < oldest]:
            del self.slots[old]

    def take_in(self, other: "Pulse") -> None:
        """Two disruptions became one."""
        self.recent = deque(sorted((*self.recent, *other.recent), key=lambda each: each.id))
        for name, at in other.latest.items():
            self.latest[name] = max(at, self.latest.get(name, at))
        for slot, names in other.slots.items():
            mine = self.slots.setdefault(slot, {})
            for name, at in names.items():
                mine[name] = min(at, mine.get(name, at))

    def names(self, since: float) -> int:
        """How many different alerts started after that time."""
        return sum(at > since for at in self.latest.values())

    def surging(self, began: float, now: float, rules: Storm) -> tuple[int, float] | None:
        """(different alerts in the last moments, how many were to be expected), None where that
        may be chance.

        What is to be expected is the rate of the minute before, and one more for a good measure.
        """
        burst, within = rules.burst.total_seconds(), rules.within.total_seconds()
        seen = self.names(now - burst)
        if seen < rules.least:
            return None
        before = sum(
            now - burst - within < at <= now - burst
            for names in self.slots.values()
            for at in names.values()
        )
        span = max(burst, min(within, now - burst - began))
        expected = (before + 1) * burst / span
        return (seen, expected) if chance(seen, expected) <= rules.odds else None


def chance(seen: int, expected: float) -> float:
    """How likely it is to see so many or more by chance (the tail of a Poisson distribution)."""
    share = total = 1.0
    more = seen
    while share > total * 1e-9:
        more += 1
        share *= expected / more
        total += share
    return total * exp(seen * log(expected) - expected - lgamma(seen + 1))
