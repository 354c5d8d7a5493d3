"""What people change about groupings: incidents merged, split and alerts moved, while alerts come.

Each is one transaction, which the digest waits for: what it writes next, it reads anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.decide import regroup, route
from watcher.decide.identify import resolve
from watcher.decide.lifecycle import Moment, RefusedError
from watcher.decide.recount import Ground, Member, Roll
from watcher.decide.regroup import Regrouped
from watcher.engine.command import Desk, NotThereError
from watcher.engine.digest import LEASE
from watcher.engine.shelf import members
from watcher.model.action import Intent
from watcher.model.incident import Incident
from watcher.model.person import Principal
from watcher.model.policy import Occasion
from watcher.store.tx import Tx

# Stands for the incident that a split would open, as long as nobody has ordered it.
_NOT_YET = 0


class Verb(StrEnum):
    """What may be done to a grouping."""

    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"


_BECAUSE = {
    Verb.MERGE: "somebody found them to be one disruption",
    Verb.SPLIT: "somebody found it to be another disruption",
    Verb.MOVE: "somebody found it to belong elsewhere",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants: `alerts` are keys, or occurrences, of the incident; all for a merge."""

    verb: Verb
    number: int
    into: int | None = None
    alerts: tuple[str, ...] = ()
    text: str = ""


def preview(desk: Desk, order: Order, by: Principal) -> Regrouped:
    """What would come of it; nothing is changed. Raises NotThereError or RefusedError."""
    moment = _moment(desk, order, by)
    with desk.store.view() as view:

        def roll(number: int) -> Roll:
            incident = view.incident(number, by.customer)
            if incident is None:
                raise NotThereError(f"there is no incident {number}")
            return Roll(incident, tuple(view.spans_of(number)))

        source = roll(order.number)
        into = roll(order.into) if order.into is not None else None
    return _decided(desk, order, source, into, _NOT_YET, moment)


def carry_out(desk: Desk, order: Order, by: Principal) -> Incident:
    """Does it, once however often it is asked; returns the incident that has the alerts then.

    Raises NotThereError or RefusedError, also where somebody else was faster.
    """
    moment = _moment(desk, order, by)
    with desk.store.begin() as tx:
        tx.freeze(LEASE)
        source, into = _rolls(tx, order, by)
        done = _done(tx, order, source, into)
        if done is not None:
            return done
        number = tx.numbers(1)[0] if order.verb is Verb.SPLIT else _NOT_YET
        result = _decided(desk, order, source, into, number, moment)
        _write(desk, tx, order, result, moment)
    desk.wake()
    return result.into.incident


def _moment(desk: Desk, order: Order, by: Principal) -> Moment:
    return desk.moment(by, order.text.strip() or _BECAUSE[order.verb])


def _rolls(tx: Tx, order: Order, by: Principal) -> tuple[Roll, Roll | None]:
    wanted = [order.number, *([] if order.into is None else [order.into])]
    found = tx.incidents(wanted)
    for number in wanted:
        if number not in found or by.customer not in {None, found[number].customer}:
            raise NotThereError(f"there is no incident {number}")
    alerts = members(tx, wanted)
    rolls = {
        number: Roll(found[number], tuple(each for each in alerts if each[1].incident == number))
        for number in wanted
    }
    return rolls[order.number], rolls[order.into] if order.into is not None else None


def _decided(
    desk: Desk, order: Order, source: Roll, into: Roll | None, number: int, moment: Moment
) -> Regrouped:
    ground = Ground(desk.policy, desk.catalogue)
    if order.verb is Verb.SPLIT:
        some = regroup.chosen(source, order.alerts)
        fresh = regroup.fresh(number, some, desk.catalogue)
        return regroup.split(source, some, fresh, moment, ground)
    if into is None:
        raise RefusedError("say which incident they belong to")
    if order.verb is Verb.MERGE:
        return regroup.merge(source, into, moment, ground)
    return regroup.move(source, regroup.chosen(source, order.alerts), into, moment, ground)


def _done(tx: Tx, order: Order, source: Roll, into: Roll | None) -> Incident | None:
    """Where the alerts are if this very thing has been done already."""
    if into is not None and source.incident.merged_into == into.incident.number:
        return into.incident
    customer, here = source.incident.customer, source.incident.number
    left = {word for _, span in source.members for word in (span.key, span.occurrence)}
    if left & set(order.alerts):
        return None
    alerts = tx.alerts({(customer, word) for word in order.alerts})
    spans = tx.occurrences({(*key, alert.occurrence) for key, alert in alerts.items()})
    homes = {
        span.placed.incident if span.placed and here in span.placed.out_of else None
        for span in spans.values()
    }
    if len(spans) < len(set(order.alerts)) or len(homes) != 1 or homes == {None}:
        return None
    [home] = homes
    if into is not None and into.incident.number != home:
        return None
    return tx.incidents([home or 0]).get(home or 0)


def _write(desk: Desk, tx: Tx, order: Order, result: Regrouped, moment: Moment) -> None:
    source, into = result.source.incident, result.into.incident
    tx.save_alerts(alert for alert, _ in result.moved)
    tx.save_occurrences((*(span for _, span in result.moved), *result.eased))
    tx.save_examples(result.examples)
    if order.verb is Verb.MERGE:
        tx.merge(source.number, into.number)
    else:
        tx.queue(_diagnoses(desk, into, result.moved, moment.now), moment.now)
    desk.write(tx, result.source, moment)
    desk.write(tx, result.into, moment)
    tx.regrouped()


def _diagnoses(
    desk: Desk, incident: Incident, moved: Iterable[Member], now: datetime
) -> Iterable[Intent]:
    estate = route.Estate(desk.policy, desk.catalogue)
    for alert, span in moved:
        if span.ended_at is None:
            host = resolve(desk.catalogue, alert.customer, alert.host) if alert.host else None
            order = route.Order(Occasion.OPENED, now, alert.key)
            yield from route.diagnoses(incident, alert, host, (order,), estate)
