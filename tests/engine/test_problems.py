"""What people and the machine do to problems, as it is stored: nothing differs from anything."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.given import MINUTE, NOW, incident
from tests.decide.problems import problem
from tests.engine.streams import RULEBOOK
from tests.fakes import FakeClock
from tests.stores import sqlite_in
from watcher.decide.cost import Bill, priority
from watcher.decide.lifecycle import Moment, RefusedError
from watcher.decide.problem import Case, Guess, Texts
from watcher.engine.causes import Causes, leading
from watcher.engine.command import Desk, NotThereError
from watcher.engine.problems import Draft, ProblemDesk
from watcher.engine.sweep import Retention, Sweep
from watcher.model.action import ActionKind
from watcher.model.catalogue import Catalogue, Customer, Sla
from watcher.model.change import replace
from watcher.model.incident import EntryKind, Incident, Priority, Status
from watcher.model.person import Principal, Role
from watcher.model.policy import Channel, Costs
from watcher.model.problem import Bond, Problem, ProblemStatus, Tie
from watcher.model.reason import Reason
from watcher.store.query import Query
from watcher.store.store import Store

OLGA = Principal("olga", Role.OPERATOR)
STRANGER = Principal("eve", Role.OPERATOR, "globex")
POLICY = replace(RULEBOOK.policy, channels=(Channel("mail", "email", Priority.P5),))
CAUSES = Causes(Bill(POLICY, RULEBOOK.catalogue))
BY_MACHINE = Moment(NOW, Reason("recurrence", "it is like others"))
SURE = Guess(Bond.SURE, 4.2, ("the same alert",))
PERHAPS = Guess(Bond.SUGGESTED, 1.2, ("the same host",))
NUMBERS = (1, 2, 3, 4)
KEPT = Retention(*3 * [timedelta(days=30)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite store: what the other one does differently is the store's own business."""
    opened = Store.open(sqlite_in(tmp_path))
    yield opened
    opened.close()


def clerk(store: Store, now: Any = NOW, wake: Callable[[], None] = lambda: None) -> ProblemDesk:
    """Where people's commands are carried out."""
    return ProblemDesk(Desk(store, FakeClock(now), POLICY, RULEBOOK.catalogue, wake))


def begin(store: Store, *more: Incident) -> ProblemDesk:
    """Four incidents of acme, the second over after an hour, and one of globex."""
    with store.begin() as tx:
        tx.numbers(20)
        tx.save_incidents(
            [
                *(incident(number, opened_at=NOW - number * MINUTE) for number in (1, 3, 4)),
                incident(2, status=Status.RESOLVED, resolved_at=NOW + 60 * MINUTE),
                incident(9, "globex"),
                *more,
            ]
        )
    return clerk(store)


def proposed(store: Store, *numbers: int, at_once: bool = False) -> Problem | None:
    """The machine proposes a problem about these incidents."""
    with store.begin() as tx:
        found = tx.incidents(numbers).values()
        case = Case("acme", "disk full", None, tuple((each, SURE) for each in found))
        return CAUSES.propose(tx, case, BY_MACHINE, at_once=at_once)


def linked(store: Store, problem: int, number: int, guess: Guess = SURE) -> Problem | None:
    """The machine recognises an incident."""
    with store.begin() as tx:
        [found] = tx.incidents([number]).values()
        return CAUSES.link(tx, problem, found, guess, BY_MACHINE)


def homes(store: Store) -> dict[int, int | None]:
    """Which problem each incident of acme says it belongs to."""
    with store.view() as view:
        found = view.incident_list(Query(customer="acme")).items
    return {each.number: each.problem for each in sorted(found, key=lambda each: each.number)}


def bonds(store: Store, problem: int) -> dict[int, Bond]:
    """How the incidents and a problem belong together."""
    with store.view() as view:
        return {each.incident: each.bond for each in view.ties_of_problem(problem)}


def lines(store: Store, problem: int) -> list[str]:
    """What the timeline of a problem says."""
    with store.view() as view:
        return [each.text for each in view.problem_timeline(problem)]


def told(store: Store, number: int) -> list[str]:
    """What the timeline of an incident says of problems."""
    with store.view() as view:
        found = view.timeline(number)
    return [each.text for each in found if each.kind is EntryKind.PROBLEM]


def messages(store: Store, number: int) -> list[str]:
    """What people are told of an incident."""
    with store.view() as view:
        found = view.actions_of(number)
    return [each.payload["event"] for each in found if each.kind is ActionKind.NOTIFY]


def test_a_person_opens_a_problem_with_its_incidents(store: Store) -> None:
    """They say so, and what they cost is counted; the worker hears of it."""
    woken: list[str] = []
    begin(store)
    desk = clerk(store, wake=lambda: woken.append("up"))
    found = desk.open(Draft(" disk full ", incidents=(1, 2)), OLGA)

    assert ("disk full", "acme", ProblemStatus.NEW) == (found.title, found.customer, found.status)
    assert (2, 60 * MINUTE, NOW) == (
        found.cost.incidents,
        found.cost.lasted,
        found.last_at,
    )
    assert {1: 1, 2: 1, 3: None, 4: None} == homes(store)
    assert ["belongs to problem 1 (disk full)"] == told(store, 1)
    assert lines(store, 1)[:2] == ["opened by olga", "#1 belongs to it"]
    assert ["up"] == woken


@pytest.mark.parametrize(
    ("draft", "by", "words"),
    [
        (Draft(" "), OLGA, "a problem needs a title"),
        (Draft("x"), OLGA, "say which customer's"),
        (Draft("x", incidents=(1, 9)), OLGA, "of one customer"),
        (Draft("x", "globex", incidents=(1,)), OLGA, "of one customer"),
        (Draft("x", "acme"), STRANGER, "there is no customer 'acme'"),
    ],
)
def test_some_problems_cannot_be_opened(
    store: Store, draft: Draft, by: Principal, words: str
) -> None:
    """Nothing is left of them."""
    desk = begin(store)
    with pytest.raises(RefusedError, match=words):
        desk.open(draft, by)
    with store.view() as view:
        assert () == view.problem_list(Query()).items


def test_a_confirmed_proposal_has_its_incidents_for_good(store: Store) -> None:
    """What belongs elsewhere was never part of it."""
    desk = begin(store)
    desk.open(Draft("other", incidents=(3,)), OLGA)
    proposed(store, 1, 2, 3)
    found = desk.confirm(2, OLGA)

    assert (ProblemStatus.NEW, 2) == (found.status, found.cost.incidents)
    assert {1: Bond.CONFIRMED, 2: Bond.CONFIRMED} == bonds(store, 2)
    assert {1: 2, 2: 2, 3: 1, 4: None} == homes(store)


def test_nobody_is_asked_twice(store: Store) -> None:
    """What was refused is not proposed again, nor with what is like it; what is new is."""
    desk = begin(store)
    proposed(store, 1, 2)
    desk.refuse(1, OLGA)
    again = proposed(store, 1, 2, 3)
    linked(store, 1, 3)
    more = proposed(store, 2, 3, 4)
    other = proposed(store, 3, 4, at_once=True)

    assert (None, None) == (again, more)
    assert {1: Bond.REFUSED, 2: Bond.REFUSED, 3: Bond.REFUSED} == bonds(store, 1)
    assert other is not None
    assert (ProblemStatus.NEW, {1: None, 2: None, 3: 2, 4: 2}) == (other.status, homes(store))


def test_nothing_is_proposed_about_what_belongs_elsewhere(store: Store) -> None:
    """Or to a stranger, or about nothing at all."""
    begin(store).open(Draft("x", incidents=(1,)), OLGA)

    assert [None] * 3 == [proposed(store, 1), proposed(store, 9), proposed(store)]


def test_the_machine_links_with_what_a_problem_has_become(store: Store) -> None:
    """Where it was merged, with the other; never across customers, never twice."""
    desk = begin(store)
    desk.open(Draft("one", "acme"), OLGA)
    desk.open(Draft("two", "acme"), OLGA)
    desk.merge(1, 2, OLGA)
    found = linked(store, 1, 3)

    assert found is not None
    assert (2, 1) == (found.number, found.cost.incidents)
    assert [None, None, None] == [
        linked(store, 1, 9),
        linked(store, 2, 3),
        linked(store, 77, 4),
    ]
    with store.begin() as tx:
        assert leading(tx, 77) is None


def test_a_suggestion_is_no_tie(store: Store) -> None:
    """The incident says so on its timeline only, and a person decides."""
    desk = begin(store)
    desk.open(Draft("x", "acme"), OLGA)
    linked(store, 1, 3, PERHAPS)
    before = homes(store)[3]
    desk.tie(1, 3, OLGA)

    assert (None, 1) == (before, homes(store)[3])
    assert ["may belong to problem 1 (x)", "belongs to problem 1 (x)"] == told(store, 3)


def test_an_incident_that_a_person_unties_stays_untied(store: Store) -> None:
    """The machine does not contradict; he may, later."""
    desk = begin(store)
    desk.open(Draft("x", incidents=(1, 3)), OLGA)
    after = desk.untie(1, 3, OLGA)
    machine = linked(store, 1, 3)

    assert (1, None, None) == (after.cost.incidents, machine, homes(store)[3])
    assert 2 == desk.tie(1, 3, OLGA).cost.incidents


def test_an_incident_belongs_to_the_problem_that_a_person_said_last(store: Store) -> None:
    """Both problems count anew."""
    desk = begin(store)
    desk.open(Draft("one", incidents=(1, 3)), OLGA)
    desk.open(Draft("two", "acme"), OLGA)
    desk.tie(2, 3, OLGA)
    with store.view() as view:
        one, two = view.problem(1, None), view.problem(2, None)

    assert one is not None
    assert two is not None
    assert (1, 1) == (one.cost.incidents, two.cost.incidents)
    assert "#3 belongs to problem 2 instead" in lines(store, 1)


def test_no_tie_crosses_customers(store: Store) -> None:
    """Not even by whoever sees both."""
    desk = begin(store)
    desk.open(Draft("x", "acme"), OLGA)
    with pytest.raises(RefusedError, match="another customer"):
        desk.tie(1, 9, OLGA)


def test_a_resolved_problem_tells_its_incidents_that_are_not_over(store: Store) -> None:
    """On their timelines, and whoever the channels tell; those only suggested send nobody news."""
    desk = begin(store)
    desk.open(Draft("x", incidents=(1, 2)), OLGA)
    linked(store, 1, 3, PERHAPS)
    found = desk.resolve(1, OLGA, fix=" rotate the log ")

    assert (ProblemStatus.RESOLVED, "rotate the log") == (found.status, found.fix)
    assert "problem 1 (x) is resolved: rotate the log" == told(store, 1)[-1]
    assert "problem 1 (x) is resolved: rotate the log" == told(store, 3)[-1]
    assert [["cause_resolved"], [], []] == [messages(store, each) for each in (1, 2, 3)]
    assert 1 == len(told(store, 2))


def test_what_comes_back_reopens_the_problem(store: Store) -> None:
    """With the evidence, as a known error where there is a workaround."""
    desk = begin(store, incident(5, opened_at=NOW + MINUTE))
    desk.open(Draft("x", incidents=(1,)), OLGA)
    desk.known_error(1, OLGA, workaround="restart")
    desk.resolve(1, OLGA, root_cause="no rotation")
    desk.close(1, OLGA)
    found = linked(store, 1, 5)

    assert found is not None
    assert (ProblemStatus.KNOWN_ERROR, 1, None) == (found.status, found.returns, found.closed_at)
    assert "#5 opened after it was resolved: it is back" in lines(store, 1)
    assert "problem 1 (x) is a known error; workaround: restart" in told(store, 1)
    assert "problem 1 (x) is back" in told(store, 5)


def test_what_becomes_of_a_problem_is_told_once(store: Store) -> None:
    """Proposed, known, back: each as a message of the newest incident that goes on. Who opens it
    again himself tells nobody.
    """
    desk = begin(store, incident(5, opened_at=NOW + MINUTE))
    proposed(store, 1, 3)
    linked(store, 1, 4, PERHAPS)
    desk.confirm(1, OLGA)
    desk.known_error(1, OLGA, workaround="restart")
    desk.investigate(1, OLGA)
    desk.known_error(1, OLGA)
    desk.resolve(1, OLGA, fix="rotate")
    desk.reopen(1, OLGA)
    desk.resolve(1, OLGA)
    linked(store, 1, 5)

    assert ["problem_proposed", "known_error", "cause_resolved"] == messages(store, 3)
    assert [["cause_resolved"], [], ["problem_back"]] == [
        messages(store, number) for number in (1, 4, 5)
    ]


def test_of_what_is_over_nobody_is_told_that_it_may_be_a_problem(store: Store) -> None:
    """A past of thousands makes no storm; what helps is told, for the next time."""
    desk = begin(store)
    proposed(store, 2)
    before = messages(store, 2)
    desk.confirm(1, OLGA)
    desk.known_error(1, OLGA, workaround="restart")

    assert ([], ["known_error"]) == (before, messages(store, 2))


def test_a_problem_that_the_machine_opens_is_told(store: Store) -> None:
    """Where the rules let it; not one that a person opens."""
    desk = begin(store)
    proposed(store, 1, 3, at_once=True)
    desk.open(Draft("x", incidents=(4,)), OLGA)

    assert [[], ["problem_opened"], []] == [messages(store, number) for number in (1, 3, 4)]


def test_a_problem_goes_its_way(store: Store) -> None:
    """Each step is on the timeline, with who took it."""
    desk = begin(store)
    desk.open(Draft("x", "acme"), OLGA)
    desk.own(1, "ivan", OLGA)
    desk.investigate(1, OLGA)
    desk.edit(1, Texts(title=" disk ", fix="rotate"), OLGA)
    desk.note(1, OLGA, "строка")
    desk.resolve(1, OLGA)
    desk.close(1, OLGA)
    found = desk.reopen(1, OLGA)

    assert (ProblemStatus.INVESTIGATING, "ivan", "disk") == (found.status, found.owner, found.title)
    assert [
        "opened by olga",
        "owned by ivan",
        "investigated by ivan",
        "title, fix changed by olga",
        "строка",
        "resolved by olga",
        "closed by olga",
        "reopened by olga",
    ] == lines(store, 1)


def test_a_workaround_counts_once_an_incident(store: Store) -> None:
    """Whoever presses twice changes nothing; other incidents are none of its business."""
    desk = begin(store)
    desk.open(Draft("x", incidents=(1, 2)), OLGA)
    desk.edit(1, Texts(workaround="restart"), OLGA)
    desk.used(1, 1, True, OLGA)
    desk.used(1, 1, True, OLGA)
    found = desk.used(1, 2, False, OLGA)

    assert (1, 1) == (found.worked, found.failed)
    assert "problem 1: the workaround helped with #1" == told(store, 1)[-1]
    with pytest.raises(RefusedError, match="#3 does not belong"):
        desk.used(1, 3, True, OLGA)


def test_a_merged_problem_hands_over_what_it_has(store: Store) -> None:
    """Asked twice, it is done once; nothing counts twice."""
    desk = begin(store)
    desk.open(Draft("one", incidents=(1, 2)), OLGA)
    desk.open(Draft("two", incidents=(3,)), OLGA)
    desk.untie(2, 3, OLGA)
    first = desk.merge(1, 2, OLGA)
    again = desk.merge(1, 2, OLGA)
    with store.view() as view:
        gone = view.problem(1, "acme")

    assert first == again
    assert gone is not None
    assert (2, 0, 2) == (first.cost.incidents, gone.cost.incidents, gone.merged_into)
    assert {1: 2, 2: 2, 3: None, 4: None} == homes(store)
    assert {} == bonds(store, 1)


def test_a_split_takes_incidents_along(store: Store) -> None:
    """Both count what is theirs."""
    desk = begin(store)
    desk.open(Draft("one", incidents=(1, 2, 3)), OLGA)
    new = desk.split(1, [3], "logs", OLGA)

    assert (2, 1) == (new.number, new.cost.incidents)
    assert {1: 1, 2: 1, 3: 2, 4: None} == homes(store)


COMMANDS: list[Callable[[ProblemDesk, int, Principal], object]] = [
    lambda desk, number, by: desk.confirm(number, by),
    lambda desk, number, by: desk.refuse(number, by),
    lambda desk, number, by: desk.investigate(number, by),
    lambda desk, number, by: desk.known_error(number, by, "x"),
    lambda desk, number, by: desk.resolve(number, by, "x"),
    lambda desk, number, by: desk.close(number, by),
    lambda desk, number, by: desk.reopen(number, by),
    lambda desk, number, by: desk.own(number, "eve", by),
    lambda desk, number, by: desk.edit(number, Texts(fix="x"), by),
    lambda desk, number, by: desk.note(number, by, "x"),
    lambda desk, number, by: desk.tie(number, 9, by),
    lambda desk, number, by: desk.untie(number, 9, by),
    lambda desk, number, by: desk.used(number, 9, True, by),
    lambda desk, number, by: desk.merge(number, 2, by),
    lambda desk, number, by: desk.merge(2, number, by),
    lambda desk, number, by: desk.split(number, [9], "x", by),
]


def test_a_stranger_s_problem_is_not_there(store: Store) -> None:
    """Whatever he tries, he gets the same answer as for none at all."""
    desk = begin(store)
    desk.open(Draft("ours", incidents=(1,)), OLGA)
    desk.open(Draft("theirs", "globex"), STRANGER)
    for command in COMMANDS:
        with pytest.raises(NotThereError) as strange:
            command(desk, 1, STRANGER)
        with pytest.raises(NotThereError) as none:
            command(desk, 77, STRANGER)

        assert str(strange.value) == str(none.value).replace("77", "1")


def test_a_stranger_s_incident_is_not_there(store: Store) -> None:
    """Nor can a problem be opened with it."""
    desk = begin(store)
    desk.open(Draft("theirs", "globex"), STRANGER)
    with pytest.raises(NotThereError, match=r"there is no incident 1$"):
        desk.tie(1, 1, STRANGER)
    with pytest.raises(NotThereError, match=r"there is no incident 1$"):
        desk.open(Draft("x", incidents=(1,)), STRANGER)


def test_the_machine_s_name_is_nobody_s(store: Store) -> None:
    """What people decide is told from what the machine does."""
    desk = begin(store)
    with pytest.raises(RefusedError, match="own name"):
        desk.open(Draft("x", "acme"), Principal("Watcher", Role.OPERATOR))


def test_the_clock_counts_what_ended(store: Store) -> None:
    """Once: a second round finds nothing to do."""
    desk = begin(store)
    desk.open(Draft("x", incidents=(1, 3, 4)), OLGA)
    with store.begin() as tx:
        [one] = tx.incidents([1]).values()
        over = replace(one, status=Status.RESOLVED, resolved_at=NOW + 299 * MINUTE)
        tx.save_incidents([over])
    sweep = Sweep(store, FakeClock(NOW), lambda: RULEBOOK, KEPT)
    rounds = sweep.step(), sweep.step()
    with store.view() as view:
        found = view.problem(1, None)

    assert found is not None
    assert ((1, 0), 300 * MINUTE) == (rounds, found.cost.lasted)


def test_the_clock_counts_promises_as_they_are_broken(store: Store) -> None:
    """While an incident is open time passes; what is over stays as it was."""
    acme = Customer("acme", sla=Sla("gold", resolve={Priority.P2: 90 * MINUTE}))
    book = replace(RULEBOOK, catalogue=Catalogue(customers={"acme": acme}))
    begin(store).open(Draft("x", incidents=(1, 2)), OLGA)
    found = []
    for minutes in (80, 91, 900):
        clock = FakeClock(NOW + minutes * MINUTE)
        Sweep(store, clock, lambda: book, KEPT).step()
        with store.view() as view:
            found.append(view.problem(1, None))

    assert [0, 1, 1] == [each.cost.breaches for each in found if each]


def test_problems_are_measured_anew_by_new_rules(store: Store) -> None:
    """Also those of which nothing has been heard for long; once."""
    with store.begin() as tx:
        tx.save_incidents([incident(7, problem=1, status=Status.CLOSED, closed_at=NOW)])
        tx.save_problems([problem(1), problem(2)])
    books = [RULEBOOK]
    sweep = Sweep(store, FakeClock(NOW), lambda: books[-1], KEPT)
    rounds = [sweep.step(), sweep.step()]
    costs = Costs(incidents=(1, 1, 1, 1))
    rules = replace(RULEBOOK.policy.problems, priority=costs)
    books.append(replace(RULEBOOK, policy=replace(RULEBOOK.policy, problems=rules)))
    rounds += [sweep.step(), sweep.step()]
    with store.view() as view:
        found = view.problem(1, None)

    assert found is not None
    assert ([2, 0, 2, 0], Priority.P1) == (rounds, found.priority)


def test_what_takes_an_incident_in_belongs_to_its_problem(store: Store) -> None:
    """Unless it belongs elsewhere; nothing counts twice, and the second round has nothing to do."""
    desk = begin(store)
    desk.open(Draft("one", incidents=(1, 3)), OLGA)
    desk.open(Draft("two", incidents=(2,)), OLGA)
    with store.begin() as tx:
        found = tx.incidents([1, 3])
        tx.save_incidents(
            replace(found[number], status=Status.CLOSED, closed_at=NOW, merged_into=into)
            for number, into in ((1, 4), (3, 2))
        )
    sweep = Sweep(store, FakeClock(NOW), lambda: RULEBOOK, KEPT)
    rounds = sweep.step(), sweep.step()
    with store.view() as view:
        one = view.problem(1, None)

    assert one is not None
    assert ((1, 0), 1) == (rounds, one.cost.incidents)
    assert {1: 1, 2: 2, 3: 1, 4: 1} == homes(store)
    assert ["belongs to problem 1 (one)"] == told(store, 4)


def test_what_is_not_there_costs_nothing(store: Store) -> None:
    """Nobody counts it."""
    with store.begin() as tx:
        assert not CAUSES.recount(tx, 77, BY_MACHINE)
        assert not CAUSES.catch_up(tx, 77, BY_MACHINE)


Command = Callable[[ProblemDesk, Store, random.Random], object]


def some(dice: random.Random) -> int:
    """A problem, perhaps one that is not there."""
    return dice.randint(1, 6)


ANYTHING: list[Command] = [
    lambda desk, _, dice: desk.open(Draft("x", "acme", incidents=(dice.choice(NUMBERS),)), OLGA),
    lambda desk, _, dice: desk.confirm(some(dice), OLGA),
    lambda desk, _, dice: desk.refuse(some(dice), OLGA),
    lambda desk, _, dice: desk.known_error(some(dice), OLGA, "restart"),
    lambda desk, _, dice: desk.resolve(some(dice), OLGA, "rotate"),
    lambda desk, _, dice: desk.close(some(dice), OLGA),
    lambda desk, _, dice: desk.reopen(some(dice), OLGA),
    lambda desk, _, dice: desk.tie(some(dice), dice.choice(NUMBERS), OLGA),
    lambda desk, _, dice: desk.tie(some(dice), dice.choice(NUMBERS), OLGA),
    lambda desk, _, dice: desk.untie(some(dice), dice.choice(NUMBERS), OLGA),
    lambda desk, _, dice: desk.merge(some(dice), some(dice), OLGA),
    lambda desk, _, dice: desk.split(some(dice), [dice.choice(NUMBERS)], "x", OLGA),
    lambda desk, store, dice: proposed(store, *dice.sample(NUMBERS, 2)),
    lambda desk, store, dice: proposed(store, *dice.sample(NUMBERS, 3), at_once=True),
    lambda desk, store, dice: linked(store, some(dice), dice.choice(NUMBERS)),
    lambda desk, store, dice: linked(store, some(dice), dice.choice(NUMBERS), PERHAPS),
]


def wrong(store: Store) -> list[str]:
    """What does not fit together in what is stored."""
    with store.view() as view:
        problems = {each.number: each for each in view.problem_list(Query()).items}
        incidents = view.incident_list(Query()).items
        ties = view.ties_of_incidents([each.number for each in incidents])
    return [*_misplaced(incidents, ties), *_miscounted(problems, incidents, ties)]


def _misplaced(incidents: tuple[Incident, ...], ties: list[Tie]) -> list[str]:
    found = []
    for each in incidents:
        firm = [tie.problem for tie in ties if tie.incident == each.number and tie.firm]
        if len(firm) > 1 or each.problem != next(iter(firm), None):
            found.append(f"#{each.number} says {each.problem}, its ties {firm}")
    return found


def _miscounted(
    problems: dict[int, Problem], incidents: tuple[Incident, ...], ties: list[Tie]
) -> list[str]:
    found = []
    for each in problems.values():
        count = sum(incident.problem == each.number for incident in incidents)
        if each.cost.incidents != count or each.terms != priority(each.cost, Costs())[1]:
            found.append(f"problem {each.number} counts {each.cost.incidents} of {count}")
        if each.merged_into is not None:
            if problems[each.merged_into].status is ProblemStatus.REFUSED:
                found.append(f"problem {each.number} leads to what was refused")
            if any(tie.problem == each.number for tie in ties):
                found.append(f"problem {each.number} was merged and has ties")
        if each.status is ProblemStatus.REFUSED and count:
            found.append(f"problem {each.number} was refused and has incidents")
    return found


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_done_all_fits_together(store: Store, seed: int) -> None:
    """An incident belongs to one problem at most and says so, merged problems lead on to one that
    is left, and counts equal what is stored.
    """
    anything(store, random.Random(seed))


def test_the_other_store_does_the_same(shaped_postgres_url: str) -> None:
    """Its locks let every sequence through, too."""
    opened = Store.open(shaped_postgres_url)
    anything(opened, random.Random(0))
    opened.close()


def anything(store: Store, dice: random.Random) -> None:
    """Does this and that, and looks at all that is stored each time."""
    begin(store)
    done = 0
    for minute in range(60):
        desk = clerk(store, NOW + minute * MINUTE)
        try:
            dice.choice(ANYTHING)(desk, store, dice)
            done += 1
        except (NotThereError, RefusedError):
            continue
        assert [] == wrong(store)
    with store.begin() as tx:
        for number in range(1, 7):
            found = leading(tx, number)
            assert found is None or found.merged_into is None

    assert 10 < done
