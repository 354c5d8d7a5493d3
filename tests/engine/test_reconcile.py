"""A source is asked: what was missed comes in once, and nothing closes on silence."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.engine.elsewhere import GEN, MINUTE, World
from tests.engine.test_digest import plain_log
from tests.stores import peek, poke
from watcher.app.worker import reader
from watcher.engine.reconcile import BusyError
from watcher.model.change import replace
from watcher.model.delivery import Delivery, DeliveryStatus
from watcher.model.event import Reading
from watcher.model.matcher import Matcher, Operator
from watcher.monitors.base import MonitorError, Trouble
from watcher.store.base import StoreUnavailable
from watcher.store.inbox import Inbox
from watcher.store.query import Query
from watcher.store.store import Store

__all__ = ["plain_log"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One source with a monitor, which has been asked once."""
    made = World.at(tmp_path)
    made.round()
    yield made
    made.close()
    made.store.close()


@pytest.fixture
def anywhere(store: Store) -> Iterator[World]:
    """The same over each store in turn."""
    made = World(store)
    made.round()
    yield made
    made.close()


def test_what_was_missed_comes_in_with_true_times_and_is_counted_once(anywhere: World) -> None:
    """Half of 200 problems are over when Watcher asks: all are known, in one incident, as they
    were; asking again finds nothing.
    """
    world, store = anywhere, anywhere.store
    names = [f"db{number}" for number in range(200)]
    world.there.begin(*names, at=world.ago(-10), host="db1")
    world.there.end(*names[::2], at=world.ago(-20))
    world.round(wait=timedelta(hours=1))
    first = world.drift()
    again = world.round()

    assert set(names[1::2]) == world.firing()
    assert ({"opening": 200}, {"opening": 200}) == (first, world.drift())
    assert ((), 200) == (again.verdict.news, world.deliveries() - 100)
    began, ended = world.ago(62 - 10), world.ago(62 - 20)
    spans = peek(store, "SELECT DISTINCT started_at, ended_at FROM occurrence ORDER BY 2")
    micros = {int(each.timestamp() * 1_000_000) for each in (began, ended)}
    assert micros == {value for row in spans for value in row if value is not None}
    assert 1 == len({number for (number,) in peek(store, "SELECT incident FROM occurrence")})


def test_all_rounds_go_one_way_in(anywhere: World) -> None:
    """A way of their own for each would be one more into which the digest looks, for days."""
    for name in ("db1", "db2", "db3"):
        anywhere.there.begin(name, at=anywhere.ago(5))
        anywhere.round()
        anywhere.there.end(name, at=anywhere.ago(-5))

    assert {"db1", "db2", "db3"} == {
        name.partition(" ")[0] for (name,) in peek(anywhere.store, "SELECT name FROM alert")
    }
    assert 1 == len(peek(anywhere.store, "SELECT id FROM stream"))


def test_deliveries_that_came_of_asking_say_so(world: World) -> None:
    """In lists, and to whoever searches for them."""
    world.hear("db1")
    world.there.begin("db2", at=world.ago(5))
    world.round()
    with world.store.view() as view:
        found = view.delivery_list(Query()).items
        asked = (Matcher("origin", Operator.EQUAL, "reconciled"),)
        reconciled = view.delivery_list(Query(asked)).items

    assert ["reconciled", ""] == [each.origin for each in found]
    assert list(found[:1]) == list(reconciled)


def test_a_missed_recovery_ends_the_span_when_it_was_over_there(world: World) -> None:
    """Its end is recorded there, so that one answer is enough."""
    world.hear("db1", "db2")
    world.there.end("db1", at=world.ago(10))
    world.round()

    assert ({"db2"}, {"recovery": 1}) == (world.firing(), world.drift())


@pytest.mark.parametrize("trouble", Trouble)
def test_what_cannot_be_asked_changes_nothing_but_is_noted(world: World, trouble: Trouble) -> None:
    """With what to do about it, since when; and it is over with the next answer."""
    world.hear("db1")
    world.there.end("db1", at=world.ago(10))
    world.there.fault = MonitorError("the token is refused: make a new one", trouble)
    failed = world.round()
    since = world.clock.now()
    world.round()
    with world.store.view() as view:
        noted = view.source("gen").asked
    world.there.fault = None
    assert {"db1"} == world.firing()
    world.round()
    with world.store.view() as view:
        after = view.source("gen").asked

    assert (True, "the token is refused: make a new one") == (failed.failed, failed.problem)
    assert (trouble.value, failed.problem, since) == (noted.trouble, noted.problem, noted.since)
    assert ("", "", None, set()) == (after.trouble, after.problem, after.since, world.firing())


def test_an_answer_in_part_closes_nothing_and_is_asked_for_again(world: World) -> None:
    """What it does tell is taken in all the same."""
    world.hear("db1")
    world.there.problems["db1"].deleted = True
    world.there.begin("db2", at=world.ago(5))
    world.there.partial = True
    for _ in range(3):
        world.round()
    with world.store.view() as view:
        asked = view.source("gen").asked

    assert {"db1", "db2"} == world.firing()
    assert ("incomplete", "one page was missing") == (asked.trouble, asked.problem)
    assert 1 == len(set(world.there.asked[1:]))


def test_an_answer_that_suddenly_is_empty_closes_nothing(world: World) -> None:
    """50 spans that nobody sees any more are not over."""
    names = {f"db{number}" for number in range(50)}
    world.hear(*names)
    world.there.blind = True
    for _ in range(4):
        world.round()

    assert (names, {}) == (world.firing(), world.drift())


def test_a_deleted_host_closes_after_two_complete_answers_with_the_reason(world: World) -> None:
    """The first may be a moment between two states; and the timeline says why it is believed."""
    world.hear("db1", "db2")
    world.there.problems["db1"].deleted = True
    world.round()
    once = world.firing()
    world.round()

    assert ({"db1", "db2"}, {"db2"}) == (once, world.firing())
    notes = [text for (text,) in peek(world.store, "SELECT text FROM entry WHERE kind = 'note'")]
    assert ["gen did not say that it is over, but its host was deleted there"] == notes


def test_a_restart_between_two_answers_forgets_nothing(world: World) -> None:
    """What was absent is in the store, and so is how far the walk was."""
    world.hear("db1", "db2")
    world.there.problems["db1"].deleted = True
    world.round()
    world.round(by=world.another("me"))

    assert {"db2"} == world.firing()
    assert "" not in world.there.asked[1:]


def test_two_replicas_do_not_ask_at_once(world: World) -> None:
    """Nor one after the other at short notice; by hand it can be asked at any time."""
    other = world.another("other")
    busy = []

    def meanwhile() -> None:
        with pytest.raises(BusyError, match="is being asked at this moment"):
            other.round()
        busy.append(other.step())

    world.there.during = meanwhile
    world.round()
    world.there.during = lambda: None
    asked = len(world.there.asked)
    soon = other.step()

    assert ([0], 0, asked) == (busy, soon, len(world.there.asked))
    assert other.round() is not None
    world.clock.advance(2 * MINUTE)
    other.step()
    assert asked + 2 == len(world.there.asked)


def test_who_lost_the_lease_writes_nothing(world: World) -> None:
    """What another has found out since is newer."""
    world.there.begin("db1", at=world.ago(5))

    def stolen() -> None:
        with poke(world.store) as connection:
            connection.exec_driver_sql("UPDATE lease SET holder = 'x', token = 99")

    world.there.during = stolen
    with world.store.view() as view:
        before = view.source("gen")
    world.clock.advance(MINUTE)
    world.reconciler.round()
    with world.store.view() as view:
        after = view.source("gen")

    assert (before, 0) == (after, world.deliveries())


def test_what_could_not_be_taken_in_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: then nothing was asked, as far as the next round knows."""
    world.hear("db1")
    world.there.end("db1", at=world.ago(5))

    def full(_: object) -> Inbox:
        raise StoreUnavailable("the disk is full")

    with world.store.view() as view:
        before = view.source("gen")
    with monkeypatch.context() as patched:
        patched.setattr(world.store, "inbox", full)
        with pytest.raises(StoreUnavailable):
            world.round()
    with world.store.view() as view:
        after = view.source("gen")
    world.round()

    assert (before, set()) == (after, world.firing())


def test_the_lease_of_a_worker_that_is_gone_is_inherited(world: World) -> None:
    """Killed in the midst of asking, it would keep others waiting."""
    with world.store.begin() as tx:
        tx.lease("reconcile:gen", "killed", world.clock.now(), timedelta(hours=1))
    with pytest.raises(BusyError):
        world.reconciler.round()
    world.reconciler.inherit(lambda holder: holder != "killed")
    with pytest.raises(BusyError):
        world.reconciler.round()
    world.reconciler.inherit(lambda holder: holder == "killed")

    assert world.reconciler.round() is not None


def test_a_webhook_that_comes_while_we_ask_is_not_missed(world: World) -> None:
    """It waits for its digest when the answer is weighed."""
    world.there.begin("db1", at=world.ago(5))
    body = world.there.problems["db1"].body("firing", world.ago(5))
    world.there.during = lambda: world.post(body)
    done = world.round()
    world.there.during = lambda: None
    world.round()

    assert ((), {"db1"}, {}) == (done.verdict.news, world.firing(), world.drift())


def test_what_began_just_now_is_left_to_its_webhook(world: World) -> None:
    """And taken in by the next round if that does not come, even if it is over by then."""
    world.there.begin("db1", "db2", at=world.ago(-1.5))
    first = world.round()
    world.there.end("db1", at=world.ago(0))
    world.round()

    assert (2, ()) == (first.verdict.put_off, first.verdict.news)
    assert {"opening": 2} == world.drift()
    world.round()
    assert ({"db2"}, {"opening": 2}) == (world.firing(), world.drift())


def test_died_between_the_inbox_and_its_own_notes_it_counts_once(world: World) -> None:
    """What it took in then is under way, or known; and counted when it is digested."""
    world.there.begin("db1", at=world.ago(5))
    died = world.another("me")
    with world.store.view() as view:
        found, _ = died._ask(view.source("gen").asked)
    with world.store.begin() as tx:
        token = tx.lease(died.name, "me", world.clock.now(), MINUTE)
    died._append(found.verdict.news, token or 0)
    under_way = world.reconciler.look()
    world.round()

    assert (1, ()) == (len(found.verdict.news), under_way.verdict.news)
    assert ({"db1"}, {"opening": 1}, 1) == (world.firing(), world.drift(), world.deliveries())


def test_what_the_digest_refuses_is_not_taken_in_again_and_again(world: World) -> None:
    """Nor counted; the dead letter says what is wrong."""
    world.there.begin("db1", at=world.ago(5))
    world.clock.advance(MINUTE)
    world.reconciler.round()
    with world.store.begin() as tx:
        [delivery] = tx.undigested(10, 1000)
        tx.verdict(delivery.id, True, "no", world.clock.now())
        tx.digested([delivery])
    world.round()
    with world.store.view() as view:
        [dead] = view.delivery_list(Query()).items

    assert (DeliveryStatus.DEAD, {}) == (dead.status, world.drift())


def test_looking_takes_nothing_in(world: World) -> None:
    """It says what would be found."""
    world.hear("db1")
    world.there.begin("db2", at=world.ago(5))
    world.there.end("db1", at=world.ago(5))
    found = world.reconciler.look()

    assert (1, 1, {"recovery": 1, "opening": 1}) == (found.open, found.held, found.verdict.missed())
    assert ({"db1"}, 1) == (world.firing(), world.deliveries())


def test_too_much_under_way_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missed cannot be told before."""
    monkeypatch.setattr("watcher.engine.reconcile._MOST_UNDER_WAY", 2)
    world.post(b"{}", b"{}")

    with pytest.raises(BusyError, match="not digested yet"):
        world.reconciler.round()
    assert 0 == world.reconciler.step()


def test_what_no_receiver_can_read_is_no_news(world: World) -> None:
    """The rest of the answer counts."""
    world.there.begin("db1", "db2", at=world.ago(5))
    unreadable = lambda *_: b"what is this"  # noqa: E731 - in the place of a method
    world.there.problems["db1"].body = unreadable  # type: ignore[method-assign]  # spoilt
    world.round()

    assert {"db2"} == world.firing()


def test_a_source_that_gathers_its_news_has_more_time(world: World) -> None:
    """As much as its monitor says."""
    world.there.begin("db1", at=world.ago(5))
    world.there.grace = 30 * MINUTE  # type: ignore[attr-defined]  # what Gathering has

    assert (1, ()) == ((found := world.round()).verdict.put_off, found.verdict.news)


def test_a_span_that_is_told_by_two_ways_is_known_by_its_first_name(tmp_path: Path) -> None:
    """A stream may have told of it under another key than the answer does."""
    world = World.at(tmp_path)
    read = reader(GEN)

    def aliased(delivery: Delivery) -> Reading:
        events = read(delivery).events
        return Reading(tuple(replace(each, aliased=True) for each in events))

    world.reconciler._read = aliased
    world.hear("db1", "db2")
    world.there.begin("db3", at=world.ago(5))
    world.post(world.there.problems["db3"].body("firing", world.ago(5)))
    for each in world.there.problems.values():
        each.key = "other"
    quiet = world.reconciler.look()
    world.there.end("db1", at=world.ago(5))
    world.there.problems["db2"].deleted = True
    found = world.reconciler.look()

    assert ((), {"recovery": 1}) == (quiet.verdict.news, found.verdict.missed())
    assert {"v1:db2"} == set(found.verdict.kept)
    world.store.close()


def test_what_the_worker_does_wakes_the_digest(world: World) -> None:
    """A step says how much is on its way, and the next one has nothing to do."""
    world.there.begin("db1", at=world.ago(5))
    world.clock.advance(2 * MINUTE)

    assert (1, 0) == (world.reconciler.step(), world.reconciler.step())
