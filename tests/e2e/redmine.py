"""A real Redmine 5.0 from Debian's packages: its database and its server, on loopback only."""

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.e2e.process import LOOPBACK, Program, free_port, running
from tests.e2e.services import NoService, binary, folder_of
from tests.postgres import NoPostgres, running_postgres

INSTALLED = Path("/usr/share/redmine")
STARTED_WITH = Path(__file__).with_name("programs") / "redmine.ru"
NOT_OURS = ("instances", "Gemfile.lock", "database.yml", "public", "extra")
DEBIANS_DATABASES = "/usr/share/redmine/{config,instances/*/config}/database.yml"
DATABASE = """\
production:
  adapter: postgresql
  host: {database}
  database: postgres
  username: postgres
"""
START_SECONDS = 180.0
PEOPLE = ("chief", "watcher", "wanda", "reader", "stranger")
# The ids of what programs/redmine.ru makes, and of a status that every Redmine has.
KEY_FIELD, HIDDEN_FIELD = 1, 2
CLOSED = 5


class NoRedmine(Exception):
    """There is no Redmine to be had here; the message says why."""


@dataclass
class Redmine:
    """One running Redmine; `keys` are those of its people for the API."""

    folder: Path
    database: Path
    port: int
    keys: dict[str, str]
    user: str | None
    session: requests.Session
    _running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _program: Program | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Returns when it answers; the first start makes what the tests need."""
        command = (binary("bundle"), "exec", "puma", "-b", f"tcp://{LOOPBACK}:{self.port}")
        program = running(
            *command, folder=self.folder, user=self.user, environment=self._environment()
        )
        self._program = self._running.enter_context(program)
        self._program.wait_for_port(self.port, START_SECONDS)
        self._call("GET", "users/current")

    def _environment(self) -> dict[str, str]:
        """Ruby brings a newer Bundler, which does not find Debian's gems."""
        return {
            "BUNDLER_VERSION": "2.3.15",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "RAILS_ENV": "production",
            "SECRET_KEY_BASE": secrets.token_hex(),
            **{f"KEY_OF_{name.upper()}": key for name, key in self.keys.items()},
        }

    def stop(self) -> None:
        """Returns when nothing of it runs any more."""
        self._running.close()

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        self._signal(signal.SIGKILL)
        self.stop()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections, and says nothing."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._program is not None
        os.kill(self._program.process.pid, number)

    @contextlib.contextmanager
    def slow(self) -> Iterator[None]:
        """It reads, and does not get any further with storing an issue."""
        with psycopg.connect(host=str(self.database), user="postgres") as connection:
            connection.execute("LOCK TABLE issues IN SHARE MODE")
            yield

    def stores(self) -> bool:
        """Whether it waits, being slow, for an issue to be stored."""
        with psycopg.connect(host=str(self.database), user="postgres") as connection:
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            return bool(connection.execute(waiting).fetchone() != (0,))

    def issues(self, **match: str) -> list[dict[str, Any]]:
        """Those that match, closed ones too, as an administrator sees them; oldest first."""
        asked = {"status_id": "*", "sort": "id", "limit": "100", **match}
        issues: list[dict[str, Any]] = self._call("GET", "issues", asked)["issues"]
        return issues

    def create(self, **values: Any) -> None:
        """Makes an issue, as a person does it."""
        self._call("POST", "issues", issue={"project_id": "ops", "subject": "By hand", **values})

    def close(self, number: int) -> None:
        """Closes an issue, as a person does it."""
        self._call("PUT", f"issues/{number}", issue={"status_id": CLOSED})

    def _call(
        self, method: str, what: str, parameters: Mapping[str, str] | None = None, **value: Any
    ) -> dict[str, Any]:
        answer = self.session.request(
            method,
            f"{self.url}/{what}.json",
            params=parameters,
            json=value or None,
            headers={"X-Redmine-API-Key": self.keys["chief"]},
            timeout=30,
        )
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}


@contextlib.contextmanager
def running_redmine() -> Iterator[Redmine]:
    """Runs a database and Redmine on it. Raises NoRedmine."""
    if not INSTALLED.exists():
        raise NoRedmine("no Redmine: on Debian 12, `tools/packages.sh e2e` installs it as root")
    try:
        with (
            running_postgres() as postgres,
            folder_of("www-data") as (folder, user),
            requests.Session() as session,
        ):
            _lay_out(folder, postgres.directory, user)
            session.trust_env = False  # Proxies and passwords of this machine are not for the lab.
            keys = {name: secrets.token_hex(20) for name in PEOPLE}
            redmine = Redmine(folder / "app", postgres.directory, free_port(), keys, user, session)
            try:
                redmine.start()
                yield redmine
            finally:
                redmine.stop()
    except (NoPostgres, NoService) as reason:
        raise NoRedmine(f"no Redmine: {reason}") from reason


def _lay_out(folder: Path, database: Path, user: str | None) -> None:
    """Redmine is copied, because Debian's reads its configuration from /etc only."""
    app, instance = folder / "app", folder / "app/instances/default"
    shutil.copytree(INSTALLED, app, ignore=shutil.ignore_patterns(*NOT_OURS))
    for name in ("config", "files", "log", "plugin_assets", "tmp"):
        (instance / name).mkdir(parents=True)
    config = instance / "config/database.yml"
    config.write_text(DATABASE.format(database=database))
    gems = app / "Gemfile"
    gems.write_text(gems.read_text().replace(DEBIANS_DATABASES, str(config)))
    (app / "Gemfile.local").write_text("gem 'puma'\n")
    shutil.copy(STARTED_WITH, app / "config.ru")
    if user is not None:
        for path in (app, instance, *instance.iterdir()):
            shutil.chown(path, user, user)
