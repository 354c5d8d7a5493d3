"""Why there is no usable SSH connection, in words and in one word."""

import errno
import struct

import paramiko
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm

from watcher.diagnostics.clean import clean
from watcher.model.evidence import Fault

_MAX_WORDS = 200

# What paramiko's thread runs into is raised again on ours, and a server that sends rubbish can
# make it run into almost anything.
FAULTS = (
    paramiko.SSHException,
    OSError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    struct.error,
    InvalidSignature,
    InvalidTag,
    UnsupportedAlgorithm,
)

_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def fault_of(error: Exception) -> Fault:
    """The class of something that went wrong on a connection."""
    if isinstance(error, OSError) and error.errno in _NO_ROUTE:
        return Fault.NO_ROUTE
    return next((fault for kind, fault in _FAULT.items() if isinstance(error, kind)), Fault.BROKEN)


def words(error: Exception) -> str:
    """What happened, in words for the person who can mend it."""
    for kind, known in _WORDS.items():
        if isinstance(error, kind):
            return known
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return clean((said or type(error).__name__).encode())[:_MAX_WORDS]


_FAULT: dict[type[Exception], Fault] = {
    TimeoutError: Fault.TIMEOUT,
    ConnectionRefusedError: Fault.REFUSED,
    paramiko.ssh_exception.IncompatiblePeer: Fault.KEX,
}

_WORDS: dict[type[Exception], str] = {
    TimeoutError: "no answer in time; is the host up, and does a firewall let us through?",
    ConnectionRefusedError: "refused; does sshd run there, on this port?",
    paramiko.ssh_exception.IncompatiblePeer: "no algorithm in common; the server is too old or "
    "allows only what we do not offer",
    EOFError: "the connection was cut",
    ConnectionResetError: "the connection was cut",
}
