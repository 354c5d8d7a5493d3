"""The worker process beside the front: started, woken through a pipe, and started again if it dies.

A byte in the pipe says that there is work, or that the rules may have changed; its end means that
the front has gone, and the worker with it. The first worker may be a twin of the front; all others
are processes of their own, since nobody may be copied who has threads.
"""

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.kit.twin import Twin

WORK, RULES = b".", b"r"
_log = logger("companion")
_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_SETTLED = 60.0


class Companion:
    """One worker process, as long as the front lives."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], twin: Twin | None = None
    ) -> None:
        self._command = list(command)
        self._env = dict(env)
        self._clock = Clock()
        self._stopping = threading.Event()
        self._twin = twin
        self._process: subprocess.Popen[bytes] | Twin | None = twin
        self._pipe = twin.pipe if twin else None
        # Whoever wakes must not write into what took the place of a closed pipe.
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="companion", daemon=True)

    def start(self) -> None:
        """Starts the worker and watches over it."""
        self._thread.start()

    def wake(self) -> None:
        """Tells the worker that there is work; never waits and never fails."""
        self._say(WORK)

    def read_rules(self) -> None:
        """Tells the worker to read the rules anew; never waits and never fails."""
        self._say(RULES)

    def stop(self, within: float) -> None:
        """Ends the worker: asked first, killed after so many seconds."""
        self._stopping.set()
        self._hang_up()
        process = self._process
        if process is not None:
            _end(process, within)
        if self._thread.is_alive():
            self._thread.join(within)

    def _say(self, word: bytes) -> None:
        with self._lock:
            if self._pipe is None:
                return
            # A full pipe has woken it already, and a dead worker looks for work when it starts.
            with suppress(BlockingIOError, BrokenPipeError):
                os.write(self._pipe, word)

    def _watch(self) -> None:
        pause = _PAUSE
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            why = self._run()
            self._hang_up()
            if self._stopping.is_set():
                return
            settled = self._clock.monotonic() - began >= _SETTLED
            pause = _PAUSE if settled else min(2 * pause, _LONGEST_PAUSE)
            _log.error("the worker has ended; it is started again", why=why, pause=pause)
            self._stopping.wait(pause)

    def _run(self) -> str:
        """Runs the worker to its end; says why it ended, or why it could not begin."""
        try:
            self._process = process = self._begin()
        except OSError as error:
            return f"it cannot be started: {error}"
        return f"exit code {process.wait()}"

    def _begin(self) -> "subprocess.Popen[bytes] | Twin":
        if twin := self._twin:
            self._twin = None
            self._say(WORK)
            return twin
        heard, spoken = os.pipe()
        os.set_blocking(spoken, False)
        with self._lock:
            self._pipe = spoken
        try:
            process = subprocess.Popen(self._command, env=self._env, stdin=heard)  # noqa: S603 - ours
        finally:
            os.close(heard)
        if self._stopping.is_set():
            # `stop` may not have seen this pipe.
            self._hang_up()
        return process

    def _hang_up(self) -> None:
        with self._lock:
            if self._pipe is not None:
                os.close(self._pipe)
                self._pipe = None


def _end(process: "subprocess.Popen[bytes] | Twin", within: float) -> None:
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
