"""Makes plain text of what a command printed: no escape sequences, no binary, no overwriting."""

import re

_BINARY_SHARE = 0.01

# CSI, OSC (ended by BEL or ST) and the shorter escape sequences. None goes beyond its line, so that
# one without an end hides no more than that.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"
    r"|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?"
    r"|\x1b[ -/]*[0-~]"
)
# Bold and underlined letters, as for printers of old.
_OVERSTRUCK = re.compile(r"[^\n\x08]\x08")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
# In this order, where one of the signs is there at all: most output has none.
_TRICKS = (("\x1b\x9b", _ESCAPES), ("\x08", _OVERSTRUCK), ("\r", _OVERWRITTEN))
# Control characters, other ends of lines, and what is not seen but changes what is: directions of
# writing, letters without width, tags.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
    r"\U000e0000-\U000e007f]"
)


def clean(output: bytes) -> str:
    """The output as text of lines; binary output becomes one line that tells its size."""
    if output.count(0) > len(output) * _BINARY_SHARE:
        return f"[binary output, {len(output)} bytes]"
    text = output.decode("utf-8", errors="replace").replace("\r\n", "\n")
    for signs, pattern in _TRICKS:
        if any(sign in text for sign in signs):
            text = pattern.sub("", text)
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r", "")).rstrip()
