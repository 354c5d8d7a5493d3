"""What the clock does: closes what is quiet, lets go of what is old, and nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.contract.given import MINUTE, NOW, arrival, change, diagnosis, incident, intent, run
from tests.engine.streams import RULEBOOK
from tests.fakes import FakeClock
from tests.stores import peek
from watcher.decide.route import Order, ordered
from watcher.engine.sweep import Retention, Sweep
from watcher.model.action import ActionStatus
from watcher.model.catalogue import Host
from watcher.model.incident import Status
from watcher.model.person import Role
from watcher.model.policy import Occasion, RunbookPolicy, RunbookTrigger
from watcher.store.people import Person
from watcher.store.store import Store

DAY = timedelta(days=1)
KEPT = Retention(deliveries=7 * DAY, actions=30 * DAY, evidence=90 * DAY)


def sweep(store: Store, now: datetime) -> int:
    """How much one round found to do at that time."""
    return Sweep(store, FakeClock(now), lambda: RULEBOOK, KEPT).step()


def count(store: Store, table: str) -> int:
    """How many rows there are."""
    [(number,)] = peek(store, f"SELECT count(*) FROM {table}")  # noqa: S608 - names of ours
    return int(number)


def test_incidents_close_under_the_rules_in_force(store: Store) -> None:
    """A shorter time in the rules closes what is resolved with the next round."""
    with store.begin() as tx:
        tx.save_incidents([incident(1, status=Status.RESOLVED, resolved_at=NOW - DAY / 2)])
    rulebooks = [RULEBOOK]
    sweep = Sweep(store, FakeClock(NOW), lambda: rulebooks[-1], KEPT)
    before = sweep.step()
    grouping = replace(RULEBOOK.policy.grouping, close_after=DAY / 2)
    rulebooks.append(replace(RULEBOOK, policy=replace(RULEBOOK.policy, grouping=grouping)))

    assert (0, 1) == (before, sweep.step())


def test_changes_are_kept_for_long(store: Store) -> None:
    """So long that what is usual can be told from what is not."""
    days = (399, 401)
    with store.begin() as tx:
        tx.save_deployments(change(f"v1:{each}", NOW - each * DAY) for each in days)

    assert (1, 0) == (sweep(store, NOW), sweep(store, NOW))
    assert 1 == count(store, "deployment")


def test_what_has_been_resolved_for_long_enough_is_closed(store: Store) -> None:
    """With the reason on its timeline; the second round finds nothing to do."""
    resolved = {"status": Status.RESOLVED, "group": "host:x"}
    with store.begin() as tx:
        tx.save_incidents(
            [
                incident(1, resolved_at=NOW - DAY, **resolved),
                incident(2, resolved_at=NOW - DAY + timedelta(seconds=1), **resolved),
                incident(3),
            ]
        )

    assert (1, 0) == (sweep(store, NOW), sweep(store, NOW))
    with store.view() as view:
        found = [view.incident(number, None) for number in (1, 2, 3)]
        [entry] = view.timeline(1)
    assert [("closed", NOW), ("resolved", None), ("open", None)] == [
        (each.status.value, each.closed_at) for each in found if each is not None
    ]
    assert ("quiet", "closed by watcher", 86400.0) == (
        entry.reason.rule,
        entry.text,
        entry.reason.gap,
    )


def test_old_deliveries_go_but_never_those_that_nobody_digested(store: Store) -> None:
    """A worker that was away for a month finds all that came meanwhile."""
    inbox = store.inbox(NOW)
    inbox.append([arrival(b"digested")])
    with store.begin() as tx:
        tx.digested(tx.undigested(10, 1000))
    inbox.append([arrival(b"waits")])
    inbox.close()

    assert 0 == sweep(store, NOW + 6 * DAY)
    assert 1 == sweep(store, NOW + 40 * DAY)
    with store.begin() as tx:
        assert [b"waits"] == [each.body for each in tx.undigested(10, 1000)]


def test_actions_and_evidence_have_their_own_time(store: Store) -> None:
    """What is done goes after a month, what it brought after three; what waits stays."""
    with store.begin() as tx:
        tx.save_incidents([incident(1)])
        tx.queue([intent("a"), intent("b", lane="other")], NOW)
        [done, _] = tx.claim(NOW, DAY, 10)
        tx.settle(done, ActionStatus.DONE, "sent", None, NOW)
        tx.add_evidence(1, done.id, diagnosis())

    assert 1 == sweep(store, NOW + 31 * DAY)
    assert (1, 1) == (count(store, "action"), count(store, "evidence"))
    assert 1 == sweep(store, NOW + 91 * DAY)
    assert (1, 0) == (count(store, "action"), count(store, "evidence"))


def test_sessions_that_are_over_are_forgotten(store: Store) -> None:
    """Nobody is let in by them any more, so nobody needs them."""
    with store.begin() as tx:
        tx.save_person(Person("olga", "hash", Role.VIEWER, None, NOW))
        tx.add_session("old", "olga", NOW - DAY)
        tx.add_session("new", "olga", NOW + DAY)

    assert 1 == sweep(store, NOW)
    assert 1 == count(store, "session")


def test_what_nobody_approved_is_over(store: Store) -> None:
    """The timeline says that it did not run."""
    order = Order(Occasion.OPENED, NOW, "z:1")
    trigger = RunbookTrigger("trace", policy=RunbookPolicy(approval=Role.MANAGER))
    with store.begin() as tx:
        tx.save_incidents([incident(1)])
        tx.queue(ordered(incident(1), trigger, Host("acme", "db1"), order), NOW)

    assert 0 == sweep(store, NOW + DAY - MINUTE)
    assert 1 == sweep(store, NOW + DAY)
    with store.view() as view:
        [action], [entry] = view.actions_of(1), view.timeline(1)
    assert (ActionStatus.DONE, "nobody approved it") == (action.status, action.reason)
    assert "diagnosis trace of db1: not run" == entry.text


def test_the_run_log_outlives_the_evidence(store: Store) -> None:
    """It goes after two years, unless somebody says otherwise."""
    with store.begin() as tx:
        tx.add_runs([run(at=NOW)])

    assert 0 == sweep(store, NOW + 700 * DAY)
    assert 1 == sweep(store, NOW + 731 * DAY)
