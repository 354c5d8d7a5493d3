"""The loops of a worker: digest, deliver, sweep, each on a thread, woken or after a while.

The only place that sleeps. A duty that raises is logged and tried again after a pause; the others
go on.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watcher.kit.log import logger
from watcher.store.base import StoreUnavailable

_log = logger("loop")
_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_BREATH = 0.02


@dataclass(frozen=True, slots=True)
class Duty:
    """Something done again and again: `step` returns how much it did, and is called again at once
    while that is not 0, otherwise when woken or after `every` seconds. What it did wakes `then`.
    """

    name: str
    step: Callable[[], int]
    every: float
    then: tuple[str, ...] = ()


def breathe() -> None:
    """Lets others come to the disk, between two parts of something long."""
    time.sleep(_BREATH)


class Loops:
    """Runs duties until told to stop."""

    def __init__(self, duties: Iterable[Duty]) -> None:
        self._duties = {duty.name: duty for duty in duties}
        self._wake = {name: threading.Event() for name in self._duties}
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(duty,), name=duty.name, daemon=True)
            for duty in self._duties.values()
        ]

    def start(self) -> None:
        """Starts every loop."""
        for thread in self._threads:
            thread.start()

    def wake(self, *names: str) -> None:
        """There is something to do; with no name, for everybody."""
        for name in names or self._wake:
            self._wake[name].set()

    def stop(self, within: float) -> None:
        """Lets every loop finish its step, for at most so many seconds each."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            thread.join(within)

    def _run(self, duty: Duty) -> None:
        woken, pause = self._wake[duty.name], _PAUSE
        while not self._stopping.is_set():
            woken.clear()
            if self._work(duty):
                pause = _PAUSE
                woken.wait(duty.every)
            else:
                self._stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _work(self, duty: Duty) -> bool:
        """Does all there is to do; False when it could not."""
        try:
            while not self._stopping.is_set() and duty.step():
                for name in duty.then:
                    self.wake(name)
        except StoreUnavailable as error:
            _log.warning("the store is unavailable", duty=duty.name, error=str(error))
            return False
        except Exception:  # noqa: BLE001 - a worker loop must outlive a bug
            _log.exception("a duty failed", duty=duty.name)
            return False
        return True
