"""Keeps the suspects of young incidents: who is likely to be the cause, as long as that may change.

A suspect is picked again whenever enough is new, and settled once the incident has had its time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush

from watcher.decide.activity import Onset
from watcher.decide.suspect import Lineup
from watcher.decide.topology import Topology

Host = tuple[str, str]
"""A customer, and the name of one of its hosts."""


class Tally:
    """How often anything ever began on a host; as far as anybody asked."""

    def __init__(self) -> None:
        self._known: dict[Host, int] = {}

    def missing(self, hosts: Iterable[Host]) -> set[Host]:
        """Those of which nothing is known yet."""
        return {each for each in hosts if each not in self._known}

    def learn(self, counts: Mapping[Host, int]) -> None:
        """What is on record."""
        self._known.update(counts)

    def add(self, host: Host, more: int) -> None:
        """So many spans more began there."""
        self._known[host] = self._known.get(host, 0) + more

    def of(self, host: Host) -> int:
        """How many spans began there."""
        return self._known.get(host, 0)


class Suspects:
    """The lineups of the incidents whose suspect may still change."""

    def __init__(self, topology: Callable[[str], Topology], after: timedelta) -> None:
        self._topology = topology
        self._after = after
        self._lineups: dict[int, Lineup] = {}
        self._due: list[tuple[float, int]] = []

    def lineup(self, number: int) -> Lineup | None:
        """The lineup of an incident, None once it is settled."""
        return self._lineups.get(number)

    def open(self, number: int, customer: str) -> None:
        """An incident is new."""
        self._lineups[number] = Lineup(self._topology(customer), self._after)

    def note(self, number: int, onset: Onset, fired: int, node_fired: int) -> None:
        """An alert of an incident begins."""
        lineup = self._lineups.get(number)
        if lineup is not None:
            lineup.note(onset, fired, node_fired)
            heappush(self._due, (lineup.until, number))

    def move(self, onset: Onset, source: int, into: int, fired: int, node_fired: int) -> None:
        """An alert of one incident belongs to another after all."""
        lineup = self._lineups.get(source)
        if lineup is not None:
            lineup.drop(onset.span)
            # Without its first alert it has more time.
            heappush(self._due, (lineup.until, source))
        self.note(into, onset, fired, node_fired)

    def merge(self, later: int, earlier: int) -> None:
        """Two incidents are one."""
        gone, kept = self._lineups.pop(later, None), self._lineups.get(earlier)
        if gone is not None and kept is not None:
            kept.take_in(gone)
            heappush(self._due, (kept.until, earlier))

    def due(self, now: datetime) -> bool:
        """Whether a suspect is to be settled."""
        return bool(self._due) and self._due[0][0] <= now.timestamp()

    def ripe(self, now: datetime) -> dict[int, Onset]:
        """The incidents whose suspects are to be settled by then, each with its first alert."""
        found, at, places = dict[int, Onset](), now.timestamp(), [0]
        while places:
            place = places.pop()
            # In a heap what comes later stands behind what comes earlier.
            if place < len(self._due) and self._due[place][0] <= at:
                number = self._due[place][1]
                lineup = self._lineups.get(number)
                if lineup is not None and lineup.first is not None:
                    found[number] = lineup.first
                places += (2 * place + 1, 2 * place + 2)
        return found

    def settled(self, now: datetime) -> Iterator[tuple[int, Lineup]]:
        """The lineups that have had their time, each once, the earliest first."""
        at = now.timestamp()
        while self._due and self._due[0][0] <= at:
            _, number = heappop(self._due)
            lineup = self._lineups.get(number)
            if lineup is not None and lineup.until <= at:
                del self._lineups[number]
                yield number, lineup
