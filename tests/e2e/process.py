"""Starting real programs, waiting for what they do, and ending them with all their children."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
PORTS = range(20_000, 32_000)  # Zabbix takes none above 32767.
WAIT_SECONDS = 60.0
STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Program:
    """A running program and the file with what it says."""

    process: subprocess.Popen[bytes]
    output: Path

    def wait_for_port(self, port: int, seconds: float = WAIT_SECONDS) -> None:
        """Returns when it takes connections there. Fails with its last words when it has ended."""
        wait_for(lambda: self._takes(port), f"{self.process.args!r} to listen on {port}", seconds)

    def _takes(self, port: int) -> bool:
        assert self.process.poll() is None, self.output.read_text(errors="replace")[-2000:]
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return True
        return False


@contextlib.contextmanager
def running(
    *command: str | Path,
    folder: Path,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """Runs a program in `folder`, which gets what it says; ends it and its children."""
    path = folder / f"{Path(command[0]).name}.out"
    with path.open("ab") as output:
        process = subprocess.Popen(
            command,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # An interrupt at the terminal is for pytest alone.
        )
    try:
        yield Program(process, path)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):  # What it left behind is in its own session.
        os.killpg(process.pid, signal.SIGKILL)


def wait_for(happened: Callable[[], T], what: str, seconds: float = WAIT_SECONDS) -> T:
    """What the function returns, as soon as that is true. Fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while not (result := happened()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)
    return result


def free_port() -> int:
    """A loopback port that nobody listens on now, below those that the system hands out itself."""
    for port in random.sample(PORTS, k=100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port
    raise AssertionError("no free port")
