"""Watcher's own credentials: they never show themselves, and redaction knows every one of them."""

import threading
from weakref import WeakSet

_MASK = "***"


class Secret:
    """A credential that is seen only by those who ask for it by name."""

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        with _lock:
            _all.add(self)

    def reveal(self) -> str:
        """The value; for the library call that needs it and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return _MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be stored or sent")


_lock = threading.Lock()
_all: WeakSet[Secret] = WeakSet()


def known_values() -> frozenset[str]:
    """The values of all secrets that this process holds now."""
    with _lock:
        return frozenset(secret.reveal() for secret in _all)
