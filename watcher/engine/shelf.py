"""Books out of the store, with everything that some news can touch, and back into it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from watcher.decide.activity import Onset
from watcher.decide.recount import Member
from watcher.decide.silence import Inhibitors
from watcher.engine.book import Book
from watcher.engine.going import Going
from watcher.engine.rulebook import News
from watcher.model.alert import Alert, Occurrence, Withheld
from watcher.model.change import replace
from watcher.model.incident import Incident
from watcher.model.policy import Policy
from watcher.model.silence import Window
from watcher.store.tx import Tx

# A start may count from before it was heard of; what held spans back earlier is looked up by name.
_LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Held:
    """The spans that are held back and must be decided about now, and the windows planned."""

    spans: tuple[Occurrence, ...] = ()
    windows: tuple[Window, ...] = ()


NOTHING = Held()


def firing(tx: Tx, policy: Policy) -> Inhibitors:
    """The alerts that fire and may hold others back; without such rules none is looked at."""
    inhibitors = Inhibitors(policy.inhibit)
    if inhibitors:
        for alert in tx.firing():
            inhibitors.note(alert)
    return inhibitors


def held(tx: Tx, news: Sequence[News], now: datetime, policy: Policy, anew: bool) -> Held:
    """What these news and the time up to now make due; `anew` for all there is, because it is not
    known under which rules it was held back.
    """
    first = min((each.received_at for each in news), default=now)
    spans = [_due_by(span, first) for span in tx.held_back()] if anew else tx.due(now)
    if policy.inhibit and news:
        spans += tx.inhibited({(each.who.customer, each.event.key) for each in news})
    windows = {each.name: each for each in tx.windows(first - _LATELY)}
    names = {why.by for _, why in _whys(spans)}
    windows |= {each.name: each for each in tx.windows_named(names - windows.keys())}
    cancelled = {name: each.cancelled_at for name, each in windows.items() if each.cancelled_at}
    due = {
        (span.customer, span.key, span.occurrence): _due_by(span, cancelled.get(why.by))
        for span, why in _whys(spans)
    }
    return Held(tuple(due.values()), tuple(windows.values()))


def recall(
    tx: Tx, going: Going, news: Sequence[News], back: Held, now: datetime, anew: bool = False
) -> None:
    """Tells what goes on at those customers, or `anew` at all, and what happened on those hosts, of
    which nothing is known yet.
    """
    busy = tx.busy() if anew else {}
    hosts = {(each.who.customer, each.who.host) for each in news if each.who.host}
    customers = busy.keys() | {each.who.customer for each in news}
    customers |= {span.customer for span in back.spans}
    held_back = tx.alerts({(span.customer, span.key) for span in back.spans})
    hosts |= {(each.customer, each.host) for each in held_back.values() if each.host}
    for customer in sorted(each for each in customers if each not in going):
        # Whoever was here before had come to its newest start at least, and may have left then.
        since = min(now, busy.get(customer, now))
        incidents = tx.lively(customer, going.since(since))
        alerts = members(tx, [each.number for each in incidents])
        hosts |= {(customer, alert.host) for alert, _ in alerts if alert.host}
        _learn(tx, going, hosts)
        going.recall(customer, incidents, alerts, since)
    _learn(tx, going, hosts)


def _learn(tx: Tx, going: Going, hosts: Collection[tuple[str, str]]) -> None:
    missing = going.tally.missing(hosts)
    for customer in sorted({customer for customer, _ in missing}):
        mine = {host for whose, host in missing if whose == customer}
        known = dict.fromkeys(mine, 0) | dict(tx.begun(customer, mine))
        going.tally.learn({(customer, host): count for host, count in known.items()})


def load(tx: Tx, news: Sequence[News], going: Going, until: datetime, back: Held = NOTHING) -> Book:
    """A book with everything that these news, what was held back, and the time until then are
    likely to touch.
    """
    book = Book(_numbers(tx), _Shelf(tx))
    keys = {(each.who.customer, each.event.key) for each in news}
    alerts = tx.alerts(keys | {(span.customer, span.key) for span in back.spans})
    spans = {
        (each.who.customer, each.event.key, each.event.occurrence)
        for each in news
        if each.event.occurrence
    }
    spans |= {(each.customer, each.key, each.occurrence) for each in alerts.values()}
    occurrences = tx.occurrences(spans)
    occurrences |= {(each.customer, each.key, each.occurrence): each for each in back.spans}
    before = {
        (span.customer, span.key, why.after)
        for span, why in _whys(occurrences.values())
        if why.after is not None
    }
    occurrences |= tx.occurrences(before - occurrences.keys())
    homes = {each.incident for each in occurrences.values() if each.incident is not None}
    ripe = going.suspects.ripe(until)
    incidents = tx.incidents(homes | going.likely(news) | ripe.keys())
    telling = {(each.customer, key) for each in incidents.values() for key in _telling(each, ripe)}
    alerts |= tx.alerts(telling - alerts.keys())
    book.load(alerts.values(), occurrences.values(), incidents.values())
    return book


def save(tx: Tx, book: Book, now: datetime) -> None:
    """Writes what changed in a book."""
    if len(book.issued) > 1:
        tx.numbers(len(book.issued) - 1)
    tx.save_incidents(book.incidents[key] for key in book.changed_incidents)
    tx.save_alerts(book.alerts[key] for key in book.changed_alerts)
    tx.save_occurrences(book.occurrences[key] for key in book.changed_occurrences)
    tx.add_entries(book.entries)
    tx.queue(book.intents, now)
    # Last, so that nobody is told of an incident that was taken in within the same batch.
    for source, into in book.merges:
        tx.merge(source, into)


def _whys(spans: Iterable[Occurrence]) -> Iterator[tuple[Occurrence, Withheld]]:
    """The spans that are held back, each with why it is."""
    return ((span, span.withheld) for span in spans if span.withheld is not None)


def _due_by(span: Occurrence, at: datetime | None) -> Occurrence:
    """The span, due at that time at the latest."""
    why = span.withheld
    if why is None or at is None or why.until <= at:
        return span
    return replace(span, withheld=replace(why, until=at))


def _telling(incident: Incident, ripe: Mapping[int, Onset]) -> Iterator[str]:
    """The alerts that an incident is called by, once its suspect is settled."""
    if incident.number in ripe:
        yield ripe[incident.number].key
        if incident.suspect is not None and incident.suspect.key:
            yield incident.suspect.key


def _numbers(tx: Tx) -> Iterator[int]:
    """The numbers of new incidents: the first locks the counter, and `save` tells it the rest."""
    yield from count(tx.numbers(1)[0])


class _Shelf:
    """See `Shelf`: the store, within one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def incident(self, number: int) -> Incident | None:
        return self._tx.incidents([number]).get(number)

    def span(self, key: tuple[str, str, str]) -> Occurrence | None:
        return self._tx.occurrences([key]).get(key)

    def members(self, number: int) -> list[Member]:
        return members(self._tx, [number])

    def alert(self, key: tuple[str, str]) -> Alert | None:
        return self._tx.alerts([key]).get(key)

    def untell(self, number: int) -> int:
        return self._tx.take_back(number)


def members(tx: Tx, numbers: Collection[int]) -> list[Member]:
    """All spans of these incidents, each with its alert, in the order in which they joined."""
    spans = tx.members(numbers)
    alerts = tx.alerts({(span.customer, span.key) for span in spans})
    return [(alerts[span.customer, span.key], span) for span in spans]
