"""One incident while it goes on: what it brought, where, and how fast."""

from dataclasses import dataclass, field

from watcher.decide.activity import Evidence, Onset, Trace
from watcher.decide.reasons import BURST
from watcher.decide.surge import Pulse
from watcher.model.policy import Storm


@dataclass(slots=True)
class Disruption:
    """One incident while it goes on; times are seconds since the epoch.

    It is young for the lateness window after `opened`. `crowded` are the places where it brought
    several different alerts at once, `places` its last onset at each place by name.
    """

    number: int
    opened: float
    began: float
    last: float
    pulse: Pulse = field(default_factory=Pulse)
    places: dict[str, dict[str, Trace]] = field(default_factory=dict)
    crowded: set[str] = field(default_factory=set)
    apart: set[int] = field(default_factory=set)
    storm: bool = False

    def copy(self) -> "Disruption":
        """The same, to go on from twice."""
        return Disruption(
            self.number,
            self.opened,
            self.began,
            self.last,
            self.pulse.copy(),
            {place: dict(names) for place, names in self.places.items()},
            set(self.crowded),
            set(self.apart),
            self.storm,
        )

    def join(self, onset: Onset, rules: Storm) -> bool:
        """An onset is part of it from now on; whether its place became crowded by that."""
        within = rules.within.total_seconds()
        self.last = max(self.last, onset.at)
        self.pulse.note(onset, rules)
        if not self.storm and self.pulse.names(onset.at - within) >= rules.names:
            self.storm = True
        if onset.place is None:
            return False
        names = self.places.setdefault(onset.place, {})
        names[onset.name] = Trace(onset.at, onset.key, onset.node)
        if onset.place in self.crowded or len(names) < rules.gather:
            return False
        lately = sum(each.at > onset.at - within for each in names.values())
        if lately < rules.gather:
            return False
        self.crowded.add(onset.place)
        return True

    def absorb(self, gone: "Disruption") -> None:
        """It is one with another that is gone thereby."""
        self.last = max(self.last, gone.last)
        self.storm |= gone.storm
        self.apart |= gone.apart
        self.crowded |= gone.crowded
        self.pulse.take_in(gone.pulse)
        for place, names in gone.places.items():
            known = self.places.setdefault(place, {})
            for name, trace in names.items():
                known[name] = max(trace, known.get(name, trace))

    def lately_at(self, onset: Onset, rules: Storm) -> Evidence | None:
        """What it brought at the place of an onset a moment ago."""
        names = self.places.get(onset.place or "")
        if names is None:
            return None
        trace = max(names.values())
        spent = (onset.at - trace.at) / rules.within.total_seconds()
        return Evidence(spent, BURST, trace) if spent <= 1 else None
