"""Maintenance that is planned in a monitoring system becomes windows of ours, and stays in step."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.contract.test_store_windows import held
from tests.fakes import NOON, FakeClock
from tests.stores import postgres_store, store, store_url
from watcher.decide.match import parse
from watcher.engine.plans import Origin, Orphans, Plans
from watcher.kit.secrets import Secret
from watcher.model.catalogue import Catalogue, Host
from watcher.model.change import replace
from watcher.model.estate import Timetable, Work
from watcher.model.silence import Window, WindowKind
from watcher.monitors.base import Access, MonitorError, Trouble
from watcher.store.store import Store

__all__ = ["postgres_store", "store", "store_url"]

HOUR = timedelta(hours=1)
LONG = timedelta(days=10_000)
WORK = Work("7.1.1", "New disks", ("db01",), (), NOON, 2 * HOUR)


class Planner:
    """A monitoring system that says what the test has it say."""

    def __init__(self) -> None:
        self.works: tuple[Work, ...] = (WORK,)
        self.notes: tuple[str, ...] = ()
        self.problem: MonitorError | None = None

    def timetable(self, now: object) -> Timetable:
        if self.problem:
            raise self.problem
        return Timetable(self.works, self.notes)


class Kept:
    """The maintenance of one source, kept in a store."""

    def __init__(self, store: Store, name: str = "zbx") -> None:
        self.store = store
        self.name = name
        self.planner = Planner()
        self.clock = FakeClock()
        host = Host("acme", "db-1", aliases=("db01",))
        catalogue = Catalogue(by_alias={("acme", "db01"): host, ("acme", "db-1"): host})
        access = Access(name, "acme", "http://zabbix", Secret("t"))
        origin = Origin("zabbix", access, self.planner)
        self.plans = Plans(store, origin, catalogue, self.clock, f"{name}-holder")

    def step(self) -> list[Window]:
        """What is planned after one more round."""
        self.plans.step()
        with self.store.view() as view:
            return view.windows(NOON - HOUR, None)

    def left_out(self) -> tuple[str, ...]:
        """What is shown of maintenance that is not taken over."""
        with self.store.view() as view:
            return view.source(self.name).left_out


@pytest.fixture
def kept(store: Store) -> Kept:
    """One source whose maintenance is kept."""
    return Kept(store)


def test_maintenance_there_is_a_window_here(kept: Kept) -> None:
    """Under the name by which the inventory knows the host; once, however often it is asked."""
    [window] = kept.step()
    again = kept.step()

    assert (
        Window(
            WindowKind.MAINTENANCE,
            "acme",
            parse("host=db-1"),
            NOON,
            2 * HOUR,
            title="7.1.1/1",
            comment="New disks",
            id=1,
            author="zabbix:zbx",
            created_at=NOON,
        )
        == window
    )
    assert [window] == again


def test_a_change_there_is_followed(kept: Kept) -> None:
    """The window keeps its number, and what it holds back is decided about anew."""
    [window] = kept.step()
    with kept.store.begin() as tx:
        tx.save_occurrences([held("k1", window.name, LONG), held("k2", "maintenance:9", LONG)])
    kept.planner.works = (replace(WORK, length=HOUR / 2),)
    kept.clock.advance(HOUR / 4)
    [changed] = kept.step()
    with kept.store.begin() as tx:
        due = [each.key for each in tx.due(kept.clock.now())]

    assert replace(window, length=HOUR / 2) == changed
    assert ["k1"] == due


def test_what_is_gone_there_ends_here(kept: Kept) -> None:
    """By the name of the source, at the time at which it was found out."""
    kept.step()
    kept.planner.works = ()
    kept.clock.advance(HOUR)
    [ended] = kept.step()

    assert (NOON + HOUR, "zabbix:zbx") == (ended.cancelled_at, ended.cancelled_by)


def test_an_answer_that_did_not_come_ends_nothing(kept: Kept) -> None:
    """However it failed; the next good answer counts again."""
    before = kept.step()
    kept.planner.problem = MonitorError("gone fishing", Trouble.UNREACHABLE)
    after = kept.step()
    kept.planner.problem = None

    assert before == after == kept.step()


def test_what_people_and_other_sources_planned_is_left_alone(kept: Kept) -> None:
    """Even where the other source uses the same titles."""
    own = Window(WindowKind.MAINTENANCE, "acme", parse("host=db-1"), NOON, HOUR, author="olga")
    with kept.store.begin() as tx:
        tx.plan_window(replace(own, created_at=NOON))
    other = Kept(kept.store, "other")
    other.step()
    kept.step()
    kept.planner.works = ()

    assert [("olga", None), ("zabbix:other", None), ("zabbix:zbx", "zabbix:zbx")] == [
        (each.author, each.cancelled_by) for each in kept.step()
    ]


def test_maintenance_of_a_source_that_is_asked_no_more_ends(kept: Kept) -> None:
    """Nobody could end it any other way; what people planned, and living sources, goes on."""
    kept.step()
    own = Window(WindowKind.MAINTENANCE, "acme", parse("host=db-1"), NOON, HOUR, author="olga")
    with kept.store.begin() as tx:
        tx.plan_window(replace(own, created_at=NOON))
        tx.plan_window(replace(own, created_at=NOON, title="1", author="zabbix:gone"))
    Orphans(kept.store, ["zabbix:zbx"], kept.clock).step()

    assert [("zabbix:zbx", None), ("olga", None), ("zabbix:gone", "zabbix:gone")] == [
        (each.author, each.cancelled_by) for each in kept.step()
    ]


def test_many_hosts_are_several_windows(kept: Kept) -> None:
    """Each with a regular expression that is small enough, in which names are literal."""
    hosts = (*(f"web.{number:03}.acme.example" for number in range(100)), "db01")
    kept.planner.works = (replace(WORK, hosts=hosts, when=parse("scope=capacity")),)
    windows = kept.step()

    assert ["7.1.1/1", "7.1.1/2", "7.1.1/3"] == [each.title for each in windows]
    assert 'host=~"db\\\\-1|web\\\\.000\\\\.acme\\\\.example|' in str(windows[0].when[0])
    assert parse("scope=capacity") == windows[2].when[1:]


def test_what_can_be_no_window_is_said_once(kept: Kept) -> None:
    """And the rest is taken over."""
    kept.planner.works = (
        WORK,
        replace(WORK, title="9.1.1", hosts=()),
        replace(WORK, title="8.1.1", length=400 * 24 * HOUR),
    )
    kept.planner.notes = ("period 2 of maintenance 'x' is not taken over: why",)
    with capture_logs() as log:
        windows = [kept.step(), kept.step()]

    why = (
        "maintenance 'New disks' is not taken over: a window is open for 366 days at most",
        "period 2 of maintenance 'x' is not taken over: why",
    )
    assert [1, 1] == [len(each) for each in windows]
    assert list(why) == [each["reason"] for each in log if each["log_level"] == "warning"]
    assert why == kept.left_out()


def test_what_is_left_out_no_more_is_forgotten(kept: Kept) -> None:
    """Also by a process that never knew of it."""
    kept.planner.notes = ("period 2 of maintenance 'x' is not taken over: why",)
    kept.step()
    again = Kept(kept.store)
    again.step()

    assert ((), ()) == (kept.left_out(), again.left_out())


def test_only_one_replica_asks_at_a_time(kept: Kept) -> None:
    """Another has the lease: nothing is asked, nothing changes."""
    with kept.store.begin() as tx:
        tx.lease("plans:zbx", "another", NOON, HOUR)

    assert [] == kept.step()


def test_a_turn_that_was_lost_changes_nothing(kept: Kept) -> None:
    """An answer that took so long that another took over is thrown away."""

    def slow(now: object) -> Timetable:
        kept.clock.advance(HOUR)
        with kept.store.begin() as tx:
            tx.lease("plans:zbx", "another", kept.clock.now(), HOUR)
        return Timetable((WORK,))

    kept.planner.timetable = slow  # type: ignore[method-assign]  # what this test has it say

    assert [] == kept.step()
