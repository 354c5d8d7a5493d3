"""What the store keeps of problems and of what incidents are like, on both stores."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.contract.given import MINUTE, NOW, REASON, entry, incident
from watcher.decide.match import parse
from watcher.model.incident import Priority, Status, Term
from watcher.model.problem import (
    Bond,
    Cost,
    Problem,
    ProblemEntry,
    ProblemEntryKind,
    ProblemStatus,
    Tie,
)
from watcher.model.signature import Signature
from watcher.store.query import Query
from watcher.store.store import Store

OPEN = (ProblemStatus.NEW, ProblemStatus.KNOWN_ERROR)


def problem(number: int = 1, customer: str = "acme", **changes: Any) -> Problem:
    """A new problem of the service billing."""
    given: dict[str, Any] = {
        "number": number,
        "customer": customer,
        "title": "billing: диск полон",
        "status": ProblemStatus.NEW,
        "priority": Priority.P3,
        "opened_at": NOW,
        "opened_by": "olga",
        "last_at": NOW,
        "service": "billing",
        **changes,
    }
    return Problem(**given)


def tie(incident: int, problem: int = 1, bond: Bond = Bond.SURE, **changes: Any) -> Tie:
    """An incident of acme that belongs to a problem."""
    given: dict[str, Any] = {"customer": "acme", "at": NOW, "by": "watcher", **changes}
    return Tie(incident, problem, bond=bond, **given)


def signature(**traits: str) -> Signature:
    """An incident of now; the values of a field have blanks between them."""
    return Signature(NOW, {name: frozenset(values.split()) for name, values in traits.items()})


def test_a_problem_comes_back_as_it_was_saved(store: Store) -> None:
    """With everything that may be known of one."""
    whole = problem(
        terms=(Term("incidents", "7", "P3 from 5 on"),),
        owner="ivan",
        root_cause="logs are not rotated",
        workaround="truncate the log",
        fix="rotate",
        runbook="disk-full",
        awaits=True,
        tickets=("OPS-7",),
        changes=(3, 4),
        cost=Cost(7, timedelta(hours=5), 2, 1),
        worked=3,
        failed=1,
        returns=2,
        resolved_at=NOW + MINUTE,
        closed_at=NOW + 2 * MINUTE,
        merged_into=9,
    )
    with store.begin() as tx:
        tx.save_problems([whole, problem(2)])
    with store.begin() as tx:
        found = tx.problems([1, 2, 3])
    with store.view() as view:
        shown = view.problem(1, "acme")

    assert {1: whole, 2: problem(2)} == found
    assert whole == shown


def test_problems_have_numbers_of_their_own(store: Store) -> None:
    """They are not those of incidents, and none is given twice."""
    with store.begin() as tx:
        tx.numbers(5)
        first, second = tx.problem_numbers(2), tx.problem_numbers(1)

    assert [1, 2, 3] == [*first, *second]


def test_a_problem_is_nothing_to_a_stranger(store: Store) -> None:
    """Neither by its number nor in any list."""
    with store.begin() as tx:
        tx.save_problems([problem()])
    with store.view() as view:
        found = view.problem(1, "globex")
        listed = view.problem_list(Query(customer="globex")).items
        of = view.problems_of("globex", OPEN)

    assert (None, (), []) == (found, listed, of)


FOUND = [
    ("{}", [3, 2, 1]),
    ('status="known_error"', [2]),
    ('status!="known_error"', [3, 1]),
    ('owner="ivan"', [2]),
    ('owner=""', [3, 1]),
    ('service="billing", priority="P1"', [3]),
    ('title=~"billing.*"', [3, 2, 1]),
    ('tickets="OPS-1"', [1]),
    ('incidents="7"', [1]),
    ('number="2"', [2]),
    ('customer="globex"', []),
]


def test_problems_are_found_by_matchers(store: Store) -> None:
    """As in every other list."""
    with store.begin() as tx:
        tx.save_problems(
            [
                problem(tickets=("OPS-1",), cost=Cost(7)),
                problem(2, status=ProblemStatus.KNOWN_ERROR, owner="ivan"),
                problem(3, priority=Priority.P1),
            ]
        )
    with store.view() as view:
        pages = [view.problem_list(Query(parse(each), "acme", total=True)) for each, _ in FOUND]

    assert [numbers for _, numbers in FOUND] == [
        [each.number for each in page.items] for page in pages
    ]
    assert [len(page.items) for page in pages] == [page.total for page in pages]


def test_the_problems_of_a_customer_are_found_by_where_they_stand(store: Store) -> None:
    """In a transaction and out of it, in the order of their numbers."""
    closed = problem(3, status=ProblemStatus.CLOSED)
    with store.begin() as tx:
        tx.save_problems([problem(2), closed, problem(), problem(4, "globex")])
        found = tx.problems_of("acme", OPEN)
    with store.view() as view:
        shown = view.problems_of("acme", OPEN)

    assert [1, 2] == [each.number for each in found]
    assert found == shown


def test_a_line_with_a_key_is_written_once(store: Store) -> None:
    """Others as often as they come."""
    line = ProblemEntry(1, NOW, ProblemEntryKind.NOTE, "строка", REASON, "olga")
    keyed = replace(line, text="once", key="k")
    with store.begin() as tx:
        counts = [tx.add_problem_entries([line, keyed]), tx.add_problem_entries([line, keyed])]
    with store.view() as view:
        told = view.problem_timeline(1)

    assert [2, 1] == counts
    assert [line, keyed, line] == told


def test_ties_are_found_from_both_ends(store: Store) -> None:
    """The last word on a pair counts."""
    sure = tie(7, score=4.25, reasons=("the same alert: диск",))
    with store.begin() as tx:
        tx.save_ties([tie(7, bond=Bond.SUGGESTED), tie(8), tie(7, 2, Bond.REFUSED)])
        tx.save_ties([sure])
    with store.begin() as tx:
        by_problem, by_incident = tx.ties_of_problem(1), tx.ties_of_incidents([7])
    with store.view() as view:
        shown = view.ties_of_problem(1), view.ties_of_incidents([7])

    assert [sure, tie(8)] == by_problem
    assert [sure, tie(7, 2, Bond.REFUSED)] == by_incident
    assert (by_problem, by_incident) == shown


def test_the_ties_of_a_merged_problem_can_be_dropped(store: Store) -> None:
    """Those of others stay."""
    with store.begin() as tx:
        tx.save_ties([tie(7), tie(7, 2)])
        tx.drop_ties(1)
        left = tx.ties_of_incidents([7])

    assert [tie(7, 2)] == left


def test_the_incidents_of_a_problem_are_found(store: Store) -> None:
    """All of them, those since some time, and those that are not over, suggested ones too."""
    with store.begin() as tx:
        tx.save_incidents(
            [
                incident(7, problem=1, status=Status.CLOSED),
                incident(8, problem=1, opened_at=NOW + MINUTE),
                incident(9),
                incident(10),
                incident(11, problem=2),
            ]
        )
        tx.save_ties([tie(7), tie(8), tie(9, bond=Bond.SUGGESTED), tie(10, bond=Bond.REFUSED)])
        mine, living = tx.incidents_of_problem(1), tx.living_of_problem(1)
    with store.view() as view:
        late = view.incidents_of_problem(1, NOW + MINUTE)
        listed = view.incident_list(Query(parse('problem="1"'))).items

    assert [7, 8] == [each.number for each in mine]
    assert [8, 9] == [each.number for each in living]
    assert [8] == [each.number for each in late]
    assert [8, 7] == [each.number for each in listed]


def test_problems_are_stirred_by_what_opens_and_ends(store: Store) -> None:
    """What lives or has just ended does so, and what somebody closed at once; others do not."""
    with store.begin() as tx:
        tx.save_incidents(
            [
                incident(7, problem=1),
                incident(8, problem=2, status=Status.RESOLVED),
                incident(9, problem=3, status=Status.CLOSED),
                incident(10, problem=4, status=Status.CLOSED),
                incident(11),
            ]
        )
        tx.add_entries([entry(9, "closed by olga")])
    with store.view() as view:
        stirred = view.stirred_problems()

    assert [1, 2, 3] == stirred


def test_problems_stand_until_they_are_refused_or_closed(store: Store) -> None:
    """Resolved ones may come back."""
    with store.begin() as tx:
        tx.save_problems(
            problem(number, status=status) for number, status in enumerate(ProblemStatus, 1)
        )
    with store.view() as view:
        found = view.standing_problems()

    over = {ProblemStatus.REFUSED, ProblemStatus.CLOSED}
    assert [at for at, each in enumerate(ProblemStatus, 1) if each not in over] == found


def test_what_an_incident_is_like_comes_back(store: Store) -> None:
    """Empty fields are left out; strangers' incidents are not there."""
    found = signature(alert="диск cpu", host="db1", finding="")
    with store.begin() as tx:
        tx.remember("acme", {7: found})
        tx.remember("globex", {8: found})
        known = tx.signatures("acme", [7, 8, 9])
    with store.view() as view:
        shown = view.signatures("acme", [7, 8, 9])

    assert {7: signature(alert="диск cpu", host="db1")} == known
    assert known == shown


def test_rare_values_find_the_newest_incidents(store: Store) -> None:
    """Of one customer, so many at most, with lower numbers if wanted."""
    with store.begin() as tx:
        tx.remember("acme", {number: signature(alert="disk") for number in (3, 1, 2)})
        tx.remember("globex", {4: signature(alert="disk")})
        found = tx.having("acme", ("alert", "disk"), 2)
        before = tx.having("acme", ("alert", "disk"), 2, before=2)
        other = tx.having("acme", ("host", "disk"), 2)
    with store.view() as view:
        shown = view.having("acme", ("alert", "disk"), 2)

    assert ([3, 2], [1], []) == (found, before, other)
    assert found == shown


def test_values_are_counted_by_customer(store: Store) -> None:
    """How many have them, and how many say anything of the field."""
    with store.begin() as tx:
        tx.remember("acme", {1: signature(alert="disk cpu"), 2: signature(alert="disk", host="a")})
        tx.remember("globex", {3: signature(alert="disk")})
        rarity = tx.rarity("acme", [("alert", "disk"), ("host", "a"), ("host", "b")])
    with store.view() as view:
        nobody = view.rarity("initech", [("alert", "disk")])

    assert 2 == rarity.total
    assert {"alert": 2, "host": 1} == rarity.fields
    assert {("alert", "disk"): 2, ("host", "a"): 1, ("host", "b"): 0} == rarity.values
    assert (0, {"alert": 0}, {("alert", "disk"): 0}) == (
        nobody.total,
        nobody.fields,
        nobody.values,
    )


def test_what_is_remembered_anew_is_counted_once(store: Store) -> None:
    """New evidence adds values, others go; whoever comes twice changes nothing."""
    with store.begin() as tx:
        tx.remember("acme", {1: signature(alert="disk", host="a")})
        for _ in range(2):
            tx.remember("acme", {1: signature(alert="disk", finding="full")})
        asked = [("alert", "disk"), ("host", "a"), ("finding", "full")]
        rarity = tx.rarity("acme", asked)
        found = [tx.having("acme", each, 5) for each in asked]

    assert (1, {"alert": 1, "host": 0, "finding": 1}) == (rarity.total, rarity.fields)
    assert [1, 0, 1] == list(rarity.values.values())
    assert [[1], [], [1]] == found
