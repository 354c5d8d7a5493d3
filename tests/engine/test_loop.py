"""The loops of a worker: woken, patient with what fails, and ended in good order."""

import threading
import time
from collections.abc import Callable

from watcher.engine.loop import Duty, Loops
from watcher.store.base import StoreUnavailable

LONG = 3600.0


def until(happened: Callable[[], object]) -> None:
    """Waits for something that another thread does."""
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Work:
    """A duty that notes when it is done; `left` says how much there is to do."""

    def __init__(self, *left: int | Exception) -> None:
        self.left = list(left)
        self.done = 0
        self.answered = 0

    def step(self) -> int:
        self.done += 1
        what = self.left.pop(0) if self.left else 0
        if isinstance(what, Exception):
            raise what
        self.answered += 1
        return what


def test_a_duty_goes_on_while_there_is_something_to_do() -> None:
    """Three batches and a look that finds nothing; then it waits."""
    work = Work(3, 2, 1)
    loops = Loops([Duty("digest", work.step, every=LONG)])
    loops.start()
    until(lambda: work.done == 4)
    loops.stop(20)

    assert 4 == work.done


def test_a_duty_is_done_again_when_woken_or_after_a_while() -> None:
    """Whichever comes first; a name wakes one, no name everybody."""
    woken, timed = Work(), Work()
    loops = Loops([Duty("woken", woken.step, every=LONG), Duty("timed", timed.step, every=0.01)])
    loops.start()
    until(lambda: woken.done == 1 and timed.done > 3)
    loops.wake("woken")
    until(lambda: woken.done == 2)
    loops.wake()
    until(lambda: woken.done == 3)
    loops.stop(20)


def test_what_was_done_wakes_what_follows() -> None:
    """Actions are carried out as soon as they are decided; nothing done wakes nobody."""
    follows = Work()
    first = Work()
    loops = Loops(
        [
            Duty("digest", first.step, every=LONG, then=("deliver",)),
            Duty("deliver", follows.step, every=LONG),
        ]
    )
    loops.start()
    until(lambda: first.done == 1 and follows.done == 1)
    first.left = [1]
    loops.wake("digest")
    until(lambda: follows.done == 2)
    loops.wake("digest")
    until(lambda: first.done == 4)
    loops.stop(20)

    assert 2 == follows.done


def test_a_wake_during_a_step_is_not_lost() -> None:
    """News that comes while the duty looks for some makes it look again."""
    seen = []
    inside, go_on = threading.Event(), threading.Event()

    def step() -> int:
        seen.append(1)
        inside.set()
        assert go_on.wait(20)
        return 0

    loops = Loops([Duty("digest", step, every=LONG)])
    loops.start()
    assert inside.wait(20)
    loops.wake("digest")
    go_on.set()
    until(lambda: len(seen) == 2)
    loops.stop(20)


def test_a_duty_that_fails_is_tried_again_and_the_others_go_on() -> None:
    """After a bug or without its database, after a pause, without anybody waking it."""
    failing = Work(StoreUnavailable("the database is away"), RuntimeError("a bug"), 1)
    steady = Work()
    loops = Loops([Duty("digest", failing.step, every=LONG), Duty("sweep", steady.step, 0.01)])
    loops.start()
    until(lambda: failing.done == 1)
    before = steady.done
    until(lambda: failing.answered == 2)
    loops.stop(20)

    assert steady.done > before + 10
    assert 4 == failing.done


def test_the_end_does_not_wait_for_a_pause() -> None:
    """A duty that waits for its database ends at once."""
    work = Work(*(StoreUnavailable("away") for _ in range(100)))
    loops = Loops([Duty("digest", work.step, every=LONG)])
    loops.start()
    until(lambda: work.done)
    loops.stop(20)

    assert not any(thread.is_alive() for thread in loops._threads)


def test_the_end_comes_between_two_steps() -> None:
    """A duty with endless work finishes its step and no more."""
    work = Work(*[1] * 1_000_000)
    loops = Loops([Duty("digest", work.step, every=LONG)])
    loops.start()
    until(lambda: work.done)
    loops.stop(20)

    assert work.done < 1_000_000
    assert not any(thread.is_alive() for thread in loops._threads)
