"""Runs the runbooks that are due on one host of an incident, unless that is known or too much."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from watcher.decide.findings import changes
from watcher.decide.identify import resolve
from watcher.decide.route import INTRUSIVE, repeated
from watcher.diagnostics.prepare import not_run, prepare
from watcher.diagnostics.run import Connections, Job, diagnose
from watcher.diagnostics.turns import Turns
from watcher.engine.hands import Errand, Result
from watcher.engine.runlog import run_of, script_text
from watcher.engine.values import values_of
from watcher.kit.clock import Clock
from watcher.kit.text import span
from watcher.model.action import Action, ActionKind, Outcome, Verdict
from watcher.model.catalogue import Catalogue, Host, SshProfile
from watcher.model.evidence import Diagnosis, Evidence, Fault
from watcher.model.policy import Occasion
from watcher.model.runbook import Runbook, Step, Weight
from watcher.store.views import View

TOGETHER = 8
"""How many runbooks go into one script: so many that few alerts need two, so few that a script
which hangs is given up while the incident is young."""

# Reading what came back, beside what the runbooks and the connection take.
_SPARE_SECONDS = 10.0
# So many incidents of a customer in so short a time have a cause in common. What one host of each
# says is enough to find it, and hosts in trouble must not be burdened by hundreds of diagnoses.
_STORM = 20
_STORM_WITHIN = timedelta(minutes=5)
# What a host was like longer ago explains nothing by how it differs.
_COMPARED = timedelta(days=30)
_UNKNOWN_HOST = "not in the inventory with an address and an SSH profile, never connected to"
_HEAVY = f"left out: more than {_STORM} incidents are diagnosed at once, and this step is heavy"
_TWIN = "done together with another that asked for the same"
# What only a person can mend: to try again would change nothing, and may lock the account.
_FOR_PEOPLE = frozenset({Fault.HOST_KEY, Fault.LOGIN, Fault.KEX, Fault.CONFIGURATION})


@dataclass(frozen=True, slots=True)
class _Task:
    """A run that is to be made. `before` is the last complete diagnosis of the same kind, and
    `heavy` are steps that are left out.
    """

    action: Action
    runbook: Runbook
    job: Job
    before: Diagnosis | None = None
    heavy: tuple[Step, ...] = ()

    def is_like(self, other: object) -> bool:
        """Whether the other is a run of the same steps with the same values."""
        return isinstance(other, _Task) and self._what() == other._what()

    def _what(self) -> tuple[object, ...]:
        return (self.job.runbook, self.job.approved, dict(prepare(self.job).inputs.values))


class Hosts:
    """Whose turn it is at which host: what was seen there must be on record before another asks."""

    def __init__(self) -> None:
        self._turns = Turns(1)

    def turn(self, actions: Sequence[Action]) -> AbstractContextManager[None]:
        """Diagnoses of a customer's host come one after another; nothing else waits."""
        first = actions[0]
        if first.kind is not ActionKind.DIAGNOSE:
            return nullcontext()
        return self._turns.take((first.customer, first.payload["host"]))


@dataclass(frozen=True, slots=True)
class DiagnoseHand:
    """Runs runbooks, on hosts of the inventory only; `secrets` are kept out of the evidence."""

    catalogue: Catalogue
    runbooks: Mapping[str, Runbook]
    clock: Clock
    pool: Connections
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def longest(self) -> float:
        """As many of the longest runbooks as go together, over the slowest connections: that of the
        host's own profile, and one for each that runbooks ask for.
        """
        timeouts = sorted((each.timeout for each in self.runbooks.values()), reverse=True)
        asked = {each.profile for each in self.runbooks.values()} | {""}
        profiles = self.catalogue.profiles.values()
        connects = sorted((self.pool.longest(each) for each in profiles), reverse=True)
        most = min(len(asked), TOGETHER)
        return sum(timeouts[:TOGETHER]) + sum(connects[:most]) + _SPARE_SECONDS

    def label(self, action: Action) -> str:
        """Which runbook on which host."""
        part = " (what does more than read)" if action.payload.get("part") == INTRUSIVE else ""
        return f"diagnosis {action.payload['runbook']} of {action.payload['host']}{part}"

    def prepare(self, actions: Sequence[Action], view: View) -> Errand:
        """Looks up hosts, ways in, runbooks, the values that steps may see, and what is known."""
        plans: list[Result | _Task] = []
        for action in actions:
            plan = _Plan(self, action, view).made()
            if isinstance(plan, _Task) and any(map(plan.is_like, plans)):
                plan = Result(Outcome(Verdict.DONE, _TWIN))
            plans.append(plan)
        return partial(self._run, plans)

    def _run(self, plans: Sequence[Result | _Task]) -> tuple[Result, ...]:
        tasks = [each for each in plans if isinstance(each, _Task)]
        results: dict[int, Result] = {}
        for _, alike in groupby(sorted(tasks, key=_profile), key=_profile):
            some = list(alike)
            jobs = [each.job for each in some]
            found = diagnose(jobs, self.pool, self.clock)
            script = script_text(jobs) if any(each.audit.script for each in found) else ""
            failed = next((each for each in found if each.fault is not None), None)
            for task, diagnosis in zip(some, found, strict=True):
                result = self._result(task, diagnosis, first=diagnosis is failed)
                results[task.action.id] = replace(result, script=script)
        return tuple(results[each.action.id] if isinstance(each, _Task) else each for each in plans)

    def _result(self, task: _Task, diagnosis: Diagnosis, *, first: bool) -> Result:
        action = task.action
        outcome = _outcome(diagnosis)
        run = run_of(diagnosis, task.job, outcome.reason, action)
        if diagnosis.fault is not None:
            # One finding is enough for all that was to run there, and what rests says less.
            tells = first and (action.attempts == 1 or diagnosis.fault is not Fault.RESTING)
            return Result(outcome, diagnosis if tells else None, run=run)
        diagnosis = _with_heavy(task, diagnosis)
        whole = action.payload.get("part") != INTRUSIVE and not diagnosis.problem
        if task.before is not None and whole:
            diagnosis = replace(diagnosis, changes=changes(task.before, diagnosis))
        rerun = task.runbook.policy.rerun
        again = repeated(action, rerun, self.clock.now()) if rerun and whole else None
        return Result(outcome, diagnosis, run=run, whole=whole, follows=(again,) if again else ())


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done about one action, by what is on record."""

    hand: DiagnoseHand
    action: Action
    view: View

    def made(self) -> Result | _Task:
        """A run, or what came of the action without one."""
        payload = self.action.payload
        runbook = self.hand.runbooks.get(payload["runbook"])
        if runbook is None:
            why = f"there is no runbook {payload['runbook']!r} any more"
            return Result(Outcome(Verdict.GAVE_UP, why))
        found = self._way_in(runbook)
        if found is None:
            return Result(Outcome(Verdict.DONE, _UNKNOWN_HOST))
        if payload.get("occasion") == Occasion.MANUAL or "approved_by" in payload:
            return self._task(runbook, *found)
        crowded = self._is_crowded()
        left_out = self._left_out(1 if crowded else runbook.policy.max_hosts)
        if left_out is not None:
            return left_out
        task = self._task(runbook, *found, spared=crowded)
        return self._known(task) or task

    def _way_in(self, runbook: Runbook) -> tuple[Host, SshProfile] | None:
        catalogue = self.hand.catalogue
        host = resolve(catalogue, self.action.customer, self.action.payload["host"])
        if host is None or host.address is None or host.ssh is None:
            return None
        profile = catalogue.profiles.get(runbook.profile or host.ssh)
        return None if profile is None else (host, profile)

    def _is_crowded(self) -> bool:
        since = self.hand.clock.now() - _STORM_WITHIN
        return self.view.diagnosed_incidents(self.action.customer, since) > _STORM

    def _left_out(self, most: int) -> Result | None:
        """What comes of it if enough hosts of the incident are diagnosed with that runbook."""
        number = self.action.key.partition("/")[0]
        start = f"{number}/diagnose/{self.action.payload['runbook']}/"
        lanes = set(self.view.lanes_before(self.action, start, most + 1))
        if len(lanes - {self.action.lane}) < most:
            return None
        hosts = "host" if most == 1 else "hosts"
        why = f"left out: {most} {hosts} of this incident before it are enough for this runbook"
        return Result(Outcome(Verdict.DONE, why), quiet=True)

    def _task(
        self, runbook: Runbook, host: Host, profile: SshProfile, *, spared: bool = False
    ) -> _Task:
        payload, steps = self.action.payload, runbook.steps
        heavy: tuple[Step, ...] = ()
        if payload.get("part") == INTRUSIVE:
            steps = tuple(each for each in steps if each.effects.needs_approval)
        elif spared:
            heavy = tuple(each for each in steps if each.weight is Weight.HEAVY)
            steps = tuple(each for each in steps if each not in heavy)
        job = Job(
            runbook if steps == runbook.steps else replace(runbook, steps=steps),
            host,
            profile,
            values_of(self.action, self.view),
            self.hand.secrets,
            approved="approved_by" in payload,
            by=payload.get("approved_by") or payload.get("by", ""),
        )
        since = self.hand.clock.now() - _COMPARED
        before = self.view.last_evidence(self.action.customer, runbook.id, host.name, since)
        return _Task(self.action, runbook, job, before.diagnosis if before else None, heavy)

    def _known(self, task: _Task) -> Result | None:
        """The answer that was given a short while ago, if it was to the same question."""
        now, policy = self.hand.clock.now(), task.runbook.policy
        if "again" in self.action.payload:
            return None
        earlier = self.view.last_evidence(
            self.action.customer, task.runbook.id, task.job.host.name, now - policy.cooldown
        )
        if earlier is None or not _same_question(earlier.diagnosis, task):
            return None
        if earlier.diagnosis.started_at > now + policy.cooldown:
            return None  # A clock was wrong then; that must not silence the host until that day.
        return self._seen(earlier, now)

    def _seen(self, earlier: Evidence, now: datetime) -> Result:
        diagnosis = earlier.diagnosis
        ago = span(now - diagnosis.started_at)
        if earlier.incident == self.action.incident:
            return Result(Outcome(Verdict.DONE, f"seen {ago} ago, which still counts"))
        number = diagnosis.made_for or earlier.incident
        outcome = Outcome(Verdict.DONE, f"seen {ago} ago for #{number}, which still counts")
        return Result(outcome, replace(diagnosis, made_for=number))


def _same_question(diagnosis: Diagnosis, task: _Task) -> bool:
    """Whether it is by the same recipe, with the same inputs."""
    audit = diagnosis.audit
    same = audit.runbook == task.runbook.digest
    return same and dict(audit.inputs) == prepare(task.job).shown


def _outcome(diagnosis: Diagnosis) -> Outcome:
    if diagnosis.fault in _FOR_PEOPLE:
        return Outcome(Verdict.GAVE_UP, diagnosis.problem)
    if diagnosis.fault is not None:
        return Outcome(Verdict.RETRY, diagnosis.problem)
    count = f"{len(diagnosis.steps)} steps in {diagnosis.seconds:.1f} s"
    return Outcome(Verdict.DONE, diagnosis.problem or count)


def _with_heavy(task: _Task, diagnosis: Diagnosis) -> Diagnosis:
    """With a word about the steps that were left out, in their places."""
    if not task.heavy:
        return diagnosis
    found = {each.step: each for each in diagnosis.steps}
    found |= {each.id: not_run(each, _HEAVY) for each in task.heavy}
    order = [each.id for each in task.runbook.steps]
    return replace(diagnosis, steps=tuple(found[each] for each in order if each in found))


def _profile(task: _Task) -> str:
    return task.job.profile.name
