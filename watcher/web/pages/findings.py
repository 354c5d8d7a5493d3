"""What the incident's page shows of diagnoses, host by host, the worst first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from watcher.decide.findings import NOT_HERE, summary, worst
from watcher.model.alert import Alert
from watcher.model.change import replace
from watcher.model.evidence import Diagnosis, Evidence, Fault, Highlight, Level, StepResult
from watcher.model.evidence import StepStatus as Status

_RANKS = {Level.BAD: 0, Level.WARN: 1, Level.INFO: 2, Level.GOOD: 3, None: 4}
_WENT_WRONG = frozenset((Status.FAILED, Status.TIMEOUT))
_LEFT_OUT = frozenset((Status.SKIPPED, Status.UNAVAILABLE))
# Clocks that differ less are told apart by nobody who compares logs.
_SAME_TIME = 1.0

ADVICE: Mapping[Fault, str] = {
    Fault.UNRESOLVED: "Its name leads nowhere. Correct its address in the inventory, or the DNS.",
    Fault.REFUSED: "The machine is up, but nothing listens there. Look at it by its console: does "
    "sshd run, on that port?",
    Fault.TIMEOUT: "It may be down, frozen, or behind a firewall. Look at it by its console or its "
    "hypervisor.",
    Fault.NO_ROUTE: "No way leads there. Look at the network between here and there: routes, VPN, "
    "switches.",
    Fault.KEX: "Its sshd and Watcher have no algorithm in common. Update the older of the two.",
    Fault.LOGIN: "The host is up and lets others in, but not Watcher. Prepare it with the script "
    "that `watcher runbook target` prints.",
    Fault.HOST_KEY: "Do not log in there by hand before this is explained: either the host was "
    "set up anew, or something stands in between. Ask whoever runs it.",
    Fault.BASTION: "The way leads over a bastion, and that is where it ends. Look at the bastion "
    "first: other hosts behind it are as blind.",
    Fault.BROKEN: "The connection broke. The host may be starting anew, or short of memory.",
    Fault.CONFIGURATION: "Whoever runs Watcher has to correct the SSH profile of this host.",
    Fault.RESTING: "It let nobody in a short while ago. Watcher tries again by itself.",
    Fault.BUSY: "Too many want to look at it at once. Watcher tries again by itself.",
}
"""What to do about a host that cannot be looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; one that went wrong or found something bad is shown open."""

    result: StepResult
    open: bool
    worst: Level | None


@dataclass(frozen=True, slots=True)
class Run:
    """One diagnosis: what it says, what to do where nobody got in, its steps, and those that are
    for other hosts. `earlier` ones of the same kind are superseded.
    """

    id: int
    diagnosis: Diagnosis
    summary: str
    highlights: tuple[Highlight, ...]
    advice: str
    steps: tuple[Step, ...]
    elsewhere: tuple[StepResult, ...]
    by: str
    worst: Level | None
    earlier: tuple["Run", ...] = ()

    @property
    def rank(self) -> tuple[int, float]:
        """Where it stands: what is worst first, then the newest."""
        urgency = 0 if self.diagnosis.fault else _RANKS[self.worst]
        return urgency, -self.diagnosis.started_at.timestamp()


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of one host, and what it says of itself."""

    host: str
    facts: tuple[str, ...]
    runs: tuple[Run, ...]


def seen(evidence: Iterable[Evidence], alerts: Iterable[Alert]) -> list[Seen]:
    """The hosts that were looked at, the one in the worst state first."""
    names = {f"alert {alert.key}": f"the alert {alert.name}" for alert in alerts}
    found = sorted(evidence, key=lambda each: each.diagnosis.host)
    hosts = [
        _seen(host, [_run(each, names) for each in some])
        for host, some in groupby(found, lambda each: each.diagnosis.host)
    ]
    return sorted(hosts, key=lambda each: each.runs[0].rank)


def _seen(host: str, runs: Sequence[Run]) -> Seen:
    newest_first = sorted(runs, key=lambda run: run.diagnosis.started_at, reverse=True)
    stacks: list[list[Run]] = []
    for run in newest_first:
        stack = next((each for each in stacks if _supersedes(each[0], run)), None)
        if stack is None:
            stacks.append([run])
        else:
            stack.append(run)
    shown = (replace(newest, earlier=tuple(earlier)) for newest, *earlier in stacks)
    said = next((each.diagnosis.facts for each in newest_first if each.diagnosis.facts), {})
    return Seen(host, tuple(_facts(said)), tuple(sorted(shown, key=lambda run: run.rank)))


def _supersedes(newer: Run, older: Run) -> bool:
    """Whether the one has all that the other has to say, and later."""
    now, then = newer.diagnosis, older.diagnosis
    same = now.runbook == then.runbook
    if not then.steps:
        return same or bool(now.steps)
    return same and {each.step for each in then.steps} <= {each.step for each in now.steps}


def _run(evidence: Evidence, names: Mapping[str, str]) -> Run:
    diagnosis = evidence.diagnosis
    said = [each for step in diagnosis.steps for each in step.highlights]
    by = diagnosis.audit.by
    return Run(
        id=evidence.id,
        diagnosis=diagnosis,
        summary=summary(diagnosis),
        highlights=tuple(sorted(said, key=lambda each: _RANKS[each.level])),
        advice=ADVICE[diagnosis.fault] if diagnosis.fault else "",
        steps=tuple(_step(each) for each in diagnosis.steps if not _is_elsewhere(each)),
        elsewhere=tuple(filter(_is_elsewhere, diagnosis.steps)),
        by=names.get(by, by),
        worst=worst(diagnosis),
    )


def _step(result: StepResult) -> Step:
    levels = [each.level for each in result.highlights]
    bad = result.status in _WENT_WRONG or Level.BAD in levels
    return Step(result, bad, min(levels, key=_RANKS.__getitem__, default=None))


def _is_elsewhere(result: StepResult) -> bool:
    return result.status in _LEFT_OUT and result.reason.startswith(NOT_HERE)


def _facts(facts: Mapping[str, str]) -> Iterator[str]:
    """What a host says of itself, in the order in which it is asked for."""
    system = " ".join(filter(None, (facts.get("os_id"), facts.get("os_version"))))
    yield from filter(None, (system, facts.get("kernel"), facts.get("arch")))
    container = facts.get("container", "none")
    if container != "none":
        yield f"in {container}"
    try:
        offset = float(facts.get("clock_offset", ""))
    except ValueError:
        return
    if abs(offset) < _SAME_TIME:
        yield "its clock is right"
    else:
        yield f"its clock is {abs(offset):.0f} s {'ahead' if offset > 0 else 'behind'}"
