"""Watches over the sources themselves, and over channels: a source that is silent or refuses to
answer is news, and so is a channel over which messages are given up.

What begins and what is over goes into the inbox, as deliveries of the source `watcher`. What stands
is read off the alerts that these became, so that a restart or another replica tells nothing twice.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson

from watcher.decide.concerns import LATELY, LEAST_DEAD, Look, gone, undelivered, worries
from watcher.kit.clock import Clock
from watcher.model.alert import Alert
from watcher.model.concern import OWN, Concern, Letters, Lost, Watched, Worry
from watcher.model.delivery import Arrival
from watcher.model.source import SourceState
from watcher.policy.endpoints import Source
from watcher.store.inbox import Inbox
from watcher.store.store import Store

LEASE = "vigil"
_TTL = timedelta(seconds=90)
# With something older than this to digest, it is not known who is silent.
_BEHIND = timedelta(minutes=1)

Whose = tuple[str, str, Concern]
"""Customer, source (or channel) and concern."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of all sources and channels at one moment."""

    states: Mapping[str, SourceState]
    letters: Mapping[str, Letters]
    lost: Mapping[tuple[str, str], Lost]
    standing: dict[Whose, datetime]


class Vigil:
    """One round over all sources at a time, by one replica."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sources: Sequence[Source],
        public_url: str,
        holder: str,
        channels: Collection[str] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._sources = [watched(each) for each in sources]
        self._public_url = public_url
        self._holder = holder
        self._channels = channels
        self._started = clock.now()
        # What was told and is not digested yet: whether it began or was over, and since when it is.
        self._told: dict[Whose, tuple[bool, datetime]] = {}
        self._inbox: Inbox | None = None

    def step(self) -> int:
        """Tells what is news of sources; returns how much that is. Raises StoreUnavailable."""
        now = self._clock.now()
        with self._store.begin() as tx:
            leads = tx.lease(LEASE, self._holder, now, _TTL) is not None
            waiting = tx.undigested(1, 1) if leads else []
        if not leads:
            self._told.clear()
            return 0
        behind = any(each.received_at < now - _BEHIND for each in waiting)
        news = list(self._news(self._known(now), now, behind))
        if news:
            self._append(news, now)
        return len(news)

    def close(self) -> None:
        """Lets go of the inbox."""
        if self._inbox is not None:
            self._inbox.close()
            self._inbox = None

    def _known(self, now: datetime) -> _Known:
        with self._store.view() as view:
            states, letters = view.sources(), view.letters(now - LATELY, LEAST_DEAD)
            lost = view.lost(now - LATELY)
            standing = dict(_standing(view.firing_of(OWN)))
        for whose, (firing, since) in list(self._told.items()):
            if (standing.get(whose) == since) is firing:
                del self._told[whose]
            elif firing:
                standing[whose] = since
            else:
                del standing[whose]
        return _Known(states, letters, lost, standing)

    def _news(self, known: _Known, now: datetime, behind: bool) -> Iterator[tuple[str, str, Worry]]:
        """What begins and what is over, with customer and source or channel."""
        rest = dict(known.standing)
        for each in self._sources:
            mine = {
                concern: rest.pop((each.customer, each.name, concern))
                for concern in Concern
                if (each.customer, each.name, concern) in rest
            }
            state = known.states.get(each.name, SourceState())
            letters = known.letters.get(each.name)
            for worry in worries(Look(each, state, now, self._started, behind, letters), mine):
                yield each.customer, each.name, worry
        yield from self._of_channels(known, rest)
        for (customer, name, concern), since in rest.items():
            yield customer, name, gone(concern, since)

    def _of_channels(
        self, known: _Known, rest: dict[Whose, datetime]
    ) -> Iterator[tuple[str, str, Worry]]:
        """The same of channels; what stands of them is taken out of the rest."""
        concern = Concern.UNDELIVERED
        standing = {whose[:2] for whose in rest if whose[2] is concern}
        for customer, channel in sorted(known.lost.keys() | standing):
            if channel in self._channels:
                since = rest.pop((customer, channel, concern), None)
                lost = known.lost.get((customer, channel))
                if worry := undelivered(channel, lost, since):
                    yield customer, channel, worry

    def _append(self, news: Sequence[tuple[str, str, Worry]], now: datetime) -> None:
        # It stays open: the digest looks into every one that there has been for days.
        inbox = self._inbox = self._inbox or self._store.inbox(now)
        inbox.append(
            [
                Arrival(OWN, customer, now, {}, self._body(source, worry, now))
                for customer, source, worry in news
            ]
        )
        for customer, source, worry in news:
            self._told[customer, source, worry.concern] = worry.firing, worry.since

    def _body(self, source: str, worry: Worry, now: datetime) -> bytes:
        """What the receiver of `watcher` reads."""
        page = f"sources#source-{source}"
        if worry.concern is Concern.UNDELIVERED:
            page = "actions"
        said = {
            "condition": worry.concern,
            "source": source,
            "status": "firing" if worry.firing else "resolved",
            "at": now,
            "since": worry.since,
            "text": worry.text,
            "severity": worry.severity,
            "url": f"{self._public_url}/{page}",
        }
        return orjson.dumps(said, option=orjson.OPT_UTC_Z)


def watched(source: Source) -> Watched:
    """A source as far as it is looked after, without any secret."""
    heartbeat, monitor = source.heartbeat, source.monitor
    return Watched(
        source.name,
        source.kind,
        source.customer,
        heartbeat is not None,
        heartbeat.limit if heartbeat else None,
        (urlsplit(monitor.url).hostname or "") if monitor else "",
        monitor.every if monitor else None,
    )


def _standing(alerts: Sequence[Alert]) -> Iterator[tuple[Whose, datetime]]:
    """What fires, and since when."""
    for alert in alerts:
        concern = next((each for each in Concern if each == alert.labels.get("condition")), None)
        if concern is not None:
            whose = alert.customer, alert.labels.get("about", ""), concern
            yield whose, alert.started_at
