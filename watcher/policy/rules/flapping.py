"""The section `flapping`: for how long a condition that keeps coming back is held."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from watcher.decide.flapping import hold_of
from watcher.kit.text import span
from watcher.model.alert import Pause
from watcher.model.policy import Flapping, Grouping
from watcher.policy.problems import Place
from watcher.policy.rules.section import Single, Trial
from watcher.policy.values import Duration, Span, Strict

_DEFAULT = Flapping()
_DAY = timedelta(days=1)
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class Given(Strict):
    """How long a condition was away, each time before it came back; the oldest first."""

    pauses: tuple[Duration, ...]


class Example(Strict):
    """One sentence of these rules, in figures."""

    name: str = ""
    given: Given
    expect: Annotated[Duration, Field(description="How long its next recovery is held.")]


class FlappingSection(Strict):
    """How a condition teaches for how long its recovery is held."""

    longest: Span = _DEFAULT.longest
    factor: Annotated[float, Field(ge=1)] = _DEFAULT.factor
    returns: Annotated[int, Field(ge=1, le=8)] = _DEFAULT.returns
    examples: tuple[Example, ...] = ()


def _trials(
    section: FlappingSection, rules: Flapping, place: Place, beside: Mapping[str, Any]
) -> Iterator[Trial]:
    gap = beside.get("grouping", Grouping()).gap
    for number, example in enumerate(section.examples):
        hold = hold_of(_pauses(example.given.pauses), rules, gap).length
        wrong = f"this example expects {span(example.expect)}, but the rules say {span(hold)}"
        complaint = wrong if hold != example.expect else ""
        yield Trial(place / "examples" / number, example.name, complaint)


def _pauses(away: Iterable[timedelta]) -> list[Pause]:
    return [Pause(_DAY * number + _ANY_TIME, each) for number, each in enumerate(away)]


def _make(section: FlappingSection, *_: object) -> Flapping:
    return Flapping(section.longest, section.factor, section.returns)


SECTION = Single("flapping", FlappingSection, _make, _trials)
