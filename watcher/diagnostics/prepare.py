"""What a runbook comes to on one host: the steps that can run, and why the others cannot."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from watcher.diagnostics.inputs import Inputs, Refused
from watcher.diagnostics.render import render
from watcher.diagnostics.script import Batch, Choice, Command
from watcher.kit.redact import redact
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import StepResult, StepStatus
from watcher.model.runbook import Effect, Runbook, Step

_EFFECTS = {
    Effect.TMPFILE: "it writes a temporary file",
    Effect.PAUSE: "it pauses what it looks at",
}


@dataclass(frozen=True, slots=True)
class Job:
    """What to run where. `values` are fields of the alert and its incident (`alert.labels.x`),
    `secrets` values that must not be in the evidence, besides those that this process holds.

    `given` are inputs as a person wrote them; with `approved`, one agreed to what waits for that.
    `by` is who or what wants it, for the audit.
    """

    runbook: Runbook
    host: Host
    profile: SshProfile
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    approved: bool = False
    by: str = ""
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job whose templates are filled in; `left_out` are the steps that are not even tried."""

    job: Job
    inputs: Inputs
    commands: tuple[Command, ...]
    left_out: Mapping[str, StepResult]

    @property
    def batch(self) -> Batch:
        """What goes into the script."""
        return Batch(self.commands, self.job.runbook.timeout)

    @property
    def shown(self) -> dict[str, str]:
        """The inputs as they may be kept: an address can have a password in it."""
        secrets = self.job.secrets
        return {name: redact(value, secrets) for name, value in self.inputs.values.items()}


def prepare(job: Job) -> Prepared:
    """Fills in every step of the job."""
    host = job.host
    tags = {f"host.tags.{name}": value for name, value in host.tags.items()}
    own = {"host.name": host.name, "host.address": host.address or "", **tags}
    inputs = Inputs(job.runbook.inputs, {**job.values, **own}, job.given)
    commands: list[Command] = []
    left_out: dict[str, StepResult] = {}
    for step in job.runbook.steps:
        if reason := _waits(job, step):
            left_out[step.id] = not_run(step, reason)
            continue
        try:
            commands.append(Command(step, _choices(step, inputs)))
        except Refused as refused:
            left_out[step.id] = not_run(step, str(refused))
    return Prepared(job, inputs, tuple(commands), left_out)


def not_run(step: Step, reason: str) -> StepResult:
    """The result of a step that was left out."""
    return StepResult(step.id, step.title, StepStatus.SKIPPED, "", read=step.read, reason=reason)


def _waits(job: Job, step: Step) -> str:
    """What a person must agree to before this step runs; "" if nobody must, or has."""
    if job.approved:
        return ""
    if step.effects.needs_approval:
        return f"waits for approval: {_EFFECTS[step.effects]}"
    role = job.runbook.policy.approval
    return f"waits for approval by a person who is at least {role}" if role is not None else ""


def _choices(step: Step, inputs: Inputs) -> tuple[Choice, ...]:
    choices = [Choice(render(one.run, inputs), one.when, one.needs) for one in step.variants]
    if step.run:
        choices.append(Choice(render(step.run, inputs)))
    return tuple(choices)
