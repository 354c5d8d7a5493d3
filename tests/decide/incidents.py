"""Incidents as they are for somebody who follows the rulings of a correlator, for its tests."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from watcher.decide.activity import Onset
from watcher.decide.correlator import Correlator, Ruling

Span = tuple[str, str]

# A home above this is an incident from before what a test tells of.
OLD = 1000


class FakeRegister:
    """Numbers incidents from the `first` on; `kept` may not be merged, `parted` pairs are two."""

    def __init__(
        self, kept: Iterable[int] = (), parted: Iterable[frozenset[int]] = (), first: int = 1
    ) -> None:
        self._last = first - 1
        self._kept = frozenset(kept)
        self._parted = frozenset(parted)

    def number(self) -> int:
        self._last += 1
        return self._last

    def free(self, number: int) -> bool:
        return number not in self._kept

    def apart(self, one: int, other: int) -> bool:
        return frozenset((one, other)) in self._parted


class Incidents:
    """Follows rulings to the letter, and objects to one that makes no sense."""

    def __init__(self, known: Iterable[int] = ()) -> None:
        self.known = frozenset(known)
        self.live = set(self.known)
        self.merged: dict[int, int] = {}
        self.where: dict[Span, int] = {}

    def follow(self, ruling: Ruling) -> None:
        """Opens, then merges, then places."""
        assert not ruling.opened & (self.live | self.merged.keys()), "opened twice"
        self.live |= ruling.opened
        for merger in ruling.merged:
            assert merger.later in self.live, "merged twice"
            self.live.remove(merger.later)
            self.merged[merger.later] = merger.earlier
            for span, number in self.where.items():
                if number == merger.later:
                    self.where[span] = merger.earlier
        for merger in ruling.merged:
            assert self.root(merger.later) in self.live, "merged into nothing"
        for place in ruling.placed:
            assert place.number in self.live, "placed into what is over"
            self.where[place.onset.span] = place.number
        assert self.live - self.known <= set(self.where.values()), "nothing is left of one"

    def root(self, number: int) -> int:
        """What holds what this one held."""
        while number in self.merged:
            number = self.merged[number]
        return number

    def partition(self, spans: Iterable[Span] | None = None) -> set[frozenset[Span]]:
        """Which spans are together, of those or of all."""
        groups = defaultdict[int, set[Span]](set)
        for span in self.where if spans is None else spans:
            groups[self.where[span]].add(span)
        return {frozenset(group) for group in groups.values()}


def followed(
    correlator: Correlator, onsets: Iterable[Onset], register: FakeRegister | None = None
) -> Incidents:
    """What comes of it when onsets are heard of in this order."""
    register = register or FakeRegister()
    onsets = list(onsets)
    incidents = Incidents(each.home for each in onsets if each.home is not None and each.home > OLD)
    for each in onsets:
        home = None if each.home is None else incidents.root(each.home)
        onset = replace(each, home=home)
        incidents.follow(correlator.take(onset, register))
        assert onset.span in incidents.where
    return incidents
