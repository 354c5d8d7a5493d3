"""Lets hosts rest that cannot be connected to, so that they cost nobody's time, nor our welcome.

OpenSSH locks out an address that fails to log in again and again; hence one attempt, and a pause.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.bastion import Way
from watcher.kit.clock import Clock
from watcher.model.evidence import Fault

_ENOUGH = 3
_FIRST_SECONDS = 60.0
_LONGEST_SECONDS = 900.0
_FORGOTTEN_SECONDS = 86_400.0

# What does not get better by trying again, and what is no fault of the host itself.
_AT_ONCE = {Fault.LOGIN, Fault.HOST_KEY}
_NOT_ITS_OWN = {Fault.BASTION, Fault.CONFIGURATION, Fault.RESTING, Fault.BUSY}

_Key = tuple[tuple[tuple[str, int], ...], str]


@dataclass(slots=True)
class _Record:
    """How often in a row it failed, and since when; `until` is when it may be tried again.

    `version` is that of the files which were used: with other files it may be tried at once.
    """

    failures: int
    since: datetime
    why: str
    seconds: float
    until: float
    version: object


class Breaker:
    """Remembers failures by machine and user. Any number of threads may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[_Key, _Record] = {}
        self._lock = threading.Lock()

    def check(self, way: Way, version: object) -> None:
        """Returns if a connection may be tried; after a pause only one caller may. Raises
        Unreachable with Fault.RESTING.
        """
        now = self._clock.monotonic()
        with self._lock:
            record = self._records.get(_key(way))
            if record is None or not record.seconds or record.version != version:
                return
            if now >= record.until:
                record.until = now + record.seconds  # for whoever asks while this one tries
                return
            left = timedelta(seconds=record.until - now)
            raise Unreachable(
                f"{way.name} has not let us in since {_time(record.since)} and rests until "
                f"{_time(self._clock.now() + left)} ({_count(record.failures)}); "
                f"the last time: {record.why}",
                Fault.RESTING,
            )

    def succeeded(self, way: Way) -> None:
        """The slate is clean."""
        with self._lock:
            self._records.pop(_key(way), None)

    def failed(self, way: Way, error: Unreachable, version: object) -> None:
        """Notes why there is no connection; perhaps there will be no attempt for a while."""
        if error.fault in _NOT_ITS_OWN:
            self._untried(way)
            return
        with self._lock:
            self._forget()
            start = _Record(0, self._clock.now(), "", 0.0, 0.0, version)
            record = self._records.setdefault(_key(way), start)
            record.failures += 1
            record.why, record.version = str(error), version
            if record.failures >= _ENOUGH or error.fault in _AT_ONCE:
                record.seconds = min(record.seconds * 2 or _FIRST_SECONDS, _LONGEST_SECONDS)
            record.until = self._clock.monotonic() + record.seconds

    def _untried(self, way: Way) -> None:
        """Whoever was to try for all did not get as far as the host: the next one may."""
        with self._lock:
            if record := self._records.get(_key(way)):
                record.until = self._clock.monotonic()

    def _forget(self) -> None:
        """What nobody has asked for in a day."""
        oldest = self._clock.monotonic() - _FORGOTTEN_SECONDS
        for key in [key for key, record in self._records.items() if record.until < oldest]:
            del self._records[key]


def _key(way: Way) -> _Key:
    return way.where, way.profile.user


def _count(failures: int) -> str:
    return "1 failure" if failures == 1 else f"{failures} failures in a row"


def _time(time: datetime) -> str:
    return f"{time:%H:%M:%S} UTC"
