"""When a failed action is tried again, and when it is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """How patient Watcher is: the wait doubles from `first` up to `longest`; after `attempts`
    tries, or once the action is older than `age`, it gives up. However old an action is (Watcher
    was off, a person retries it), `least` attempts are made. What a peer asks for (Retry-After) is
    honoured up to `asked`.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=10)
    asked: timedelta = timedelta(hours=1)
    least: int = 8
    attempts: int = 250
    age: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that failed: which one it was, since when the action is due, how long the peer asked
    to be left alone, and a throw of the dice in [0, 1) that keeps many from coming at once.
    """

    number: int
    since: datetime
    dice: float
    asked: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """The decision: try again `at` that time, or (None) give up; and why."""

    at: datetime | None
    reason: str


def next_try(attempt: Attempt, backoff: Backoff, now: datetime) -> Patience:
    """When to try again after a failed attempt."""
    if attempt.number >= backoff.attempts:
        return Patience(None, f"given up after {attempt.number} attempts")
    wait = _wait(attempt, backoff)
    if attempt.number >= backoff.least and now + wait - attempt.since > backoff.age:
        hours = backoff.age / timedelta(hours=1)
        return Patience(None, f"given up: it could not be done for {hours:g} h")
    return Patience(now + wait, f"attempt {attempt.number} failed, the next in {_seconds(wait)} s")


def worn_out(number: int, backoff: Backoff) -> bool:
    """Whether an action was begun too often without ever coming to an end, as one that brings its
    worker down.
    """
    return number > backoff.attempts


def _wait(attempt: Attempt, backoff: Backoff) -> timedelta:
    """Between half and all of the doubled wait; never less than the peer asked for."""
    doublings = min(attempt.number - 1, 32)
    full = min(backoff.first * (1 << doublings), backoff.longest)
    if attempt.asked is not None:
        least = min(timedelta(seconds=max(0.0, min(attempt.asked, 1e9))), backoff.asked)
        return max(least + backoff.first * attempt.dice, full / 2)
    return full / 2 + full / 2 * attempt.dice


def _seconds(wait: timedelta) -> int:
    return max(1, round(wait.total_seconds()))
