"""Following incidents as they open and grow, and comparing each with those before it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.contract.given import MINUTE, NOW, alert, entry, incident, occurrence
from tests.contract.test_store_problems import problem, tie
from tests.fakes import FakeClock
from watcher.engine.recurrence import LEASE, Recurrence
from watcher.engine.recurring import Recurring, Standing, recurring
from watcher.engine.rulebook import Rulebook
from watcher.kit.shipped import shipped
from watcher.model.catalogue import Calendar, Catalogue, Customer, Host
from watcher.model.incident import EntryKind, Incident, Status
from watcher.model.policy import Policy, ProblemRules
from watcher.model.problem import Bond, Problem, ProblemStatus
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy
from watcher.store.query import Query
from watcher.store.store import Store

DAY = timedelta(days=1)
HOST = Host("acme", "db01", tags={"os": "linux"})
CALENDAR = Calendar("work", ZoneInfo("Asia/Tokyo"), {})


def rulebook(**rules: Any) -> Rulebook:
    """The shipped rules but for these of problems, over one host."""
    policy = load_policy([shipped("rules")], (), (), Problems())
    assert isinstance(policy, Policy)
    known = Catalogue(
        {"acme": Customer("acme", calendar=CALENDAR)}, by_alias={("acme", "db01"): HOST}
    )
    return Rulebook(replace(policy, problems=ProblemRules(**rules)), known)


def follower(store: Store, holder: str = "one", **rules: Any) -> Recurrence:
    """Who follows incidents, now."""
    book = rulebook(**rules)
    return Recurrence(store, FakeClock(NOW), lambda: book, holder)


def opened(store: Store, number: int, days: float = 0, key: str = "k1", **changes: Any) -> Incident:
    """An incident of so many days ago, of one alert."""
    at = NOW - days * DAY
    one = incident(number, opened_at=at, last_at=at, hosts=("db01",), alerts=1, **changes)
    span = f"o{number}"
    with store.begin() as tx:
        tx.save_incidents([one])
        tx.save_alerts([alert(key, one.customer, name=f"{key} of db01", host="db01")])
        known = occurrence(key, span, incident=number, joined_at=at, started_at=at)
        tx.save_occurrences([replace(known, customer=one.customer)])
    return one


def problems(store: Store) -> list[Problem]:
    """All problems, the newest first."""
    with store.view() as view:
        return list(view.problem_list(Query()).items)


def lines(store: Store, number: int) -> list[str]:
    """What the timeline of an incident says of likenesses."""
    with store.view() as view:
        return [each.text for each in view.timeline(number) if each.kind is EntryKind.PROBLEM]


def bonds(store: Store, numbers: Iterable[int]) -> dict[int, Bond]:
    """How these incidents belong to their problem."""
    with store.view() as view:
        return {each.incident: each.bond for each in view.ties_of_incidents(list(numbers))}


def test_three_of_a_kind_are_proposed_once(store: Store) -> None:
    """However often the same is looked at."""
    for number, days in ((1, 14), (2, 7), (3, 0)):
        opened(store, number, days)
    one = follower(store)

    assert (3, 0) == (one.step(), one.step())
    assert 1 == follower(store, "one").step()
    assert [(ProblemStatus.PROPOSED, 3)] == [
        (each.status, each.cost.incidents) for each in problems(store)
    ]


def test_the_rules_may_open_a_problem_at_once(store: Store) -> None:
    """Also after the second."""
    opened(store, 1, 7)
    opened(store, 2)
    follower(store, after=2, open=True).step()

    assert [ProblemStatus.NEW] == [each.status for each in problems(store)]


def test_what_opened_long_ago_is_known_but_nobody_is_asked(store: Store) -> None:
    """On the first day after an upgrade there is a past."""
    for number in range(1, 6):
        opened(store, number, 100 - number)
    one = follower(store)

    assert (5, 0) == (one.step(), one.step())
    assert [] == problems(store)
    with store.view() as view:
        found = view.signatures("acme", range(1, 6))
        assert 5 == view.followed()
    assert {frozenset({"os=linux"})} == {each.traits["role"] for each in found.values()}


def test_one_that_came_back_says_when_and_how_it_ended(store: Store) -> None:
    """Somebody resolved the last one, and said how."""
    first = opened(store, 1, 7)
    with store.begin() as tx:
        ended = replace(entry(first.number), kind=EntryKind.RESOLVED, text="resolved by olga")
        tx.add_entries([ended])
    opened(store, 2)
    follower(store).step()

    [line] = lines(store, 2)
    assert line.startswith("the 2nd like this in 30 days; last time (#1) resolved by olga: ")
    assert [] == lines(store, 1)


@pytest.fixture
def years(store: Store) -> Store:
    """Twenty incidents of before, no two of them alike."""
    for number in range(1, 21):
        opened(store, number, 400 - number, key=f"old{number}")
    return store


def standing(store: Store, number: int) -> Recurring | None:
    """What an incident is by those of before."""
    with store.view() as view:
        [found] = view.incidents([number]).values()
        return recurring(view, found, view.timeline(number))


def test_what_is_like_nothing_is_new_once_it_has_had_its_time(years: Store) -> None:
    """Not at once: what joins it may be known. It is said once, with the reason."""
    clock, book = FakeClock(NOW), rulebook()
    one = Recurrence(years, clock, lambda: book, "one")
    opened(years, 21)
    first = [one.step(), one.step(), one.step()]
    early = lines(years, 21)
    clock.advance(5 * MINUTE)
    later = [one.step(), one.step()]
    Recurrence(years, clock, lambda: book, "one").step()
    said = standing(years, 21)

    assert ([20, 1, 0], []) == (first, early)
    assert ([1, 0], ["new: nothing like it among 20 incidents"]) == (later, lines(years, 21))
    assert said is not None
    assert Standing.NEW is said.standing
    why = "it has nothing rare in common with an incident whose cause is known"
    assert why == said.reason.text


@pytest.mark.parametrize(
    "changes", [{"status": Status.CLOSED}, {"customer": "globex"}, {"merged_into": 1}]
)
def test_new_is_said_of_what_is_there_and_where_there_is_a_past(
    years: Store, changes: dict[str, Any]
) -> None:
    """Not of old tickets, nor of the first incidents of a customer, nor of part of another."""
    opened(years, 21, 0.1, **changes)
    one = follower(years)
    while one.step():
        pass

    assert ([], None) == (lines(years, 21), standing(years, 21))


def test_what_was_long_ago_is_no_news_either(years: Store) -> None:
    """Its like is named, though it is too old to make a problem with it."""
    opened(years, 21, 0.1, key="old7")
    one = follower(years)
    while one.step():
        pass

    said = standing(years, 21)
    assert ["last time (#7) not resolved yet"] == lines(years, 21)
    assert said is not None
    assert (Standing.SEEN, "like #7") == (said.standing, said.reason.text.partition(":")[0])


def test_a_young_incident_is_looked_at_again_when_it_grows(store: Store) -> None:
    """What joined it says more of what it is like; an old one is left alone."""
    young = opened(store, 1)
    one = follower(store)
    assert (1, 0) == (one.step(), one.step())

    opened(store, 1, key="k2")
    with store.begin() as tx:
        tx.save_incidents([replace(young, alerts=2)])
    assert (1, 0) == (one.step(), one.step())
    with store.view() as view:
        found = view.signatures("acme", [1])[1]
    assert frozenset({"k1", "k2"}) == found.traits["condition"]


def test_a_storm_is_looked_at_whenever_it_has_doubled(store: Store) -> None:
    """Not for each of its alerts, of which there may be thousands."""
    young = opened(store, 1)
    one = follower(store)
    one.step()
    looks = 0
    for alerts in range(2, 101):
        with store.begin() as tx:
            tx.save_incidents([replace(young, alerts=alerts)])
        looks += one.step()

    assert 6 == looks


def test_a_merged_incident_is_like_nothing(store: Store) -> None:
    """What it was counts for the one that took it in."""
    opened(store, 1, 7)
    opened(store, 2, merged_into=1)
    opened(store, 3)
    follower(store).step()

    assert ([], ["the 2nd like this in 30 days; last time (#1) not resolved yet"]) == (
        lines(store, 2),
        lines(store, 3),
    )


def test_nothing_crosses_customers(store: Store) -> None:
    """The same alerts of a stranger are no likeness."""
    opened(store, 1, 14, customer="globex")
    opened(store, 2, 7, customer="globex")
    opened(store, 3)
    follower(store).step()

    assert ([], []) == (lines(store, 3), problems(store))


@pytest.mark.parametrize("bond", [Bond.CONFIRMED, Bond.REFUSED])
def test_what_a_person_said_of_an_incident_stands(store: Store, bond: Bond) -> None:
    """It belongs elsewhere, or not here; a machine does not ask again."""
    for number, days in ((1, 21), (2, 14), (3, 7), (4, 0)):
        opened(store, number, days)
    with store.begin() as tx:
        tx.save_problems([problem(1), problem(2)])
        tx.save_ties([tie(number, bond=Bond.CONFIRMED) for number in (1, 2, 3)])
        tx.save_ties([tie(4, 2 if bond is Bond.CONFIRMED else 1, bond=bond, by="olga")])
    follower(store).step()

    assert bond is bonds(store, [4])[4]


def test_a_problem_is_recognised_by_what_was_confirmed(store: Store) -> None:
    """Its incidents taught what its kind is like; one of a merged problem is not its own."""
    for number, days in ((1, 21), (2, 14), (3, 7), (4, 6), (5, 0)):
        opened(store, number, days)
    with store.begin() as tx:
        tx.save_problems([problem(1), problem(2, merged_into=1)])
        tx.save_ties([tie(number, bond=Bond.CONFIRMED) for number in (1, 2, 3)])
        tx.save_ties([tie(4, 2)])
    follower(store).step()
    assert Bond.SURE is bonds(store, [5])[5]

    with store.begin() as tx:
        tx.save_problems([problem(1, fix="a new disk")])
    opened(store, 6, key="k2")
    opened(store, 7)
    follower(store).step()
    with store.view() as view:
        reasons = view.ties_of_incidents([7])[0].reasons
    assert (Bond.SURE, "last time (#5) fixed by: a new disk") == (bonds(store, [7])[7], reasons[1])


def test_one_replica_follows_at_a_time(store: Store) -> None:
    """The other waits for the lease; who has lost it stops where he is."""
    opened(store, 1)
    first, second = follower(store, "one"), follower(store, "two")
    assert (1, 0) == (first.step(), second.step())

    opened(store, 2)
    with store.begin() as tx:
        tx.release(LEASE, "one")
        tx.lease(LEASE, "three", NOW + MINUTE, MINUTE)
    assert 0 == first.step()
    assert [] == lines(store, 2)
    opened(store, 3, 100)
    with store.begin() as tx:
        tx.release(LEASE, "three")
    late = follower(store, "four")
    assert late.step()
    late.release()
    assert follower(store, "five").step()
