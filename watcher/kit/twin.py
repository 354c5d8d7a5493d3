"""A process that begins as a copy of ours: what is loaded by then, both have in memory once."""

import gc
import os
import subprocess
import threading
from collections.abc import Callable
from multiprocessing import connection, get_context


class Twin:
    """Forked at once, for which there may be no other threads yet. It waits until something is
    written into `pipe`, does `work` with the other end of that, and ends; so it does when `pipe` is
    closed before.
    """

    def __init__(self, work: Callable[[int], None]) -> None:
        heard, self.pipe = os.pipe()
        os.set_blocking(self.pipe, False)
        # Looking for garbage writes into whatever it looks at, which ends the sharing.
        gc.freeze()
        self._process = get_context("fork").Process(target=self._work, args=(work, heard))
        self._process.start()
        os.close(heard)
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid or 0

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, as of subprocess.Popen. Raises TimeoutExpired."""
        if not connection.wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired("the twin", timeout or 0)
        with self._lock:
            self._process.join()
        return self._process.exitcode or 0

    def kill(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()

    def _work(self, work: Callable[[int], None], heard: int) -> None:
        # With this end open here, too, the pipe would never end.
        os.close(self.pipe)
        if os.read(heard, 1):
            work(heard)
