"""The breaker: when a host rests, for how long, and what ends it."""

from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from watcher.diagnostics.base import HostKeyRefused, Unreachable
from watcher.diagnostics.bastion import Way
from watcher.diagnostics.breaker import Breaker
from watcher.model.catalogue import SshProfile
from watcher.model.evidence import Fault

PROFILE = SshProfile("lab", "watcher", "key", "known_hosts")
WAY = Way("db1", "10.0.0.5", 22, PROFILE)
DOWN = Unreachable("no connection to 10.0.0.5 port 22: refused", Fault.REFUSED)
LOCKED = Unreachable("the host refuses to let user watcher in", Fault.LOGIN)


@pytest.fixture
def clock() -> FakeClock:
    """Noon."""
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    """One that knows nothing bad of anybody."""
    return Breaker(clock)


def resting(breaker: Breaker, way: Way = WAY, version: object = 1) -> str:
    """What is said to whoever wants to connect; "" where it may be tried."""
    try:
        breaker.check(way, version)
    except Unreachable as refusal:
        return str(refusal)
    return ""


def test_three_failures_in_a_row_are_enough(breaker: Breaker, clock: FakeClock) -> None:
    """The message says since when, until when, how often, and what the last failure was."""
    for _ in range(3):
        assert resting(breaker) == ""
        breaker.failed(WAY, DOWN, 1)
        clock.advance(timedelta(seconds=5))
    with pytest.raises(Unreachable) as refusal:
        breaker.check(WAY, 1)

    assert refusal.value.fault is Fault.RESTING
    assert resting(breaker) == (
        "db1 has not let us in since 12:00:00 UTC and rests until 12:01:10 UTC (3 failures in a "
        "row); the last time: no connection to 10.0.0.5 port 22: refused"
    )


@pytest.mark.parametrize("error", [LOCKED, HostKeyRefused("it HAS CHANGED")])
def test_what_does_not_get_better_is_enough_at_once(breaker: Breaker, error: Unreachable) -> None:
    """A login that is refused, and a host key."""
    breaker.failed(WAY, error, 1)

    assert "(1 failure); the last time: " in resting(breaker)


@pytest.mark.parametrize("fault", [Fault.BASTION, Fault.CONFIGURATION, Fault.RESTING, Fault.BUSY])
def test_what_is_not_the_hosts_fault_does_not_count(breaker: Breaker, fault: Fault) -> None:
    """However often it happens."""
    for _ in range(5):
        breaker.failed(WAY, Unreachable("not its fault", fault), 1)

    assert resting(breaker) == ""


def test_a_rest_doubles_up_to_a_quarter_of_an_hour(breaker: Breaker, clock: FakeClock) -> None:
    """After each rest there is one attempt."""
    rests = []
    for _ in range(6):
        breaker.failed(WAY, LOCKED, 1)
        rest = 0
        while resting(breaker):
            clock.advance(timedelta(seconds=60))
            rest += 60
        rests.append(rest)

    assert rests == [60, 120, 240, 480, 900, 900]


def test_after_a_rest_one_tries_for_all(breaker: Breaker, clock: FakeClock) -> None:
    """Others wait for what comes of it; a success wipes the slate clean."""
    breaker.failed(WAY, LOCKED, 1)
    clock.advance(timedelta(seconds=60))

    assert resting(breaker) == ""
    assert resting(breaker) != ""
    breaker.succeeded(WAY)
    assert resting(breaker) == ""
    breaker.failed(WAY, DOWN, 1)
    assert resting(breaker) == ""


def test_who_did_not_get_as_far_as_the_host_has_not_tried(
    breaker: Breaker, clock: FakeClock
) -> None:
    """A bastion that is down after the rest does not prolong it."""
    breaker.failed(WAY, LOCKED, 1)
    clock.advance(timedelta(minutes=1))
    assert resting(breaker) == ""
    breaker.failed(WAY, Unreachable("the bastion is down", Fault.BASTION), 1)

    assert resting(breaker) == ""


def test_other_files_are_another_chance(breaker: Breaker) -> None:
    """Whoever mends a key or a line of known_hosts need not wait."""
    breaker.failed(WAY, LOCKED, 1)

    assert resting(breaker, version=2) == ""
    breaker.failed(WAY, LOCKED, 2)
    assert resting(breaker, version=2) != ""


@pytest.mark.parametrize(
    "other",
    [
        Way("db1", "10.0.0.6", 22, PROFILE),
        Way("db1", "10.0.0.5", 2222, PROFILE),
        Way("db1", "10.0.0.5", 22, SshProfile("lab", "root", "key", "known_hosts")),
        Way("db1", "10.0.0.5", 22, PROFILE, via=Way("gate", "10.0.0.1", 22, PROFILE)),
    ],
    ids=["address", "port", "user", "bastion"],
)
def test_others_do_not_rest_with_it(breaker: Breaker, other: Way) -> None:
    """Another machine, or the same one as somebody else."""
    breaker.failed(WAY, LOCKED, 1)

    assert resting(breaker, other) == ""
    assert resting(breaker, Way("another name", "10.0.0.5", 22, PROFILE)) != ""


def test_what_nobody_asks_for_is_forgotten(breaker: Breaker, clock: FakeClock) -> None:
    """A host that is gone from the inventory costs no memory for ever."""
    breaker.failed(WAY, LOCKED, 1)
    clock.advance(timedelta(days=2))
    breaker.failed(Way("db2", "10.0.0.6", 22, PROFILE), LOCKED, 1)
    breaker.failed(WAY, DOWN, 1)

    assert resting(breaker) == ""
