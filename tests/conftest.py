"""What every test may ask for, and the list of what was left out (a failure when CI=true)."""

import os
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Protocol

import pytest
from hypothesis import settings

from tests.postgres import NoPostgres, PostgresServer, running_postgres
from tests.sshd import NoSshd, SshServer, SshServers
from tests.stores import migrate
from watcher.kit.collector import loading, relax
from watcher.store import sqlite

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# Examples are not timed, because the machine may be busy; in CI they are the same every time.
settings.register_profile("watcher", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("watcher")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests stay until the end, and need not be looked through for garbage."""
    with loading():
        collected = yield
    relax()
    return collected


@pytest.fixture(scope="session", autouse=True)
def _unsynced_sqlite() -> Iterator[None]:
    """What a test writes need not outlive the machine; processes that tests start sync as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "_PRAGMAS", (*sqlite._PRAGMAS, "PRAGMA synchronous=OFF"))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL, one for each worker of pytest; without one the test is left out."""
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty PostgreSQL database for this test alone."""
    with postgres_server.fresh_database() as url:
        yield url


@pytest.fixture
def shaped_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a migrated, empty PostgreSQL database for this test alone."""
    with postgres_server.shaped_database(migrate) as url:
        yield url


class StartSshd(Protocol):
    """What the fixture `sshd` gives: starts a server, see `SshServers.start`."""

    def __call__(
        self, *config: str, user: str | None = None, key_options: str = "", listen: str = ""
    ) -> SshServer: ...


@pytest.fixture
def sshd(worker_id: str) -> Iterator[StartSshd]:
    """Starts a real SSH server on call; all of them end with the test."""
    servers = SshServers(worker=int(worker_id.removeprefix("gw")) if worker_id != "master" else 0)

    def start(
        *config: str, user: str | None = None, key_options: str = "", listen: str = ""
    ) -> SshServer:
        try:
            return servers.start(*config, user=user, key_options=key_options, listen=listen)
        except NoSshd as reason:
            pytest.skip(str(reason))

    yield start
    servers.close()


def _left_out(reporter: pytest.TerminalReporter) -> Counter[str]:
    """The reasons why tests were left out, each with the number of tests."""
    return Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        for report in reporter.stats.get("skipped", [])
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be left out."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if IN_CI and reporter and _left_out(reporter) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was left out and why."""
    reasons = _left_out(terminalreporter)
    if reasons:
        terminalreporter.section("left out" + (" (a failure, because CI=true)" if IN_CI else ""))
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count} x {reason.removeprefix('Skipped: ')}")
