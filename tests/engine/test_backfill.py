"""The past of a source is taken in: quietly, once, and never over what is alive."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.engine.elsewhere import ACCESS, GEN, World
from tests.engine.streams import RULEBOOK
from tests.stores import peek
from watcher.app.worker import reader
from watcher.engine.backfill import Backfill, Filled
from watcher.engine.backtest import backtest
from watcher.engine.reconcile import BusyError
from watcher.model.incident import Status
from watcher.monitors.base import MonitorError, Trouble
from watcher.store.history import Period
from watcher.store.query import Query
from watcher.store.store import Store

DAY = timedelta(days=1)
QUARTER = 90 * DAY


@pytest.fixture
def world(store: Store) -> World:
    """A source that lived through two disruptions before anybody listened, on both stores."""
    made = World(store)
    hour = 60
    for days, names in ((40, ("db1", "db2")), (3, ("db3",))):
        minutes = days * 24 * hour
        made.there.begin(*names, at=made.ago(minutes), host="db01")
        made.there.end(*names, at=made.ago(minutes - 30))
    return made


def fill(world: World, since: timedelta = QUARTER) -> Filled:
    """Takes the past in."""
    now = world.clock.now()
    return Backfill(world.store, ACCESS, reader(GEN), RULEBOOK, "me").run(
        world.there, now - since, now
    )


def test_the_past_becomes_closed_incidents_of_which_nobody_hears(world: World) -> None:
    """With true times and marked on the timeline; nothing waits in the outbox or the inbox."""
    filled = fill(world)
    world.drain()
    with world.store.view() as view:
        incidents = view.incident_list(Query()).items
        newest = incidents[0]
        timeline = view.timeline(newest.number)
        pending = view.counts().pending

    assert Filled(read=6, spans=3, incidents=2, kept=6) == filled
    assert [Status.CLOSED] * 2 == [each.status for each in incidents]
    assert [1, 2] == [each.alerts for each in incidents]
    assert all(each.course.history for each in incidents)
    opened, resolved = world.ago(3 * 24 * 60), world.ago(3 * 24 * 60 - 30)
    assert (opened, resolved) == (newest.opened_at, newest.resolved_at)
    assert "taken from the history of gen: nobody was told of it" == timeline[0].text
    assert "history" == timeline[0].reason.rule
    assert ([], 0) == (peek(world.store, "SELECT * FROM action"), pending)


def test_doing_it_twice_adds_nothing(world: World) -> None:
    """Neither incidents nor deliveries; and a number is not wasted."""
    fill(world)
    tables = ("incident", "occurrence", "alert", "entry", "delivery", "counter")
    counted = [peek(world.store, f"SELECT * FROM {name}") for name in tables]  # noqa: S608 - ours
    again = fill(world)

    assert Filled(read=6) == again
    after = [peek(world.store, f"SELECT * FROM {name}") for name in tables]  # noqa: S608 - ours
    changed = {
        name for name, one, other in zip(tables, counted, after, strict=True) if one != other
    }
    assert changed <= {"counter"}
    assert counted[0] == after[0]


def test_what_is_alive_or_known_is_not_touched(world: World) -> None:
    """A condition that fires now keeps its state; its past spans are put beside it."""
    world.there.begin("db9", at=world.ago(10 * 24 * 60), host="db01")
    world.there.end("db9", at=world.ago(10 * 24 * 60 - 5))
    past = world.there.problems.pop("db9")
    past.key = "db1-again"
    world.hear("db1-again")
    world.there.problems["db9"] = past
    before = peek(world.store, "SELECT * FROM alert WHERE status = 'firing'")
    open_before = peek(world.store, "SELECT * FROM incident WHERE status = 'open'")
    fill(world)

    assert before == peek(world.store, "SELECT * FROM alert WHERE status = 'firing'")
    assert open_before == peek(world.store, "SELECT * FROM incident WHERE status = 'open'")
    assert [(2,)] == peek(
        world.store, "SELECT count(*) FROM occurrence WHERE key = 'v1:gen:db1-again'"
    )


def test_what_lasts_or_has_just_ended_is_left_to_the_present(world: World) -> None:
    """It may come back to its incident, or be asked about."""
    world.there.begin("lasts", at=world.ago(5 * 24 * 60))
    world.there.begin("just", at=world.ago(5 * 24 * 60))
    world.there.end("just", at=world.ago(60))

    assert 3 == fill(world).spans


def test_backtests_find_the_past(world: World) -> None:
    """In the order of time with what was posted since; retention lets it be for long."""
    fill(world)
    world.hear("db5", minutes=30)
    now = world.clock.now()
    removed = world.store.expire_deliveries(now - 7 * DAY, 1000)
    period = Period(now - QUARTER, now)
    found = backtest(world.store, period, {"gen": reader(GEN)}, RULEBOOK, RULEBOOK)

    assert (0, 7, 7) == (removed, found.account.deliveries, found.account.events)
    assert 3 == len(list(found.before.living()))
    assert 6 == world.store.expire_deliveries(now + 500 * DAY, 1000) - 1


def test_what_is_kept_is_listed_as_history_and_done(world: World) -> None:
    """After all that was posted, and never digested."""
    fill(world)
    world.hear("db5", minutes=30)
    with world.store.view() as view:
        listed = view.delivery_list(Query()).items

    assert ["", *["history"] * 6] == [each.origin for each in listed]
    assert {"done"} == {each.status.value for each in listed}


def test_a_monitor_that_cannot_be_asked_changes_nothing(world: World) -> None:
    """And the next one may try."""
    world.there.fault = MonitorError("no", Trouble.UNREACHABLE)
    with pytest.raises(MonitorError):
        fill(world)
    world.there.fault = None

    assert 2 == fill(world).incidents


def test_two_do_not_fill_in_the_same_past(world: World) -> None:
    """The other is told."""
    with world.store.begin() as tx:
        tx.lease("backfill:gen", "other", world.clock.now(), DAY)

    with pytest.raises(BusyError, match="being taken in"):
        fill(world)


def test_a_body_that_says_nothing_is_passed_over(tmp_path: Path) -> None:
    """As a webhook with it would be dead."""
    world = World.at(tmp_path)
    world.there.begin("db1", at=world.ago(5 * 24 * 60))
    world.there.problems["db1"].body = lambda *_: b"what?"  # type: ignore[method-assign]  # spoilt

    assert Filled() == fill(world)
    world.store.close()
