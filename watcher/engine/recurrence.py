"""Follows incidents as they open and grow: one of a known problem, one more like others, or new.

It comes after the digest, which never waits for it, and looks at one incident at a time, so that
each is compared with those before it only.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from watcher.decide.belong import proposal
from watcher.decide.cost import Bill
from watcher.decide.lifecycle import Moment
from watcher.decide.problem import Case
from watcher.decide.recognise import known_error
from watcher.engine.causes import Causes
from watcher.engine.likes import Learned, Sight, learn, look, made_of
from watcher.engine.rulebook import Rulebook
from watcher.kit.clock import Clock
from watcher.model.change import replace
from watcher.model.incident import Entry, EntryKind, Incident, Status
from watcher.model.policy import ProblemRules
from watcher.model.problem import Bond
from watcher.model.reason import Reason
from watcher.model.signature import Signature
from watcher.store.store import Store
from watcher.store.tx import Tx
from watcher.store.views import View

LEASE = "recurrence"
SEEN_BEFORE, NEW = "seen-before", "new"
"""The keys of the lines about an incident that is like others without a problem, or like none."""

_TTL = timedelta(seconds=30)
_RULE = "recurrence"

# While it is so young, an incident is looked at again when it gets alerts or evidence.
_YOUNG = timedelta(minutes=30)
# After this time its suspect is known, and what belongs to it is there: only then it is called new.
_SETTLED = timedelta(minutes=5)
_AT_ONCE = 50
_OLD_AT_ONCE = 500

_Size = tuple[int, int, bool]
"""How often the alerts of an incident have doubled, how many diagnoses it has, and whether it has
had its time: a storm that grows by an alert at a time is not looked at for each.
"""


class Recurrence:
    """Compares incidents with those of before, as long as this replica holds the lease to do so."""

    def __init__(
        self, store: Store, clock: Clock, rulebook: Callable[[], Rulebook], holder: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._rulebook = rulebook
        self._holder = holder
        self._token: int | None = None
        self._renew_at = clock.now()
        self._young: dict[int, _Size] | None = None
        self._learned: dict[str, Learned] = {}

    def release(self) -> None:
        """Lets another replica follow at once."""
        self._token = None
        with self._store.begin() as tx:
            tx.release(LEASE, self._holder)

    def step(self) -> int:
        """Looks at what is new or grew; returns at how many incidents, 0 when none is left."""
        now = self._clock.now()
        if not self._lease(now):
            return 0
        rulebook = self._rulebook()
        with self._store.view() as view:
            after = view.followed()
            fresh = view.opened(after, _OLD_AT_ONCE)
            grown = self._grown(view, after, now)
        past = now - rulebook.policy.problems.within
        if old := list(takewhile(lambda each: each.opened_at < past, fresh)):
            return self._remember(old, rulebook)
        done = 0
        for number in (*grown, *(each.number for each in fresh[:_AT_ONCE])):
            if not self._look(number, rulebook, now):
                return 0
            done += 1
        return done

    def _lease(self, now: datetime) -> bool:
        if self._token is None or now >= self._renew_at:
            with self._store.begin() as tx:
                self._token = tx.lease(LEASE, self._holder, now, _TTL)
            self._renew_at = now + _TTL / 3
        return self._token is not None

    def _grown(self, view: View, after: int, now: datetime) -> list[int]:
        """The young incidents that are another than when they were looked at."""
        if self._young is None:
            newest = view.opened(max(after - _OLD_AT_ONCE, 0), _OLD_AT_ONCE)
            self._young = {each.number: (0, 0, False) for each in newest if each.number <= after}
        found = view.incidents(self._young)
        counts = view.evidence_counts(self._young)
        self._young = {
            number: size
            for number, size in self._young.items()
            if number in found and found[number].opened_at > now - _YOUNG
        }
        return [
            number
            for number, size in self._young.items()
            if size != _size(found[number], counts.get(number, 0), now)
        ]

    def _remember(self, old: Sequence[Incident], rulebook: Rulebook) -> int:
        """Takes in what opened so long ago that nobody is asked about it any more."""
        signatures: dict[str, dict[int, Signature]] = defaultdict(dict)
        with self._store.view() as view:
            for each in old:
                signatures[each.customer][each.number] = made_of(view, each, rulebook.catalogue)
        with self._store.begin() as tx:
            if not self._held(tx):
                return 0
            for customer, found in signatures.items():
                tx.remember(customer, found)
            tx.follow(old[-1].number)
        return len(old)

    def _look(self, number: int, rulebook: Rulebook, now: datetime) -> bool:
        """Looks at one incident; false if another replica does so now."""
        with self._store.view() as view:
            [incident] = view.incidents([number]).values()
            evidence = view.evidence_counts([number]).get(number, 0)
            sight = self._sight(view, incident, rulebook, now)
            followed = view.followed()
        with self._store.begin() as tx:
            if not self._held(tx):
                return False
            tx.remember(incident.customer, {number: sight.signature})
            tx.follow(max(followed, number))
            act(tx, sight, rulebook, now)
        if self._young is not None and incident.opened_at > now - _YOUNG:
            self._young[number] = _size(incident, evidence, now)
        return True

    def _held(self, tx: Tx) -> bool:
        if self._token is not None and tx.held(LEASE, self._token):
            return True
        self._token = self._young = None
        return False

    def _sight(self, view: View, incident: Incident, rulebook: Rulebook, now: datetime) -> Sight:
        signature = made_of(view, incident, rulebook.catalogue)
        if incident.merged_into is not None:
            return Sight(incident, Signature(incident.opened_at, {}))
        learned = self._learned.get(incident.customer)
        if learned is None or learned.until <= now:
            learned = self._learned[incident.customer] = learn(view, incident.customer, now)
        return look(view, incident, signature, learned, rulebook)


def act(tx: Tx, sight: Sight, rulebook: Rulebook, now: datetime) -> None:
    """Stores what follows. What a person said meanwhile stands."""
    rules = rulebook.policy.problems
    causes = Causes(Bill(rulebook.policy, rulebook.catalogue))
    incident = tx.incidents([sight.incident.number])[sight.incident.number]
    if sight.guess is not None:
        number, guess = sight.guess
        guess = replace(guess, reasons=(*sight.history, *guess.reasons))
        moment = Moment(now, Reason(_RULE, "; ".join(guess.reasons)))
        problem = causes.link(tx, number, incident, guess, moment)
        if problem is not None and guess.bond is Bond.SURE:
            tx.add_entries(known_error(problem, incident, rules, moment))
    elif sight.likes and incident.problem is None:
        if sight.enough and _proposed(tx, causes, sight, rules, now):
            return
        if sight.history:
            tx.add_entries([_seen_before(sight, now)])
    elif sight.unlike and incident.problem is None and _is_settled(incident, now):
        tx.add_entries([_new(sight, now)])


def _size(incident: Incident, evidence: int, now: datetime) -> _Size:
    return incident.alerts.bit_length(), evidence, incident.opened_at <= now - _SETTLED


def _is_settled(incident: Incident, now: datetime) -> bool:
    """Whether it has had its time, and is not of the past."""
    return incident.opened_at <= now - _SETTLED and incident.status is not Status.CLOSED


def _proposed(tx: Tx, causes: Causes, sight: Sight, rules: ProblemRules, now: datetime) -> bool:
    """Proposes a problem of this and those like it, as far as they opened lately."""
    mine = sight.incident
    found = tx.incidents({mine.number, *sight.likes})
    recent = [
        each for each in found.values() if abs(mine.opened_at - each.opened_at) <= rules.within
    ]
    best = max(sight.likes.values(), key=lambda each: each.score)
    title, service = proposal(recent)
    guessed = ((each, sight.likes.get(each.number, best)) for each in recent)
    case = Case(mine.customer, title, service, tuple(guessed))
    moment = Moment(now, Reason(_RULE, "; ".join((*sight.history, *best.reasons))))
    return causes.propose(tx, case, moment, at_once=rules.open) is not None


def _seen_before(sight: Sight, now: datetime) -> Entry:
    newest = max(sight.likes)
    reason = Reason(_RULE, f"like #{newest}: {'; '.join(sight.likes[newest].reasons)}")
    text = "; ".join(sight.history)
    return Entry(sight.incident.number, now, EntryKind.PROBLEM, text, reason, key=SEEN_BEFORE)


def _new(sight: Sight, now: datetime) -> Entry:
    text = f"new: nothing like it among {sight.before} incidents"
    reason = Reason(_RULE, sight.unlike)
    return Entry(sight.incident.number, now, EntryKind.PROBLEM, text, reason, key=NEW)
