"""What end-to-end tests share: one Zabbix, Redmine and SSH server, a database for each store."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.process import LOOPBACK, free_port
from tests.e2e.redmine import NoRedmine, Redmine, running_redmine
from tests.e2e.zabbix import NoZabbix, Zabbix, running_zabbix
from tests.postgres import NoPostgres, running_postgres
from tests.sshd import NoSshd, SshServer, SshServers

MEDIA_TYPE = Path(__file__).parents[2] / "integrations/zabbix/media_watcher.yaml"


@pytest.fixture(scope="session")
def watcher_port() -> int:
    """Every Watcher of the tests listens here, one after another."""
    return free_port()


@pytest.fixture(scope="session")
def source_token() -> str:
    """What proves to Watcher that Zabbix is Zabbix."""
    return secrets.token_urlsafe()


@pytest.fixture(scope="session")
def zabbix_lab() -> Iterator[Zabbix]:
    """A Zabbix that has not heard of Watcher when the first test gets it."""
    try:
        with running_zabbix() as zabbix:
            yield zabbix
    except NoZabbix as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def connected_zabbix(zabbix_lab: Zabbix, watcher_port: int, source_token: str) -> Zabbix:
    """A Zabbix that sends to Watcher through the shipped media type, connected by hand."""
    media_type = _impatient(MEDIA_TYPE.read_text())
    url = f"http://{LOOPBACK}:{watcher_port}/hooks/zabbix"
    zabbix_lab.connect(media_type, url, source_token)
    return zabbix_lab


def _impatient(media_type: str) -> str:
    """The same with a try every two seconds, and tries enough for a busy machine."""
    for shipped, quick in {
        "attempts: '10'": "attempts: '100'",
        "attempt_interval: 30s": "attempt_interval: 2s",
    }.items():
        assert shipped in media_type
        media_type = media_type.replace(shipped, quick)
    return media_type


@pytest.fixture(scope="session")
def redmine() -> Iterator[Redmine]:
    """A Redmine in which every test has issues of its own."""
    try:
        with running_redmine() as redmine:
            yield redmine
    except NoRedmine as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def ssh_server() -> Iterator[SshServer]:
    """A host to diagnose."""
    servers = SshServers()
    try:
        yield servers.start()
    except NoSshd as reason:
        pytest.skip(str(reason))
    finally:
        servers.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('store')}/watcher.db"
        return
    try:
        with running_postgres() as server, server.fresh_database() as url:
            yield url
    except NoPostgres as reason:
        pytest.skip(str(reason))
