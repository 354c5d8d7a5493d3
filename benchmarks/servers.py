"""The systems that are measured: Watcher on either store, and Alertmanager, as real processes."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests

from benchmarks.processes import cpu_seconds, tree
from tests.e2e.process import LOOPBACK, free_port, running
from tests.postgres import running_postgres

TOKEN = "a-token-of-the-usual-length-1234567890"  # noqa: S105 - guards nothing
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
STORES = ("SQLite", "PostgreSQL")
_WATCHER = Path(sys.executable).with_name("watcher")
_CONFIG = """
listen: 127.0.0.1:{port}
database_url: {url}
data_dir: .
log: {{level: warning}}
retention: {{deliveries: 3650d, actions: 3650d, evidence: 3650d}}
catalogue: catalogue.yaml
sources:
  - {{name: main, kind: alertmanager, customer: acme, auth: {{bearer: {{file: token}}}}}}
  - {{name: zbx, kind: zabbix, customer: acme, auth: {{bearer: {{file: token}}}}}}
  - name: both
    kind: zabbix
    customer: acme
    options: {{connector: true}}
    auth: {{bearer: {{file: token}}}}
  - {{name: other, kind: alertmanager, customer: globex, auth: {{bearer: {{file: token}}}}}}
"""
_CATALOGUE = "customers:\n  - {name: acme}\n  - {name: globex}\n"
_ALERTMANAGER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@dataclass(frozen=True)
class Database:
    """A store for Watcher: its address, and the process of its server if it has one."""

    url: str
    server: int | None = None

    @property
    def processes(self) -> tuple[int, ...]:
        """The roots of what the database runs in."""
        return () if self.server is None else (self.server,)


@contextlib.contextmanager
def database(kind: str) -> Iterator[Database]:
    """An empty database that syncs to disk."""
    if kind == "SQLite":
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            yield Database(f"sqlite:///{folder}/watcher.db")
    else:
        with running_postgres(durable=True) as server, server.fresh_database() as url:
            yield Database(url, server.process.pid)


@dataclass
class Watcher:
    """`watcher serve` over a database; it can be killed and started again."""

    folder: Path
    database: Database
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        config = _CONFIG.format(port=self.port, url=self.database.url)
        (self.folder / "watcher.yaml").write_text(config)
        (self.folder / "catalogue.yaml").write_text(_CATALOGUE)
        (self.folder / "token").write_text(TOKEN)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """The front process."""
        assert self._process is not None
        return self._process.pid

    @property
    def worker(self) -> int:
        """The process that digests."""
        return next(each for each in tree(self.pid) if each != self.pid)

    @property
    def roots(self) -> tuple[int, ...]:
        """All that it runs in, with the server of its database."""
        return (self.pid, *self.database.processes)

    def start(self) -> None:
        """Starts it; does not wait."""
        command = (_WATCHER, "serve", "--config", self.folder / "watcher.yaml")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Returns when it and its worker are at work and nothing more is being loaded."""
        _wait_for(f"{self.url}/readyz")
        while len(tree(self.pid)) < 2:
            time.sleep(0.05)
        settle(self.pid)

    def kill(self) -> None:
        """Kills it and its worker, as a crash does."""
        os.killpg(self.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> None:
        """Ends it in good order."""
        os.kill(self.pid, signal.SIGTERM)
        self._ended()

    def operator(self) -> dict[str, str]:
        """The header with which the API shows everything."""
        command = (_WATCHER, "token", "create", "--role", "operator")
        out = subprocess.run(
            (*command, "--config", self.folder / "watcher.yaml"),
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        return {"Authorization": f"Bearer {out.split()[-1]}"}

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(30)


@contextlib.contextmanager
def watcher(at: Database) -> Iterator[Watcher]:
    """A Watcher at work on that database."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        served = Watcher(Path(folder), at)
        served.start()
        try:
            served.wait()
            yield served
            served.stop()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(served.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Alertmanager:
    """Alertmanager, which keeps its alerts in memory."""

    url: str
    pid: int


@contextlib.contextmanager
def alertmanager() -> Iterator[Alertmanager]:
    """One that is ready to take alerts."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        (folder / "am.yml").write_text(_ALERTMANAGER)
        command = (
            "prometheus-alertmanager",
            f"--config.file={folder / 'am.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--cluster.listen-address=",
            "--log.level=error",
        )
        with running(*command, folder=folder) as program:
            program.wait_for_port(port)
            yield Alertmanager(f"http://{LOOPBACK}:{port}/api/v2/alerts", program.process.pid)


def settle(*roots: int) -> None:
    """Returns when these processes have nothing more to do, or after a while."""
    for _ in range(60):
        before = cpu_seconds(*roots)
        time.sleep(0.5)
        if cpu_seconds(*roots) - before < 0.03:
            return


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(url, timeout=30).ok:
                return
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.1)
