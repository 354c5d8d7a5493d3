"""The section `rules`: named rules for the alerts that their matchers choose."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from watcher.decide.rules import Effects, effects, judge
from watcher.kit.text import span
from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.policy import AlertRule, Bounds, PriorityRules
from watcher.policy.problems import Place, Problems
from watcher.policy.rules.matchers import Matchers, all_of
from watcher.policy.rules.section import Listed, Trial
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Duration, Name, Strict

KEYS = {"wait": "for"}
"""The effects whose key in a file is another one than their name, which Python forbids."""


class PriorityEffect(Strict):
    """The priority itself, or the lowest and the highest that it may be."""

    set: Priority | None = Field(None, description="This priority, whatever was found.")
    at_least: Priority | None = Field(None, description="No lower than this.")
    at_most: Priority | None = Field(None, description="No higher than this.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        bounds = [each for each in (self.at_least, self.at_most) if each is not None]
        if bool(self.set) is bool(bounds):
            raise ValueError("needs either `set`, or `at_least` or `at_most` or both")
        if bounds != sorted(bounds, reverse=True):
            raise ValueError("nothing is at least {} and at most {}".format(*bounds))
        return self

    def bounds(self) -> Bounds:
        """What decisions use."""
        return Bounds(self.set or self.at_least, self.set or self.at_most)


class Wishes(Strict):
    """What a rule may do, or an example may expect."""

    hold: Duration | None = Field(
        None, description="For how long after a recovery a return is the same disruption, as 30m."
    )
    for_: Duration | None = Field(
        None, alias="for", description="How long an alert must fire before it counts, as 2m."
    )
    priority: PriorityEffect | None = Field(None, description="What the priority must be.")
    impact: Name | None = Field(None, description="An impact of the priority rules.")
    urgency: Name | None = Field(None, description="An urgency of the priority rules.")

    def wishes(self) -> dict[str, Any]:
        """What is wished, under the names that decisions use."""
        return {
            "hold": self.hold,
            "wait": self.for_,
            "priority": self.priority.bounds() if self.priority else None,
            "impact": self.impact,
            "urgency": self.urgency,
        }


class GivenAlert(Strict):
    """An alert; what is left out is empty."""

    name: str = Field("", description="The words of the source.")
    host: str = Field("", description="The host, by its name in the inventory.")
    service: str = Field("", description="The service, by its name in the catalogue.")
    severity: Severity | Literal[""] = Field("", description="How bad the source says it is.")
    source: str = Field("", description="The configured source.")
    customer: str = Field("", description="Whose it is.")
    key: str = Field("", description="The condition that is watched.")
    labels: dict[str, str] = Field({}, description="The labels of the alert.")


class Expect(Wishes):
    """Whether the rule matches, and what follows from it and the rules before it."""

    matches: bool = Field(True, description="Whether the rule matches.")


class RuleExample(Strict):
    """One sentence about a rule: an alert, and what is to become of it."""

    name: str = Field("", description="The sentence.")
    given: GivenAlert = Field(description="The alert.")
    expect: Expect = Field(description="What is to become of it.")


class RuleEntry(Wishes):
    """What is to be done differently about the alerts that its matchers choose."""

    name: Name = Field(description="What the rule is called; one of the same name replaces it.")
    when: Matchers = Field(description="The matchers; all of them must hold.")
    examples: tuple[RuleExample, ...] = Field((), description="Alerts and what becomes of them.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(wish is None for wish in self.wishes().values()):
            raise ValueError("says what is chosen, but not what is to be done about it")
        return self


def _make(entry: RuleEntry, place: Place, problems: Problems) -> AlertRule:
    when = all_of(entry.when, place / "when", problems)
    return AlertRule(entry.name, when, **entry.wishes())


def _trials(
    entry: RuleEntry, rule: AlertRule, place: Place, so_far: Mapping[str, Any]
) -> Iterator[Trial]:
    for number, example in enumerate(entry.examples):
        following = effects(so_far["rules"], example.given)
        complaint = next(_complaints(rule, example, following), "")
        yield Trial(place / "examples" / number, example.name, complaint)


def _complaints(rule: AlertRule, example: RuleExample, following: Effects) -> Iterator[str]:
    verdict, expect = judge(rule, example.given), example.expect
    if verdict.failed is not None and expect.matches:
        value = f"it is {verdict.value!r}" if verdict.value else "there is none"
        yield f"this example expects a match, but {verdict.failed} does not hold: {value}"
    if verdict.failed is None and not expect.matches:
        yield "this example expects no match, but every matcher holds"
    for name, wish in expect.wishes().items():
        found = getattr(following, name)
        if wish is not None and (found is None or found.value != wish):
            says = (
                f"the rule {found.rule!r} says {spoken(found.value)}" if found else "no rule does"
            )
            yield f"this example expects {KEYS.get(name, name)} {spoken(wish)}, but {says}"


def _misfits(
    rule: AlertRule, place: Place, fields: Mapping[str, Any]
) -> Iterator[tuple[Place, str]]:
    priorities: PriorityRules | None = fields.get("priority")
    if priorities is not None:
        for key, name, known in (
            ("impact", rule.impact, priorities.impacts),
            ("urgency", rule.urgency, priorities.urgencies),
        ):
            if name is not None and name not in known:
                yield place / key, f"there is no {key} {name!r}{did_you_mean(name, known)}"


def spoken(value: object) -> str:
    """The value of an effect, said to a person."""
    return span(value) if isinstance(value, timedelta) else str(value)


SECTION = Listed("rules", RuleEntry, _make, _trials, _misfits)
