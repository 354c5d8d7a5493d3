"""R13, R14: everything in a runbook has a use, and somebody can tell that it works."""

from collections.abc import Iterator

from watcher.diagnostics.extract import inputs_of
from watcher.diagnostics.outline import asked, outline
from watcher.model.evidence import Level
from watcher.model.runbook import Runbook, Step
from watcher.policy.problems import Place

Found = tuple[str, Place, str, str]
"""Rule, place, what is wrong, and what to write instead; all of these are warnings."""

_ALARMING = frozenset((Level.BAD, Level.WARN))


def check_whole(runbook: Runbook, top: Place) -> Iterator[Found]:
    """What shows only when the parts are held together."""
    used = {name for step in runbook.steps for name in names_used(step)}
    for one in runbook.inputs:
        if f"inputs.{one.name}" not in used:
            place = top / "inputs" / one.name
            yield "R13", place, f"the input {one.name!r} is not used", "take it out"
    for number, step in enumerate(runbook.steps):
        place = top / "steps" / number
        yield from _variants(step, place / "variants")
        yield from _values(step, place / "extract")
        if not step.read:
            yield "R14", place, f"the step {step.id!r} does not say what to `read`", "say it"
    yield from _tests(runbook, top)


def names_used(step: Step) -> frozenset[str]:
    """The names that a step asks for anywhere: `inputs.x`, `facts.x`, values."""
    texts = [outline(text).names for text in (step.run, *(each.run for each in step.variants))]
    extracts = [frozenset(f"inputs.{name}" for name in inputs_of(one)) for one in step.extract]
    return frozenset().union(*texts, *extracts, *map(asked, step.signals))


def _variants(step: Step, place: Place) -> Iterator[Found]:
    for number, variant in enumerate(step.variants):
        before = next(
            (
                at
                for at, earlier in enumerate(step.variants[:number])
                if set(earlier.when) <= set(variant.when)
                and set(earlier.needs) <= set(variant.needs)
            ),
            None,
        )
        if before is not None:
            message = f"it is never reached: variant {before + 1} fits wherever this one does"
            yield "R13", place / number, message, "put the narrower one first"


def _values(step: Step, place: Place) -> Iterator[Found]:
    used = frozenset().union(*map(asked, step.signals), (each.each for each in step.signals))
    for number, one in enumerate(step.extract):
        # A single value is evidence by itself: it is shown, and compared with the last run.
        if one.all and one.name not in used:
            yield "R13", place / number, f"no signal uses the list {one.name!r}", "take it out"


def _tests(runbook: Runbook, top: Place) -> Iterator[Found]:
    if not runbook.tests:
        yield "R14", top, "there are no `tests`", "add one, with output that you recorded"
        return
    levels = {signal.id: signal.level for step in runbook.steps for signal in step.signals}
    expected = [test.expect.signals for test in runbook.tests if test.expect.signals is not None]
    fired = {signal for signals in expected for signal in signals}
    for number, step in enumerate(runbook.steps):
        for index, signal in enumerate(step.signals):
            if signal.id not in fired:
                place = top / "steps" / number / "signals" / index
                advice = "add a test with output in which it does"
                yield "R14", place, f"no test expects the signal {signal.id!r}", advice
    alarming = {name for name, level in levels.items() if level in _ALARMING}
    if alarming and not any(alarming.isdisjoint(signals) for signals in expected):
        advice = "add one with the output of a healthy host and `signals: []`"
        yield "R14", top / "tests", "no test expects that nothing is wrong", advice
    if not any(test.expect.matches for test in runbook.tests):
        advice = "add an alert and `matches: true` to one"
        yield "R14", top / "tests", "no test expects that it matches an alert", advice
