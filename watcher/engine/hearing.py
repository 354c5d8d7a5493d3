"""Notes when sources speak by themselves, so that it can be told when they fall silent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from watcher.decide.heartbeat import listen
from watcher.model.concern import OWN
from watcher.model.delivery import Delivery
from watcher.store.tx import Tx

# Silence is counted in minutes: a source that floods need not be noted with every batch.
_GRAIN = timedelta(seconds=1)


def note(
    tx: Tx, deliveries: Iterable[Delivery], noted: Mapping[str, datetime], since: datetime
) -> dict[str, datetime]:
    """Notes when the sources of these deliveries were heard of; nobody listened before `since`.

    Returns up to when each has been `noted`, once the transaction is committed.
    """
    spoken: defaultdict[str, list[datetime]] = defaultdict(list)
    for each in deliveries:
        if each.source != OWN and not each.origin:
            spoken[each.source].append(each.received_at)
    after = dict(noted)
    for source, moments in sorted(spoken.items()):
        newest = max(moments)
        if source not in noted or newest - noted[source] >= _GRAIN:
            tx.save_heard(source, listen(tx.heard(source), sorted(moments), since))
            after[source] = newest
    return after
