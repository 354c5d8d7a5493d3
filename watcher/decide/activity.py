"""Where something is going on, and what that has to do with an alert that starts now.

Keeps, for each disruption, when it was last seen on a node, beneath a node, and under a name at a
place, so that the evidence for a new alert costs a few look-ups however many alerts there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from watcher.decide.topology import Topology
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

# Correlation follows the topology so far; naming a cause may look further.
_HOPS = 2


@dataclass(frozen=True, slots=True)
class Onset:
    """An occurrence that begins, as it counts for grouping.

    `at` is when, in seconds since the epoch; `node` its host, or its service where it names no
    host; `place` what says where that is, and `service` counts where the topology does not know
    the node. It belongs to the incident `home` because of `why`: a person put it there (`pinned`),
    or its condition is back. Then it returns to where its span `after` is by now, if that is known,
    which counts for more than other evidence unless it was away for `long`. It belongs to none of
    those `barred`.
    """

    at: float
    key: str
    occurrence: str
    node: str
    name: str
    place: str | None = None
    service: str | None = None
    home: int | None = None
    after: tuple[str, str] | None = None
    why: Reason | None = None
    pinned: bool = False
    long: bool = False
    barred: frozenset[int] = frozenset()

    @property
    def id(self) -> tuple[float, str, str]:
        """Onsets are decided in this order, whatever the order in which they were heard of."""
        return self.at, self.key, self.occurrence

    @property
    def span(self) -> tuple[str, str]:
        """The occurrence that begins."""
        return self.key, self.occurrence


class Trace(NamedTuple):
    """The last onset of a disruption on some node: when, of which condition, on which node."""

    at: float
    key: str
    node: str


class Evidence(NamedTuple):
    """Why an onset may belong to a disruption; the smallest is the strongest.

    `spent` is the part of its window that has passed, `rule` names what was found, `edge` leads
    from cause to effect.
    """

    spent: float
    rule: str
    trace: Trace
    edge: tuple[str, str] | None = None


SAME_HOST = "same-host"
EFFECT = "effect"
CAUSE = "cause"
SHARED_CAUSE = "shared-cause"
ALIKE = "alike"

_Index = dict[object, dict[int, Trace]]


@dataclass(slots=True)
class Activity:
    """The last onsets of all disruptions, by what a later one may have in common with them."""

    on: _Index = field(default_factory=dict)
    beneath: _Index = field(default_factory=dict)
    further: _Index = field(default_factory=dict)
    alike: _Index = field(default_factory=dict)

    def copy(self) -> "Activity":
        """The same, to go on from twice; what is known of a node is replaced, and never changed."""
        return Activity(dict(self.on), dict(self.beneath), dict(self.further), dict(self.alike))

    def note(self, number: int, onset: Onset, topology: Topology) -> None:
        """An onset became part of a disruption."""
        trace = Trace(onset.at, onset.key, onset.node)
        _seen(self.on, onset.node, number, trace)
        for node, hops in topology.around(onset.node, onset.service).items():
            if hops <= _HOPS:
                _seen(self.beneath if hops == 1 else self.further, node, number, trace)
        if onset.place is not None:
            _seen(self.alike, (onset.name, onset.place), number, trace)

    def forget(self, before: float) -> None:
        """Lets go of what was seen before that time."""
        for index in (self.on, self.beneath, self.further, self.alike):
            for thing in list(index):
                kept = {
                    number: trace for number, trace in index[thing].items() if trace.at > before
                }
                if kept:
                    index[thing] = kept
                else:
                    del index[thing]

    def numbers(self) -> set[int]:
        """The disruptions that anything is known of."""
        return {number for found in self.on.values() for number in found}

    def touched(
        self, onset: Onset, topology: Topology, rules: Grouping
    ) -> Iterator[tuple[int, Trace]]:
        """What was seen where an onset would find evidence, however long ago: (number, trace).

        What has an onset among its own evidence is seen there as well.
        """
        for _, found, _, _ in self._ties(onset, topology, rules):
            yield from found.items()

    def evidence(
        self, onset: Onset, topology: Topology, rules: Grouping
    ) -> Iterator[tuple[int, Evidence]]:
        """All that ties an onset to disruptions: (number, evidence), stale evidence left out."""
        for rule, found, span, edge in self._ties(onset, topology, rules):
            window = span.total_seconds()
            for number, trace in found.items():
                spent = (onset.at - trace.at) / window
                if spent <= 1:
                    # The edge is named from the trace where it ends there.
                    yield number, Evidence(spent, rule, trace, _edge(edge, trace))

    def _ties(self, onset: Onset, topology: Topology, rules: Grouping) -> Iterator["_Tie"]:
        """What an onset has in common with what was seen, each with how long that counts."""
        node = onset.node
        if found := self.on.get(node):
            yield SAME_HOST, found, rules.same_host, None
        for index in (self.beneath, self.further):
            if found := index.get(node):
                yield CAUSE, found, rules.cause, (node, "")
        for above, hops in topology.around(node, onset.service).items():
            if hops <= _HOPS and (found := self.on.get(above)):
                yield EFFECT, found, rules.effect / hops, (above, node)
            if hops == 1 and (found := self.beneath.get(above)):
                others = {each: trace for each, trace in found.items() if trace.node != node}
                yield SHARED_CAUSE, others, rules.cause, (above, node)
        if found := self.alike.get((onset.name, onset.place)):
            yield ALIKE, found, rules.alike, None


_NONE: dict[int, Trace] = {}
_Tie = tuple[str, dict[int, Trace], timedelta, tuple[str, str] | None]


def _edge(edge: tuple[str, str] | None, trace: Trace) -> tuple[str, str] | None:
    return (edge[0], trace.node) if edge is not None and not edge[1] else edge


def _seen(index: _Index, thing: object, number: int, trace: Trace) -> None:
    index[thing] = {**index.get(thing, _NONE), number: trace}
