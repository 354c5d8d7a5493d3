"""Is the evidence that an incident cites really there? Every reason is computed anew from the
events and the topology, without the code that gave it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from benchmarks.correlation.streams import Line, received, seconds
from watcher.model.policy import Policy

OPENED, RETURNED, SURGED = "new-disruption", "same-condition", "surge"
_NEAR = 0.002
"""Times are written in milliseconds."""

Span = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Start:
    """An occurrence as it first came in, where and when it counts as having started, and all
    times at which the source spoke of it.
    """

    span: Span
    name: str
    node: str
    service: str | None
    place: str | None
    began: float
    point: float
    heard: Sequence[float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many reasons for being in an incident there were, and which are not so, by rule."""

    reasons: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: tuple[Line, ...] = ()


class Fails:
    """What takes down what, read from the services: one hop, or two."""

    def __init__(self, services: Iterable[Line]) -> None:
        self._hosts: dict[str, set[str]] = defaultdict(set)
        self._users: dict[str, set[str]] = defaultdict(set)
        self._needed: set[str] = set()
        for each in services:
            self._hosts[each["name"]] |= {*each.get("hosts", ())} - {each["name"]}
            for needed in each.get("depends_on", ()):
                self._users[needed].add(each["name"])
                self._needed.add(each["name"])
        self._devices = {each["name"] for each in services if each["name"] in each.get("hosts", ())}

    def hops(self, above: str, below: Start) -> int | None:
        """How many hops the failure of the one takes to the other; None for more than two.

        What nothing is known to take down stands beneath its service.
        """
        node, more = below.node, 0
        if not self._beneath(node) and below.service is not None:
            if above == below.service != node:
                return 1
            node, more = below.service, 1
        if any(each == node for each, _ in self._next(above)):
            return 1 + more
        twice = (
            far
            for near, served in self._next(above)
            for far, _ in self._next(near, carries=not served)
        )
        return 2 + more if not more and node in twice else None

    def _next(self, node: str, carries: bool = True) -> Iterator[tuple[str, bool]]:
        """One hop, and whether it only harms a service: its other hosts are well then."""
        if carries:
            yield from ((host, False) for host in self._hosts[node])
        for service, hosts in list(self._hosts.items()):
            if node in hosts and service not in self._devices:
                yield service, True
        yield from ((user, False) for user in self._users[node])

    def _beneath(self, node: str) -> bool:
        return node in self._needed or any(node in hosts for hosts in self._hosts.values())


class Evidence:
    """What the events and the topology say, to hold reasons against."""

    def __init__(self, events: Sequence[Line], services: Sequence[Line], policy: Policy) -> None:
        self._rules = policy.grouping
        self._longest = max(policy.grouping.gap, policy.flapping.longest).total_seconds()
        self._fails = Fails(services)
        self._starts = dict(_starts(events, policy))
        self._of: dict[str, list[Start]] = defaultdict(list)
        for each in self._starts.values():
            self._of[each.span[0]].append(each)
        self._checks: Mapping[str, Callable[[_Claim], bool]] = {
            "same-host": self._same_host,
            "effect": self._effect,
            "cause": self._cause,
            "shared-cause": self._shared_cause,
            "alike": self._alike,
            "burst": self._burst,
        }

    def verdict(self, incidents: Iterable[Line]) -> Verdict:
        """Checks the reasons of all members of all incidents."""
        reasons, examples = 0, list[Line]()
        known = {each["incident"]: each for each in incidents}
        for incident in known.values():
            members = self._members(incident)
            # A surge took them along; until then they had been there.
            surge = known.get(incident["overtaken_by"])
            left = self._members(surge, SURGED) if surge is not None else []
            opener = next(filter(_opened, incident["alerts"]), None)
            joined = [each for each in incident["alerts"] if each is not opener]
            reasons += len(joined)
            # There is one that opened it; another like it was merged without a word.
            examples += [
                each for each in joined if _opened(each) or not self.holds(each, members, left)
            ]
            if opener is not None and not self.holds(opener, members, left):
                examples.append(opener)
        return Verdict(reasons, Counter(map(_rule, examples)), tuple(examples))

    def _members(self, incident: Line, rule: str | None = None) -> list[Start]:
        """The alerts of an incident, or those that are there by that rule."""
        return [
            self._starts[each["key"], each["occurrence"]]
            for each in incident["alerts"]
            if rule in {None, _rule(each)}
        ]

    def holds(self, alert: Line, members: Sequence[Start], left: Sequence[Start]) -> bool:
        """Whether the reason of an alert is so, given what is in its incident, and what left it."""
        reason, mine = alert["reason"], self._starts[alert["key"], alert["occurrence"]]
        if not reason or not reason["keys"] or not reason["text"]:
            return False
        if reason["rule"] == OPENED:
            return bool(reason["keys"] == [alert["key"]])
        if reason["gap"] is None:
            return False
        if reason["rule"] == RETURNED:
            return self._returned(mine, members, reason)
        if reason["rule"] == SURGED:
            return self._surged(mine, members, reason)
        check = self._checks.get(reason["rule"])
        claims = self._claims(mine, members, reason)
        return check is not None and any(check(replace(each, left=left)) for each in claims)

    def _claims(self, mine: Start, members: Sequence[Start], reason: Line) -> "Iterator[_Claim]":
        """All that a reason may speak of.

        What had opened an incident that was merged has the evidence of the alert that showed it to
        be part of another. That is named, because it may since have been found to belong elsewhere.
        """
        edge = tuple(reason["edge"]) if reason["edge"] is not None else None
        key, *showed = reason["keys"]
        for by in [each for name in showed for each in self._of[name]] if showed else [mine]:
            for of in members:
                near = abs(by.point - of.point - reason["gap"]) < _NEAR
                if of.span[0] == key and of is not by and near:
                    yield _Claim(by, of, reason["gap"], edge, members)

    def _same_host(self, claim: "_Claim") -> bool:
        return claim.by.node == claim.of.node and claim.within(self._rules.same_host)

    def _effect(self, claim: "_Claim") -> bool:
        hops = self._fails.hops(claim.of.node, claim.by)
        edge = (claim.of.node, claim.by.node)
        return claim.edge == edge and hops is not None and claim.within(self._rules.effect / hops)

    def _cause(self, claim: "_Claim") -> bool:
        hops = self._fails.hops(claim.by.node, claim.of)
        edge = (claim.by.node, claim.of.node)
        return claim.edge == edge and hops is not None and claim.within(self._rules.cause)

    def _shared_cause(self, claim: "_Claim") -> bool:
        if claim.edge is None or claim.edge[1] != claim.by.node:
            return False
        hops = [self._fails.hops(claim.edge[0], each) for each in (claim.by, claim.of)]
        others = claim.by.node != claim.of.node
        return hops == [1, 1] and others and claim.within(self._rules.cause)

    def _alike(self, claim: "_Claim") -> bool:
        one, other = claim.by, claim.of
        same = (one.name, one.place) == (other.name, other.place)
        return same and one.place is not None and claim.within(self._rules.alike)

    def _burst(self, claim: "_Claim") -> bool:
        one, other, storm = claim.by, claim.of, self._rules.storm
        same = one.place is not None and one.place == other.place
        return same and claim.within(storm.within) and self._crowded(claim)

    def _crowded(self, claim: "_Claim") -> bool:
        """Whether the incident once brought many different alerts of the place at once."""
        storm = self._rules.storm
        span, before = storm.within.total_seconds(), claim.by.point + _NEAR
        there = (*claim.members, *claim.left)
        here = [each for each in there if each.place == claim.by.place]
        return any(
            len({each.name for each in here if -_NEAR <= last.point - each.point < span + _NEAR})
            >= storm.gather
            for last in here
            if last.point <= before
        )

    def _returned(self, mine: Start, members: Iterable[Start], reason: Line) -> bool:
        """The condition was in this incident before, and nothing was heard of it for that long."""
        others = [each for each in members if each.span[0] == mine.span[0] and each is not mine]
        pauses = {0.0} if any(each.began <= max(mine.heard) for each in others) else set[float]()
        for each in others:
            pauses |= {mine.began - at for at in each.heard} | {
                each.began - at for at in mine.heard
            }
        return (
            reason["keys"] == [mine.span[0]]
            and 0 <= reason["gap"] <= self._longest
            and any(abs(pause - reason["gap"]) < _NEAR for pause in pauses)
        )

    def _surged(self, mine: Start, members: Iterable[Start], reason: Line) -> bool:
        """So many different alerts began within so short a time, this one among them."""
        storm, keys = self._rules.storm, set(reason["keys"])
        near = storm.burst.total_seconds()
        some = [
            each
            for each in members
            if each.span[0] in keys and abs(each.point - mine.point) <= near + _NEAR
        ]
        return (
            mine.span[0] in keys
            and keys == {each.span[0] for each in some}
            and len({each.name for each in some}) >= storm.least
            and reason["gap"] <= near + _NEAR
        )


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a reason says: this alert belongs here `by` its tie to the start `of` another."""

    by: Start
    of: Start
    gap: float
    edge: tuple[str, str] | None
    members: Sequence[Start]
    left: Sequence[Start] = ()

    def within(self, window: timedelta) -> bool:
        return -_NEAR <= self.gap <= window.total_seconds() + _NEAR


def _opened(alert: Line) -> bool:
    return _rule(alert) == OPENED


def _rule(alert: Line) -> str:
    return alert["reason"]["rule"] if alert["reason"] else "none"


def _starts(events: Iterable[Line], policy: Policy) -> Iterator[tuple[Span, Start]]:
    """The occurrences that fired, by Watcher's clock, which never runs back."""
    lateness, now = policy.grouping.lateness.total_seconds(), 0.0
    heard: dict[Span, list[float]] = defaultdict(list)
    first: dict[Span, tuple[Line, float, float]] = {}
    for event in events:
        now = max(now, received(event))
        span, at = (event["key"], event["occurrence"]), min(seconds(event["at"]), now)
        heard[span].append(at)
        if event["kind"] != "resolved" and span not in first:
            first[span] = event, at, max(at, now - lateness)
    for span, (event, began, point) in first.items():
        node = event["host"] or event["service"] or event["key"]
        place = _place(event, policy.grouping.places)
        yield (
            span,
            Start(span, event["name"], node, event["service"], place, began, point, heard[span]),
        )


def _place(event: Line, labels: Iterable[str]) -> str | None:
    for label in labels:
        if value := (event.get("labels") or {}).get(label):
            return f"{label}={value}"
    return "services" if event["service"] and event["host"] in {None, event["service"]} else None
