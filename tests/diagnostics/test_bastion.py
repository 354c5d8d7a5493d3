"""Hosts behind others: the way there, what happens when it breaks, and whom it disturbs."""

import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import (
    gone,
    job_on,
    running,
    sessions,
    soon,
    step,
    unique_seconds,
)
from tests.diagnostics.lines import ask, behind, host_of, nothing_left, profile_of
from tests.fakes import FakeClock
from tests.sshd import SshServer, make_key
from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.pool import Pool, PoolOptions
from watcher.diagnostics.run import diagnose
from watcher.kit.clock import Clock
from watcher.model.catalogue import Bastion, Host, SshProfile
from watcher.model.evidence import Diagnosis, Fault, StepStatus

QUICK = PoolOptions(patience=20.0, quiet=0.3)


@pytest.fixture(autouse=True)
def _leaves_nothing() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def bastion(sshd: StartSshd) -> SshServer:
    """A host through which others are reached, with a key that can do nothing else."""
    forward = 'restrict,port-forwarding,permitopen="*:*",command="/bin/false"'
    return sshd(key_options=forward)


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool that ends quiet connections soon."""
    with Pool(Clock(), QUICK) as pool:
        yield pool


def refusal(pool: Pool, server: SshServer, profile: SshProfile) -> Unreachable:
    """Why a host cannot be reached."""
    with pytest.raises(Unreachable) as refused:
        ask(pool, server, profile)
    return refused.value


def test_a_host_behind_a_bastion_is_diagnosed(
    pool: Pool, bastion: SshServer, server: SshServer
) -> None:
    """The audit names the bastion, and the next diagnosis takes the same way."""
    job = job_on(server, step("echo $SSH_CONNECTION"))
    there = replace(job, profile=behind(bastion, server))
    (first,), (second,) = diagnose([there], pool, Clock()), diagnose([there], pool, Clock())

    assert first.problem == ""
    assert first.audit.via == ("gate",)
    assert first.steps[0].output == second.steps[0].output
    assert bastion.log.read_text().count("Accepted publickey") == 1


def test_three_bastions_can_stand_in_a_row(sshd: StartSshd, pool: Pool) -> None:
    """Each is logged in to through the one before, with its own key verified."""
    row = [sshd("SetEnv HOME=/nonexistent") for _ in range(4)]
    profile = profile_of(row[0])
    for number, (before, server) in enumerate(pairwise(row)):
        way = Bastion(host_of(before, f"gate{number}"), profile)
        profile = profile_of(server, name=f"lab{number}", via=way)
    with pool.connection(host_of(row[3]), profile) as connection:
        assert connection.audit.via == ("gate0", "gate1", "gate2")

    way = Bastion(host_of(row[3]), profile)
    assert refusal(pool, row[0], profile_of(row[0], via=way)).fault is Fault.CONFIGURATION


def test_fifty_hosts_share_one_bastion(pool: Pool, bastion: SshServer, sshd: StartSshd) -> None:
    """Sixteen at a time, with the limits that a bastion has by itself, twice, and none is lost.

    One server stands for fifty: each has another address, all of them local.
    """
    server = sshd("SetEnv HOME=/nonexistent", "MaxStartups 100", listen="0.0.0.0")
    line = server.known_hosts.split(" ", 1)[1]
    known = server.log.parent / "all_known"
    known.write_text(f"[127.*]:* {line}\n")
    own = profile_of(server, known_hosts=str(known))
    profile = replace(own, via=behind(bastion, server).via)

    def job(number: int) -> Diagnosis:
        host = replace(host_of(server, f"db{number}"), address=f"127.0.{number + 2}.1")
        one = replace(job_on(server, step("echo ok")), host=host, profile=profile)
        return diagnose([one], pool, Clock())[0]

    with ThreadPoolExecutor(16) as threads:
        for _ in range(2):
            found = list(threads.map(job, range(50)))
            assert {""} == {one.problem for one in found}
            assert {"ok"} == {one.steps[0].output for one in found}

    assert bastion.log.read_text().count("Accepted publickey") == 1


def test_ending_connections_leaves_their_bastion_alone(
    bastion: SshServer, server: SshServer
) -> None:
    """What ends behind a bastion does not cut off what still runs there."""
    clock = FakeClock()
    with Pool(clock, QUICK) as pool:
        ask(pool, server, behind(bastion, server))
        clock.advance(timedelta(seconds=61))

        assert soon(lambda: not sessions(server))
        assert sessions(bastion)
        clock.advance(timedelta(seconds=61))
        assert soon(lambda: not sessions(bastion))


def test_a_bastion_that_is_cut_in_the_middle_is_told(
    pool: Pool, bastion: SshServer, server: SshServer
) -> None:
    """The run ends at once, nothing lives on, and the next diagnosis finds a new way."""
    mark = unique_seconds()
    job = replace(job_on(server, step(f"sleep {mark}")), profile=behind(bastion, server))
    found: list[Diagnosis] = []
    thread = threading.Thread(target=lambda: found.extend(diagnose([job], pool, Clock())))
    thread.start()
    assert running(f"sleep {mark}")
    for session in sessions(bastion):
        session.kill()
    thread.join()

    assert found[0].problem == "the diagnosis is not complete: the connection was cut"
    assert found[0].steps[0].status is StepStatus.FAILED
    assert gone(mark)
    assert ask(pool, server, behind(bastion, server))


def test_a_bastion_that_is_lost_is_replaced(
    pool: Pool, bastion: SshServer, server: SshServer, sshd: StartSshd
) -> None:
    """Whoever comes next notices nothing, neither a known host nor a new one."""
    ask(pool, server, behind(bastion, server))
    for session in sessions(bastion):
        session.kill()
    other = sshd("SetEnv HOME=/nonexistent")

    assert ask(pool, other, behind(bastion, other))
    assert ask(pool, server, behind(bastion, server))


def test_a_frozen_bastion_is_told_from_a_frozen_host(
    pool: Pool, bastion: SshServer, server: SshServer, sshd: StartSshd
) -> None:
    """It is blamed itself, and asked for anew."""
    ask(pool, server, behind(bastion, server))
    other = sshd("SetEnv HOME=/nonexistent")
    frozen = sessions(bastion)
    for session in frozen:
        session.send_signal(signal.SIGSTOP)
    profile = replace(behind(bastion, other), connect_timeout=0.3)

    assert ask(pool, other, profile)
    for session in frozen:
        session.kill()


def test_a_host_that_refuses_the_bastion_is_told(
    pool: Pool, bastion: SshServer, server: SshServer
) -> None:
    """It counts as the host's failure, not the bastion's."""
    profile = behind(bastion, server)
    server.stop()
    found = refusal(pool, server, profile)

    assert found.fault is Fault.REFUSED
    assert str(found) == (
        f"the bastion gate gets no connection to {server.address} port {server.port}; "
        "does sshd run there, on this port?"
    )


def test_a_bastion_that_forwards_nothing_is_told(
    pool: Pool, sshd: StartSshd, server: SshServer
) -> None:
    """Its administrator has to permit it; the host itself is not to blame."""
    found = refusal(pool, server, behind(sshd(key_options="restrict"), server))

    assert found.fault is Fault.BASTION
    assert "the bastion gate may not let us through to" in str(found)


def test_a_bastion_that_is_down_is_told(pool: Pool, bastion: SshServer, server: SshServer) -> None:
    """The message names it, and after three failures the bastion rests, not the hosts behind."""
    profile = behind(bastion, server)
    bastion.stop()
    found = [refusal(pool, server, profile) for _ in range(4)]

    assert {Fault.BASTION} == {one.fault for one in found}
    assert "the bastion gate does not let us in: no connection to" in str(found[0])
    assert "rests until" in str(found[3])


def test_a_bastion_is_verified_like_any_host(
    pool: Pool, bastion: SshServer, server: SshServer
) -> None:
    """Nothing goes through a bastion whose key is not the known one."""
    profile = behind(bastion, server)
    make_key(bastion.log.parent / "other")
    other = (bastion.log.parent / "other.pub").read_text()
    name = bastion.known_hosts.split(" ")[0]
    (bastion.log.parent / "known_hosts").write_text(f"{name} {other}")
    found = refusal(pool, server, profile)

    assert found.fault is Fault.BASTION
    assert "HAS CHANGED" in str(found)
    assert "Accepted publickey" not in bastion.log.read_text()


def test_a_host_behind_a_bastion_that_swallows_packets_is_late(
    pool: Pool, bastion: SshServer, server: SshServer
) -> None:
    """A bastion that tries in vain is not to blame; it still lets us through to others."""
    profile = replace(behind(bastion, server), connect_timeout=0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            lost = Host("acme", "lost", address="127.0.0.1", port=address[1], ssh="lab")
            with pytest.raises(Unreachable) as late, pool.connection(lost, profile):
                pass

    assert late.value.fault is Fault.TIMEOUT
    assert "the bastion gate gets no connection to 127.0.0.1" in str(late.value)
    assert ask(pool, server, behind(bastion, server))
