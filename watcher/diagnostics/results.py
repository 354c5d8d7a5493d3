"""What each step came to: its status with the reason, its output as clean text without secrets,
the values in it and what they say.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from watcher.decide.findings import NOT_HERE
from watcher.decide.match import holds
from watcher.diagnostics.base import Answer
from watcher.diagnostics.clean import clean
from watcher.diagnostics.extract import extracted, slices
from watcher.diagnostics.frames import Fate, Frames, Part
from watcher.diagnostics.inputs import Inputs
from watcher.diagnostics.prepare import Prepared, not_run
from watcher.diagnostics.script import HARD_CAP, REQUIRED
from watcher.diagnostics.signals import highlights
from watcher.kit.redact import MASK, redact
from watcher.kit.text import cut, one_line
from watcher.model.evidence import Highlight, Level, StepResult, StepStatus, Value
from watcher.model.runbook import Step

_BROKEN_PIPE = 141
_TIMED_OUT = 124
# A step that is deaf to the first signal, and every step under busybox, ends with the code of a
# signal; the clock tells those from others. It starts when a frame arrives, maybe a little late.
_SIGNALLED = frozenset({137, 143})
_NEARLY = 0.8
_QUOTED = 300
_MOST_HIGHLIGHTS = 20
_MARKS = 1024
_ELIDED = re.compile(r"( ?\[\.\.\. [0-9][^\n]{0,80} elided \.\.\.\])")

_UP = "the time for the whole runbook was up"
# What a step in one of these states printed may be read; in the first two it was seen whole.
_WELL = (StepStatus.OK, StepStatus.NO_DATA)
_READ = (*_WELL, StepStatus.FAILED, StepStatus.TIMEOUT)

_Judgement = tuple[StepStatus, str]
_FAILURES: dict[int, _Judgement] = {
    126: (StepStatus.FAILED, "a command of this step may not be run by this user"),
    127: (StepStatus.UNAVAILABLE, "a command of this step is not there"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known to all steps of one run: what came back, and what the host said of itself."""

    answer: Answer
    frames: Frames
    inputs: Inputs
    facts: Mapping[str, str]
    secrets: Collection[str]


def results(
    prepared: Prepared,
    names: Mapping[str, str],
    answer: Answer,
    frames: Frames,
    facts: Mapping[str, str],
) -> tuple[StepResult, ...]:
    """One result for each step, in order; together no longer than the runbook allows.

    `names` are those under which the steps came back. Empty where the script did not run at all.
    """
    if not frames.parts and prepared.commands:
        return ()
    runbook = prepared.job.runbook
    seen = Seen(answer, frames, prepared.inputs, facts, prepared.job.secrets)
    parts = {part.step: part for part in frames.parts}
    room = runbook.max_output
    found: list[StepResult] = []
    for step in runbook.steps:
        if step.id in prepared.left_out:
            found.append(prepared.left_out[step.id])
        elif (part := parts.get(names[step.id])) is not None:
            result = _result(step, part, seen, room)
            room = max(room - len(result.output.encode()), 0)
            found.append(result)
        else:
            found.append(not_run(step, f"not run: {_cut(answer)}"))
    return tuple(found)


def problem_of(answer: Answer, frames: Frames) -> str:
    """Why the script did not run to its end; "" if it did."""
    if frames.refusal:
        missing = frames.refusal if frames.refusal in REQUIRED else "that is needed"
        return (
            f"the host has no command {missing!r}, without which nothing can be run "
            "safely there; install it (Debian: coreutils, mawk)"
        )
    if frames.complete:
        return ""
    if frames.parts or frames.facts:
        return f"the diagnosis is not complete: {_cut(answer)}"
    said = clean(answer.stderr + frames.noise)[:_QUOTED]
    problem = "the host let us in but did not run the script"
    return f"{problem}; it said: {said}" if said else f"{problem} and said nothing"


def _cut(answer: Answer) -> str:
    if answer.full:
        return "the host sent more than we take"
    if answer.ended:
        return "the connection was cut"
    return _UP


def _result(step: Step, part: Part, seen: Seen, room: int) -> StepResult:
    seconds = _seconds(part, seen.answer)
    # A host that keeps to the script sends no more than both ends, and a mark for what is missing.
    taken = part.output[: min(step.head + step.tail + _MARKS, room)]
    text = _without_secrets(clean(taken), step.redact, seen.secrets)
    fits = text.encode()[:room].decode(errors="ignore")
    status, reason = _judge(step, part, seconds, seen)
    if status is StepStatus.OK and not part.output.strip():
        status = StepStatus.NO_DATA
    result = StepResult(
        step=step.id,
        title=step.title,
        status=status,
        output=fits,
        exit_code=part.exit_code,
        seconds=round(seconds, 3),
        size=max(part.size, len(part.output)),
        truncated=part.dropped > 0 or len(taken) < len(part.output) or len(fits) < len(text),
        read=step.read,
        reason=reason,
        partial=f"without root: {', '.join(part.partial)}" if part.partial else "",
    )
    return _understood(step, result, seen)


def _understood(step: Step, result: StepResult, seen: Seen) -> StepResult:
    """With the values in it and what they say; a fault in either is a note and nothing more."""
    known: dict[str, object] = {
        "inputs": seen.inputs.values,
        "facts": seen.facts,
        "status": str(result.status),
        "partial": bool(result.partial),
        "seconds": result.seconds,
    }
    values: Mapping[str, Value] = {}
    notes: tuple[str, ...] = ()
    if result.status in _READ:
        found = extracted(step.extract, result.output, seen.inputs)
        values = found.values
        # Of a failed step, or one that said nothing, nobody expects that it can be read.
        notes = found.notes if result.status is StepStatus.OK else ()
        known = {**found.found, **known, "output": result.output, "exit_code": result.exit_code}
    told, failed = highlights(step.signals, known)
    reason = "; ".join(filter(None, [result.reason, *notes, *failed]))
    return replace(
        result,
        values=values,
        highlights=_trusted(result, told, seen.secrets),
        reason=cut(one_line(reason), 2 * _QUOTED),
    )


def _trusted(
    result: StepResult, told: Iterable[Highlight], secrets: Collection[str]
) -> tuple[Highlight, ...]:
    """What is good news only rules something out where everything was seen."""
    whole = result.status in _WELL and not result.partial and not result.truncated
    kept = [each for each in told if whole or each.level is not Level.GOOD]
    return tuple(replace(each, say=redact(each.say, secrets)) for each in _fitting(kept))


def _fitting(told: Sequence[Highlight]) -> list[Highlight]:
    """As many as are kept, in their order; every signal is heard before any is heard twice."""
    heard: set[str] = set()
    first: list[int] = []
    again: list[int] = []
    for at, each in enumerate(told):
        (again if each.signal in heard else first).append(at)
        heard.add(each.signal)
    chosen = [*first, *again][:_MOST_HIGHLIGHTS]
    return [told[at] for at in sorted(chosen)]


def _judge(step: Step, part: Part, seconds: float, seen: Seen) -> _Judgement:
    code, answer = part.exit_code, seen.answer
    if part.missing or part.fate is not None:
        return _not_begun(step, part, seen.facts)
    if part.denied:
        return StepStatus.UNAVAILABLE, f"needs root for {part.denied}, which sudo does not allow"
    if code is None:
        in_time = answer.ended or answer.full
        return StepStatus.FAILED if in_time else StepStatus.TIMEOUT, _cut(answer)
    return _by_code(step, part, code, seconds)


def _by_code(step: Step, part: Part, code: int, seconds: float) -> _Judgement:
    stopped = code in _SIGNALLED and (part.whole or seconds >= step.timeout * _NEARLY)
    if stopped or code == _TIMED_OUT:
        return StepStatus.TIMEOUT, _UP if part.whole else f"stopped after {step.timeout:g} s"
    if code in step.ok_exit:
        return StepStatus.OK, ""
    if code == _BROKEN_PIPE and part.size >= HARD_CAP:
        return StepStatus.OK, f"stopped after {HARD_CAP} bytes of output"
    return _FAILURES.get(code, (StepStatus.FAILED, f"exit code {code}"))


def _not_begun(step: Step, part: Part, facts: Mapping[str, str]) -> _Judgement:
    if part.missing:
        needed = {"bash", *step.needs, *(name for one in step.variants for name in one.needs)}
        name = part.missing if part.missing in needed else "that it needs"
        return StepStatus.UNAVAILABLE, f"the host has no command {name!r}"
    if part.fate is Fate.LATE:
        return StepStatus.SKIPPED, f"not run: {_UP}"
    for matcher in step.when:
        if not holds(matcher, facts.get(matcher.name)):
            here = facts.get(matcher.name) or "unknown"
            why = f"{matcher} does not hold, {matcher.name} is {here}"
            return StepStatus.SKIPPED, f"{NOT_HERE}: {why}"
    return StepStatus.SKIPPED, f"{NOT_HERE}: no variant of it fits"


def _seconds(part: Part, answer: Answer) -> float:
    """How long a step took, by the clock at our end."""
    end = part.end if part.end is not None else len(answer.stdout)
    times = [at for received, at in answer.arrivals if part.begin < received]
    ends = [at for received, at in answer.arrivals if end < received]
    last = ends[0] if ends else answer.arrivals[-1][1]
    return last - times[0]


def _without_secrets(text: str, own: Iterable[str], secrets: Collection[str]) -> str:
    """Piece by piece, so that a secret which the cap cut in two is known by its first half."""
    for pattern in own:
        masked = re.compile(pattern, re.MULTILINE)
        text = "".join(masked.sub(MASK, piece) for piece in slices(text))
    return "".join(redact(piece, secrets) for piece in _ELIDED.split(text))
