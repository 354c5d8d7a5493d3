"""The worker process beside the front: started, woken through a pipe, and started again if it dies.

Its standard input is the pipe: a byte means that there is work, the end means that the front has
gone, and the worker with it.
"""

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence

from watcher.kit.log import logger

_log = logger("companion")
_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_SETTLED = 60.0


class Companion:
    """One worker process, as long as the front lives."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._command = list(command)
        self._env = dict(env)
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="companion", daemon=True)

    def start(self) -> None:
        """Starts the worker and watches over it."""
        self._thread.start()

    def wake(self) -> None:
        """Tells the worker that there is work; never waits and never fails."""
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            os.write(process.stdin.fileno(), b".")
        except (OSError, ValueError):
            # A full pipe has woken it already, and a dead worker looks for work when it starts.
            return

    def stop(self, within: float) -> None:
        """Ends the worker: asked first, killed after so many seconds."""
        self._stopping.set()
        process = self._process
        if process is not None:
            _end(process, within)
        if self._thread.is_alive():
            self._thread.join(within)

    def _watch(self) -> None:
        pause = _PAUSE
        while not self._stopping.is_set():
            started = threading.Event()
            self._process = process = subprocess.Popen(  # noqa: S603 - our own command
                self._command, env=self._env, stdin=subprocess.PIPE
            )
            if process.stdin is not None:
                os.set_blocking(process.stdin.fileno(), False)
            if self._stopping.is_set():
                # Told to stop while it was being started: `stop` may not have seen this one.
                _end(process, _LONGEST_PAUSE)
            settled = threading.Timer(_SETTLED, started.set)
            settled.start()
            code = process.wait()
            settled.cancel()
            if self._stopping.is_set():
                return
            pause = _PAUSE if started.is_set() else min(2 * pause, _LONGEST_PAUSE)
            _log.error("the worker has ended; it is started again", code=code, pause=pause)
            self._stopping.wait(pause)


def _end(process: "subprocess.Popen[bytes]", within: float) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
