"""Decides where onsets belong, whatever the order in which they are heard of.

Most onsets come after all the others, and are decided as they come. So is one that comes late, if
nothing after it has to do with it; else what had been decided after it is taken back and decided
again, and what thereby changes is reported.
"""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from watcher.decide.activity import Onset
from watcher.decide.disruptions import Disruptions, Merger, Register, Verdict
from watcher.decide.past import Id, Past
from watcher.decide.reasons import NEW
from watcher.decide.topology import Topology
from watcher.model.change import replace
from watcher.model.policy import Grouping
from watcher.model.reason import Reason

Span = tuple[str, str]

# In a storm of more onsets than are remembered, news is late sooner.
_LONGEST = 50_000
_FORGET_EVERY = 60.0

_TAKEN_UP = Reason("taken-up", "it opened what may not be merged any more")


@dataclass(frozen=True, slots=True)
class Place:
    """The incident that an onset belongs to, and why."""

    onset: Onset
    number: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an onset brings about: incidents that are `opened`, or `merged`, or `overtaken` by
    another, and every onset that belongs elsewhere than before, itself among them, or has not
    opened its incident after all.
    """

    placed: tuple[Place, ...]
    opened: frozenset[int] = frozenset()
    merged: tuple[Merger, ...] = ()
    overtaken: Mapping[int, int] = field(default_factory=dict)


class Correlator:
    """The disruptions of one customer, decided in the order of time."""

    def __init__(self, topology: Topology, rules: Grouping) -> None:
        self._rules = rules
        self._state = Disruptions(topology, rules)
        self._log: list[Onset] = []
        self._places: dict[Span, Place] = {}
        self._openers: dict[Span, int] = {}
        self._past = Past(self._state)
        self._forgotten_at = 0.0
        self._drafted = 0
        self._gone: dict[int, int] = {}

    def recall(self, places: Iterable[Place], overtaken: Mapping[int, int]) -> None:
        """Takes up what was decided before; `overtaken` are those in whose midst another began."""
        known = set[int]()
        for place in sorted(places, key=lambda each: each.onset.id):
            onset, number = place.onset, place.number
            self._state.recall(onset, number)
            self._log.append(onset)
            self._places[onset.span] = place
            if number not in known:
                known.add(number)
                self._openers[onset.span] = number
            self._keep(onset)
        self._state.overtaken.update(overtaken)

    def root(self, number: int) -> int:
        """The incident that holds what this one held."""
        return self._state.root(number)

    def on(self, node: str) -> set[int]:
        """The incidents that were seen on a node lately."""
        return set(map(self.root, self._state.seen_on(node)))

    def _overtaken(self, opened: Collection[int]) -> dict[int, int]:
        if not opened:
            return {}
        return {over: by for over, by in self._state.overtaken.items() if by in opened}

    def take(self, onset: Onset, register: Register) -> Ruling:
        """Decides where an onset belongs; one that was taken before is decided again."""
        if onset.span in self._places or (self._log and onset.id <= self._log[-1].id):
            return self._aside(onset, register) or self._again(onset, register)
        self._past.before(onset, self._log[-1] if self._log else None, self._state)
        verdict = self._state.decide(onset, register)
        self._log.append(onset)
        ruling = self._noted(onset, verdict)
        self._keep(onset)
        return ruling

    def _noted(self, onset: Onset, verdict: Verdict) -> Ruling:
        """What follows from a verdict that changes none of those before."""
        placed = _placed(onset, verdict)
        self._places.update((each.onset.span, each) for each in placed)
        opened = frozenset[int]()
        if verdict.opened:
            self._openers[onset.span] = verdict.number
            opened = frozenset((verdict.number,))
        self._gone |= {each.later: each.earlier for each in verdict.merged}
        return Ruling(placed, opened, verdict.merged, self._overtaken(opened))

    def _aside(self, onset: Onset, register: Register) -> Ruling | None:
        """Decides an onset that comes late, if it has nothing to do with whatever came after it:
        that need not be decided again, and every copy that lacks the onset learns of it.
        """
        settled = onset.id <= self._past.oldest.upto or onset.at <= self._remembered
        if onset.span in self._places or settled or not self._state.stands_aside(onset):
            return None
        verdict = self._state.decide(onset, register)
        insort(self._log, onset, key=_id)
        for disruptions in self._past.after(onset.id):
            disruptions.recall(onset, verdict.number)
        return self._noted(onset, verdict)

    @property
    def _remembered(self) -> float:
        """Since when nothing was let go of that may be evidence."""
        return self._forgotten_at - self._rules.lateness.total_seconds()

    def _keep(self, onset: Onset) -> None:
        """Keeps a copy of what goes on now and then, for as long as it may be needed."""
        if not self._past.due(onset, self._state):
            return
        if onset.at - self._forgotten_at >= _FORGET_EVERY:
            self._state.forget(onset.at)
            self._forgotten_at = onset.at
        self._past.keep(onset, self._state)
        # What is merged is as young as the lateness window, and that when it is merged.
        needed = onset.at - 2 * self._rules.lateness.total_seconds()
        while self._past.forget(inf if len(self._log) > _LONGEST else needed):
            self._drop_settled()

    def _drop_settled(self) -> None:
        """What came before the oldest copy is settled."""
        settled = bisect_right(self._log, self._past.oldest.upto, key=_id)
        for each in self._log[:settled]:
            self._places.pop(each.span, None)
            self._openers.pop(each.span, None)
        del self._log[:settled]
        going, before = self._state.going, self._past.oldest.disruptions.going
        # Whoever opened what is gone may be decided again, and then opens no live incident.
        opened = set(self._openers.values())
        self._gone = {
            gone: into
            for gone, into in self._gone.items()
            if gone in before or gone in opened or self._state.root(into) in going
        }

    def _opened(self) -> dict[Span, int]:
        """The onsets that opened what is still there, each with what it opened."""
        return {
            span: number
            for span, number in self._openers.items()
            if self._state.root(number) == number and number not in self._gone
        }

    def _again(self, onset: Onset, register: Register) -> Ruling:
        """Decides an onset in its place, and whatever came after it once more."""
        known = self._places.get(onset.span)
        since = min(onset.id, known.onset.id) if known is not None else onset.id
        copy = self._past.back(since)
        # What came too late for the oldest copy was decided on top of it, and is so again.
        oldest = copy is self._past.oldest
        start = 0 if oldest else bisect_right(self._log, copy.upto, key=_id)
        taken = [each for each in self._log[start:] if each.span != onset.span]
        insort(taken, onset, key=_id)
        del self._log[start:]
        self._log.extend(taken)
        state = copy.disruptions.copy()
        for gone, into in self._gone.items():
            if gone not in state.going and state.root(into) != gone:
                state.into.setdefault(gone, into)
        draft = Draft(state, register, self._drafted, self._gone)
        draft.decide(taken, self._opened())
        ruling = draft.ruling(self._state, self._places, self._gone)
        self._gone |= {each.later: each.earlier for each in ruling.merged} | draft.revived
        self._state, self._drafted = draft.state, draft.drafted
        self._places |= draft.places
        self._places |= {each.onset.span: each for each in ruling.placed}
        self._openers |= draft.openers
        if draft.revived:
            renamed = draft.revived
            self._openers = {each: renamed.get(n, n) for each, n in self._openers.items()}
        self._past.uncopied = len(taken)
        return replace(ruling, overtaken=self._overtaken(ruling.opened))


class Draft:
    """What becomes of some onsets when they are decided once more, on top of what went before.

    What they open has a number of its own meanwhile, below zero: most of it is an incident already.
    What was merged, but should not have been, is `revived` under another number.
    """

    def __init__(
        self, state: Disruptions, register: Register, drafted: int, gone: Mapping[int, int]
    ) -> None:
        self.state = state
        self.places: dict[Span, Place] = {}
        self.openers: dict[Span, int] = {}
        self.revived: dict[int, int] = {}
        self._register = register
        self._gone = gone
        self.drafted = drafted
        # What was merged before is there still, and may go by another number by now.
        known: dict[int, int] = {}
        for each in state.going.keys() & gone.keys():
            if (number := _last(gone, each)) not in state.going:
                known[number] = max(each, known.get(number, each))
        state.into |= known
        self._was = {each: number for number, each in known.items()}
        self._mergers: dict[int, Reason] = {}

    def decide(self, onsets: Iterable[Onset], opened: Mapping[Span, int]) -> None:
        """Decides onsets in the order of their time; `opened` says which incidents they opened."""
        for onset in onsets:
            was = opened.get(onset.span)
            verdict = self._decide(onset, was)
            for place in _placed(onset, verdict):
                self.places[place.onset.span] = place
            if verdict.opened:
                self.openers[onset.span] = verdict.number
            for each in verdict.merged:
                # The incident that a draft is, is merged for the reason of the draft.
                self._mergers[each.later] = each.reason
                self._mergers[self._was.get(each.later, each.later)] = each.reason
            if was is not None and was not in self.state.going:
                # Whoever speaks of that incident means what is drafted here.
                self.state.into.setdefault(was, verdict.number)
                self._mergers.setdefault(was, verdict.reason)
                self._was.setdefault(verdict.number, was)

    def _decide(self, onset: Onset, was: int | None) -> Verdict:
        """Where an onset belongs; if what it opened may not be merged, it opens that again, or
        stays in it.
        """
        if was is None or was in self.state.going or self.state.is_alone(onset):
            return self.state.decide(onset, self)
        if self._register.free(was):
            return self.state.decide(onset, self)
        before = self.state.copy()
        verdict = self.state.decide(onset, self)
        if verdict.opened:
            return verdict
        self.state = before
        kept = replace(onset, home=was, after=None, why=_TAKEN_UP, pinned=True, long=False)
        return self.state.decide(kept, self)

    def number(self) -> int:
        """A number until it is known which incident it is."""
        self.drafted -= 1
        return self.drafted

    def free(self, number: int) -> bool:
        """Whether the machine may still merge it into another."""
        number = self._was.get(number, number)
        # What the machine merged before is closed in the books, and may be merged again.
        return number < 0 or number in self._gone or self._register.free(number)

    def apart(self, one: int, other: int) -> bool:
        """Whether a person said that these are two."""
        one, other = self._was.get(one, one), self._was.get(other, other)
        return min(one, other) > 0 and self._register.apart(one, other)

    def ruling(
        self,
        old: Disruptions,
        places: Mapping[Span, Place],
        gone: Mapping[int, int],
    ) -> Ruling:
        """What is different now.

        `places` is where onsets were, by the `old` disruptions; what was merged before (`gone`) is
        over for good.
        """
        numbers = {place.number for place in places.values()}
        live = (old.going.keys() | {old.root(each) for each in numbers}) - gone.keys()
        opened = self._named(live, gone)
        merged = tuple(self._merged(live))
        moved = {each.later: each.earlier for each in merged}
        astray = {
            each
            for each in numbers
            if moved.get(old.root(each), old.root(each)) != self.state.root(each)
        }
        # Elsewhere nothing can have changed; in a storm that is most of what there is.
        others = (item for item in places.items() if item[1].number in astray) if astray else ()
        placed = []
        for span, place in {**dict(others), **self.places}.items():
            number = self.state.root(place.number)
            known = places.get(span)
            was = old.root(known.number) if known is not None else None
            # What was merged since does not say that it opened something any more.
            joined = known and known.number == was and _opened(known) and not _opened(place)
            if was is None or moved.get(was, was) != number or joined:
                placed.append(replace(place, number=number))
        return Ruling(tuple(placed), opened, merged)

    def _named(self, live: set[int], gone: Mapping[int, int]) -> frozenset[int]:
        """Gives every draft its number: that of the first incident which it took in or which one of
        its onsets had opened, else a new one. Returns the new ones.
        """
        state, fresh, renamed = self.state, set[int](), dict[int, int]()
        held = self._held(live)
        for draft in [each for each in state.going if each < 0 or each in gone]:
            last = _last(gone, draft)
            known = [last, *sorted(held.get(draft, set()) - {last})]
            had = [each for each in known if each in live and each not in state.going]
            number = had[0] if had else self._register.number()
            if not had:
                fresh.add(number)
            state.rename(draft, number)
            renamed[draft] = number
            if draft in gone:
                self.revived[draft] = number
        state.tell(renamed)
        self.places = {
            span: replace(place, number=state.root(place.number), reason=self._why(place))
            for span, place in self.places.items()
        }
        self.openers = {span: state.root(number) for span, number in self.openers.items()}
        return frozenset(fresh)

    def _why(self, place: Place) -> Reason:
        """What opened something that was merged is where it is for the reason of the merger."""
        return self._mergers.get(place.number, place.reason) if _opened(place) else place.reason

    def _held(self, live: set[int]) -> dict[int, set[int]]:
        """The live incidents that a draft may be, by draft."""
        held: dict[int, set[int]] = {}
        for number in live & self.state.into.keys():
            held.setdefault(self.state.root(number), set()).add(number)
        return held

    def _merged(self, live: set[int]) -> Iterator[Merger]:
        """The incidents that nothing is left of, and what has it now."""
        for number in sorted(live & self.state.into.keys()):
            into = self.state.root(number)
            yield Merger(number, into, self._mergers[number])


def _last(into: Mapping[int, int], number: int) -> int:
    while number in into:
        number = into[number]
    return number


def _opened(place: Place) -> bool:
    return place.reason.rule == NEW


def _placed(onset: Onset, verdict: Verdict) -> tuple[Place, ...]:
    return tuple(Place(each, verdict.number, verdict.reason) for each in (*verdict.along, onset))


def _id(onset: Onset) -> Id:
    return onset.id
