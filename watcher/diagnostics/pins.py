"""Host keys that were accepted when they were seen for the first time: a known_hosts of our own."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.hostkeys import HostKey, KnownHost, look_up
from watcher.model.evidence import Fault


def pinned(file: str, known: KnownHost, port: int) -> KnownHost:
    """What is known when the pins count, too: of a host that known_hosts does not know."""
    if known.keys:
        return known
    try:
        pins = look_up(file, known.address, port)
    except FileNotFoundError:
        return replace(known, file=file, source="pinned")
    except OSError as error:
        raise _unusable(file, error) from None
    revoked = known.revoked | pins.revoked
    return replace(known, file=file, source="pinned", keys=pins.keys, revoked=revoked)


def pin(file: str, known: KnownHost, port: int, key: HostKey, now: datetime) -> str:
    """Keeps a key that nothing was known of, unless another process has kept one meanwhile.

    Returns how it is known now. Raises HostKeyRefused, and Unreachable where it cannot be kept.
    """
    path = Path(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            latest = pinned(file, known, port)
            if latest.keys:
                return latest.verify(key, now)
            _write(path, f"{known.name} {key.line} first seen {now:%Y-%m-%dT%H:%M:%SZ}\n")
    except OSError as error:
        raise _unusable(file, error) from None
    return "first use"


def _write(path: Path, line: str) -> None:
    """All lines or the old ones are there at any time, also after a power cut."""
    text = path.read_text(errors="replace") if path.exists() else ""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w") as file:
        file.write(text + line)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time; the lock is on the folder, since the file is replaced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(file: str, error: OSError) -> Unreachable:
    problem = f"{file}, where new host keys are kept, cannot be used: {error.strerror}"
    return Unreachable(problem, Fault.CONFIGURATION)
