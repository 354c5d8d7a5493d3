"""Which changes began shortly before an incident, on what it is about or on what that depends on.

A change is a suspect, never the cause: with it stands how often such a change was followed by an
incident before. All of it is known at the first alert: what comes later makes no difference.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.identify import resolve
from watcher.decide.topology import Topology
from watcher.model.catalogue import Catalogue
from watcher.model.change import replace
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.reason import Reason

SHORTLY = timedelta(hours=24)
"""How long before the first alert a change may have been: a nightly job finds out what broke."""
LOOK_BACK = timedelta(days=90)
"""How far back it is counted what such changes were followed by."""
HOPS = 2
"""How far what an incident is about is followed to what it depends on."""
CHANGE_BEFORE = "change-before"

# In this time a suspicion halves, and with each hop.
_HALF_AFTER = timedelta(hours=2)
# Three hours for a change of the thing itself, one at one hop, and never at two.
_STRONG = 1 / 3
# Up to these times after a change incidents are counted: the first that the suspect is not beyond.
_STEPS = tuple(timedelta(minutes=each) for each in (15, 30, 60, 120, 240, 480, 1440))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of the changes like it were `followed` by an incident `within` that time."""

    changes: int
    followed: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Near:
    """A change before an incident: it touched the `node`, which is so many `hops` from what the
    incident is about. It was over, or if it was under way had begun, an `age` before the first
    alert.
    """

    deployment: Deployment
    node: str
    hops: int
    age: timedelta
    under_way: bool
    rate: Rate | None = None

    @property
    def strength(self) -> float:
        """How suspicious it is, from 1 downwards."""
        return float(0.5 ** (self.age / _HALF_AFTER + self.hops))

    @property
    def strong(self) -> bool:
        """Whether people are to be told without asking."""
        return self.strength >= _STRONG

    @property
    def within(self) -> timedelta:
        """In which time after a change like it an incident counts for its rate."""
        return next(each for each in _STEPS if self.age <= each)

    @property
    def reason(self) -> Reason:
        """Why it is a suspect, in words."""
        texts = [self._where, *([] if self.rate is None else [_counted(self.node, self.rate)])]
        change = self.deployment
        return Reason(
            CHANGE_BEFORE,
            "; ".join(texts),
            keys=(f"{change.source}:{change.key}",),
            gap=self.age.total_seconds(),
        )

    @property
    def _where(self) -> str:
        what = "was under way, begun" if self.under_way else "was over"
        where = f"a change of {self.node}"
        if self.hops:
            where += f", on which it depends ({self.hops} hop{'s' if self.hops > 1 else ''}),"
        return f"{where} {what} {roughly(self.age)} before the first alert"


def merged(one: Deployment, other: Deployment) -> Deployment:
    """The same change as two deliveries tell of it, whichever of them came first."""
    back, front = sorted((one, other), key=_progress)
    return replace(
        front,
        at=min(one.at, other.at),
        what=front.what or back.what,
        service=front.service or back.service,
        host=front.host or back.host,
        environment=front.environment or back.environment,
        revision=front.revision or back.revision,
        author=front.author or back.author,
        url=front.url or back.url,
        id=one.id or other.id,
    )


def located(told: Deployment, customer: str, catalogue: Catalogue) -> Deployment:
    """The change as that customer's, with the names of the catalogue and the inventory.

    What is named after nothing there keeps its name: an incident may have the same.
    """
    service, host = told.service, told.host
    if host and (known := resolve(catalogue, customer, host)):
        host = known.name
    if service and (customer, service) not in catalogue.services:
        plain = service.casefold()
        names = (name for whose, name in catalogue.services if whose == customer)
        service = next((each for each in names if each.casefold() == plain), service)
    return replace(told, customer=customer, service=service, host=host)


def is_known(change: Deployment, catalogue: Catalogue) -> bool:
    """Whether the catalogue or the inventory has what it is of."""
    service = (change.customer, change.service or "") in catalogue.services
    return service or resolve(catalogue, change.customer, change.host or "") is not None


def around(topology: Topology, about: Iterable[tuple[str | None, str | None]]) -> dict[str, int]:
    """The nodes of an incident on these (host, service), and what those depend on, each with how
    many hops it is away.
    """
    hops: dict[str, int] = {}
    for host, service in set(about):
        node = host or service
        if node is None:
            continue
        above = topology.around(node, service)
        for name, away in (*above.items(), (node, 0), (service or node, 0)):
            if away <= HOPS:
                hops[name] = min(away, hops.get(name, away))
    return hops


def suspects(
    changes: Iterable[Deployment], first_at: datetime, hops: Mapping[str, int]
) -> list[Near]:
    """The changes that may have to do with what began then, the most suspicious first."""
    found = [near for each in changes if (near := _near(each, first_at, hops))]
    return sorted(found, key=lambda each: (-each.strength, each.deployment.at, each.node))


def rated(
    near: Near, before: Iterable[Deployment], troubles: Iterable[datetime], first_at: datetime
) -> Near:
    """The suspect with what was seen of the changes `before` it, given when incidents on the same
    node began. What had not been watched for long enough by the first alert does not count.
    """
    within, own = near.within, near.deployment
    ends = [
        _over(each)
        for each in before
        if (each.source, each.key) != (own.source, own.key)
        and first_at - LOOK_BACK <= each.at
        and _over(each) + within <= first_at
    ]
    begun = sorted(troubles)
    followed = sum(bisect_left(begun, end) < bisect_right(begun, end + within) for end in ends)
    return replace(near, rate=Rate(len(ends), followed, within))


def roughly(span: timedelta) -> str:
    """A span of time in words, to the minute."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    parts = ([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest else [])
    return " ".join(parts)


def _near(change: Deployment, first_at: datetime, hops: Mapping[str, int]) -> Near | None:
    if change.at > first_at:
        return None
    touched = sorted((hops[node], node) for node in _nodes(change) if node in hops)
    over = change.ended_at if change.ended_at and change.ended_at <= first_at else None
    age = first_at - (over or change.at)
    if not touched or age > SHORTLY:
        return None
    away, node = touched[0]
    return Near(change, node, away, age, under_way=over is None and _lasts(change))


def _lasts(change: Deployment) -> bool:
    """Whether it takes time, as far as is known: some are told of as a moment."""
    return change.status is DeploymentStatus.RUNNING or change.ended_at is not None


def _nodes(change: Deployment) -> Iterator[str]:
    yield from filter(None, (change.service, change.host))


def _over(change: Deployment) -> datetime:
    return change.ended_at or change.at


def _counted(node: str, rate: Rate) -> str:
    if not rate.changes:
        return f"no other change of {node} is known of the last {LOOK_BACK.days} days"
    return (
        f"{rate.followed} of {rate.changes} changes of {node} in the last {LOOK_BACK.days} days "
        f"were followed by an incident within {roughly(rate.within)}"
    )


def _progress(change: Deployment) -> tuple[bool, datetime, DeploymentStatus]:
    """What is over outdoes what runs, and what came later what came before."""
    return change.status is not DeploymentStatus.RUNNING, _over(change), change.status
