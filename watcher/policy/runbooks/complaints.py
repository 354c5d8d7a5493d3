"""What is wrong with a runbook though every single value of its file is right."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from watcher.decide.conditions import FIELDS
from watcher.diagnostics.conditions import complaint as untestable
from watcher.diagnostics.extract import complaint as unreadable
from watcher.diagnostics.extract import inputs_of
from watcher.diagnostics.inputs import allowed
from watcher.diagnostics.outline import Unreadable, asked, outline
from watcher.diagnostics.signals import RESERVED
from watcher.model.matcher import Matcher
from watcher.model.runbook import FACTS, Input, InputType, Rehearsal, Runbook, Step
from watcher.policy.problems import Place
from watcher.policy.runbooks.file import RunbookFile
from watcher.policy.runbooks.rules import PARDONABLE
from watcher.policy.runbooks.source import texts
from watcher.policy.suggest import did_you_mean

Complaint = tuple[Place, str]

# So alike that hardly anybody calls a label so.
_MISSPELT = 0.85
# What a host says of itself, and what is measured while it says so.
_SAID = (*FACTS, "clock_offset")
_RAW = "; write {% raw %} … {% endraw %} around braces that are meant for another program"


def complaints(file: RunbookFile, runbook: Runbook, top: Place) -> Iterator[Complaint]:
    """What must be mended before the runbook can be used."""
    if runbook.id != top.document.file.stem:
        yield top / "id", f"should be {top.document.file.stem!r}, the name of its file"
    yield from _of_clauses(file, top / "match")
    for one in runbook.inputs:
        yield from _of_input(one, top / "inputs" / one.name)
    steps = [(top / "steps" / number, step) for number, step in enumerate(runbook.steps)]
    yield from _twice([(place / "id", step.id) for place, step in steps], "step")
    signals = [
        (place / "signals" / number / "id", signal.id)
        for place, step in steps
        for number, signal in enumerate(step.signals)
    ]
    yield from _twice(signals, "signal")
    inputs = [one.name for one in runbook.inputs]
    for number, (place, step) in enumerate(steps):
        yield from _of_texts(step, inputs, place)
        yield from _of_values(step, inputs, place)
        yield from _of_signals(step, inputs, place)
        yield from _of_facts(step, place)
        for rule in file.steps[number].allow:
            yield from _known([rule], PARDONABLE, place / "allow" / rule, "rule to break")
    for number, test in enumerate(runbook.tests):
        yield from _of_test(test, runbook, [name for _, name in signals], top / "tests" / number)


def warnings(runbook: Runbook, top: Place) -> Iterator[Complaint]:
    """What keeps nothing from working, but is hardly meant."""
    for section, clauses in (("any", runbook.match), ("none", runbook.unless)):
        for number, clause in enumerate(clauses):
            place = top / "match" / section / number / "when"
            yield from _labels(clause.when, place)


def _of_clauses(file: RunbookFile, place: Place) -> Iterator[Complaint]:
    for section, clauses in (("any", file.match.any), ("none", file.match.none)):
        for number, clause in enumerate(clauses):
            if not clause.model_fields_set:
                yield place / section / number, "a clause that says nothing applies to nothing"


def _labels(matchers: Iterable[Matcher], place: Place) -> Iterator[Complaint]:
    for matcher in matchers:
        if matcher.name not in FIELDS and (hint := did_you_mean(matcher.name, FIELDS, _MISSPELT)):
            yield place, f"{matcher.name!r} is taken for a label{hint}"


def _of_input(one: Input, place: Place) -> Iterator[Complaint]:
    if (one.type is InputType.ENUM) != bool(one.values):
        yield place, "values belong to an input of the type enum, and every enum has some"
    elif one.default is not None and not allowed(one, one.default):
        yield place / "default", f"{one.default!r} is not allowed by the input itself"
    if not one.sources and one.default is None:
        yield place, "has neither `from` nor `default`, so it never has a value"


def _of_texts(step: Step, inputs: Collection[str], place: Place) -> Iterator[Complaint]:
    """What is wrong with the shell text of a step and of its variants."""
    for where, text in texts(step, place):
        try:
            names = outline(text).names
        except Unreadable as error:
            yield where, f"the template fails: {error}{_RAW}"
            continue
        for name in sorted(names):
            parent, _, child = name.partition(".")
            if parent == "inputs":
                yield from _known([child], inputs, where, "input")
            else:
                yield where, f"there is no {name!r} here; a step knows `inputs` only{_RAW}"


def _of_values(step: Step, inputs: Collection[str], place: Place) -> Iterator[Complaint]:
    """What is wrong with what is made of the output."""
    extracts = [(place / "extract" / number, one) for number, one in enumerate(step.extract)]
    yield from _twice([(where / "name", one.name) for where, one in extracts], "value")
    for where, one in extracts:
        if wrong := unreadable(one):
            yield where, wrong
        yield from _known(inputs_of(one), inputs, where, "input")
        if one.name in RESERVED:
            yield where / "name", f"{one.name!r} is what signals call something else"


def _of_signals(step: Step, inputs: Collection[str], place: Place) -> Iterator[Complaint]:
    """What is wrong with signals: a name that is unknown would keep one silent for ever."""
    lists = [one.name for one in step.extract if one.all]
    own = {one.name for one in step.extract} | set(RESERVED) - {"item"}
    names = own | {f"inputs.{each}" for each in inputs} | {f"facts.{each}" for each in _SAID}
    for number, signal in enumerate(step.signals):
        where = place / "signals" / number
        try:
            wanted = asked(signal)
        except Unreadable as error:
            yield where, f"the condition or the sentence fails: {error}"
            continue
        each = [signal.each] if signal.each else []
        yield from _known(each, lists, where / "each", "extracted list (with `all: true`)")
        known = names | {"item"} if signal.each else names
        yield from _known(sorted(wanted), known, where, "value")


def _of_facts(step: Step, place: Place) -> Iterator[Complaint]:
    """What is wrong with conditions on the host."""
    conditions = [(place / "when", step.when)]
    for number, variant in enumerate(step.variants):
        conditions.append((place / "variants" / number / "when", variant.when))
    for where, matchers in conditions:
        yield from ((where, wrong) for each in matchers if (wrong := untestable(each)))


def _of_test(
    test: Rehearsal, runbook: Runbook, signals: Sequence[str], place: Place
) -> Iterator[Complaint]:
    steps = [step.id for step in runbook.steps]
    inputs = [one.name for one in runbook.inputs]
    expect = test.expect
    for key in ("outputs", "codes", "partial", "renders"):
        for name in getattr(test, key):
            yield from _known([name], steps, place / key / name, "step")
    for name in test.inputs:
        yield from _known([name], inputs, place / "inputs" / name, "input")
    place /= "expect"
    for name in expect.inputs:
        yield from _known([name], inputs, place / "inputs" / name, "input")
    yield from _known(expect.skipped or (), steps, place / "skipped", "step")
    yield from _known(expect.signals or (), signals, place / "signals", "signal")
    values = [f"{step.id}.{one.name}" for step in runbook.steps for one in step.extract]
    for name in expect.values:
        yield from _known([name], values, place / "values" / name, "value")


def _known(
    names: Iterable[str], known: Collection[str], place: Place, noun: str
) -> Iterator[Complaint]:
    for name in names:
        if name not in known:
            yield place, f"there is no {noun} {name!r}{did_you_mean(name, known)}"


def _twice(names: Iterable[tuple[Place, str]], noun: str) -> Iterator[Complaint]:
    names = list(names)
    times = Counter(name for _, name in names)
    for place, name in names:
        if times[name] > 1:
            yield place, f"there is more than one {noun} {name!r}"
