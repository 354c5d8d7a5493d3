"""Diagnoses: the runbooks that match a host become evidence, whatever the host does."""

import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from watcher.diagnostics.base import Answer, Unreachable
from watcher.diagnostics.frames import Frames, end_mark, parse
from watcher.diagnostics.prepare import Job, Prepared, prepare
from watcher.diagnostics.results import problem_of, results
from watcher.diagnostics.script import Script, assemble
from watcher.kit.clock import Clock
from watcher.kit.redact import redact
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Audit, Diagnosis

__all__ = ["Connections", "Job", "diagnose", "script_of"]

_KILL_SECONDS = 2.0
_SPARE_SECONDS = 5.0
_NONCE_BYTES = 8


class Connection(Protocol):
    """A host that has let us in."""

    @property
    def audit(self) -> Audit:
        """Where we are, as whom, by which way, and how we know."""

    def run(self, script: str, done: bytes, seconds: float, clock: Clock) -> Answer:
        """What the script brings back. Raises Unreachable."""


class Connections(Protocol):
    """Where connections come from: a pool."""

    def connection(self, host: Host, profile: SshProfile) -> AbstractContextManager[Connection]:
        """A connection for one run. Raises Unreachable and HostKeyRefused."""

    def longest(self, profile: SshProfile) -> float:
        """Seconds after which `connection` has come back for certain."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What one script brought back. `ended` is when the last of it arrived."""

    script: Script
    answer: Answer
    frames: Frames
    ended: datetime
    audit: Audit


def diagnose(jobs: Sequence[Job], pool: Connections, clock: Clock) -> tuple[Diagnosis, ...]:
    """Runs the jobs, which are of one host and profile, as one script over one connection.

    Each has its own diagnosis, in the same order: what it brought back, or why nothing.
    """
    began, now = clock.monotonic(), clock.now()
    prepared = [prepare(job) for job in jobs]
    found = [_blank(each, now) for each in prepared]
    active = [number for number, each in enumerate(prepared) if each.commands]
    try:
        if active:
            run = _run([prepared[number] for number in active], pool, clock)
            for place, number in enumerate(active):
                found[number] = _found(found[number], prepared[number], run, place)
    except Unreachable as error:
        for number in active:
            problem = redact(str(error), prepared[number].job.secrets)
            found[number] = replace(found[number], steps=(), problem=problem, fault=error.fault)
    spent = round(clock.monotonic() - began, 3)
    return tuple(replace(each, seconds=spent) for each in found)


def script_of(jobs: Sequence[Job]) -> str:
    """The script that these jobs would run, without its nonce."""
    prepared = [prepare(job) for job in jobs]
    return assemble([each.batch for each in prepared if each.commands]).text


def _blank(prepared: Prepared, now: datetime) -> Diagnosis:
    """A diagnosis as it is before anything ran: every step is left out."""
    job = prepared.job
    return Diagnosis(
        job.runbook.id,
        job.runbook.title,
        job.host.name,
        now,
        seconds=0.0,
        steps=tuple(prepared.left_out.values()),
        audit=Audit(by=job.by, runbook=job.runbook.digest, inputs=prepared.shown),
    )


def _run(prepared: Sequence[Prepared], pool: Connections, clock: Clock) -> _Run:
    nonce = secrets.token_hex(_NONCE_BYTES)
    script = assemble([each.batch for each in prepared])
    job = prepared[0].job
    with pool.connection(job.host, job.profile) as connection:
        answer = connection.run(
            script.with_nonce(nonce), end_mark(nonce), _seconds(prepared), clock
        )
        ended = clock.now()
        audit = replace(connection.audit, script=sha256(script.text.encode()).hexdigest())
    return _Run(script, answer, parse(answer.stdout, nonce), ended, audit)


def _seconds(prepared: Sequence[Prepared]) -> float:
    """The time for all of it: that of the runbooks, or less where their steps need less."""
    steps = [command.step for each in prepared for command in each.commands]
    enough = sum(step.timeout + _KILL_SECONDS for step in steps) + _SPARE_SECONDS
    return min(enough, sum(each.job.runbook.timeout for each in prepared))


def _found(blank: Diagnosis, prepared: Prepared, run: _Run, place: int) -> Diagnosis:
    facts = _facts(run)
    names = run.script.names[place]
    own = blank.audit
    return replace(
        blank,
        steps=results(prepared, names, run.answer, run.frames, facts),
        problem=redact(problem_of(run.answer, run.frames), prepared.job.secrets),
        facts=facts,
        audit=replace(run.audit, by=own.by, runbook=own.runbook, inputs=own.inputs),
    )


def _facts(run: _Run) -> dict[str, str]:
    """What the host said of itself, and how far its clock is ahead of ours, in seconds."""
    frames, arrivals = run.frames, run.answer.arrivals
    facts = dict(frames.facts)
    told = [at for received, at in arrivals if frames.told < received]
    if frames.clock is not None and frames.complete and told:
        # It read its clock between our sending the script and our hearing of it.
        heard = run.ended.timestamp() - arrivals[-1][1] + told[0] / 2
        facts["clock_offset"] = f"{frames.clock - heard:.1f}"
    return facts
