"""The simple ways to group alerts that a correlator has to beat, and to name a culprit when the
groups are known.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.correlation.measures import Incident
from benchmarks.correlation.streams import Firing, Line, Stream, Truth, firings

Method = Callable[[Sequence[Firing], Sequence[Line]], list[Hashable]]
"""Gives each firing the name of its group."""


def sessions(key: Callable[[Firing], Hashable], window: float) -> Method:
    """One group for a key until so many seconds pass without an alert."""

    def group(alerts: Sequence[Firing], _: Sequence[Line]) -> list[Hashable]:
        latest: dict[Hashable, tuple[float, int]] = {}
        groups: list[Hashable] = []
        for number, alert in enumerate(alerts):
            at, mine = latest.get(key(alert), (alert.at, number))
            if alert.at - at > window:
                mine = number
            latest[key(alert)] = alert.at, mine
            groups.append(mine)
        return groups

    return group


@dataclass(slots=True)
class _Session:
    """A group that goes on: when it last had an alert, at all and on each host."""

    number: int
    at: float
    hosts: dict[str, float] = field(default_factory=dict)


def topological(hops: int, window: float) -> Method:
    """An alert joins the nearest group that had one within so many hops and seconds."""

    def group(alerts: Sequence[Firing], services: Sequence[Line]) -> list[Hashable]:
        near, known = neighbours(services), dict[str, Mapping[str, int]]()
        going: list[_Session] = []
        groups: list[Hashable] = []
        for number, alert in enumerate(alerts):
            if alert.host not in known:
                known[alert.host] = within(near, alert.host, hops)
            going = [each for each in going if alert.at - each.at <= window]
            mine = _nearest(going, alert, known[alert.host], window)
            if mine is None:
                mine = _Session(number, alert.at)
                going.append(mine)
            mine.at = mine.hosts[alert.host] = alert.at
            groups.append(mine.number)
        return groups

    return group


def _nearest(
    going: Iterable[_Session], alert: Firing, distance: Mapping[str, int], window: float
) -> _Session | None:
    """The nearest by hops, and by age among those as near."""
    best: tuple[float, _Session] | None = None
    for each in going:
        for host, at in each.hosts.items():
            if host in distance and alert.at - at <= window:
                away = distance[host] + (alert.at - at) / window
                if best is None or away < best[0]:
                    best = away, each
    return best[1] if best else None


def neighbours(services: Sequence[Line]) -> Mapping[str, set[str]]:
    """What the services run on and depend on; the same name is the same node."""
    near: dict[str, set[str]] = defaultdict(set)
    for service in services:
        for other in (*service.get("hosts", ()), *service.get("depends_on", ())):
            if other != service["name"]:
                near[service["name"]].add(other)
                near[other].add(service["name"])
    return near


def within(near: Mapping[str, set[str]], start: str, hops: int) -> Mapping[str, int]:
    """How far away every node is that is no further."""
    found, queue = {start: 0}, deque([start])
    while queue:
        node = queue.popleft()
        if found[node] == hops:
            break
        for other in near.get(node, ()):
            if other not in found:
                found[other] = found[node] + 1
                queue.append(other)
    return found


BASELINES: Mapping[str, Method] = {
    "fingerprint, 1 h": sessions(lambda alert: (alert.host, alert.name), 3600),
    "host, 5 min": sessions(lambda alert: alert.host, 300),
    "host, 60 min": sessions(lambda alert: alert.host, 3600),
    "place, 5 min": sessions(lambda alert: alert.place, 300),
    "place, 2 min": sessions(lambda alert: alert.place, 120),
    "everything, 5 min": sessions(lambda _: None, 300),
    "topology 2 hops, 5 min": topological(2, 300),
    "topology 2 hops, 10 min": topological(2, 600),
}


def grouped(stream: Stream) -> Mapping[str, list[Incident]]:
    """What every baseline makes of a stream; it blames the host of the first alert."""
    alerts = firings(stream.events)
    return {
        name: _incidents(alerts, method(alerts, stream.services), _first)
        for name, method in BASELINES.items()
    }


def guessed(stream: Stream) -> Mapping[str, list[Incident]]:
    """The true groups, and a host that is blamed by counting."""
    alerts = firings(stream.events)
    groups = [_group(stream.truth, alert) for alert in alerts]
    guesses = {"first alert": _first, "most alerts": _most}
    if any(alert.kind == "metric" for alert in alerts):
        guesses["most metric alerts"] = _most_metrics
    return {
        f"true groups, {name}": _incidents(alerts, groups, blame) for name, blame in guesses.items()
    }


def _incidents(
    alerts: Sequence[Firing],
    groups: Sequence[Hashable],
    blame: Callable[[Sequence[Firing]], str | None],
) -> list[Incident]:
    members: dict[Hashable, list[Firing]] = defaultdict(list)
    for alert, group in zip(alerts, groups, strict=True):
        members[group].append(alert)
    return [
        Incident(each[0].at, blame(each), [alert.occurrence for alert in each])
        for each in members.values()
    ]


def _group(truth: Truth, alert: Firing) -> str:
    return truth.alerts[alert.occurrence][0]


def _first(alerts: Sequence[Firing]) -> str:
    return alerts[0].host


def _most(alerts: Sequence[Firing]) -> str | None:
    return next((host for host, _ in Counter(each.host for each in alerts).most_common(1)), None)


def _most_metrics(alerts: Sequence[Firing]) -> str | None:
    return _most([each for each in alerts if each.kind == "metric"])
