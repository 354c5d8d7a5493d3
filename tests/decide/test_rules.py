"""Alert rules: which match, what follows, and why the others do not match."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from timeit import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.conditions import FIELDS, Conditions, Facts, value_of
from watcher.decide.match import holds, parse
from watcher.decide.rules import NONE, Effects, effects, judge
from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.matcher import Matcher, Operator
from watcher.model.policy import AlertRule, Bounds
from watcher.model.reason import Reason

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Given:
    """The least that rules ask of an alert."""

    customer: str = "default"
    key: str = "v1:1"
    source: str = "zabbix"
    name: str = "Interface eth0: Link down"
    severity: str = Severity.HIGH
    host: str | None = "sw1"
    service: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


def rule(name: str, when: str, **wishes: object) -> AlertRule:
    """A rule with the matchers of one text."""
    return AlertRule(name, parse(when), **wishes)  # type: ignore[arg-type]  # of the test's choice


def summary(found: Effects) -> dict[str, tuple[object, str]]:
    """What follows, with the rules behind it."""
    pairs = ((name, getattr(found, name)) for name in Effects.__dataclass_fields__)
    return {name: (effect.value, effect.rule) for name, effect in pairs if effect}


def test_without_rules_nothing_is_different() -> None:
    """No rules, no effects: not even a look at the alert."""
    assert NONE is effects((), Given())


def test_the_last_matching_rule_has_each_effect() -> None:
    """Effects are decided one by one: what a later rule does not mention stays."""
    rules = (
        rule("all", 'source="zabbix"', hold=10 * MINUTE, wait=MINUTE, impact="minor"),
        rule("links", 'name=~".*Link down"', hold=30 * MINUTE, urgency="low"),
        rule("others", 'name="Disk full"', hold=5 * MINUTE),
    )

    assert {
        "hold": (30 * MINUTE, "links"),
        "wait": (MINUTE, "all"),
        "impact": ("minor", "all"),
        "urgency": ("low", "links"),
    } == summary(effects(rules, Given()))


def test_an_effect_names_its_rule() -> None:
    """The reason can be checked: it carries the name of the rule."""
    found = effects((rule("vip", 'host="sw1"', priority=Bounds(at_least=Priority.P2)),), Given())

    assert found.priority is not None
    assert Reason("rule", "the rule 'vip' says so", keys=("vip",)) == found.priority.reason


def test_new_rules_take_the_place_of_those_that_are_gone() -> None:
    """However many policies come and go, every one is asked with its own rules."""
    for minutes in range(30):
        rules = (rule("one", 'host="sw1"', hold=minutes * MINUTE),)

        assert {"hold": (minutes * MINUTE, "one")} == summary(effects(rules, Given()))


def test_very_many_combinations_are_forgotten_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory for combinations and values is bounded, and forgetting changes nothing."""
    monkeypatch.setattr("watcher.decide.rules._MOST_COMBINATIONS", 2)
    monkeypatch.setattr("watcher.decide.conditions._MOST_VALUES", 2)
    rules = tuple(rule(host, f'host="{host}"', impact=host) for host in "abcdef")

    for host in "abcdefabcdef":
        assert {"impact": (host, host)} == summary(effects(rules, Given(host=host)))


@pytest.mark.parametrize(
    ("when", "failed", "value"),
    [
        ('host="sw1"', None, ""),
        ('host="sw2"', 'host="sw2"', "sw1"),
        ('host="sw1", severity!="high", name="x"', 'severity!="high"', "high"),
        ('service=~"db-.*"', 'service=~"db-.*"', ""),
        ('team="core"', 'team="core"', ""),
        ('team=""', None, ""),
        ('team!~"c.*"', None, ""),
    ],
)
def test_the_first_matcher_that_fails_is_told(when: str, failed: str | None, value: str) -> None:
    """Why a rule does not match is told with the value that was seen."""
    verdict = judge(rule("r", when), Given())

    assert (failed, value) == (str(verdict.failed) if verdict.failed else None, verdict.value)


@pytest.mark.parametrize(
    ("bounds", "outcomes", "words"),
    [
        (Bounds(Priority.P2, Priority.P2), "P2 P2 P2 P2 P2", "P2"),
        (Bounds(at_least=Priority.P2), "P1 P2 P2 P2 P2", "at least P2"),
        (Bounds(at_most=Priority.P4), "P4 P4 P4 P4 P5", "at most P4"),
        (Bounds(Priority.P4, Priority.P2), "P2 P2 P3 P4 P4", "at least P4 and at most P2"),
    ],
)
def test_a_priority_is_brought_within_its_bounds(bounds: Bounds, outcomes: str, words: str) -> None:
    """P1 is the highest: at least P2 means P1 or P2."""
    assert outcomes == " ".join(bounds.apply(priority) for priority in Priority)
    assert words == str(bounds)


VALUES = st.sampled_from(["", "a", "ab", "b", 'q"\\\n'])
MATCHERS = st.builds(
    Matcher,
    st.sampled_from([*FIELDS, "team", "my label"]),
    st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL]),
    VALUES,
) | st.builds(
    Matcher,
    st.sampled_from([*FIELDS, "team"]),
    st.sampled_from([Operator.REGEX, Operator.NOT_REGEX]),
    st.sampled_from(["a.*", ".*b", "", "a|b", "[^a]+"]),
)
FACTS = st.builds(
    Given,
    customer=VALUES,
    key=VALUES,
    source=VALUES,
    name=VALUES,
    severity=VALUES,
    host=VALUES | st.none(),
    service=VALUES | st.none(),
    labels=st.dictionaries(st.sampled_from(["team", "my label"]), VALUES),
)


def held(conditions: list[list[Matcher]], facts: Facts) -> Iterator[int]:
    """The same the slow way: every matcher on its own."""
    for number, matchers in enumerate(conditions):
        if all(holds(matcher, value_of(facts, matcher.name)) for matcher in matchers):
            yield number


@given(st.lists(st.lists(MATCHERS, max_size=3), max_size=6), st.lists(FACTS, max_size=5))
def test_many_conditions_hold_as_each_does_alone(
    conditions: list[list[Matcher]], alerts: list[Given]
) -> None:
    """The short cut through all conditions at once finds exactly those that hold one by one."""
    compiled = Conditions(conditions)
    for facts in alerts:
        found = compiled.holding(facts)

        assert list(held(conditions, facts)) == [
            number for number in range(len(conditions)) if found >> number & 1
        ]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.builds(Matcher, TEXT.filter(bool), st.sampled_from(["=", "!="]).map(Operator), TEXT))
def test_a_matcher_is_written_as_it_is_read(matcher: Matcher) -> None:
    """The text of a matcher can be put into a rules file again."""
    assert (matcher,) == parse(str(matcher))


def test_hundreds_of_rules_cost_little() -> None:
    """An alert like those before it passes 200 rules within a fraction of a digest's time."""
    rules = tuple(
        rule(f"r{number}", f'name=~".*port {number}: .*", team!="t{number}"', hold=MINUTE)
        for number in range(200)
    )
    alerts = [Given(host=f"h{n}", name=f"port {n}: down", labels={"team": "a"}) for n in range(99)]

    def run() -> None:
        for alert in alerts:
            effects(rules, alert)

    run()
    seconds = min(timeit(run, number=1) for _ in range(5)) / len(alerts)

    assert seconds < 20e-6
