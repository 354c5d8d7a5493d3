"""What waits for a person, what is carried out together, what runs leave behind, on both stores."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.given import MINUTE, NOW, action, diagnosis, incident, intent, run
from tests.contract.test_store_outbox import LEASE, claim, keys, queue, settle
from watcher.decide.match import parse
from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.evidence import Diagnosis
from watcher.model.run import Use
from watcher.store.query import Query
from watcher.store.store import Store

DAY = timedelta(days=1)


def held(key: str = "h", number: int = 1) -> Intent:
    """A diagnosis that a person must agree to."""
    return replace(intent(key, "diagnose/db1", number), held_until=NOW + DAY)


def actions(store: Store, number: int = 1) -> list[Action]:
    """What is to be done for an incident."""
    with store.view() as view:
        return view.actions_of(number)


def test_what_is_held_is_not_claimed_and_holds_up_nothing(store: Store) -> None:
    """Its lane goes on, also long after it."""
    queue(store, held(), intent("behind", "diagnose/db1"))

    assert ["behind"] == keys(claim(store, NOW + 2 * DAY))
    assert (ActionStatus.HELD, NOW + DAY) == (actions(store)[0].status, actions(store)[0].next_at)


def test_a_person_agrees(store: Store) -> None:
    """Then it is due, and knows who agreed; agreeing again changes nothing."""
    queue(store, held())
    with store.begin() as tx:
        agreed = [tx.approve(1, name, NOW + MINUTE) for name in ("olga", "boris")]
    [found] = claim(store, NOW + MINUTE)

    assert [True, False] == agreed
    assert {"channel": "diagnose/db1", "approved_by": "olga"} == found.payload


def test_a_person_refuses(store: Store) -> None:
    """Then it is over, with who refused it."""
    queue(store, held())
    with store.begin() as tx:
        refused = [tx.refuse(1, name, NOW) for name in ("olga", "boris")]
    [found] = actions(store)

    assert [True, False] == refused
    assert (ActionStatus.DONE, "refused by olga") == (found.status, found.reason)
    assert [] == claim(store, NOW + 2 * DAY)


def test_what_nobody_answers_lapses(store: Store) -> None:
    """When its time is over, not before, and not what somebody answered."""
    queue(store, held("a"), held("b"), replace(held("c"), held_until=NOW + 2 * DAY))
    with store.begin() as tx:
        tx.approve(2, "olga", NOW)
        early = tx.lapse("nobody", NOW + DAY - MINUTE, 10)
        late = tx.lapse("nobody", NOW + DAY, 10)

    assert ([], ["a"]) == (keys(early), keys(late))
    assert ["done", "waiting", "held"] == [each.status for each in actions(store)]


def test_what_is_held_moves_with_a_merge(store: Store) -> None:
    """It waits at the incident that people look at."""
    queue(store, held())
    with store.begin() as tx:
        tx.merge(1, 2)

    assert ["h"] == keys(actions(store, 2))


def test_a_lane_is_claimed_together(store: Store) -> None:
    """What is due behind the head comes along, up to so many; what is not due, does not."""
    queue(
        store,
        intent("a1", "diagnose/a"),
        intent("b1", "diagnose/b"),
        intent("a2", "diagnose/a"),
        held(),
        intent("a3", "diagnose/a"),
        intent("a4", "diagnose/a"),
        replace(intent("a5", "diagnose/a"), not_before=NOW + MINUTE),
    )
    with store.begin() as tx:
        found = tx.claim(NOW, LEASE, 10, together=3)

    assert ["a1", "a2", "a3", "b1"] == keys(found)
    assert {(1, 1, NOW + LEASE)} == {(each.attempts, each.token, each.next_at) for each in found}
    assert [] == claim(store)
    assert [True] * 4 == [settle(store, each, ActionStatus.DONE) for each in found]
    assert ["a4"] == keys(claim(store))


def test_what_ran_together_is_taken_over_together(store: Store) -> None:
    """Whoever died with a lane leaves all of it to the next, each with a newer fence."""
    queue(store, intent("a1", "diagnose/a"), intent("a2", "diagnose/a"))
    with store.begin() as tx:
        old = tx.claim(NOW, LEASE, 10, together=8)
    with store.begin() as tx:
        new = tx.claim(NOW + LEASE, LEASE, 10, together=8)

    assert ["a1", "a2"] == keys(new)
    assert [False, False] == [settle(store, each, ActionStatus.DONE) for each in old]


def test_the_last_complete_evidence_is_found(store: Store) -> None:
    """Of the same customer, host and runbook; what could not be asked says nothing."""
    at = {minute: replace(diagnosis(), started_at=NOW + minute * MINUTE) for minute in range(5)}
    others: list[tuple[int, Diagnosis]] = [
        (2, at[4]),
        (1, replace(at[3], problem="no answer")),
        (1, replace(at[4], host="db2")),
        (1, replace(at[4], runbook="other")),
    ]
    with store.begin() as tx:
        tx.save_incidents([incident(1), incident(2, "globex")])
        for number, (where, found) in enumerate([(1, at[1]), (1, at[2]), *others], start=1):
            tx.add_evidence(where, number, found)
    with store.view() as view:
        last = view.last_evidence("acme", "linux", "db1", NOW)
        stale = view.last_evidence("acme", "linux", "db1", NOW + 3 * MINUTE)

    assert (at[2], None) == (last.diagnosis if last else None, stale)


def test_older_diagnoses_of_an_incident_are_counted_by_host(store: Store) -> None:
    """By the start of their keys, in which every character stands for itself."""
    made = [
        ("1/diagnose/a_b/db1", 1),
        ("1/diagnose/a_b/db1/reopened", 1),
        ("1/diagnose/axb/db3", 1),
        ("1/diagnose/a_b/db2", 1),
        ("2/diagnose/a_b/db4", 2),
        ("1/diagnose/a_b/db5", 1),
    ]
    with store.begin() as tx:
        tx.queue(
            [
                Intent(number, "acme", ActionKind.DIAGNOSE, f"diagnose/{key[15:18]}", key, {})
                for key, number in made
            ],
            NOW,
        )
    with store.view() as view:
        found = view.lanes_before(action(6, 1), "1/diagnose/a_b/", 5)

    assert ["diagnose/db1", "diagnose/db2"] == sorted(found)


def test_incidents_that_are_diagnosed_are_counted(store: Store) -> None:
    """Those of one customer, each once, and only lately."""
    made = [("acme", 1), ("acme", 1), ("acme", 2), ("globex", 3)]
    with store.begin() as tx:
        tx.queue(
            [
                Intent(number, customer, ActionKind.DIAGNOSE, "d", str(key), {})
                for key, (customer, number) in enumerate(made)
            ],
            NOW,
        )
    with store.view() as view:
        assert 2 == view.diagnosed_incidents("acme", NOW)
        assert 0 == view.diagnosed_incidents("acme", NOW + MINUTE)


def test_a_run_is_kept_as_it_was(store: Store) -> None:
    """Newest first, only those of one's customer."""
    with store.begin() as tx:
        tx.add_runs([run(), run(customer="globex", incident=None)])
    with store.view() as view:
        everybodys, own = (view.run_list(Query(customer=who)).items for who in (None, "acme"))

    assert (run(customer="globex", incident=None, id=2), run(id=1)) == everybodys
    assert (run(id=1),) == own


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        ("host=db1", [1]),
        ("by=boris", [2]),
        ("incident=1", [1]),
        ('runbook=~"lin.*"', [2, 1]),
        ("fault=timeout,user=watcher,script=s1", [2, 1]),
    ],
)
def test_runs_are_searched(store: Store, matchers: str, expected: list[int]) -> None:
    """By whatever an auditor asks."""
    with store.begin() as tx:
        tx.add_runs([run(), run(host="db2", by="boris", incident=2)])
    with store.view() as view:
        found = view.run_list(Query(parse(matchers))).items

    assert expected == [each.id for each in found]


def test_what_ran_is_kept_once_for_those_whose_hosts_it_was(store: Store) -> None:
    """Its text is that of the first run; another customer has none under this hash."""
    with store.begin() as tx:
        tx.add_runs([run(script="s1"), run(script="s2", customer="globex")])
        tx.keep_script("s1", "df -P\n", NOW)
        tx.keep_script("s1", "another", NOW + MINUTE)
        tx.keep_script("s3", "of no run", NOW)
    asked = [("s1", None), ("s1", "acme"), ("s1", "globex"), ("s2", "globex"), ("s3", None)]
    with store.view() as view:
        found = [view.script(sha256, customer) for sha256, customer in asked]

    assert ["df -P\n", "df -P\n", None, None, None] == found


def test_what_ran_is_kept_as_long_as_the_last_run_of_it(store: Store) -> None:
    """An older hash goes with its run; one that was used since stays, and so does one whose run is
    still there because not all goes at once.
    """
    with store.begin() as tx:
        for script, minute in (("s1", 0), ("s2", 1), ("s3", 2), ("s1", 3), ("s2", 0)):
            tx.add_runs([run(script=script, at=NOW + minute * MINUTE)])
            tx.keep_script(script, script, NOW + minute * MINUTE)
    left = []
    for _ in range(3):
        with store.begin() as tx:
            tx.expire(NOW, NOW, NOW + 3 * MINUTE, 2)
        with store.view() as view:
            left.append([each for each in ("s1", "s2", "s3") if view.script(each, None)])

    assert [["s1", "s2", "s3"], ["s1"], ["s1"]] == left


def test_runs_outlive_evidence(store: Store) -> None:
    """They go by their own time, oldest first, not more than so many at once."""
    with store.begin() as tx:
        tx.add_runs([run(at=NOW + number * MINUTE) for number in range(4)])
        never = NOW - DAY
        removed = [tx.expire(NOW + DAY, NOW + DAY, before, 2) for before in (never, NOW + DAY)]
    with store.view() as view:
        left = view.run_list(Query()).items

    assert ([0, 2], [4, 3]) == (removed, [each.id for each in left])


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (None, {"disk": Use(3, 1, 1, NOW), "load": Use(1, 0, 0, NOW)}),
        ("globex", {"load": Use(1, 0, 0, NOW)}),
    ],
)
def test_how_runbooks_are_used_is_counted(
    store: Store, customer: str | None, expected: dict[str, Use]
) -> None:
    """By name, since then, for all customers or one."""
    disk = replace(run(), runbook="disk", at=NOW, fault="", worst="")
    with store.begin() as tx:
        tx.add_runs(
            [
                replace(disk, at=NOW - 2 * MINUTE),
                replace(disk, at=NOW - MINUTE, worst="bad"),
                replace(disk, fault="timeout"),
                replace(disk, runbook="load", customer="globex", worst="good"),
                replace(disk, at=NOW - 2 * DAY),
            ]
        )
    with store.view() as view:
        assert expected == view.uses(NOW - DAY, customer)
