"""Which alert rules match an alert, what follows from them, and why the others do not match."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Generic, TypeVar

from watcher.decide.conditions import Conditions, Facts, value_of
from watcher.decide.match import holds
from watcher.model.matcher import Matcher
from watcher.model.policy import AlertRule, Bounds
from watcher.model.reason import Reason

T = TypeVar("T")

# As many policies as are in force at once, and some that are being tried out.
_MOST_COMPILED = 8
_MOST_COMBINATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Effect(Generic[T]):
    """What is to be done, and because of which rule."""

    value: T
    reason: Reason

    @property
    def rule(self) -> str:
        """The name of the rule."""
        return self.reason.keys[0]


@dataclass(frozen=True, slots=True)
class Effects:
    """All that the rules make different for an alert; None where none of them says anything."""

    hold: Effect[timedelta] | None = None
    wait: Effect[timedelta] | None = None
    priority: Effect[Bounds] | None = None
    impact: Effect[str] | None = None
    urgency: Effect[str] | None = None


NONE = Effects()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule: it matched, or `failed` is the first matcher that did not hold."""

    rule: AlertRule
    failed: Matcher | None = None
    value: str = ""


def effects(rules: Sequence[AlertRule], facts: Facts) -> Effects:
    """What follows for an alert; of several rules with the same effect the last one has it."""
    if not rules:
        return NONE
    compiled = _compile(rules)
    return compiled[compiled.conditions.holding(facts)]


def judge(rule: AlertRule, facts: Facts) -> Verdict:
    """Whether one rule matches, and if not, because of which matcher and value."""
    for matcher in rule.when:
        value = value_of(facts, matcher.name)
        if not holds(matcher, value):
            return Verdict(rule, matcher, value)
    return Verdict(rule)


class _Compiled(dict[int, Effects]):
    """Rules ready for use: the effects of each combination of rules that match together."""

    def __init__(self, rules: Sequence[AlertRule]) -> None:
        super().__init__()
        self.rules = rules
        self.conditions = Conditions([rule.when for rule in rules])

    def __missing__(self, matching: int) -> Effects:
        if len(self) >= _MOST_COMBINATIONS:
            self.clear()
        rules = [rule for number, rule in enumerate(self.rules) if matching >> number & 1]
        self[matching] = together = _combine(rules)
        return together


_compiled: dict[int, _Compiled] = {}


def _compile(rules: Sequence[AlertRule]) -> _Compiled:
    """Keeps what it compiled by identity: to compare hundreds of rules would cost more."""
    known = _compiled.get(id(rules))
    # An identity may be given away again, once the rules that had it are gone.
    if known is None or known.rules is not rules:
        if len(_compiled) >= _MOST_COMPILED:
            _compiled.clear()
        known = _compiled[id(rules)] = _Compiled(rules)
    return known


def _combine(rules: Sequence[AlertRule]) -> Effects:
    found = {}
    for rule in rules:
        reason = Reason("rule", f"the rule {rule.name!r} says so", keys=(rule.name,))
        for effect in fields(Effects):
            value = getattr(rule, effect.name)
            if value is not None:
                found[effect.name] = Effect(value, reason)
    return Effects(**found)
