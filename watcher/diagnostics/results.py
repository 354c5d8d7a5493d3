"""What each step came to: its status with the reason, its output as clean text without secrets."""

import re
from collections.abc import Collection, Mapping

from watcher.diagnostics.clean import clean
from watcher.diagnostics.frames import Frames, Part
from watcher.diagnostics.script import HARD_CAP, REQUIRED
from watcher.diagnostics.ssh import Answer
from watcher.kit.redact import redact
from watcher.model.evidence import StepResult, StepStatus
from watcher.model.runbook import Runbook, Step

_BROKEN_PIPE = 141
_TIMED_OUT = 124
# A step that is deaf to the first signal, and every step under busybox, ends with the code of a
# signal; the clock tells those from others. It starts when a frame arrives, maybe a little late.
_SIGNALLED = frozenset({137, 143})
_NEARLY = 0.8
_QUOTED = 300
_MARKS = 1024
_ELIDED = re.compile(r"( ?\[\.\.\. [0-9][^\n]{0,80} elided \.\.\.\])")

_Judgement = tuple[StepStatus, str]
_FAILURES: dict[int, _Judgement] = {
    126: (StepStatus.FAILED, "a command of this step may not be run by this user"),
    127: (StepStatus.UNAVAILABLE, "a command of this step is not there"),
}


def results(
    runbook: Runbook,
    answer: Answer,
    frames: Frames,
    skipped: Mapping[str, StepResult],
    secrets: Collection[str],
) -> tuple[StepResult, ...]:
    """One result for each step, in order; together no longer than the runbook allows.

    Empty where the script did not run at all.
    """
    if not frames.parts:
        return ()
    parts = {part.step: part for part in frames.parts}
    room = runbook.max_output
    found: list[StepResult] = []
    for step in runbook.steps:
        if step.id in skipped:
            found.append(skipped[step.id])
        elif step.id in parts:
            result = _result(step, parts[step.id], answer, room, secrets)
            room = max(room - len(result.output.encode()), 0)
            found.append(result)
        else:
            found.append(not_run(step, f"not run: {_cut(answer)}"))
    return tuple(found)


def not_run(step: Step, reason: str) -> StepResult:
    """The result of a step that was left out."""
    return StepResult(step.id, step.title, StepStatus.SKIPPED, "", read=step.read, reason=reason)


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
    if frames.parts:
        return f"the diagnosis is not complete: {_cut(answer)}"
    said = clean(answer.stderr + frames.noise)[:_QUOTED]
    problem = "the host let us in but did not run the script"
    return f"{problem}; it said: {said}" if said else f"{problem} and said nothing"


def _cut(answer: Answer) -> str:
    if answer.full:
        return "the host sent more than we take"
    if answer.ended:
        return "the connection was cut"
    return "the time for the whole runbook was up"


def _result(
    step: Step, part: Part, answer: Answer, room: int, secrets: Collection[str]
) -> StepResult:
    seconds = _seconds(part, answer)
    # A host that keeps to the script sends no more than both ends, and a mark for what is missing.
    taken = part.output[: min(step.head + step.tail + _MARKS, room)]
    text = _without_secrets(clean(taken), secrets)
    fits = text.encode()[:room].decode(errors="ignore")
    status, reason = _judge(step, part, seconds, answer)
    if status is StepStatus.OK and not part.output.strip():
        status = StepStatus.NO_DATA
    return StepResult(
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
    )


def _judge(step: Step, part: Part, seconds: float, answer: Answer) -> _Judgement:
    code = part.exit_code
    if part.missing:
        name = part.missing if part.missing in step.needs else "that it needs"
        return StepStatus.UNAVAILABLE, f"the host has no command {name!r}"
    if code is None:
        in_time = answer.ended or answer.full
        return StepStatus.FAILED if in_time else StepStatus.TIMEOUT, _cut(answer)
    stopped = code in _SIGNALLED and seconds >= step.timeout * _NEARLY
    if stopped or code == _TIMED_OUT:
        return StepStatus.TIMEOUT, f"stopped after {step.timeout:g} s"
    if code in step.ok_exit:
        return StepStatus.OK, ""
    if code == _BROKEN_PIPE and part.size >= HARD_CAP:
        return StepStatus.OK, f"stopped after {HARD_CAP} bytes of output"
    return _FAILURES.get(code, (StepStatus.FAILED, f"exit code {code}"))


def _seconds(part: Part, answer: Answer) -> float:
    """How long a step took, by the clock at our end."""
    end = part.end if part.end is not None else len(answer.stdout)
    times = [at for received, at in answer.arrivals if part.begin < received]
    ends = [at for received, at in answer.arrivals if end < received]
    last = ends[0] if ends else answer.arrivals[-1][1]
    return last - times[0]


def _without_secrets(text: str, secrets: Collection[str]) -> str:
    """Piece by piece, so that a secret which the cap cut in two is known by its first half."""
    return "".join(redact(piece, secrets) for piece in _ELIDED.split(text))
