"""The way in: many requests share one commit, and none is answered before it is on disk."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar, cast

import pytest

from tests.contract.given import NOW, arrival
from watcher.engine.intake import Intake
from watcher.model.delivery import Arrival, Delivery
from watcher.store.base import StoreUnavailable, Unstorable
from watcher.store.inbox import Inbox
from watcher.store.store import Store

T = TypeVar("T")


class SlowDisk:
    """An inbox whose commits the test lets through one by one, and makes fail."""

    def __init__(self) -> None:
        self.groups: list[list[Arrival]] = []
        self.failures: list[Exception] = []
        self.gate = threading.Semaphore(0)
        self.closed = False

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        assert self.gate.acquire(timeout=30)
        if self.failures:
            raise self.failures.pop(0)
        self.groups.append(list(arrivals))
        return [len(self.groups) * 1000 + n for n in range(len(arrivals))]

    def close(self) -> None:
        self.closed = True


def run(intake: Intake, talk: Callable[[], Awaitable[T]], disk: SlowDisk | None = None) -> T:
    """A conversation with the intake while it works."""

    async def whole() -> T:
        loop = asyncio.get_running_loop()
        intake.start(loop)
        try:
            return await talk()
        finally:
            if disk is not None:
                disk.gate.release(1000)
            await loop.run_in_executor(None, intake.stop)

    return asyncio.run(whole())


def over(disk: SlowDisk, on_commit: Callable[[], None] = lambda: None) -> Intake:
    """An intake over that disk."""
    return Intake(lambda: cast("Inbox", disk), on_commit)


async def begun(intake: Intake, *bodies: bytes) -> list[asyncio.Task[int]]:
    """Requests that have been taken in and wait for their commit."""
    tasks = [asyncio.create_task(intake.accept(arrival(body))) for body in bodies]
    await asyncio.sleep(0)
    return tasks


def stored(store: Store) -> list[Delivery]:
    """What is in the inbox."""
    with store.begin() as tx:
        return tx.undigested(10_000, 1 << 30)


def test_an_id_is_given_when_the_delivery_is_stored(store: Store) -> None:
    """Each request gets the id of its own delivery, in whatever company it was stored."""
    commits: list[int] = []
    intake = Intake(lambda: store.inbox(NOW), lambda: commits.append(len(stored(store))))

    async def talk() -> list[int]:
        arrivals = [arrival(b"%d" % n) for n in range(500)]
        return await asyncio.gather(*(intake.accept(each) for each in arrivals))

    numbers = run(intake, talk)

    assert {(n, b"%d" % i) for i, n in enumerate(numbers)} == {
        (each.id, each.body) for each in stored(store)
    }
    assert 500 == commits[-1]
    assert len(commits) < 50


def test_those_who_come_during_a_commit_share_the_next() -> None:
    """Groups grow with the load by themselves; the order of arrival is kept."""
    disk = SlowDisk()
    intake = over(disk)

    async def talk() -> list[int]:
        first = await begun(intake, b"a")
        while intake._waiting:
            await asyncio.sleep(0.01)
        rest = await begun(intake, b"b", b"c", b"d")
        disk.gate.release(2)
        return await asyncio.gather(*first, *rest)

    assert [1000, 2000, 2001, 2002] == run(intake, talk, disk)
    assert [[b"a"], [b"b", b"c", b"d"]] == [[each.body for each in group] for group in disk.groups]
    assert disk.closed


def test_nobody_is_answered_before_the_commit() -> None:
    """While the disk is busy the requests wait, and the worker is not woken."""
    disk, woken = SlowDisk(), []
    intake = over(disk, lambda: woken.append(1))

    async def talk() -> None:
        tasks = await begun(intake, b"a", b"b")
        done, _ = await asyncio.wait(tasks, timeout=0.1)
        assert (set(), []) == (done, woken)
        disk.gate.release()
        await asyncio.gather(*tasks)

    run(intake, talk, disk)

    assert [1] == woken


@pytest.mark.parametrize(
    "failure", [StoreUnavailable("disk full"), Unstorable("no"), RuntimeError("a bug")]
)
def test_a_failed_commit_refuses_its_group_and_the_next_one_works(failure: Exception) -> None:
    """Whatever failed, whoever waits is told so; nothing hangs, and nothing is remembered."""
    disk, woken = SlowDisk(), []
    disk.failures = [failure]
    intake = over(disk, lambda: woken.append(1))

    async def talk() -> int:
        tasks = await begun(intake, b"a", b"b")
        disk.gate.release(2)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [StoreUnavailable] * len(tasks) == [type(each) for each in answers]
        assert [] == woken
        return await intake.accept(arrival(b"c"))

    assert 1000 == run(intake, talk, disk)
    assert [[b"c"]] == [[each.body for each in group] for group in disk.groups]


def test_a_store_that_is_away_at_first_is_opened_later(store: Store) -> None:
    """The inbox is opened when it is needed, and again after it could not be."""
    tries: list[int] = []

    def open_inbox() -> Inbox:
        tries.append(1)
        if len(tries) < 3:
            raise StoreUnavailable("not yet")
        return store.inbox(NOW)

    intake = Intake(open_inbox, lambda: None)

    async def talk() -> int:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="not yet"):
                await intake.accept(arrival(b"x"))
        return await intake.accept(arrival(b"y"))

    number = run(intake, talk)

    assert [(number, b"y")] == [(each.id, each.body) for each in stored(store)]
    assert 3 == len(tries)


def test_a_client_that_goes_away_takes_nobody_with_it() -> None:
    """Its delivery is stored all the same, and the others are answered."""
    disk = SlowDisk()
    intake = over(disk)

    async def talk() -> int:
        gone, stays = await begun(intake, b"a", b"b")
        gone.cancel()
        disk.gate.release(2)
        return await stays

    run(intake, talk, disk)

    assert [b"a", b"b"] == [each.body for group in disk.groups for each in group]


def test_a_client_that_goes_away_may_also_miss_the_refusal() -> None:
    """The same, where the commit fails."""
    disk = SlowDisk()
    disk.failures = [StoreUnavailable("disk full")]
    intake = over(disk)

    async def talk() -> None:
        gone, stays = await begun(intake, b"a", b"b")
        gone.cancel()
        disk.gate.release(2)
        with pytest.raises(StoreUnavailable):
            await stays

    run(intake, talk, disk)


def test_stopping_stores_what_waits_and_refuses_the_rest(store: Store) -> None:
    """A request in flight is answered; one that comes later is told to come again."""
    intake = Intake(lambda: store.inbox(NOW), lambda: None)

    async def talk() -> None:
        tasks = await begun(intake, *(b"%d" % n for n in range(100)))
        await asyncio.get_running_loop().run_in_executor(None, intake.stop)
        assert 100 == len(await asyncio.gather(*tasks))
        with pytest.raises(StoreUnavailable, match="stopping"):
            await intake.accept(arrival(b"late"))

    run(intake, talk)

    assert 100 == len(stored(store))


def test_what_waits_is_bounded() -> None:
    """More than memory should hold is refused; when it has been stored there is room again."""
    disk = SlowDisk()
    intake = over(disk)
    huge = replace(arrival(), body=bytes(257 << 20))

    async def talk() -> int:
        [waiting] = [asyncio.create_task(intake.accept(huge))]
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable, match="more is waiting"):
            await intake.accept(arrival(b"a"))
        disk.gate.release(2)
        await waiting
        return await intake.accept(arrival(b"b"))

    assert 2000 == run(intake, talk, disk)


def test_a_huge_crowd_is_stored_in_several_commits() -> None:
    """A commit has a limit, so that the first of a crowd need not wait for the last."""
    disk = SlowDisk()
    disk.gate.release(100)
    intake = over(disk)

    async def talk() -> None:
        await asyncio.gather(*(intake.accept(arrival(b"%d" % n)) for n in range(4500)))

    run(intake, talk, disk)

    assert 4500 == sum(map(len, disk.groups))
    assert max(map(len, disk.groups)) <= 2000


def test_an_answer_for_a_loop_that_is_gone_is_dropped(store: Store) -> None:
    """A server that ended in the middle leaves the delivery stored, and the writer at peace."""
    intake = Intake(lambda: store.inbox(NOW), lambda: None)

    async def talk() -> None:
        intake.start(asyncio.get_running_loop())

    asyncio.run(talk())
    gone = asyncio.new_event_loop()
    intake._waiting.append((arrival(b"x"), gone.create_future()))
    gone.close()
    intake.stop()

    assert [b"x"] == [each.body for each in stored(store)]
