"""The runbooks for databases against real servers: one that is well is left in peace, trouble is
told.
"""

import contextlib
import os
import pwd
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from tests.e2e.process import wait_for
from tests.e2e.test_library import ENDED_WELL, diagnoses_on
from tests.postgres import NoPostgres, PostgresServer, running_postgres
from tests.sshd import SshServer
from watcher.model.evidence import Diagnosis, Level

OURSELVES = pwd.getpwuid(os.geteuid()).pw_name
PG_CONNECTIONS = 20
PG_SPARE = 3
"""As many connections as PostgreSQL keeps for superusers."""


def told(diagnosis: Diagnosis) -> dict[str, str]:
    """The signals of all steps, and what each said last."""
    return {each.signal: each.say for step in diagnosis.steps for each in step.highlights}


def assert_well(diagnosis: Diagnosis) -> None:
    """Every step ended well, and nothing is bad."""
    assert diagnosis.problem == ""
    steps = diagnosis.steps
    assert [] == [(s.step, s.reason, s.output) for s in steps if s.status not in ENDED_WELL]
    highlights = [each for step in steps for each in step.highlights]
    assert [] == [each.say for each in highlights if each.level is Level.BAD]


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL, and what the SSH server and we need to ask it."""

    server: PostgresServer
    ssh: SshServer
    open_ones: list[psycopg.Connection] = field(default_factory=list)

    def connect(self, database: str = "shop", name: str = "shop-api") -> psycopg.Connection:
        """One more connection of the application, which commits for itself."""
        made = psycopg.connect(
            host=str(self.server.directory),
            user="postgres" if database == "postgres" else "app",
            dbname=database,
            application_name=name,
            autocommit=True,
        )
        self.open_ones.append(made)
        return made

    def diagnosed(self, database: str = "postgres") -> Diagnosis:
        """What the runbook finds now."""
        folder = str(self.server.directory)
        (found,) = diagnoses_on(self.ssh, ["postgresql"], socket=folder, database=database)
        return found

    def close(self) -> None:
        """Ends all connections, the first ones first: others may wait for them."""
        for each in self.open_ones:
            each.close()
        self.open_ones.clear()


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL with a role for us that may look at everything, as the runbook advises."""
    try:
        settings = ("wal_level=logical", f"max_connections={PG_CONNECTIONS}")
        with running_postgres(*settings) as server:
            with psycopg.connect(
                host=str(server.directory), user="postgres", autocommit=True
            ) as setting_up:
                setting_up.execute(f'CREATE ROLE "{OURSELVES}" LOGIN IN ROLE pg_monitor'.encode())
                setting_up.execute("CREATE ROLE app LOGIN")
                setting_up.execute("CREATE DATABASE shop OWNER app")
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgres(postgres_server: PostgresServer, ssh_server: SshServer) -> Iterator[Postgres]:
    """The same without the connections of earlier tests."""
    found = Postgres(postgres_server, ssh_server)
    try:
        yield found
    finally:
        found.close()


def test_a_postgresql_that_is_well_is_left_in_peace(postgres: Postgres) -> None:
    """All is asked as a role of pg_monitor, and what can be ruled out is."""
    diagnosis = postgres.diagnosed()

    assert_well(diagnosis)
    expected = {"answers", "connections-ok", "no-old-transaction", "nobody-blocked"}
    assert expected <= told(diagnosis).keys()


@pytest.fixture
def troubled_postgres(postgres: Postgres) -> Iterator[Postgres]:
    """One with a slot that nobody uses, dead rows, and a forgotten transaction in the way."""
    keeper = postgres.connect("postgres")
    keeper.execute("SELECT pg_create_logical_replication_slot('billing', 'test_decoding')")
    for number in range(4):
        keeper.execute(f"CREATE TABLE log{number} (line text)".encode())
        keeper.execute("SELECT pg_switch_wal()")
    # Counters are told when a connection ends.
    with postgres.connect() as tables:
        tables.execute("CREATE TABLE orders (id int) WITH (autovacuum_enabled = off)")
        tables.execute("INSERT INTO orders SELECT n FROM generate_series(1, 30000) n")
        tables.execute("DELETE FROM orders WHERE id > 10000")
    holder, waiter = postgres.connect(), postgres.connect(name="shop-worker")
    holder.execute("BEGIN")
    holder.execute("UPDATE orders SET id = 0 WHERE id = 7")

    def wait() -> None:
        with contextlib.suppress(psycopg.Error):
            waiter.execute("UPDATE orders SET id = 1 WHERE id = 7")

    waiting = threading.Thread(target=wait)
    waiting.start()
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND query_start < now() - interval '6 s'"
    )
    try:
        wait_for(lambda: keeper.execute(asked).fetchone() == (1,), "somebody to be blocked")
        yield postgres
    finally:
        holder.close()
        waiting.join()
        keeper.execute("SELECT pg_drop_replication_slot('billing')")


def test_the_troubles_of_a_postgresql_are_told(troubled_postgres: Postgres) -> None:
    """Who blocks whom, what keeps WAL, and what vacuum has left behind, with their figures."""
    diagnosis = troubled_postgres.diagnosed("shop")
    said = told(diagnosis)

    assert [] == [s.step for s in diagnosis.steps if s.status not in ENDED_WELL]
    assert "(app, shop-api, idle in transaction, in a transaction for" in said["blocked-long"]
    assert said["blocked-long"].endswith(": UPDATE orders SET id = 0 WHERE id = 7")
    assert "idle-in-transaction-short" in said
    assert said["slot-unused"].startswith("The logical slot billing is used by nobody")
    assert said["dead-rows"].startswith("67 % of the rows of public.orders are dead (20000)")
    assert "nobody-blocked" not in said


def test_few_connections_left_are_told(postgres: Postgres) -> None:
    """Before the last one is taken, and by whom."""
    usable = PG_CONNECTIONS - PG_SPARE
    for _ in range(usable - 2):
        postgres.connect()

    said = told(postgres.diagnosed())

    assert said["connections-high"] == f"{usable - 1} of {usable} connections are used"
    assert said["one-client"].startswith(f"{usable - 2} of them (0 active) are of app in shop")


def test_no_connection_left_is_told(postgres: Postgres) -> None:
    """The runbook finds no place itself, and says why."""
    for _ in range(PG_CONNECTIONS - PG_SPARE):
        postgres.connect()

    assert "no-connection-left" in told(postgres.diagnosed())


def test_a_postgresql_that_does_not_answer_is_told(ssh_server: SshServer) -> None:
    """Nobody is at the socket, nor at the port."""
    (diagnosis,) = diagnoses_on(ssh_server, ["postgresql"], socket="/nowhere", port="1")

    assert {"no-answer", "not-running"} & told(diagnosis).keys()
