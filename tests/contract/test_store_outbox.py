"""The outbox: leases, fences, the order of a lane, and many claimers at once, on both stores."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from tests.contract.given import MINUTE, NOW, intent
from tests.stores import peek
from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.change import replace
from watcher.model.concern import Lost
from watcher.store.store import Store

LEASE = timedelta(seconds=60)


def queue(store: Store, *intents: Intent) -> int:
    """Puts actions into the outbox in a transaction of their own."""
    with store.begin() as tx:
        return tx.queue(intents, NOW)


def claim(store: Store, now: datetime = NOW, limit: int = 10) -> list[Action]:
    """Claims in a transaction of its own."""
    with store.begin() as tx:
        return tx.claim(now, LEASE, limit)


def settle(
    store: Store, action: Action, status: ActionStatus, next_at: datetime | None = None
) -> bool:
    """Settles in a transaction of its own."""
    with store.begin() as tx:
        return tx.settle(action, status, "because", next_at, NOW)


def keys(actions: list[Action]) -> list[str]:
    """What was claimed, by idempotency key."""
    return [action.key for action in actions]


def test_a_claimed_action_is_as_it_was_queued(store: Store) -> None:
    """It runs, with its first attempt and its fence, until its lease ends."""
    queue(store, intent("a"))
    [action] = claim(store)

    assert action == Action(
        id=1,
        incident=1,
        customer="acme",
        kind=ActionKind.NOTIFY,
        lane="mail",
        key="a",
        payload={"channel": "mail"},
        status=ActionStatus.RUNNING,
        attempts=1,
        created_at=NOW,
        next_at=NOW + LEASE,
        token=1,
        lease_until=NOW + LEASE,
    )


def test_the_same_key_is_queued_once(store: Store) -> None:
    """However often a decision is made again, in one transaction or in another."""
    first = queue(store, intent("a"), intent("a"), intent("b"))
    second = queue(store, intent("b"), intent("c"))

    assert (first, second) == (2, 1)


def test_a_done_action_keeps_its_key(store: Store) -> None:
    """What was done is not done again."""
    queue(store, intent("a"))
    [action] = claim(store)
    settle(store, action, ActionStatus.DONE)
    again = queue(store, intent("a"))

    assert again == 0
    assert claim(store, NOW + 10 * MINUTE) == []


def test_what_is_over_can_be_decided_anew(store: Store) -> None:
    """It is due again, with what is to be done now, for as long as if it were new; what is not over
    goes on as it was decided.
    """
    queue(store, intent("done", "a"), intent("given up", "b"), intent("running", "c"))
    done, given_up, _ = claim(store)
    settle(store, done, ActionStatus.DONE)
    settle(store, given_up, ActionStatus.GAVE_UP)
    later = NOW + MINUTE / 2
    wanted = [
        replace(intent(key, lane), payload={"channel": "other"})
        for key, lane in (("done", "a"), ("given up", "b"), ("running", "c"), ("new", "d"))
    ]
    with store.begin() as tx:
        tx.renew(wanted, later)
    with store.view() as view:
        named = view.actions_named(["running", "new", "nobody's"])

    again = claim(store, later)
    assert ["done", "given up", "new"] == sorted(keys(again))
    assert [(1, later)] * 3 == [(action.attempts, action.created_at) for action in again]
    assert {"other"} == {action.payload["channel"] for action in again}
    assert {"running": "c", "new": "other"} == {
        key: action.payload["channel"] for key, action in named.items()
    }
    assert not settle(store, done, ActionStatus.DONE)


def test_the_longest_due_come_first(store: Store) -> None:
    """Not more than asked for, and none before its time."""
    queue(
        store,
        intent("third", "c", not_before=NOW),
        intent("first", "a", not_before=NOW - 2 * MINUTE),
        intent("early", "d", not_before=NOW + MINUTE),
        intent("second", "b", not_before=NOW - MINUTE),
    )

    assert keys(claim(store, limit=2)) == ["first", "second"]
    assert keys(claim(store)) == ["third"]
    assert claim(store) == []


def test_only_the_kinds_asked_for_are_claimed(store: Store) -> None:
    """A crew of one kind leaves the work of another."""
    queue(store, intent("a"))
    with store.begin() as tx:
        diagnoses = tx.claim(NOW, LEASE, 10, [ActionKind.DIAGNOSE])
        notices = tx.claim(NOW, LEASE, 10, [ActionKind.NOTIFY])

    assert (keys(diagnoses), keys(notices)) == ([], ["a"])


def test_a_lane_goes_one_by_one_in_order(store: Store) -> None:
    """The second waits while the first waits, runs or is to be retried; other lanes do not."""
    queue(store, intent("a1"), intent("a2"), intent("b1", "jira"), intent("c1", incident=2))
    first = claim(store)
    while_it_runs = claim(store)
    settle(store, first[0], ActionStatus.RETRY, NOW + LEASE / 2)
    while_it_waits = claim(store)
    [again] = claim(store, NOW + LEASE / 2)
    settle(store, again, ActionStatus.DONE)
    after_it = claim(store, NOW + LEASE / 2)

    assert keys(first) == ["a1", "b1", "c1"]
    assert (while_it_runs, while_it_waits) == ([], [])
    assert (again.key, again.attempts, again.token) == ("a1", 2, 2)
    assert keys(after_it) == ["a2"]


def test_what_gave_up_does_not_block_its_lane(store: Store) -> None:
    """The next is carried out; a person may retry the first later."""
    queue(store, intent("a1"), intent("a2"))
    [first] = claim(store)
    settle(store, first, ActionStatus.GAVE_UP)

    assert keys(claim(store)) == ["a2"]


def test_a_retried_action_waits_for_the_one_that_runs(store: Store) -> None:
    """Two of one lane never run at once, not even when a person puts the first back."""
    queue(store, intent("a1"), intent("a2"))
    [first] = claim(store)
    settle(store, first, ActionStatus.GAVE_UP)
    [second] = claim(store)
    with store.begin() as tx:
        retried = [tx.retry_action(first.id, NOW), tx.retry_action(first.id, NOW)]
    blocked = claim(store)
    settle(store, second, ActionStatus.DONE)
    [again] = claim(store)

    assert retried == [True, False]
    assert blocked == []
    assert (again.key, again.attempts) == ("a1", 1)


def test_a_retried_action_does_not_wait_for_a_dead_worker(store: Store) -> None:
    """When both could go on, the lane goes on in its order instead of waiting for ever."""
    queue(store, intent("a1"), intent("a2"))
    [first] = claim(store)
    settle(store, first, ActionStatus.GAVE_UP)
    claim(store)
    with store.begin() as tx:
        tx.retry_action(first.id, NOW)

    assert keys(claim(store, NOW + LEASE)) == ["a1"]


def test_an_expired_lease_is_claimed_again(store: Store) -> None:
    """The work of a worker that died is picked up by whoever comes next, not before the end."""
    queue(store, intent("a"))
    claim(store)
    early = claim(store, NOW + LEASE - timedelta(microseconds=1))
    [again] = claim(store, NOW + LEASE)

    assert early == []
    assert (again.key, again.attempts, again.token) == ("a", 2, 2)


def test_a_lost_lease_cannot_settle(store: Store) -> None:
    """The outcome of a stale worker is not stored over that of the new owner."""
    queue(store, intent("a"))
    [stale] = claim(store)
    [owner] = claim(store, NOW + LEASE)

    assert not settle(store, stale, ActionStatus.GAVE_UP)
    assert settle(store, owner, ActionStatus.DONE)
    assert not settle(store, owner, ActionStatus.RETRY, NOW)
    assert peek(store, "SELECT status, reason FROM action") == [("done", "because")]


def test_a_lease_that_ended_may_settle_while_nobody_took_it(store: Store) -> None:
    """Late is not lost: there is no other outcome that this one could overwrite."""
    queue(store, intent("a"))
    [action] = claim(store)
    with store.begin() as tx:
        settled = tx.settle(action, ActionStatus.DONE, "late", None, NOW + 2 * LEASE)

    assert settled


def test_claimers_at_once_share_the_work(store: Store) -> None:
    """No action goes to two of them, and no lane has two at work, whatever the timing."""
    queue(store, *(intent(f"{lane}-{n}", f"{lane}") for n in range(4) for lane in range(15)))
    together = Barrier(4, timeout=30)
    at_work: set[str] = set()
    done: list[str] = []
    clashes: list[str] = []

    def work(_: int) -> None:
        together.wait()
        deadline = time.monotonic() + 60
        while len(done) < 60 and time.monotonic() < deadline:
            mine = claim(store, limit=5)
            clashes.extend(action.key for action in mine if action.lane in at_work)
            at_work.update(action.lane for action in mine)
            for action in mine:
                done.append(action.key)
                at_work.discard(action.lane)
                settle(store, action, ActionStatus.DONE)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))

    assert clashes == []
    assert len(done) == len(set(done)) == 60
    for lane in range(15):
        assert [key for key in done if key.startswith(f"{lane}-")] == [
            f"{lane}-{n}" for n in range(4)
        ]


def test_two_open_claims_do_not_meet(postgres_store: Store) -> None:
    """A second claimer neither waits for the first nor gets the same, nor the next of its lane."""
    store = postgres_store
    queue(store, intent("a1"), intent("a2"), intent("b1", "b"), intent("c1", "c"))
    with store.begin() as first, store.begin() as second:
        one = first.claim(NOW, LEASE, 2)
        other = second.claim(NOW, LEASE, 10)

    assert (keys(one), keys(other)) == (["a1", "b1"], ["c1"])


def test_a_lease_has_one_holder(store: Store) -> None:
    """It is renewed by its holder and free for others only when it has ended; its fence grows."""
    ttl = timedelta(seconds=10)
    with store.begin() as tx:
        taken = tx.lease("digest", "one", NOW, ttl)
        refused = tx.lease("digest", "two", NOW + ttl / 2, ttl)
        renewed = tx.lease("digest", "one", NOW + ttl / 2, ttl)
        still_refused = tx.lease("digest", "two", NOW + ttl, ttl)
        other_name = tx.lease("sweep", "two", NOW, ttl)
        taken_over = tx.lease("digest", "two", NOW + 1.5 * ttl, ttl)
        held = (tx.held("digest", 1), tx.held("digest", 2), tx.held("nothing", 1))

    assert (taken, refused, renewed, still_refused, other_name, taken_over) == (
        *(1, None, 1, None),
        *(1, 2),
    )
    assert held == (False, True, False)


def test_a_released_lease_is_free_at_once(store: Store) -> None:
    """Only its holder's release counts, and the fence grows with the next one."""
    ttl = timedelta(seconds=10)
    with store.begin() as tx:
        nobody = tx.holder("digest")
        tx.lease("digest", "one", NOW, ttl)
        tx.release("digest", "two")
        kept = tx.lease("digest", "two", NOW, ttl)
        tx.release("digest", "one")
        taken = tx.lease("digest", "two", NOW, ttl)
        holder = tx.holder("digest")

    assert (nobody, kept, taken, holder) == (None, None, 2, "two")


def test_a_held_lease_is_not_lost_before_the_transaction_ends(store: Store) -> None:
    """Who wants to take it over waits, so that the two never write at once."""
    ttl = timedelta(seconds=10)
    with store.begin() as tx:
        token = tx.lease("digest", "one", NOW, ttl)
    order: list[str] = []

    def take_over() -> int | None:
        with store.begin() as tx:
            taken = tx.lease("digest", "two", NOW + ttl, ttl)
            order.append("taken over")
            return taken

    with ThreadPoolExecutor(1) as threads:
        with store.begin() as tx:
            held = tx.held("digest", token or 0)
            future = threads.submit(take_over)
            with pytest.raises(TimeoutError):
                future.result(timeout=0.2)
            order.append("written")
        taken = future.result(timeout=30)

    assert (held, taken, order) == (True, 2, ["written", "taken over"])


def test_what_waits_to_tell_that_it_is_over_can_be_taken_back(store: Store) -> None:
    """Only that, only of this incident, and not what is being sent already."""
    later = NOW + timedelta(seconds=1)
    held, sent = intent("held", "notify/mail/held", 1, later), intent("sent", "notify/irc/held", 1)
    other, urgent = intent("other", "notify/mail/held", 2, later), intent("urgent", "notify/mail")
    queue(store, sent)
    assert ["sent"] == keys(claim(store))
    queue(store, held, other, urgent)
    with store.begin() as tx:
        counted = [tx.take_back(1), tx.take_back(1)]

    assert [1, 0] == counted
    assert {"other", "urgent"} == set(keys(claim(store, later)))


def test_messages_that_were_given_up_are_counted_by_channel(store: Store) -> None:
    """What was held back went over the same channel; diagnoses are no messages; what was cancelled
    before anybody tried it did not arrive.
    """
    hour = timedelta(hours=1)
    lanes = {"a": "notify/mail", "b": "notify/mail/held", "c": "notify/chat", "d": "notify/mail"}
    with store.begin() as tx:
        tx.queue([intent(key, lane, n) for n, (key, lane) in enumerate(lanes.items(), 1)], NOW)
        actions = tx.claim(NOW, hour, 9, {ActionKind.NOTIFY})
        for each in actions:
            done = ActionStatus.DONE if each.key == "d" else ActionStatus.GAVE_UP
            at = NOW + hour * (each.key != "a")
            assert tx.settle(each, done, "no", at, at)
    with store.view() as view:
        late, early = view.lost(NOW + hour), view.lost(NOW)

    chat, last = Lost(1, NOW + hour, NOW + hour), NOW + hour
    assert {("acme", "mail"): Lost(1, last, last, last), ("acme", "chat"): chat} == late
    assert Lost(2, NOW, last, last) == early["acme", "mail"]
    with store.view() as view:
        never = view.lost(NOW + 2 * hour)
    assert Lost(0, last, last) == never["acme", "mail"]
