"""Who asks: logins and sessions for people, tokens for programs, and what each may do.

Secrets are random and kept as SHA-256 only; passwords are kept as argon2 hashes.
"""

import hashlib
import hmac
import math
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from watcher.kit.clock import Clock

SESSION_LASTS = timedelta(hours=12)

# OWASP's least costly choice of argon2id: 19 MiB, so that a few logins at once do not eat the host.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = BoundedSemaphore(2)
# What the password of a person who does not exist is compared with, so that it takes as long.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$t/2njosYuExumq/K9kdR6Q$hf9sJVf73YA/qeEvfsQJ0YktfeePXvdgsAvm2DNUNFo"
)


def new_secret() -> str:
    """A secret of 256 random bits, fit for a header or a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a token or a session."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session: str) -> str:
    """What the forms of a session carry; who only can send the cookie cannot make it."""
    return hmac.new(session.encode(), b"form", hashlib.sha256).hexdigest()


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(password)


def verify_password(hashed: str | None, password: str) -> bool:
    """Whether it is the password; takes as long for a person who does not exist (None)."""
    with _AT_ONCE:
        try:
            matches = _HASHER.verify(hashed or _NOBODY, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
    return matches and hashed is not None


@dataclass(slots=True)
class Throttle:
    """Slows down guessing: after `free` failures each further one doubles the wait of that key."""

    clock: Clock
    free: int = 5
    first_wait: float = 15.0
    longest_wait: float = 900.0
    most_keys: int = 10_000
    _failures: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, key: str) -> int:
        """For how many seconds this key may not try again; 0 when it may."""
        with self._lock:
            _, until = self._failures.get(key, (0, 0.0))
        return max(0, math.ceil(until - self.clock.monotonic()))

    def failed(self, key: str) -> None:
        """Counts a failure."""
        with self._lock:
            count = self._failures.pop(key, (0, 0.0))[0] + 1
            over = min(count - self.free, 30)
            wait = min(self.first_wait * 2.0 ** (over - 1), self.longest_wait) if over > 0 else 0.0
            self._failures[key] = (count, self.clock.monotonic() + wait)
            while len(self._failures) > self.most_keys:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forgets the failures."""
        with self._lock:
            self._failures.pop(key, None)
