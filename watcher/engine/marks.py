"""What stands on a delivery that Watcher made by asking: why it did, and how much was missed."""

from collections import Counter
from collections.abc import Iterable, Sequence

from watcher.decide.reconcile import News
from watcher.model.change import replace
from watcher.model.delivery import ORIGIN, RECONCILED, Delivery
from watcher.model.event import Event, Kind
from watcher.model.source import Drift
from watcher.store.tx import Tx

_MISSED = "x-watcher-missed"
_WHY = "x-watcher-why"


def headers_of(news: News) -> dict[str, str]:
    """The headers of the delivery that brings this news."""
    marks = {ORIGIN: RECONCILED}
    if news.missed:
        marks[_MISSED] = " ".join(f"{kind}={count}" for kind, count in news.missed.items())
    if news.why:
        marks[_WHY] = news.why
    return marks


def explained(delivery: Delivery, events: Sequence[Event]) -> Sequence[Event]:
    """The events of a delivery; an end that nobody recorded says on the timeline why it counts."""
    why = delivery.headers.get(_WHY, "")
    if not why:
        return events
    note = f"{delivery.source} did not say that it is over, but {why}"
    return [replace(each, note=note) if each.kind is Kind.RESOLVED else each for each in events]


def count_drift(tx: Tx, digested: Iterable[Delivery]) -> None:
    """Counts what was missed by not having these deliveries, in the transaction in which they have
    their effect: once, whatever died before.
    """
    for delivery in digested:
        if text := delivery.headers.get(_MISSED):
            pairs = (pair.partition("=") for pair in text.split())
            counts = Counter({Drift(kind): int(count) for kind, _, count in pairs})
            tx.add_drift(delivery.source, delivery.received_at, counts)
