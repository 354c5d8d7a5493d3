"""The rules under which Watcher decides, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.matcher import Matcher
from watcher.model.person import Role
from watcher.model.silence import Inhibition, Window


@dataclass(frozen=True, slots=True)
class Storm:
    """What a storm is, and when it is over or another begins in its midst.

    It is `names` different alerts of one incident `within` that time, and over after `quiet`. Once
    it has `settled`, another begins where at least `least` different alerts start within `burst`
    and the chance of so many is not above `odds`. An incident that brought `gather` different
    alerts of a place gathers in what else starts there.
    """

    names: int = 10
    within: timedelta = timedelta(seconds=60)
    quiet: timedelta = timedelta(seconds=50)
    settled: timedelta = timedelta(seconds=60)
    burst: timedelta = timedelta(seconds=10)
    least: int = 3
    odds: float = 1e-4
    gather: int = 5


@dataclass(frozen=True, slots=True)
class Grouping:
    """When alerts belong together and for how long a decision is provisional.

    An alert joins what it has evidence for, if that is no older than: `same_host` for an alert on
    its host, `effect` for one on something that it depends on (half as long where that is two hops
    away), `cause` for one on something that depends on it or shares a cause with it, and `alike`
    for the same alert elsewhere at its place. `places` are the labels that say where that is.
    """

    gap: timedelta = timedelta(minutes=5)
    same_host: timedelta = timedelta(minutes=15)
    effect: timedelta = timedelta(minutes=10)
    cause: timedelta = timedelta(minutes=3)
    alike: timedelta = timedelta(minutes=2)
    places: tuple[str, ...] = ("cluster", "site", "datacenter", "region", "zone")
    storm: Storm = Storm()
    lateness: timedelta = timedelta(minutes=2)
    suspect_after: timedelta = timedelta(minutes=5)
    close_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Flapping:
    """How a condition teaches its own recovery hold, which lies between the activity gap and
    `longest`.

    It is back if it was away no longer than `longest`, flaps once that happened `returns` times,
    and is then held for `factor` times its usual pause.
    """

    longest: timedelta = timedelta(hours=4)
    factor: float = 3.0
    returns: int = 3


@dataclass(frozen=True, slots=True)
class Costs:
    """From how much on what the incidents of a problem have cost makes it P1, P2, P3 and P4."""

    incidents: tuple[int, ...] = (50, 15, 5, 2)
    hours: tuple[int, ...] = (240, 72, 24, 4)
    breaches: tuple[int, ...] = (10, 4, 2, 1)
    woken: tuple[int, ...] = (20, 8, 3, 1)


@dataclass(frozen=True, slots=True)
class ProblemRules:
    """When what comes back is a problem: `after` so many like incidents `within` that time one is
    proposed, or opened at once (`open`).

    An incident is taken for one of a problem that had `pattern` of them, explains it better than
    any other by `margin`, and well enough to be `sure`; from `suggest` on that is only suggested
    (all three are logarithms: 3 is twenty to one). It `awaits` a known error rather than people.
    What its incidents cost makes the `priority` of a problem.
    """

    after: int = 3
    within: timedelta = timedelta(days=30)
    open: bool = False
    pattern: int = 3
    margin: float = 3.0
    sure: float = 0.0
    suggest: float = 0.0
    awaits: bool = False
    priority: Costs = Costs()


@dataclass(frozen=True, slots=True)
class Wide:
    """From how many on impact is one step wider: one step for many hosts or services, and another
    for many customers.
    """

    hosts: int = 5
    services: int = 3
    customers: int = 3


@dataclass(frozen=True, slots=True)
class OutsideHours:
    """How many steps less urgent a service is outside of its business hours, and of which
    criticality or severity it is as urgent as ever.
    """

    down: int = 1
    criticalities: frozenset[int] = frozenset()
    severities: frozenset[Severity] = frozenset()


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """Impact x urgency (ITIL). `matrix` maps (impact, urgency) to a priority, `impact` a
    criticality to an impact, `urgency` a severity to an urgency. `unknown` is the criticality
    assumed where the catalogue has none.
    """

    impacts: tuple[str, ...]
    urgencies: tuple[str, ...]
    matrix: Mapping[tuple[str, str], Priority]
    impact: Mapping[int, str]
    urgency: Mapping[Severity, str]
    unknown: int = 2
    wide: Wide = Wide()
    outside_hours: OutsideHours | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which priorities one must be, however it came about; the same twice sets it."""

    at_least: Priority | None = None
    at_most: Priority | None = None

    def apply(self, priority: Priority) -> Priority:
        """The nearest priority within the bounds; P1 is the highest."""
        if self.at_least is not None:
            priority = min(priority, self.at_least)
        if self.at_most is not None:
            priority = max(priority, self.at_most)
        return priority

    def __str__(self) -> str:
        if self.at_least == self.at_most:
            return str(self.at_least)
        named = {"at least": self.at_least, "at most": self.at_most}
        return " and ".join(f"{words} {bound}" for words, bound in named.items() if bound)


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What is to be done differently about alerts for which every matcher holds.

    `hold` is for how long after a recovery a return is the same disruption, `wait` for how long an
    alert must fire before it opens or joins an incident; `impact` and `urgency` are names from the
    priority rules. None leaves things as they are.
    """

    name: str
    when: tuple[Matcher, ...]
    hold: timedelta | None = None
    wait: timedelta | None = None
    priority: Bounds | None = None
    impact: str | None = None
    urgency: str | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """Where one notifier tells of incidents: `kind` names the adapter, `at_least` the lowest
    priority told, `customers` whose incidents (empty means everybody's); `evidence` whether it is
    also told what the first diagnoses found, `problems` what becomes of the problems behind.
    """

    name: str
    kind: str
    at_least: Priority = Priority.P5
    customers: frozenset[str] = frozenset()
    evidence: bool = True
    problems: bool = True


class Occasion(StrEnum):
    """What makes a runbook run: an alert that joins its incident, the incident that comes back or
    gets worse, a person who asks.
    """

    OPENED = "opened"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class RunbookMatch:
    """When a runbook applies: every given field must hold.

    All but the matchers are globs, without case; those of `alerts` are held against the name as it
    came and as `decide/runbooks.py` strips it. `host_tags` are tags of the inventory.
    """

    sources: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    host_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severities: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    when: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Rerun:
    """The same once more `after` the last, so many `times`: what counters need."""

    after: timedelta
    times: int = 1


@dataclass(frozen=True, slots=True)
class RunbookPolicy:
    """On which occasions a runbook runs, where, and who must agree.

    Within `cooldown` the same runbook on the same host gives what it gave before; `approval` is the
    least role of the person who lets it run, None for nobody. `on_hosts` are tags: the runbook runs
    on hosts of the customer that have them (a bastion, say) and not on the host of the alert.
    """

    occasions: frozenset[Occasion] = frozenset((Occasion.OPENED, Occasion.MANUAL))
    cooldown: timedelta = timedelta(minutes=15)
    delay: timedelta = timedelta()
    rerun: Rerun | None = None
    approval: Role | None = None
    max_hosts: int = 5
    on_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunbookTrigger:
    """What a decision needs to know of a runbook: its name, when it applies, what it may do.

    `intrusive` says that some of its steps do more than read, which waits for a person.
    """

    name: str
    any: tuple[RunbookMatch, ...] = ()
    none: tuple[RunbookMatch, ...] = ()
    policy: RunbookPolicy = RunbookPolicy()
    intrusive: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of one installation; replaced as a whole when they are reloaded."""

    priority: PriorityRules
    grouping: Grouping = Grouping()
    flapping: Flapping = Flapping()
    rules: tuple[AlertRule, ...] = ()
    maintenance: tuple[Window, ...] = ()
    inhibit: tuple[Inhibition, ...] = ()
    problems: ProblemRules = ProblemRules()
    channels: tuple[Channel, ...] = ()
    runbooks: tuple[RunbookTrigger, ...] = ()
