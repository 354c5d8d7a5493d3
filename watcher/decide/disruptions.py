"""Which disruption does an alert belong to? What is going on at one customer, and what joins it.

An onset joins what it has evidence for: its own condition or host, something that it depends on or
that depends on it, the same alert elsewhere at the place, or a storm there. It may show two young
disruptions to be one, or, in the middle of a storm, that another has begun.

Onsets are decided in the order of their time. One that is heard of late, by the lateness window at
most, is put where it belongs, and whatever came after it is decided again.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Protocol

from watcher.decide.activity import EFFECT, Activity, Evidence, Onset
from watcher.decide.disruption import Disruption
from watcher.decide.reasons import bridged, calmed, joined, nothing, surged
from watcher.decide.topology import Topology
from watcher.model.policy import Grouping
from watcher.model.reason import Reason


class Register(Protocol):
    """What the incidents behind the disruptions allow."""

    def number(self) -> int:
        """The number of the next incident."""

    def free(self, number: int) -> bool:
        """Whether the machine may still merge it into another."""

    def apart(self, one: int, other: int) -> bool:
        """Whether a person said that these are two."""


@dataclass(frozen=True, slots=True)
class Merger:
    """Two incidents that are one disruption, and the evidence for it."""

    later: int
    earlier: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """The incident that an onset belongs to, and why; `opened` where it is a new one.

    `merged` became one with it on the way. `along` are the onsets just before that belong to the
    new one, too, because they began it.
    """

    number: int
    reason: Reason
    opened: bool = False
    merged: tuple[Merger, ...] = ()
    along: tuple[Onset, ...] = ()


class Disruptions:
    """What is going on at one customer, as far as onsets were decided in the order of their time.

    `into` leads from merged incidents to what took them in, `placed` says which one a span belongs
    to, and `overtaken` are those in whose midst another began: they take nothing in any more but
    what returns to them.
    """

    def __init__(self, topology: Topology, rules: Grouping) -> None:
        self._topology = topology
        self._rules = rules
        self._horizon = horizon(rules).total_seconds()
        self._activity = Activity()
        self._crowds: dict[str, set[int]] = {}
        self.going: dict[int, Disruption] = {}
        # Those that no copy has: only they may be changed, others are copied first.
        self._own: set[int] = set()
        self.into: dict[int, int] = {}
        self.placed: dict[tuple[str, str], int] = {}
        self.overtaken: dict[int, int] = {}

    def copy(self) -> "Disruptions":
        """The same, to go on from twice."""
        twin = Disruptions(self._topology, self._rules)
        twin._activity = self._activity.copy()
        twin._crowds = {place: set(numbers) for place, numbers in self._crowds.items()}
        twin.going, self._own = dict(self.going), set()
        twin.into, twin.overtaken = dict(self.into), dict(self.overtaken)
        twin.placed = dict(self.placed)
        return twin

    def root(self, number: int) -> int:
        """The incident that holds what this one held."""
        while number in self.into:
            number = self.into[number]
        return number

    def seen_on(self, node: str) -> Collection[int]:
        """What was seen on a node lately."""
        return self._activity.on.get(node, {}).keys()

    def is_alone(self, onset: Onset) -> bool:
        """Whether an onset would open a disruption because nothing ties it to what goes on."""
        return onset.home is None and onset.after is None and not self._evidence(onset)

    def stands_aside(self, onset: Onset) -> bool:
        """Whether an onset from before some of the others has nothing to do with those: then it
        belongs where it would if it were the last, and nothing else belongs elsewhere because of
        it. Where that is not plain to see, it is not said.
        """
        if onset.home is not None or onset.after is not None or onset.barred:
            return False
        if self._crowds.get(onset.place or ""):
            return False
        over = self.going.keys() & self.overtaken.keys()
        if any(onset.place in self.going[number].crowded for number in over):
            return False
        for number, trace in self._activity.touched(onset, self._topology, self._rules):
            if trace.at >= onset.at or self.root(number) in self.overtaken:
                return False
        found = self._evidence(onset)
        storm = self._rules.storm
        if not found:
            return min(storm.names, storm.gather) > 1
        return len(found) == 1 and self._takes_quietly(self.going[min(found)], onset)

    def _takes_quietly(self, target: Disruption, onset: Onset) -> bool:
        """Whether a disruption has brought nothing since an onset, and is no storm with it, not
        even at its place.
        """
        storm = self._rules.storm
        there = target.places.get(onset.place or "", {}).keys() | {onset.name}
        return (
            target.last < onset.at
            and not target.storm
            and len(target.pulse.latest.keys() | {onset.name}) < storm.names
            and len(there) < storm.gather
        )

    def decide(self, onset: Onset, register: Register) -> Verdict:
        """Where an onset belongs that comes after all the others."""
        if not onset.long and (home := self._return(onset)) is not None:
            return home
        found = self._evidence(onset)
        if not found:
            return self._return(onset) or self._open(onset, register, nothing(onset))
        number, best = min(found.items(), key=lambda each: (each[1], each[0]))
        target = self.going[number]
        silent = onset.at - target.last
        if target.storm and silent > self._rules.storm.quiet.total_seconds():
            return self._open(onset, register, calmed(onset, silent), number)
        merged = tuple(self._merge(number, found, onset, register))
        target = self.going[self.root(number)]
        target = self._join(target, onset)
        surge = self._surge(target, onset, register, merged)
        return surge or Verdict(target.number, joined(onset, best), merged=merged)

    def recall(self, onset: Onset, number: int) -> None:
        """An onset that was decided before is part of that incident."""
        if onset.home is None:
            target = self.going.get(number) or self._begin(number, onset)
        else:
            target = self._known(number, onset) or self._resume(number, onset)
        self._join(target, onset)

    def rename(self, draft: int, number: int) -> None:
        """A disruption gets the number that it goes by from now on; others hear of it by `tell`."""
        renamed = self._mine(draft)
        del self.going[draft]
        renamed.number = number
        self._own.add(number)
        self.into.pop(number, None)
        self.going[number], self.into[draft] = renamed, number
        for place in renamed.crowded:
            if draft in self._crowds[place]:
                self._crowds[place].discard(draft)
                self._crowds[place].add(number)

    def tell(self, renamed: Mapping[int, int]) -> None:
        """What is apart from, overtook or was overtaken by drafts knows them by their numbers."""
        for each in list(self.going.values()):
            if found := [renamed[draft] for draft in each.apart if draft in renamed]:
                self._mine(each.number).apart.update(found)
        self.overtaken = {over: renamed.get(by, by) for over, by in self.overtaken.items()}
        for draft in renamed.keys() & self.overtaken.keys():
            self.overtaken[renamed[draft]] = self.overtaken.pop(draft)

    def forget(self, now: float) -> None:
        """Lets go of what is over, because nothing of it is evidence any more."""
        before = now - self._horizon
        self._activity.forget(before)
        for number in [each.number for each in self.going.values() if each.last <= before]:
            self._leave(number)
        placed = {span: self.root(number) for span, number in self.placed.items()}
        self.placed = {span: number for span, number in placed.items() if number in self.going}
        # Drafts are spoken of by what was seen only; incidents by those who ask for them, too.
        needed = self._activity.numbers()
        roots = {gone: self.root(gone) for gone in self.into if gone > 0 or gone in needed}
        self.into = {gone: root for gone, root in roots.items() if root in self.going}
        self.overtaken = {over: by for over, by in self.overtaken.items() if over in self.going}

    def _return(self, onset: Onset) -> Verdict | None:
        """Its condition is back, or a person put it there, wherever its span before is."""
        number = onset.home
        if onset.after is not None and not onset.pinned:
            number = self.placed.get(onset.after, number)
        if number is None or onset.why is None:
            return None
        number = self.root(number)
        known = self._known(number, onset)
        if number in self.overtaken and not onset.pinned:
            return None
        self._join(known or self._resume(number, onset), onset)
        return Verdict(number, onset.why)

    def _known(self, number: int, onset: Onset) -> Disruption | None:
        """What an onset returns to, if that still goes on."""
        known = self.going.get(number)
        if known is not None and known.last <= onset.at - self._horizon:
            # It is over, whether or not it was let go of yet.
            self._leave(number)
            self.overtaken.pop(number, None)
            return None
        return known

    def _evidence(self, onset: Onset) -> dict[int, Evidence]:
        """The strongest evidence for each disruption that still takes something in."""
        best: dict[int, Evidence] = {}
        barred = set(map(self.root, onset.barred))
        ties = self._activity.evidence(onset, self._topology, self._rules)
        for named, evidence in (*ties, *self._bursts(onset)):
            number = self.root(named)
            live = number in self.going and number not in self.overtaken
            live = live and number not in barred
            if live and (number not in best or evidence < best[number]):
                best[number] = evidence
        return best

    def _bursts(self, onset: Onset) -> Iterator[tuple[int, Evidence]]:
        """Storms at the place of an onset."""
        for number in self._crowds.get(onset.place or "", ()):
            evidence = self.going[number].lately_at(onset, self._rules.storm)
            if evidence is not None:
                yield number, evidence

    def _open(
        self, onset: Onset, register: Register, reason: Reason, instead: int | None = None
    ) -> Verdict:
        fresh = self._begin(register.number(), onset)
        if instead is not None:
            self._overtake(instead, fresh)
        self._join(fresh, onset)
        return Verdict(fresh.number, reason, opened=True)

    def _begin(self, number: int, onset: Onset) -> Disruption:
        fresh = Disruption(number, opened=onset.at, began=onset.at, last=onset.at)
        self.going[number] = fresh
        self._own.add(number)
        return fresh

    def _resume(self, number: int, onset: Onset) -> Disruption:
        """An incident from before what is known here: it goes on, but is not young any more."""
        resumed = self._begin(number, onset)
        resumed.opened = -inf
        return resumed

    def _join(self, target: Disruption, onset: Onset) -> Disruption:
        target = self._mine(target.number)
        self.placed[onset.span] = target.number
        if target.join(onset, self._rules.storm):
            self._crowds.setdefault(onset.place or "", set()).add(target.number)
        self._activity.note(target.number, onset, self._topology)
        return target

    def _merge(
        self, number: int, found: Mapping[int, Evidence], onset: Onset, register: Register
    ) -> Iterator[Merger]:
        """The young disruptions that an onset shows to be part of an older one.

        What is an effect of both says nothing: two causes may have one effect.
        """
        ties = dict(found)
        if onset.place in self.going[number].crowded:
            for each, evidence in self._at(onset):
                ties.setdefault(each, evidence)
        oldest = min(ties, key=lambda each: (self.going[each].began, each))
        for later in sorted(ties):
            one, other = ties[later].rule, ties[oldest].rule
            if later == oldest or (one == EFFECT and other == EFFECT):
                continue
            if self._may_merge(later, oldest, onset, register):
                self._absorb(oldest, later)
                yield Merger(later, oldest, bridged(onset, ties[later]))

    def _at(self, onset: Onset) -> Iterator[tuple[int, Evidence]]:
        """What was going on at the place of an onset a moment ago."""
        for number in self.going.keys() - self.overtaken.keys():
            evidence = self.going[number].lately_at(onset, self._rules.storm)
            if evidence is not None:
                yield number, evidence

    def _may_merge(self, later: int, earlier: int, onset: Onset, register: Register) -> bool:
        one, other = self.going[later], self.going[earlier]
        return (
            onset.at - one.opened <= self._rules.lateness.total_seconds()
            and earlier not in one.apart
            and later not in other.apart
            and register.free(later)
            and not register.apart(later, earlier)
        )

    def _absorb(self, earlier: int, later: int) -> None:
        gone = self.going[later]
        self._mine(earlier).absorb(gone)
        for place in gone.crowded:
            self._crowds[place].add(earlier)
        for each in gone.apart & self.going.keys():
            self._mine(each).apart.add(earlier)
        self._leave(later)
        self.into[later] = earlier

    def _mine(self, number: int) -> Disruption:
        """A disruption that may be changed."""
        if number not in self._own:
            self.going[number] = self.going[number].copy()
            self._own.add(number)
        return self.going[number]

    def _leave(self, number: int) -> None:
        self._own.discard(number)
        for place in self.going.pop(number).crowded:
            self._crowds[place].discard(number)

    def _surge(
        self, target: Disruption, onset: Onset, register: Register, merged: tuple[Merger, ...]
    ) -> Verdict | None:
        """The disruption that began in the midst of a storm, if one did."""
        rules = self._rules.storm
        if not target.storm or onset.at - target.began <= rules.settled.total_seconds():
            return None
        surge = target.pulse.surging(target.began, onset.at, rules)
        if surge is None:
            return None
        along = tuple(each for each in target.pulse.recent if not each.pinned)
        fresh = self._begin(register.number(), along[0])
        fresh.opened, fresh.storm = onset.at, True
        self._overtake(target.number, fresh)
        for each in along:
            self._join(fresh, each)
        reason = surged(onset, along, surge)
        rest = tuple(each for each in along if each is not onset)
        return Verdict(fresh.number, reason, True, merged, rest)

    def _overtake(self, number: int, fresh: Disruption) -> None:
        self.overtaken[number] = fresh.number
        fresh.apart.add(number)
        self._mine(number).apart.add(fresh.number)
        for place in self.going[number].crowded:
            self._crowds[place].discard(number)


def horizon(rules: Grouping) -> timedelta:
    """For how long an onset can still be evidence for another."""
    return max(rules.same_host, rules.effect, rules.cause, rules.alike) + rules.lateness
