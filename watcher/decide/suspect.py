"""Names the host that is likely to be the cause of an incident, with the evidence.

The cause alerts unlike others and unlike itself on other days, what depends on it alerts as well,
and it is early. It may have no alert of its own: a switch that is down often cannot say so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from watcher.decide.activity import Onset
from watcher.decide.reasons import spoken
from watcher.decide.topology import Topology
from watcher.model.incident import Suspect
from watcher.model.reason import Reason

LIKELY_CAUSE = "likely-cause"

# Seconds of delay that halve a score; what has no alert of its own is taken to be so late.
_HALF_AFTER = 120.0
# So many alerts of the suspect are named in the reason.
_NAMED = 8
# What one unusual node counts. Sums of whole numbers are the same in every order.
_UNUSUAL = 1 << 53
_NEVER = float("inf")


class Noted(NamedTuple):
    """An onset, and how often its condition and any on its node had begun before the incident."""

    onset: Onset
    fired_before: int
    node_fired_before: int


class Lineup:
    """The early alerts of one incident, from which its suspect is picked.

    Neither their order nor how often each is noted makes a difference. They count for so long
    `after` the first of them: what comes later is a consequence.
    """

    def __init__(self, topology: Topology, after: timedelta) -> None:
        self._topology = topology
        self._after = after.total_seconds()
        self._noted: dict[tuple[str, str], Noted] = {}
        self._first: Onset | None = None
        self._last = 0.0
        self._changes = self._picked = 0
        self._suspect: Suspect | None = None
        self._scene: _Scene | None = _Scene(topology)

    @property
    def first(self) -> Onset | None:
        """The alert that began before all others."""
        return self._first

    @property
    def until(self) -> float:
        """From when on the suspect is settled, as far as nothing is late."""
        return _NEVER if self._first is None else self._first.at + self._after

    @property
    def stale(self) -> bool:
        """Whether so much is new that a suspect is worth picking again: anything in a small
        incident, an eighth of what there was in a storm.
        """
        return self._changes > self._picked + self._picked // 8

    def note(self, onset: Onset, fired_before: int, node_fired_before: int) -> None:
        """An alert of the incident begins; of what is noted twice the earlier and rarer counts."""
        if onset.at > self.until:
            return
        known = self._noted.get(onset.span)
        noted = Noted(onset, fired_before, node_fired_before)
        if known is not None:
            noted = _rarer(known, noted)
        if noted != known:
            self._noted[onset.span] = noted
            self._changes += 1
            self._see(noted, anew=known is not None)

    def drop(self, span: tuple[str, str]) -> None:
        """An alert belongs to another incident after all."""
        noted = self._noted.pop(span, None)
        if noted is not None:
            self._changes += 1
            self._scene = None
            if noted.onset == self._first:
                left = (each.onset for each in self._noted.values())
                self._first = min(left, key=_id, default=None)

    def take_in(self, other: "Lineup") -> None:
        """Two incidents became one."""
        for noted in other._noted.values():
            self.note(*noted)

    def suspect(self) -> Suspect | None:
        """What is likely to be the cause, with the evidence; None where no alert has begun.

        Where anything is new this looks at every node: in a storm ask while it is `stale`, and once
        when it is settled.
        """
        if self._picked != self._changes:
            self._picked = self._changes
            self._suspect = self._pick()
        return self._suspect

    def _pick(self) -> Suspect | None:
        if self._first is None:
            return None
        if self._scene is None:
            early = (each for each in self._noted.values() if each.onset.at <= self.until)
            self._scene = _Scene(self._topology, early)
        return self._scene.suspect(self._first.at)

    def _see(self, noted: Noted, anew: bool) -> None:
        """Adds to what is seen, unless something else counts no more."""
        onset = noted.onset
        self._first = onset if self._first is None else min(self._first, onset, key=_id)
        self._last = max(self._last, onset.at)
        if anew or (self._first is onset and self._last > self.until):
            self._scene = None
        elif self._scene is not None:
            self._scene.add(noted)


class _Own(NamedTuple):
    """The alert of some name on a node: how often it fired before, since when it does, its key."""

    fired_before: int
    at: float
    key: str


@dataclass(slots=True)
class _Node:
    """What alerts on a node, by name, since when, and how often anything did before."""

    first: float
    fired_before: int
    alerts: dict[str, _Own]


@dataclass(slots=True)
class _Affected:
    """How many of those that depend on a node alert, and how unusual that is for them."""

    nodes: int = 0
    unusual: int = 0

    def weight(self, every: int) -> float:
        """What they count, by their share of all that depend on the node."""
        return self.unusual / _UNUSUAL * self.nodes / every


_Rank = tuple[float, bool, float, str]
"""How a candidate stands, the smallest being the suspect: its score below zero, whether it has no
alert of its own, its delay, its node.
"""


class _Scene:
    """What alerts where, and above it, as it bears on who is to be suspected."""

    def __init__(self, topology: Topology, noted: Iterable[Noted] = ()) -> None:
        self._topology = topology
        self._nodes: dict[str, _Node] = {}
        self._affected: dict[str, _Affected] = {}
        self._spread: dict[str, int] = {}
        for each in noted:
            self.add(each)

    def add(self, noted: Noted) -> None:
        """One more alert."""
        onset = noted.onset
        own = _Own(noted.fired_before, onset.at, onset.key)
        node = self._nodes.get(onset.node)
        if node is None:
            node = self._nodes[onset.node] = _Node(onset.at, noted.node_fired_before, {})
            self._affect(onset.node, 1, _unusual(node.fired_before))
        elif noted.node_fired_before < node.fired_before:
            more = _unusual(noted.node_fired_before) - _unusual(node.fired_before)
            node.fired_before = noted.node_fired_before
            self._affect(onset.node, 0, more)
        node.first = min(node.first, onset.at)
        known = node.alerts.get(onset.name)
        if known is None:
            self._spread[onset.name] = self._spread.get(onset.name, 0) + 1
            node.alerts[onset.name] = own
        else:
            fired_before = min(known.fired_before, own.fired_before)
            node.alerts[onset.name] = _Own(fired_before, *min(known[1:], own[1:]))

    def suspect(self, opened: float) -> Suspect:
        """The node that stands out, by its most telling alert if it has one."""
        name = min(self._ranks(opened))[-1]
        node = self._nodes.get(name)
        if node is None:
            text = f"{self._depending(name)}; it has no alert of its own"
            return Suspect("", name, _time(self._since(name)), Reason(LIKELY_CAUSE, text))
        own = sorted(node.alerts.items(), key=self._telling)
        delay = node.first - opened
        said = (self._depending(name), _own(own, self._spread), _after(delay))
        keys = tuple(each.key for _, each in own[:_NAMED])
        reason = Reason(LIKELY_CAUSE, "; ".join(filter(None, said)), keys=keys, gap=delay)
        # An alert of no host and no service stands for itself.
        host = None if name == keys[0] else name
        return Suspect(keys[0], host, _time(own[0][1].at), reason)

    def _ranks(self, opened: float) -> Iterator[_Rank]:
        """Every node that alerts, or on which one that does depends, with its score.

        It is (own + affected) / (1 + delay / 2 minutes): an alert of its own counts the more, the
        fewer others show the same and the rarer it was there.
        """
        below = self._topology.below
        for name, node in self._nodes.items():
            delay = node.first - opened
            affected = self._affected.get(name)
            score = 0.0 if affected is None else affected.weight(len(below(name)))
            score += self._unlike(node)
            yield -score / (1 + delay / _HALF_AFTER), False, delay, name
        for name, affected in self._affected.items():
            if name not in self._nodes:
                yield -affected.weight(len(below(name))) / 2, True, _HALF_AFTER, name

    def _unlike(self, node: _Node) -> float:
        """How much the alerts of a node are unlike those of others and of other days."""
        # In the order of names, so that the sum is the same to the last bit.
        return sum(
            1 / (self._spread[name] * (1 + own.fired_before))
            for name, own in sorted(node.alerts.items())
        )

    def _affect(self, node: str, nodes: int, unusual: int) -> None:
        for above in self._topology.above(node):
            affected = self._affected.get(above)
            if affected is None:
                affected = self._affected[above] = _Affected()
            affected.nodes += nodes
            affected.unusual += unusual

    def _since(self, name: str) -> float:
        """When the first of those that depend on a node began to alert."""
        below = self._topology.below(name) & self._nodes.keys()
        return min(self._nodes[each].first for each in below)

    def _telling(self, alert: tuple[str, _Own]) -> tuple[int, float, str]:
        name, own = alert
        return self._spread[name] * (1 + own.fired_before), own.at, own.key

    def _depending(self, name: str) -> str:
        """What depends on a node and alerts, in words."""
        affected, every = self._affected.get(name), len(self._topology.below(name))
        if affected is None:
            return ""
        if every == 1:
            return "what depends on it alerts"
        some = f"all {every}" if affected.nodes == every else f"{affected.nodes} of the {every}"
        return f"{some} hosts and services that depend on it alert"


def _own(alerts: Sequence[tuple[str, _Own]], spread: Mapping[str, int]) -> str:
    """The most telling alert of a node, in words."""
    name, own = alerts[0]
    before, others = own.fired_before, spread[name] - 1
    times = "once" if before == 1 else f"{before} times"
    seen = f"fired here {times} before" if before else "is new here"
    also = f" and fires on {others} other{'s' * (others > 1)}" if others else ""
    more = f" (one of {len(alerts)})" if len(alerts) > 1 else ""
    return f"its own alert '{name}'{more} {seen}{also}"


def _after(delay: float) -> str:
    return f"first alert after {spoken(delay)}" if delay else "nothing alerted before it"


def _rarer(one: Noted, other: Noted) -> Noted:
    return Noted(
        min(one.onset, other.onset, key=_said),
        min(one.fired_before, other.fired_before),
        min(one.node_fired_before, other.node_fired_before),
    )


def _said(onset: Onset) -> tuple[float, str, str]:
    return onset.at, onset.node, onset.name


def _id(onset: Onset) -> tuple[float, str, str]:
    return onset.id


def _unusual(fired_before: int) -> int:
    return _UNUSUAL // (1 + fired_before)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
