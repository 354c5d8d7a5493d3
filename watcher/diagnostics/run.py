"""One diagnosis: a runbook on a host becomes evidence, whatever the host does."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from watcher.diagnostics.frames import end_mark, parse
from watcher.diagnostics.hostkeys import HostKeyRefused
from watcher.diagnostics.inputs import Inputs, Refused
from watcher.diagnostics.render import render
from watcher.diagnostics.results import not_run, problem_of, results
from watcher.diagnostics.script import Command, build, with_nonce
from watcher.diagnostics.ssh import Unreachable, connect
from watcher.kit.clock import Clock
from watcher.kit.redact import redact
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Audit, Diagnosis, StepResult
from watcher.model.runbook import Runbook

_KILL_SECONDS = 2.0
_SPARE_SECONDS = 5.0
_NONCE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Job:
    """What to run where. `values` are fields of the alert and its incident (`alert.labels.x`),
    `secrets` values that must not be in the evidence, besides those that this process holds.
    """

    runbook: Runbook
    host: Host
    profile: SshProfile
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def diagnose(job: Job, clock: Clock) -> Diagnosis:
    """Runs the job and returns what it brought back, or why it brought back nothing."""
    began = clock.monotonic()
    runbook = job.runbook
    diagnosis = Diagnosis(runbook.id, runbook.title, job.host.name, clock.now(), seconds=0.0)
    commands, skipped = _commands(job)
    if not commands:
        return replace(diagnosis, steps=tuple(skipped.values()))
    try:
        diagnosis = _run(job, diagnosis, commands, skipped, clock)
    except (Unreachable, HostKeyRefused) as error:
        diagnosis = replace(diagnosis, problem=redact(str(error), job.secrets))
    return replace(diagnosis, seconds=round(clock.monotonic() - began, 3))


def _commands(job: Job) -> tuple[list[Command], dict[str, StepResult]]:
    """The steps that can run, and for the others why they cannot."""
    own = {"host.name": job.host.name, "host.address": job.host.address or ""}
    inputs = Inputs(job.runbook.inputs, {**job.values, **own})
    commands: list[Command] = []
    skipped: dict[str, StepResult] = {}
    for step in job.runbook.steps:
        try:
            commands.append(Command(step, render(step.run, inputs)))
        except Refused as refused:
            skipped[step.id] = not_run(step, str(refused))
    return commands, skipped


def _run(
    job: Job,
    diagnosis: Diagnosis,
    commands: Sequence[Command],
    skipped: Mapping[str, StepResult],
    clock: Clock,
) -> Diagnosis:
    nonce = secrets.token_hex(_NONCE_BYTES)
    script = build(commands)
    enough = sum(command.step.timeout + _KILL_SECONDS for command in commands) + _SPARE_SECONDS
    seconds = min(enough, job.runbook.timeout)
    with connect(job.host, job.profile) as connection:
        answer = connection.run(with_nonce(script, nonce), end_mark(nonce), seconds, clock)
        fingerprint = connection.host_key.fingerprint
    frames = parse(answer.stdout, nonce)
    return replace(
        diagnosis,
        steps=results(job.runbook, answer, frames, skipped, job.secrets),
        problem=redact(problem_of(answer, frames), job.secrets),
        audit=Audit(host_key=fingerprint, script=sha256(script.encode()).hexdigest()),
    )
