"""The runbooks for databases against real servers: one that is well is left in peace, trouble is
told.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from tests.e2e.process import wait_for
from tests.e2e.services import NoService, Service, running_mariadb
from tests.e2e.test_library import ENDED_WELL, diagnoses_on
from tests.postgres import NoPostgres, PostgresServer, running_postgres
from tests.sshd import SshServer
from watcher.model.evidence import Diagnosis, Level

OURSELVES = pwd.getpwuid(os.geteuid()).pw_name
PG_CONNECTIONS = 20
PG_SPARE = 3
"""As many connections as PostgreSQL keeps for superusers."""
MY_CONNECTIONS = 12


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
        """Ends all connections, the first ones first, and waits for the server to notice."""
        for each in self.open_ones:
            each.close()
        self.open_ones.clear()
        asked = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
        with self.connect("postgres") as asking:
            wait_for(lambda: asking.execute(asked).fetchone() == (0,), "all connections to end")
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


@dataclass(frozen=True)
class Maria:
    """A MariaDB, and what the SSH server and we need to ask it."""

    service: Service
    ssh: SshServer
    open_ones: list[subprocess.Popen[str]] = field(default_factory=list)

    def client(self, user: str = "root") -> list[str]:
        """The command of a client of this account."""
        return [
            "mariadb",
            "--no-defaults",
            "--skip-column-names",
            f"--socket={self.service.folder}/socket",
            "-u",
            user,
        ]

    def ask(self, statements: str) -> str:
        """What the server answers to root."""
        command = self.client()
        return subprocess.run(
            command, input=statements, text=True, capture_output=True, check=True
        ).stdout.strip()

    def say(self, statements: str, user: str = "app") -> subprocess.Popen[str]:
        """Says this in one more session, which stays."""
        session = subprocess.Popen(
            [*self.client(user), "--unbuffered"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.open_ones.append(session)
        assert session.stdin is not None
        session.stdin.write(f"{statements}\n")
        session.stdin.flush()
        return session

    def stay(self, user: str) -> None:
        """One more session, which is there when this returns."""
        session = self.say("SELECT 'here';", user)
        assert session.stdout is not None
        assert session.stdout.readline() == "here\n"

    def sessions(self) -> list[str]:
        """The command, the time and the statement of each session but root's."""
        asked = (
            "SELECT CONCAT_WS(' ', COMMAND, TIME DIV 5, INFO) FROM information_schema.PROCESSLIST"
            " WHERE ID <> CONNECTION_ID();"
        )
        return self.ask(asked).splitlines()

    def wait_for(self, beginning: str) -> None:
        """Returns when a session is there that is described like that."""
        found = f"a session like {beginning!r}"
        wait_for(lambda: any(each.startswith(beginning) for each in self.sessions()), found)

    def diagnosed(self) -> Diagnosis:
        """What the runbook finds now."""
        (found,) = diagnoses_on(self.ssh, ["mysql"], socket=f"{self.service.folder}/socket")
        return found

    def close(self) -> None:
        """Ends all sessions, and waits for the server to notice."""
        for each in self.open_ones:
            each.kill()
            each.communicate()
        self.open_ones.clear()
        wait_for(self.is_quiet, "all sessions to end")

    def is_quiet(self) -> bool:
        """Whether nobody is there any more, and there is a place for us."""
        try:
            return not self.sessions()
        except subprocess.CalledProcessError:
            return False


@pytest.fixture(scope="module")
def maria_service() -> Iterator[Service]:
    """A MariaDB for the runbook, where it is to be had with its client."""
    if shutil.which("mariadb") is None:
        pytest.skip("no mariadb here: install mariadb-client")
    try:
        with running_mariadb() as service:
            yield service
    except NoService as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def maria_with_accounts(maria_service: Service, ssh_server: SshServer) -> Maria:
    """The same with accounts for us and for an application, and a table."""
    found = Maria(maria_service, ssh_server)
    found.ask(
        f"CREATE USER IF NOT EXISTS '{OURSELVES}'@localhost;"
        f"GRANT PROCESS, BINLOG MONITOR, REPLICA MONITOR ON *.* TO '{OURSELVES}'@localhost;"
    )
    found.ask(
        "CREATE DATABASE shop; CREATE USER app; GRANT ALL ON shop.* TO app;"
        "CREATE TABLE shop.orders (id INT PRIMARY KEY, state TEXT) ENGINE=InnoDB;"
        "INSERT INTO shop.orders VALUES (7, 'new');"
    )
    found.ask(f"SET GLOBAL max_connections = {MY_CONNECTIONS};")
    return found


@pytest.fixture
def maria(maria_with_accounts: Maria) -> Iterator[Maria]:
    """The same without the sessions of earlier tests."""
    try:
        yield maria_with_accounts
    finally:
        maria_with_accounts.close()


def test_a_mariadb_that_is_well_is_left_in_peace(maria: Maria) -> None:
    """All that is asked may be asked, and what can be ruled out is."""
    diagnosis = maria.diagnosed()

    assert_well(diagnosis)
    expected = {"answers", "connections-ok", "no-old-transaction", "nobody-blocked", "purge-ok"}
    assert expected <= told(diagnosis).keys()


def test_the_troubles_of_a_mariadb_are_told(maria: Maria) -> None:
    """A forgotten transaction, the session that it blocks, and a change of its table."""
    maria.say("USE shop; BEGIN; UPDATE orders SET state = 'paid' WHERE id = 7;")
    maria.wait_for("Sleep")
    maria.say("UPDATE shop.orders SET state = 'sent' WHERE id = 7;")
    maria.wait_for("Query 0 UPDATE")
    maria.say("ALTER TABLE shop.orders ADD paid INT;")
    maria.wait_for("Query 1 ALTER")

    diagnosis = maria.diagnosed()
    said = told(diagnosis)

    assert [] == [s.step for s in diagnosis.steps if s.status not in ENDED_WELL]
    assert "(app from localhost, Sleep, in a transaction for" in said["blocked-long"]
    assert said["blocked-long"].endswith(": UPDATE shop.orders SET state = 'sent' WHERE id = 7")
    assert said["metadata-lock"].endswith(": ALTER TABLE shop.orders ADD paid INT")
    assert "forgotten-transaction-short" in said
    assert "nobody-blocked" not in said


def test_a_deadlock_is_told(maria: Maria) -> None:
    """The latest one is found in the status of the engine."""
    maria.ask("INSERT INTO shop.orders (id, state) VALUES (1, 'new'), (2, 'new');")
    first, second = (
        "UPDATE orders SET state = 'a' WHERE id = 1",
        "UPDATE orders SET id = 3 WHERE id = 2",
    )
    maria.say(f"USE shop; BEGIN; {first}; DO SLEEP(1); {second};")
    maria.say(f"USE shop; BEGIN; {second}; DO SLEEP(1); {first};")
    status = "SHOW ENGINE INNODB STATUS;"
    wait_for(lambda: "LATEST DETECTED DEADLOCK" in maria.ask(status), "a deadlock")

    assert "deadlock-now" in told(maria.diagnosed())


def test_few_sessions_left_are_told(maria: Maria) -> None:
    """Before the last one is taken, and by whom."""
    for _ in range(MY_CONNECTIONS - 2):
        maria.stay("app")

    said = told(maria.diagnosed())

    assert said["connections-high"].endswith(f" of {MY_CONNECTIONS} connections are used")
    assert f"{MY_CONNECTIONS - 2} of them (0 active) are of app" in said["one-client"]


def test_no_session_left_is_told(maria: Maria) -> None:
    """The runbook finds no place itself, and says why; one more than the limit is root's."""
    for _ in range(MY_CONNECTIONS + 1):
        maria.stay("root")

    assert "no-connection-left" in told(maria.diagnosed())


def test_a_mariadb_that_does_not_answer_is_told(ssh_server: SshServer) -> None:
    """Nobody is at the port."""
    if shutil.which("mariadb") is None:
        pytest.skip("no mariadb here: install mariadb-client")
    (diagnosis,) = diagnoses_on(ssh_server, ["mysql"], port="1")

    assert {"no-answer", "not-running"} & told(diagnosis).keys()
