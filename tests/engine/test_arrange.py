"""People regroup while alerts come: nothing is lost, every count is right, and it stays so."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.engine.recounted import miscounts, of_book, of_store
from tests.engine.streams import RULEBOOK, Line, in_order_of_arrival, line, ndjson, rush, story
from tests.engine.test_digest import a_digest, deliver, drain, empty, outcome
from tests.fakes import FakeClock
from watcher.decide import regroup
from watcher.decide.lifecycle import Moment, RefusedError, Report
from watcher.decide.recount import Ground, Roll
from watcher.decide.regroup import Fresh
from watcher.engine.arrange import Order, Verb, carry_out, preview
from watcher.engine.book import Book
from watcher.engine.command import Desk, NotThereError
from watcher.engine.digest import LEASE, Digest
from watcher.engine.fold import Fold
from watcher.engine.going import Going
from watcher.engine.replay import read_events
from watcher.engine.rulebook import identify
from watcher.kit.log import configure
from watcher.model.action import Action, ActionStatus
from watcher.model.event import Severity
from watcher.model.incident import Incident, Status
from watcher.model.person import Principal, Role
from watcher.model.reason import Reason
from watcher.store.store import Store

CPU, DISK, HTTP = "v1:gen:cpu", "v1:gen:disk", "v1:gen:http"
OLGA = Principal("olga", Role.OPERATOR)
GROUND = Ground(RULEBOOK.policy, RULEBOOK.catalogue)


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Failures are logged as in production, not with all their variables."""
    configure("error")
    yield
    structlog.reset_defaults()


def desk(store: Store) -> Desk:
    """Where people's orders are carried out."""
    return Desk(store, FakeClock(), RULEBOOK.policy, RULEBOOK.catalogue, lambda: None)


def outage(store: Store, digest: Digest | None = None) -> None:
    """Two alerts of db01 and one of web01 that fire, each host's its own incident."""
    deliver(
        store,
        [
            line(0, key="cpu"),
            line(30, key="disk", name="Disk is full", severity="high"),
            line(60, key="http", host="web01", name="HTTP answers 503"),
        ],
    )
    drain(digest or a_digest(store))


def incident(store: Store, number: int) -> Incident:
    """An incident as it is stored."""
    with store.view() as view:
        found = view.incident(number, None)
    assert found is not None
    return found


def actions_of(store: Store, number: int) -> list[Action]:
    """What is to be done outside for it."""
    with store.view() as view:
        return view.actions_of(number)


def keys(store: Store, number: int) -> list[str]:
    """Which alerts it has."""
    with store.view() as view:
        return sorted(alert.key for alert, _ in view.alerts_of(number))


def test_a_split_opens_an_incident_and_tells_of_it(store: Store) -> None:
    """One message, and the first look at the host of what was split off."""
    outage(store)
    new = carry_out(desk(store), Order(Verb.SPLIT, 1, alerts=(DISK,), text="other"), OLGA)
    actions = [each.kind for each in actions_of(store, new.number)]

    assert ([CPU], [DISK]) == (keys(store, 1), keys(store, new.number))
    assert ["diagnose", "notify"] == sorted(actions)
    assert [] == miscounts(of_store(store))


def test_a_merge_moves_everything_and_tells_nobody_of_what_is_gone(store: Store) -> None:
    """What was waiting to be said of the source is not said any more."""
    outage(store)
    kept = carry_out(desk(store), Order(Verb.MERGE, 2, 1, text="the same"), OLGA)
    said = {each.status for each in actions_of(store, 2)}

    assert (1, 3, 3) == (kept.number, kept.alerts, kept.firing)
    assert [CPU, DISK, HTTP] == keys(store, 1)
    assert (Status.CLOSED, 1) == (incident(store, 2).status, incident(store, 2).merged_into)
    assert {ActionStatus.DONE} == said
    assert [] == miscounts(of_store(store))


def test_a_move_takes_an_alert_where_it_belongs(store: Store) -> None:
    """What it left and where it went are counted anew."""
    outage(store)
    into = carry_out(desk(store), Order(Verb.MOVE, 1, 2, (DISK,)), OLGA)

    assert (2, 2) == (into.number, into.firing)
    assert ([CPU], [DISK, HTTP]) == (keys(store, 1), keys(store, 2))
    assert [] == miscounts(of_store(store))


@pytest.mark.parametrize(
    "order",
    [
        Order(Verb.SPLIT, 1, alerts=(DISK,)),
        Order(Verb.MOVE, 1, 2, (DISK,)),
        Order(Verb.MERGE, 2, 1),
    ],
    ids=lambda order: str(order.verb),
)
def test_the_same_order_again_changes_nothing(store: Store, order: Order) -> None:
    """Whoever is unsure whether it arrived may ask again."""
    outage(store)
    at = desk(store)
    first = carry_out(at, order, OLGA)
    before = outcome(store)
    again = carry_out(at, order, OLGA)

    assert first == again
    assert before == outcome(store)


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ([Order(Verb.MOVE, 1, alerts=(DISK,))], "say which incident they belong to"),
        ([Order(Verb.SPLIT, 1, alerts=(DISK,)), Order(Verb.MOVE, 1, 2, (DISK,))],
         "#1 has no alert 'v1:gen:disk'"),
        ([Order(Verb.MERGE, 2, 1), Order(Verb.SPLIT, 2, alerts=("x",))],
         "#2 was merged into #1: its alerts are there now"),
        ([Order(Verb.MERGE, 2, 1), Order(Verb.MERGE, 1, 2)],
         "#2 was merged into #1: its alerts are there now"),
    ],
    ids=["nowhere", "elsewhere by now", "merged by now", "the other way by now"],
)  # fmt: skip
def test_who_comes_too_late_is_told(store: Store, orders: list[Order], said: str) -> None:
    """The state has changed in a way that makes the order mean nothing."""
    outage(store)
    *before, last = orders
    for each in before:
        carry_out(desk(store), each, OLGA)
    with pytest.raises(RefusedError) as refused:
        carry_out(desk(store), last, OLGA)

    assert said == str(refused.value)


def test_second_thoughts_are_carried_out(store: Store) -> None:
    """What was moved may be moved back and again; a repeat is one only where it changes nothing."""
    outage(store)
    at = desk(store)
    for order in (
        Order(Verb.MOVE, 1, 2, (DISK,)),
        Order(Verb.MOVE, 2, 1, (DISK,)),
        Order(Verb.SPLIT, 1, alerts=(DISK,)),
    ):
        carry_out(at, order, OLGA)

    assert ([CPU], [HTTP], [DISK]) == tuple(keys(store, number) for number in (1, 2, 3))
    assert [] == miscounts(of_store(store))


@pytest.mark.parametrize("order", [Order(Verb.MERGE, 1, 2), Order(Verb.MERGE, 2, 1)])
def test_a_strangers_incident_is_not_there(store: Store, order: Order) -> None:
    """Neither the one nor the other, neither to look nor to act."""
    outage(store)
    stranger = Principal("eve", Role.OPERATOR, "globex")
    for act in (preview, carry_out):
        with pytest.raises(NotThereError):
            act(desk(store), order, stranger)


def test_a_preview_says_what_comes_of_it_and_changes_nothing(store: Store) -> None:
    """The same decision, unwritten."""
    outage(store)
    before = of_store(store)
    seen = preview(desk(store), Order(Verb.MOVE, 1, 2, (DISK,)), OLGA)
    done = carry_out(desk(store), Order(Verb.MOVE, 1, 2, (DISK,)), OLGA)

    assert done == seen.into.incident
    assert 1 == before.incidents[2].alerts


def test_a_decision_is_kept_as_examples(store: Store) -> None:
    """The last word on a pair counts."""
    outage(store)
    at = desk(store)
    carry_out(at, Order(Verb.SPLIT, 1, alerts=(DISK,), text="no"), OLGA)
    carry_out(at, Order(Verb.MERGE, 3, 1, text="yes"), OLGA)
    with store.view() as view:
        [example] = view.examples("default")
        none = view.examples("globex"), view.examples(None, example.at + timedelta(seconds=1))

    assert (DISK, CPU, True, "yes", None) == (
        example.one.key, example.other.key, example.together, example.why, example.machine,
    )  # fmt: skip
    assert ([], []) == none


def test_a_condition_goes_home_to_where_a_person_put_it(store: Store) -> None:
    """Though it was away for long, and though its old incident is nearer."""
    outage(store)
    carry_out(desk(store), Order(Verb.MOVE, 1, 2, (DISK,)), OLGA)
    deliver(
        store,
        [
            line(90, "resolved", key="disk"),
            line(4000, key="swap"),
            line(4010, key="disk", occurrence="o2"),
        ],
    )
    drain(a_digest(store))

    assert [DISK, HTTP] == keys(store, 2)
    assert [] == miscounts(of_store(store))


@pytest.mark.parametrize(
    "late",
    [line(250, key="swap", late=60), line(200, "resolved", key="disk", late=110)],
    ids=["another alert", "the recovery before"],
)
def test_late_news_leaves_a_span_where_a_person_put_it(store: Store, late: Line) -> None:
    """Though its condition had returned, and its span before is still where that was."""
    outage(store)
    deliver(store, [line(300, key="disk", occurrence="o2", severity="high")])
    drain(a_digest(store))
    carry_out(desk(store), Order(Verb.MOVE, 1, 2, ("v1:o2",)), OLGA)
    deliver(store, [late])
    drain(a_digest(store))

    assert (DISK in keys(store, 1), keys(store, 2)) == (True, [DISK, HTTP])
    assert [] == miscounts(of_store(store))


def test_what_was_split_off_does_not_rejoin(store: Store) -> None:
    """Neither the alert nor its incident, though late news would show them to be one."""
    outage(store)
    new = carry_out(desk(store), Order(Verb.SPLIT, 1, alerts=(DISK,)), OLGA).number
    desk(store).resolve(new, OLGA)
    desk(store).close(new, OLGA)
    deliver(
        store,
        [
            line(90, "resolved", key="disk"),
            line(95, key="swap"),
            line(100, key="disk", occurrence="o2"),
        ],
    )
    drain(a_digest(store))

    assert DISK not in keys(store, 1)
    assert "v1:gen:swap" in keys(store, 1)
    assert [] == miscounts(of_store(store))


@pytest.mark.parametrize(
    "decide",
    [
        lambda at: carry_out(at, Order(Verb.SPLIT, 1, alerts=(DISK,)), OLGA),
        lambda at: carry_out(at, Order(Verb.MOVE, 1, 2, (DISK,)), OLGA),
        lambda at: carry_out(at, Order(Verb.MERGE, 2, 1), OLGA),
        lambda at: at.close(at.resolve(1, OLGA).number, OLGA),
        lambda at: at.reopen(at.close(at.resolve(1, OLGA).number, OLGA).number, OLGA),
        lambda at: at.open(Report("default", "Slow", Severity.HIGH, None, "db02"), OLGA),
    ],
    ids=["split", "move", "merge", "close", "reopen", "open"],
)
def test_a_digest_that_goes_on_decides_as_one_that_begins(
    store: Store, decide: Callable[[Desk], object]
) -> None:
    """What people decide reaches what it remembers, too."""
    outcomes = []
    for goes_on in (True, False):
        empty(store)
        outage(store, digest := a_digest(store))
        decide(desk(store))
        deliver(
            store,
            [
                line(90, "resolved", key="disk"),
                line(95, key="swap"),
                line(100, key="disk", occurrence="o2"),
                line(105, key="ping", host="web01"),
                line(110, key="load", host="db02"),
            ],
        )
        drain(digest if goes_on else a_digest(store))
        outcomes.append(outcome(store))

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "order",
    [
        lambda at: at.close(1, OLGA),
        lambda at: at.reopen(1, OLGA),
        lambda at: carry_out(at, Order(Verb.MERGE, 1, 2), OLGA),
    ],
    ids=["close", "reopen", "merge"],
)
def test_what_changes_groups_waits_for_the_batch_that_is_written(
    store: Store, order: Callable[[Desk], object]
) -> None:
    """None of its alerts lands in what was closed meanwhile, though the batch knows it as open."""
    outage(store, digest := a_digest(store))
    digest.release()
    desk(store).resolve(1, OLGA)
    with store.begin() as tx:
        token = tx.lease(LEASE, "me", FakeClock().now(), timedelta(minutes=1))
    person = threading.Thread(target=order, args=(desk(store),))
    with store.begin() as tx:
        assert tx.held(LEASE, token or 0)
        person.start()
        person.join(0.3)
        waits = person.is_alive()
    person.join()

    assert waits
    assert Status.RESOLVED is not incident(store, 1).status


def test_nothing_is_lost_while_a_digest_runs(store: Store) -> None:
    """Orders between and within its batches: all alerts are there, and every count is right."""
    lines = [each for seed in (3, 73, 112, 7) for each in busy(seed)]
    deliver(store, in_order_of_arrival(lines))
    done = threading.Event()

    def digest() -> None:
        drain(a_digest(store), 9)
        done.set()

    worker = threading.Thread(target=digest)
    worker.start()
    dice, carried = random.Random(1), 0
    while not done.is_set() or carried < 20:
        carried += somebody_acts(store, dice)
    worker.join()

    whole = Book(count(1))
    fold = Fold(whole, RULEBOOK)
    for each in read_events(ndjson(in_order_of_arrival(lines))):
        fold.take(identify(each.event, "default", each.received_at, RULEBOOK.catalogue))
    known = of_store(store)
    assert [] == miscounts(known)
    assert {(each.key, each.occurrence) for each in known.spans} == {
        (f"v1:gen:{each.key}", f"v1:{each.occurrence}") for each in whole.occurrences.values()
    }


def busy(seed: int) -> list[Line]:
    """A busy hour of conditions of its own."""
    return [{**each, "key": f"{seed}/{each['key']}"} for each in story(seed, conditions=12)]


def somebody_acts(store: Store, dice: random.Random) -> bool:
    """An order at random; whether it was carried out."""
    with store.view() as view:
        numbers = [number for (number,) in view._link.rows("SELECT number FROM incident")]
        if not numbers:
            return False
        number, into = dice.choice(numbers), dice.choice(numbers)
        spans = [span.key for _, span in view.spans_of(number)]
    some = tuple(dice.sample(spans, dice.randint(0, len(spans))))
    try:
        carry_out(desk(store), Order(dice.choice(list(Verb)), number, into, some), OLGA)
    except RefusedError:
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1_000_000), st.integers(2, 9))
@example(249, 8)  # What a condition was taken out of is merged by hand into what it would join.
@example(37474, 4)  # A condition's span before is still in what the newer was taken out of.
@example(686, 8)  # The recovery of the span before is heard of after a person moved the newer.
def test_counts_are_right_after_any_sequence_of_events_and_orders(
    seed: int, conditions: int
) -> None:
    """A recount from the occurrences equals what is stored, and what people told apart stays so."""
    order_along(story(seed, conditions), random.Random(seed), often=0.3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_000_000), st.integers(5, 30))
@example(2879, 34)  # The end of a span is heard of before its start, and an order between them.
@example(4550, 25)  # A late span becomes all there is of an incident, which has another number.
@example(10641, 26)  # The same, and it is over already.
def test_orders_stand_in_storms(seed: int, conditions: int) -> None:
    """Where disruptions merge, surge and are decided again, too."""
    order_along(rush(seed, conditions), random.Random(seed), often=0.1)


def order_along(lines: list[Line], dice: random.Random, often: float) -> None:
    """Orders at random amidst news: all counts are right, and the last word of a person counts."""
    book = Book(numbers := count(1))
    fold = Fold(book, RULEBOOK)
    put: dict[tuple[str, str, str], int] = {}
    for each in read_events(ndjson(lines)):
        fold.take(identify(each.event, "default", each.received_at, RULEBOOK.catalogue))
        assert [] == miscounts(of_book(book))
        assert put == {key: living(book, book.occurrences[key].incident) for key in put}
        if dice.random() < often and book.incidents:
            now = each.received_at
            put |= order_on(book, dice, next(numbers), Moment(now, Reason("by-hand", "so"), "olga"))
            put = {key: living(book, number) for key, number in put.items()}
            assert [] == miscounts(of_book(book))
            fold = Fold(book, RULEBOOK, going=read_anew(book, now))


def living(book: Book, number: int | None) -> int:
    """The incident that has what that one had."""
    incident = book.incidents[number or 0]
    return incident.number if incident.merged_into is None else living(book, incident.merged_into)


def read_anew(book: Book, now: datetime) -> Going:
    """What goes on, as a digest reads it after an order."""
    going = Going(RULEBOOK)
    lively = [each for each in book.incidents.values() if each.status is not Status.CLOSED]
    members = [member for each in lively for member in roll(book, each.number).members]
    going.recall("default", lively, members, now)
    return going


def order_on(
    book: Book, dice: random.Random, number: int, moment: Moment
) -> dict[tuple[str, str, str], int]:
    """Carries out an order at random on a book, as `carry_out` does on a store; returns where it
    put which spans.
    """
    source, into = (roll(book, dice.choice(list(book.incidents))) for _ in range(2))
    some = dice.sample(source.members, dice.randint(0, len(source.members)))
    try:
        match dice.choice(list(Verb)):
            case Verb.MERGE:
                result = regroup.merge(source, into, moment, GROUND)
            case Verb.SPLIT if some:
                fresh = Fresh(number, source.incident.group, None)
                result = regroup.split(source, some, fresh, moment, GROUND)
            case Verb.MOVE if some:
                result = regroup.move(source, some, into, moment, GROUND)
            case _:
                return {}
    except RefusedError:
        return {}
    for alert, span in result.moved:
        book.put_alert(alert)
        book.put_occurrence(span)
    for span in result.eased:
        book.put_occurrence(span)
    book.put_incident(result.source.incident)
    book.put_incident(result.into.incident)
    home = result.into.incident.number
    return {(span.customer, span.key, span.occurrence): home for _, span in result.moved}


def roll(book: Book, number: int) -> Roll:
    """An incident of a book with all that belongs to it."""
    spans = book.members(number)
    return Roll(
        book.incidents[number],
        tuple((book.alerts[span.customer, span.key], span) for span in spans),
    )
