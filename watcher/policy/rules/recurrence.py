"""The section `problems`: when what comes back is a problem, and when one is recognised."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from watcher.decide.recognise import enough
from watcher.model.policy import Costs, ProblemRules
from watcher.policy.problems import Place
from watcher.policy.rules.section import Single, Trial
from watcher.policy.values import Duration, Span, Strict

_DEFAULT = ProblemRules()
_COSTS = Costs()
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _falling(levels: tuple[int, ...]) -> tuple[int, ...]:
    """One level for each of P1 to P4, none more urgent for less. Raises ValueError."""
    if len(levels) != len(_COSTS.incidents):
        raise ValueError("should be four numbers: from how much on it is P1, P2, P3 and P4")
    if any(urgent < less for urgent, less in pairwise(levels)):
        raise ValueError("should fall from P1 to P4: what is more urgent needs more")
    return levels


Levels = Annotated[
    tuple[Annotated[int, Field(ge=1)], ...],
    AfterValidator(_falling),
    Field(json_schema_extra={"minItems": 4, "maxItems": 4}),
]


class Given(Strict):
    """How long ago like incidents opened, when another one opens."""

    before: tuple[Duration, ...]


class Example(Strict):
    """One sentence of these rules."""

    name: str = ""
    given: Given
    expect: Annotated[bool, Field(description="Whether that is a problem.")]


class CostsEntry(Strict):
    """From how much on a problem is P1, P2, P3 and P4; what is below that is P5."""

    incidents: Levels = Field(default=_COSTS.incidents, description="How many incidents it had.")
    hours: Levels = Field(default=_COSTS.hours, description="How many hours they lasted in all.")
    breaches: Levels = Field(
        default=_COSTS.breaches, description="How many of them broke a promise."
    )
    woken: Levels = Field(
        default=_COSTS.woken, description="Of how many people were told at night."
    )


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
    priority: CostsEntry = CostsEntry()
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
    given = {name: getattr(section, name) for name in _FIELDS}
    return ProblemRules(**given, priority=Costs(**section.priority.model_dump()))


_FIELDS = tuple(
    name for name in ProblemSection.model_fields if name not in {"examples", "priority"}
)

SECTION = Single("problems", ProblemSection, _make, _trials)
