"""Makes system calls of this process fail from now on, as a broken or full disk would.

A filter of the kernel does it (seccomp), so that the real library meets the real error.
"""

import ctypes
import platform
import struct

# The numbers of the calls by machine, and the number that stands for the machine itself.
_CALLS = {
    "x86_64": {"fsync": (74, 75), "write": (18, 20)},
    "aarch64": {"fsync": (82, 83), "write": (68, 66)},
}
_SET_NO_NEW_PRIVS = 38
_SET_SECCOMP = 22
_FILTER = 2
_LOAD_CALL = (0x20, 0, 0, 0)
_ALLOW = (0x06, 0, 0, 0x7FFF0000)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def supported() -> bool:
    """Whether this machine is one whose system calls are known here."""
    return platform.machine() in _CALLS


def fail(kind: str, errno: int) -> None:
    """From now on and for ever, calls of that kind (fsync or write, at a position) fail."""
    code = [_LOAD_CALL]
    for number in _CALLS[platform.machine()][kind]:
        code += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | errno)]
    packed = b"".join(struct.pack("HBBI", *step) for step in [*code, _ALLOW])
    program = _Program(len(packed) // 8, packed)
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    failed = failed or libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    if failed:
        raise OSError(ctypes.get_errno(), "the kernel lets nobody filter system calls here")
