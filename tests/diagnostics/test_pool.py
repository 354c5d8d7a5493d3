"""The pool: who shares a connection, when one ends, and that nothing is left of it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import sessions, soon
from tests.diagnostics.lines import ask, host_of, nothing_left, profile_of, said
from tests.fakes import FakeClock
from tests.sshd import SshServer
from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.pool import Pool, PoolOptions
from watcher.kit.clock import Clock
from watcher.model.catalogue import Bastion
from watcher.model.evidence import Fault


@pytest.fixture(autouse=True)
def _leaves_nothing() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def clock() -> FakeClock:
    """A clock whose hands the test moves."""
    return FakeClock()


@pytest.fixture
def pool(clock: FakeClock) -> Iterator[Pool]:
    """A pool whose connections grow old when the test says so."""
    with Pool(clock, PoolOptions(patience=10.0, sessions=3, quiet=0.05)) as pool:
        yield pool


def test_a_second_diagnosis_takes_the_same_connection(pool: Pool, server: SshServer) -> None:
    """It is logged in to once; the audit says where, as whom and how the key was verified."""
    first, second = ask(pool, server), ask(pool, server)

    assert first == second
    assert server.log.read_text().count("Accepted publickey") == 1
    with pool.connection(host_of(server), profile_of(server)) as connection:
        audit = connection.audit
    assert (audit.address, audit.user) == (f"{server.address}:{server.port}", server.user)
    assert (audit.verified, audit.via) == ("known_hosts", ())
    assert audit.host_key.startswith("SHA256:")


def test_another_profile_has_a_connection_of_its_own(pool: Pool, server: SshServer) -> None:
    """Nobody runs anything with the rights of another profile."""
    other = profile_of(server, name="other")

    assert ask(pool, server) != ask(pool, server, other)


def test_a_changed_profile_has_a_connection_of_its_own(pool: Pool, server: SshServer) -> None:
    """A new configuration counts from the next diagnosis on, though the name is the same."""
    slower = profile_of(server, connect_timeout=6.0)

    assert ask(pool, server) != ask(pool, server, slower)


@pytest.mark.parametrize("age", [61, 901], ids=["idle", "old"])
def test_a_connection_ends_when_it_is_not_used(
    pool: Pool, clock: FakeClock, server: SshServer, age: int
) -> None:
    """The thread that looks after the pool ends it, and then itself."""
    ask(pool, server)
    clock.advance(timedelta(seconds=age))

    assert soon(lambda: not sessions(server))
    assert soon(lambda: "ssh" not in {thread.name for thread in threading.enumerate()})
    assert ask(pool, server)


def test_a_connection_in_use_is_not_ended(pool: Pool, clock: FakeClock, server: SshServer) -> None:
    """However long a diagnosis takes; nobody begins another one on an old connection."""
    with pool.connection(host_of(server), profile_of(server)) as connection:
        clock.advance(timedelta(hours=1))
        pool.sweep()
        first = said(connection, "echo $PPID").strip()

    assert first != ask(pool, server)


def test_a_connection_is_given_up_after_so_many_sessions(pool: Pool, server: SshServer) -> None:
    """Paramiko remembers every channel that a connection ever had."""
    ids = [ask(pool, server) for _ in range(4)]

    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_a_dead_connection_is_replaced(pool: Pool, server: SshServer) -> None:
    """Whoever comes next notices nothing, also where we have not heard of it yet."""
    first = ask(pool, server)
    with pool.connection(host_of(server), profile_of(server)) as connection:
        sock = connection.link.transport.sock
    sock.shutdown(1)

    assert first != ask(pool, server)


def test_a_connection_over_which_nothing_can_be_run_is_replaced(
    pool: Pool, server: SshServer
) -> None:
    """A link that looks alive is tried again, once, over a new one."""
    first = ask(pool, server)
    with pool.connection(host_of(server), profile_of(server)) as connection:
        connection.link.transport.packetizer.close()

    assert first != ask(pool, server)


def test_a_script_that_did_not_end_takes_its_connection_along(
    pool: Pool, server: SshServer
) -> None:
    """What may still be running there loses its connection at once."""
    with pool.connection(host_of(server), profile_of(server)) as connection:
        answer = connection.run("sleep 60\n", b"never", 0.3, Clock())

    assert (answer.ended, connection.fit) == (False, False)
    assert soon(lambda: not sessions(server))


def test_a_session_that_nobody_uses_is_closed(pool: Pool, server: SshServer) -> None:
    """A diagnosis that runs nothing leaves nothing open, and a second script has a new session."""
    with pool.connection(host_of(server), profile_of(server)):
        pass
    with pool.connection(host_of(server), profile_of(server)) as connection:
        assert said(connection, "echo one") == "one\n"
        assert said(connection, "echo two") == "two\n"
        assert connection.fit


def test_one_diagnosis_at_a_time_runs_on_a_host(pool: Pool, server: SshServer) -> None:
    """Others wait for their turn, under whatever profile they come."""
    running: list[int] = []
    most: list[int] = []

    def diagnose(number: int) -> str:
        profile = profile_of(server, name=f"p{number % 2}")
        with pool.connection(host_of(server, f"name{number}"), profile) as connection:
            running.append(number)
            most.append(len(running))
            answer = said(connection, "echo ok")
            running.remove(number)
        return answer

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(diagnose, range(6)))

    assert answers == ["ok\n"] * 6
    assert max(most) == 1


def test_waiting_for_a_turn_has_an_end(clock: FakeClock, server: SshServer) -> None:
    """A host that is busy for too long is a finding, and the one that keeps it is not disturbed."""
    with (
        Pool(clock, PoolOptions(patience=0.1)) as pool,
        pool.connection(host_of(server), profile_of(server)) as connection,
    ):
        with pytest.raises(Unreachable) as refusal:
            ask(pool, server)
        assert said(connection, "echo on") == "on\n"

    assert refusal.value.fault is Fault.BUSY
    assert "other diagnoses have kept this host busy for more than 0.1 s" in str(refusal.value)


def test_many_hosts_of_one_server_do_not_knock_all_at_once(sshd: StartSshd) -> None:
    """Twenty users of a server that lets few strangers wait all get in."""
    server = sshd("SetEnv HOME=/nonexistent", "MaxStartups 2:100:2")
    with Pool(Clock()) as pool, ThreadPoolExecutor(20) as threads:
        profiles = [profile_of(server, name=f"p{number}") for number in range(20)]
        answers = list(threads.map(lambda profile: ask(pool, server, profile), profiles))

    assert len(set(answers)) == 20
    assert "drop connection" not in server.log.read_text()


def test_a_host_that_lets_nobody_in_rests(pool: Pool, clock: FakeClock, server: SshServer) -> None:
    """After three failures nobody tries for a minute; then one does, and all is well."""
    profile = profile_of(server)
    closed = replace(host_of(server), port=1)
    faults = []
    for _ in range(4):
        with pytest.raises(Unreachable) as refusal, pool.connection(closed, profile):
            pass
        faults.append(refusal.value.fault)

    assert faults == [Fault.REFUSED, Fault.REFUSED, Fault.REFUSED, Fault.RESTING]
    clock.advance(timedelta(seconds=60))
    with (
        pytest.raises(Unreachable, match="refused; does sshd run"),
        pool.connection(closed, profile),
    ):
        pass


def test_a_mended_file_ends_the_rest(pool: Pool, server: SshServer) -> None:
    """Who adds the host key need not wait for the host to have rested."""
    profile = profile_of(server)
    known = server.known_hosts_file()
    known.write_text("")
    for fault in (Fault.HOST_KEY, Fault.RESTING):
        with pytest.raises(Unreachable) as refusal, pool.connection(host_of(server), profile):
            pass
        assert refusal.value.fault is fault
    known.write_text(f"{server.known_hosts}\n")

    with pool.connection(host_of(server), profile) as connection:
        assert said(connection, "echo in") == "in\n"


def test_a_closed_pool_connects_to_nobody(clock: FakeClock, server: SshServer) -> None:
    """What is in use ends, and whoever comes later is told."""
    pool = Pool(clock)
    with pool.connection(host_of(server), profile_of(server)) as connection:
        pool.close()
        with pytest.raises(Unreachable):
            said(connection, "echo too late")

    with pytest.raises(Unreachable, match="Watcher is being stopped"):
        ask(pool, server)
    assert soon(lambda: not sessions(server))


def test_a_hundred_connections_leave_nothing_behind(sshd: StartSshd) -> None:
    """Threads and open files are as many after them as before."""
    server = sshd("SetEnv HOME=/nonexistent")
    with Pool(Clock(), PoolOptions(sessions=40)) as pool:
        ask(pool, server)
        with nothing_left():
            for _ in range(100):
                with pool.connection(host_of(server), profile_of(server)):
                    pass


def test_how_long_a_connection_takes_at_most_is_known(server: SshServer, clock: FakeClock) -> None:
    """Whoever leases a diagnosis must know when it is over; each bastion adds its part."""
    pool = Pool(clock, PoolOptions(patience=10.0))
    own = profile_of(server)
    through = replace(own, via=Bastion(host_of(server), own))

    assert pool.longest(own) == 10 + (2 * 10 + 3 + 8 + 2 * 5 + 2 * 5)
    assert pool.longest(through) == pool.longest(own) + 51
