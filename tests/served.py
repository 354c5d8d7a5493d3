"""`watcher serve` as a real process: started, talked to, killed with its worker, started again."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.process import LOOPBACK, WAIT_SECONDS, free_port, wait_for
from watcher.store.query import Query
from watcher.store.store import Store

TOKEN = "token-of-the-tests"
_SOURCES = f"""\
listen: {LOOPBACK}:{{port}}
data_dir: {{folder}}
database_url: {{url}}
sources:
  - {{{{name: gen, kind: generic, auth: {{{{bearer: {{{{env: GEN_TOKEN}}}}}}}}}}}}
log: {{{{format: json}}}}
"""


@dataclass
class Served:
    """One Watcher and its database; `environment` is what it is started with beside ours."""

    folder: Path
    url: str
    port: int = field(default_factory=free_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        text = _SOURCES.format(port=self.port, folder=self.folder, url=self.url)
        self.config.write_text(text)

    @property
    def config(self) -> Path:
        return self.folder / "watcher.yaml"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    def command(self, *words: str) -> list[str]:
        """A command of Watcher's over this configuration."""
        return [sys.executable, "-m", "watcher", *words, "--config", str(self.config)]

    def env(self) -> dict[str, str]:
        return {**os.environ, "GEN_TOKEN": TOKEN, **self.environment}

    def start(self, prepare: Callable[[], None] | None = None) -> None:
        """Returns when hooks are answered; `prepare` is called in the new process."""
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self.command("serve"),
                env=self.env(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # So that all of it can be killed at one blow.
                preexec_fn=prepare,  # noqa: PLW1509 - no thread of ours holds what it needs
            )
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._alive():
            assert self.process.poll() is None, self.output[-3000:]
            assert time.monotonic() < deadline, self.output[-3000:]
            time.sleep(0.02)

    def _alive(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/healthz")[0] == 200
        return False

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def worker(self) -> psutil.Process:
        """The worker, as soon as there is one."""

        def found() -> psutil.Process | None:
            with contextlib.suppress(psutil.NoSuchProcess):
                return next(iter(psutil.Process(self.running.pid).children()), None)
            return None

        worker = wait_for(found, "the worker to be started")
        assert worker is not None
        return worker

    def kill(self) -> None:
        """Ends front and worker at one blow, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()

    def terminate(self) -> int:
        """Ends it in good order; returns its exit code."""
        self.running.terminate()
        return self.running.wait(timeout=WAIT_SECONDS)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer, over a new connection."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()

    def post(self, alert: Mapping[str, object]) -> int:
        """The status of the answer to an alert."""
        return self.request(
            "POST", "/hooks/gen", json.dumps(alert).encode(), {"Authorization": f"Bearer {TOKEN}"}
        )[0]

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """Its store, opened beside it."""
        store = Store.open(self.url)
        try:
            yield store
        finally:
            store.close()

    def everything(self, what: str) -> list[Any]:
        """All incidents, alerts, deliveries or actions."""
        found: list[Any] = []
        with self.store() as store, store.view() as view:
            page = getattr(view, f"{what}_list")(Query(limit=500))
            found += page.items
            while page.next:
                page = getattr(view, f"{what}_list")(Query(limit=500, cursor=page.next))
                found += page.items
        return found

    def drained(self) -> bool:
        """Whether nothing waits for a digest any more."""
        with self.store() as store, store.view() as view:
            return view.counts().pending == 0


@contextlib.contextmanager
def serving(folder: Path, url: str = "", **changes: Any) -> Iterator[Served]:
    """A Watcher that has been started, over SQLite unless another address is given."""
    served = Served(folder, url or f"sqlite:///{folder}/watcher.db", **changes)
    try:
        served.start()
        yield served
    finally:
        if served.process is not None:
            served.kill()
