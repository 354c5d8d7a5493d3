"""The section `problems`: when what comes back is a problem, and when one is recognised."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from watcher.decide.recognise import enough
from watcher.model.policy import ProblemRules
from watcher.policy.problems import Place
from watcher.policy.rules.section import Single, Trial
from watcher.policy.values import Duration, Span, Strict

_DEFAULT = ProblemRules()
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Given(Strict):
    """How long ago like incidents opened, when another one opens."""

    before: tuple[Duration, ...]


class Example(Strict):
    """One sentence of these rules."""

    name: str = ""
    given: Given
    expect: Annotated[bool, Field(description="Whether that is a problem.")]


class ProblemSection(Strict):
    """When incidents that come back are a problem."""

    after: Annotated[int, Field(ge=2)] = _DEFAULT.after
    within: Span = _DEFAULT.within
    open: bool = _DEFAULT.open
    pattern: Annotated[int, Field(ge=1)] = _DEFAULT.pattern
    margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = _DEFAULT.margin
    sure: Annotated[float, Field(allow_inf_nan=False)] = _DEFAULT.sure
    suggest: Annotated[float, Field(allow_inf_nan=False)] = _DEFAULT.suggest
    awaits: bool = _DEFAULT.awaits
    examples: tuple[Example, ...] = ()


def _trials(
    section: ProblemSection, rules: ProblemRules, place: Place, _: Mapping[str, Any]
) -> Iterator[Trial]:
    for number, example in enumerate(section.examples):
        times = [_NOW, *(_NOW - each for each in example.given.before)]
        found = enough(times, rules)
        wrong = f"this example expects {_said(example.expect)}, but the rules say {_said(found)}"
        complaint = wrong if found is not example.expect else ""
        yield Trial(place / "examples" / number, example.name, complaint)


def _said(problem: bool) -> str:
    return "a problem" if problem else "none"


def _make(section: ProblemSection, *_: object) -> ProblemRules:
    return ProblemRules(**{name: getattr(section, name) for name in _FIELDS})


_FIELDS = tuple(name for name in ProblemSection.model_fields if name != "examples")

SECTION = Single("problems", ProblemSection, _make, _trials)
