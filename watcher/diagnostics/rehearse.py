"""Tests of runbooks without a host: recorded outputs go the way that those of a host go.

Only the host is played here: which text of a step fits it, and what that prints. What is made of
the outputs (status, cleaning, redaction, values, signals) is the business of the modules that do it
for real.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from watcher.decide.match import holds
from watcher.decide.runbooks import judge
from watcher.diagnostics.base import Answer
from watcher.diagnostics.extract import shown
from watcher.diagnostics.frames import mark, parse
from watcher.diagnostics.prepare import Job, Prepared, prepare
from watcher.diagnostics.results import results
from watcher.diagnostics.script import Choice, Command
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Level, StepResult, StepStatus
from watcher.model.matcher import Matcher
from watcher.model.policy import RunbookTrigger
from watcher.model.runbook import Rehearsal, Runbook, Shell

FACTS: Mapping[str, str] = {
    "os_id": "debian",
    "os_family": "debian",
    "os_version": "12",
    "kernel": "6.1.0",
    "arch": "x86_64",
    "init": "systemd",
    "container": "none",
    "user": "watcher",
}
"""The host of a test that does not say anything else."""

_NONCE = "rehearsal"
_LEFT_OUT = (StepStatus.SKIPPED, StepStatus.UNAVAILABLE)
_ALARMING = (Level.BAD, Level.WARN)


@dataclass(frozen=True, slots=True)
class GivenAlert:
    """An alert as a test or a file gives it: what is left out is empty."""

    name: str = ""
    host: str | None = None
    service: str | None = None
    severity: str = ""
    source: str = ""
    customer: str = ""
    key: str = ""
    summary: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, str]:
        """What inputs may ask for."""
        labels = {f"alert.labels.{name}": value for name, value in self.labels.items()}
        names = ("key", "name", "source", "severity", "host", "service", "summary")
        plain = {f"alert.{name}": getattr(self, name) or "" for name in names}
        about = {"incident.customer": self.customer, "incident.service": self.service or ""}
        return {**labels, **plain, **about}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one test: every difference in words, and the steps as an incident shows them."""

    test: str
    differences: tuple[str, ...]
    steps: tuple[StepResult, ...] = ()

    @property
    def fired(self) -> frozenset[str]:
        """The ids of all signals that fired."""
        return frozenset(each.signal for step in self.steps for each in step.highlights)

    @property
    def quiet(self) -> bool:
        """Whether nothing alarming was said of something that was seen."""
        levels = {each.level for step in self.steps for each in step.highlights}
        seen = any(step.status not in _LEFT_OUT for step in self.steps)
        return seen and not levels.intersection(_ALARMING)


def rehearse(runbook: Runbook, test: Rehearsal) -> Report:
    """Plays one test. Its recorded outputs must have been read into it."""
    alert = GivenAlert(**test.alert)  # type: ignore[arg-type]  # the loader has checked them
    host = Host(alert.customer, alert.host or "host", address="192.0.2.1", tags=test.host_tags)
    profile = SshProfile("test", "watcher", "", "")
    job = Job(runbook, host, profile, alert.fields, approved=True, given=test.inputs)
    prepared = prepare(job)
    facts = {**FACTS, **test.facts}
    chosen = {each.step.id: _choice(each, facts, test.missing) for each in prepared.commands}
    steps = _played(prepared, test, facts, chosen)
    differences = [
        *_of_match(runbook, test, alert, host),
        *_of_inputs(prepared, test),
        *_of_texts(test, chosen),
        *_of_steps(test, steps),
        *(f"step {step.step}: {step.reason}" for step in steps if _went_wrong(step)),
    ]
    return Report(test.name, tuple(differences), steps)


def never_fired(runbook: Runbook, reports: list[Report]) -> tuple[str, ...]:
    """The signals that no test of the runbook makes fire."""
    fired = {signal for report in reports for signal in report.fired}
    return tuple(
        signal.id for step in runbook.steps for signal in step.signals if signal.id not in fired
    )


def _choice(command: Command, facts: Mapping[str, str], missing: Collection[str]) -> Choice | str:
    """The text that a host with these facts, without these commands, would run; where it runs none,
    the frame that it sends instead.
    """
    step = command.step
    if not _hold(step.when, facts):
        return f"S {step.id}"
    needs = step.needs if step.shell is Shell.SH else ("bash", *step.needs)
    lack = _lack(needs, missing)
    if not lack:
        for each in command.choices:
            if _hold(each.when, facts):
                if not (without := _lack(each.needs, missing)):
                    return each
                lack = without
    return f"U {step.id} {lack}" if lack else f"S {step.id}"


def _lack(needs: Iterable[str], missing: Collection[str]) -> str:
    return next((each for each in needs if each in missing), "")


def _hold(matchers: tuple[Matcher, ...], facts: Mapping[str, str]) -> bool:
    return all(holds(matcher, facts.get(matcher.name)) for matcher in matchers)


def _played(
    prepared: Prepared,
    test: Rehearsal,
    facts: Mapping[str, str],
    chosen: Mapping[str, Choice | str],
) -> tuple[StepResult, ...]:
    """The steps of which the test says what they print, and those that do not run at all."""
    received = b""
    heard: set[str] = set()
    for step, choice in chosen.items():
        if isinstance(choice, str):
            received += _frame(choice)
        elif step in test.outputs or step in test.codes:
            output = test.outputs.get(step, "").encode()
            end = f"E {step} code={test.codes.get(step, 0)} size={len(output)} dropped=0"
            end += f" partial={test.partial[step]}" if step in test.partial else ""
            received += _frame(f"B {step}") + output + _frame(end)
        else:
            continue
        heard.add(step)
    if not heard:
        return tuple(prepared.left_out.values())
    received += _frame("Z")
    answer = Answer(received, b"", ended=True, full=False, arrivals=((len(received), 0.0),))
    names = {step: step for step in chosen}
    found = results(prepared, names, answer, parse(received, _NONCE), facts)
    return tuple(result for result in found if result.step in heard | prepared.left_out.keys())


def _frame(header: str) -> bytes:
    return mark(_NONCE) + header.encode() + b"\n"


def _of_match(runbook: Runbook, test: Rehearsal, alert: GivenAlert, host: Host) -> Iterator[str]:
    trigger = RunbookTrigger(runbook.id, runbook.match, runbook.unless, runbook.policy)
    verdict = judge(trigger, alert, host)
    if test.expect.matches is None or test.expect.matches is verdict.applies:
        return
    if verdict.holding is not None and verdict.barring is None:
        yield f"match: should not apply to the alert, but clause {verdict.holding + 1} of any does"
    elif verdict.barring is not None:
        yield f"match: should apply to the alert, but clause {verdict.barring + 1} of none bars it"
    else:
        yield f"match: should apply to the alert, but does not: {'; '.join(verdict.misses)}"


def _of_inputs(prepared: Prepared, test: Rehearsal) -> Iterator[str]:
    for name, expected in test.expect.inputs.items():
        actual = prepared.inputs.values.get(name)
        if actual == expected:
            continue
        found = f"it is {actual!r}" if actual is not None else prepared.inputs.refused.get(name)
        wanted = "should be refused" if expected is None else f"should be {expected!r}"
        yield f"input {name}: {wanted}, but {found or 'there is no such input'}"


def _of_texts(test: Rehearsal, chosen: Mapping[str, Choice | str]) -> Iterator[str]:
    for step, expected in test.renders.items():
        choice = chosen.get(step)
        actual = choice.rendered.text.strip() if isinstance(choice, Choice) else None
        if actual != expected.strip():
            found = f"becomes {actual!r}" if actual is not None else "is not run at all"
            yield f"step {step}: should become {expected.strip()!r}, but {found}"


def _of_steps(test: Rehearsal, steps: tuple[StepResult, ...]) -> Iterator[str]:
    expect = test.expect
    left_out = {step.step: step.reason for step in steps if step.status in _LEFT_OUT}
    if expect.skipped is not None:
        yield from _of_sets("step", ("be left out", "is"), set(expect.skipped), left_out)
    said = {each.signal: each.say for step in steps for each in step.highlights}
    if expect.signals is not None:
        yield from _of_sets("signal", ("fire", "does"), set(expect.signals), said)
    values = {f"{step.step}.{name}": shown(v) for step in steps for name, v in step.values.items()}
    for name, expected in expect.values.items():
        if values.get(name) != expected:
            found = f"is {values[name]!r}" if name in values else "was not found"
            yield f"value {name}: should be {expected!r}, but {found}"
    told = [each.say for step in steps for each in step.highlights]
    for sentence in expect.says:
        if sentence not in told:
            yield f"nothing said {sentence!r}, but: {'; '.join(told) or 'nothing at all'}"


def _of_sets(
    noun: str, verbs: tuple[str, str], expected: set[str], actual: Mapping[str, str]
) -> Iterator[str]:
    should, does = verbs
    for name in sorted(expected - actual.keys()):
        yield f"{noun} {name}: should {should}, but {does} not"
    for name in sorted(actual.keys() - expected):
        yield f"{noun} {name}: should not {should}, but {does}: {actual[name]}"


def _went_wrong(step: StepResult) -> bool:
    """Whether an expression failed: an author wants to know, whatever the test expects."""
    return step.status is StepStatus.OK and bool(step.reason)
