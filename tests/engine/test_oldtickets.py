"""Old tickets are taken in once, on both stores, and what comes back is recognised by them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.streams import RULEBOOK
from watcher.decide.lifecycle import Report
from watcher.engine.command import Desk
from watcher.engine.oldtickets import Importer, Taken
from watcher.engine.reconcile import BusyError
from watcher.engine.recurrence import Recurrence
from watcher.kit.clock import Clock
from watcher.model.event import Severity
from watcher.model.person import Principal, Role
from watcher.policy.tickets import OldTicket
from watcher.store.store import Store

HOUR = timedelta(hours=1)
BEGUN = datetime(2024, 1, 1, tzinfo=UTC)


def tickets(count: int) -> list[OldTicket]:
    """One each day, every tenth of one problem on one host."""
    return [
        OldTicket(
            opened=BEGUN + day * 24 * HOUR,
            closed=BEGUN + (day * 24 + 1) * HOUR,
            title="The log fills the disk"
            if day % 10 == 0
            else f"Trouble of {'abcdefghi'[day % 9]}",
            ticket=f"T{day}",
            host="log1" if day % 10 == 0 else "",
            problem="P1" if day % 10 == 0 else "",
            workaround="rotate it by hand" if day % 10 == 0 else "",
        )
        for day in range(count)
    ]


def test_what_comes_back_is_recognised_by_old_tickets(store: Store) -> None:
    """Taken in in several transactions, once; a new incident like them belongs to their problem."""
    clock = Clock()
    importer = Importer(store, RULEBOOK, "acme", "ann", "here")
    assert Taken(60, 1) == importer.run(tickets(60), clock.now())
    assert Taken(0, 0) == importer.run(tickets(60), clock.now())
    desk = Desk(store, clock, RULEBOOK.policy, RULEBOOK.catalogue, wake=lambda: None)
    report = Report("acme", "The log fills the disk", Severity.AVERAGE, None, "log1")
    opened = desk.open(report, Principal("ann", Role.OPERATOR))
    recurrence = Recurrence(store, clock, lambda: RULEBOOK, "here")
    while recurrence.step():
        pass

    with store.view() as view:
        ties = view.ties_of_incidents([opened.number])
        [problem] = {each.problem for each in ties}
        tied = [each for each in view.ties_of_problem(problem) if each.by_person]
        [past, *_] = view.incidents([tied[0].incident]).values()
    assert (6, True) == (len(tied), past.course.history)


def test_two_do_not_take_in_tickets_of_one_customer_at_once(store: Store) -> None:
    """The other is told so; when the first is done, nothing is in the way."""
    now = Clock().now()
    with store.begin() as tx:
        tx.lease("import:acme", "elsewhere", now, HOUR)
    importer = Importer(store, RULEBOOK, "acme", "ann", "here")

    with pytest.raises(BusyError, match="are being taken in"):
        importer.run(tickets(1), now)
