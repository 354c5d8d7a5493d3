"""Makes plain text of what a command printed: no escape sequences, no binary, no overwriting."""

import re

_BINARY_SHARE = 0.01

# CSI, OSC (ended by BEL or ST) and the shorter escape sequences, in their 7-bit forms.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"
    r"|\x1b[ -/]*[0-~]"
)
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(output: bytes) -> str:
    """The output as text of lines; binary output becomes one line that tells its size."""
    if output.count(0) > len(output) * _BINARY_SHARE:
        return f"[binary output, {len(output)} bytes]"
    text = output.decode("utf-8", errors="replace").replace("\r\n", "\n")
    text = _OVERWRITTEN.sub("", _ESCAPES.sub("", text))
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r", "")).rstrip()
