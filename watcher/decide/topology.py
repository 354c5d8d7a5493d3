"""What fails with what, read from the service catalogue.

Hosts and services are nodes, and the same name is the same node. A device that carries others
(switch, hypervisor) is a service which is one of its own hosts.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from watcher.model.catalogue import Service

# How far a failure is followed: router, switch, hypervisor, guest.
HOPS = 3

# A node, and whether it takes its hosts with it: not so a service that one of its hosts has failed.
_State = tuple[str, bool]


class Topology:
    """The nodes of one customer, and which of them alert when another fails.

    A device fails what it carries, a dependency its users and their hosts, and a host its services,
    but not the other hosts of those.
    """

    def __init__(self, services: Iterable[Service] = ()) -> None:
        self._carries: dict[str, set[str]] = defaultdict(set)
        self._carried_by: dict[str, set[str]] = defaultdict(set)
        self._serves: dict[str, set[str]] = defaultdict(set)
        self._served_by: dict[str, set[str]] = defaultdict(set)
        self._used_by: dict[str, set[str]] = defaultdict(set)
        self._uses: dict[str, set[str]] = defaultdict(set)
        self._services: set[str] = set()
        for service in services:
            self._add(service)
        self._above: dict[str, Mapping[str, int]] = {}
        self._below: dict[str, frozenset[str]] = {}

    def above(self, node: str) -> Mapping[str, int]:
        """The nodes whose failure makes this one alert, each with how many hops it is away."""
        found = self._above.get(node)
        if found is None:
            hops = _reach([(node, True), (node, False)], self._causes)
            found = {
                each: away for (each, whole), away in sorted(hops.items()) if whole and each != node
            }
            self._above[node] = found
        return found

    def around(self, node: str, service: str | None) -> Mapping[str, int]:
        """The nodes above this one; if nobody knows the node itself, above its service.

        Exporters and agents name themselves as the service: one that nobody knows is no node.
        """
        found = self.above(node)
        if found or service is None or service == node or service not in self._services:
            return found
        return {service: 1} | {each: hops + 1 for each, hops in self.above(service).items()}

    def below(self, node: str) -> frozenset[str]:
        """The nodes that alert when this one fails, itself left out."""
        found = self._below.get(node)
        if found is None:
            hops = _reach([(node, True)], self._effects)
            found = self._below[node] = frozenset(each for each, _ in hops) - {node}
        return found

    def _add(self, service: Service) -> None:
        self._services.add(service.name)
        device = service.name in service.hosts
        for host in service.hosts:
            self._carries[service.name].add(host)
            self._carried_by[host].add(service.name)
            if not device:
                self._serves[host].add(service.name)
                self._served_by[service.name].add(host)
        for needed in service.depends_on:
            self._used_by[needed].add(service.name)
            self._uses[service.name].add(needed)

    def _effects(self, node: str, whole: bool) -> Iterator[_State]:
        if whole:
            yield from ((host, True) for host in self._carries.get(node, ()))
        yield from ((service, False) for service in self._serves.get(node, ()))
        yield from ((user, True) for user in self._used_by.get(node, ()))

    def _causes(self, node: str, whole: bool) -> Iterator[_State]:
        if not whole:
            for host in self._served_by.get(node, ()):
                yield from ((host, True), (host, False))
            return
        yield from ((carrier, True) for carrier in self._carried_by.get(node, ()))
        for needed in self._uses.get(node, ()):
            yield from ((needed, True), (needed, False))


def _reach(
    starts: Iterable[_State], edges: Callable[[str, bool], Iterator[_State]]
) -> dict[_State, int]:
    hops = dict.fromkeys(starts, 0)
    queue = deque(hops)
    while queue:
        state = queue.popleft()
        if hops[state] == HOPS:
            continue
        for near in edges(*state):
            if near not in hops:
                hops[near] = hops[state] + 1
                queue.append(near)
    return hops
