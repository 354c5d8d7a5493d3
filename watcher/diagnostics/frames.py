"""Reads what a script sent back: which steps ran, what they printed, how they ended."""

import re
from dataclasses import dataclass, replace

_BYTE = 0xFF


@dataclass(frozen=True, slots=True)
class Part:
    """One step as it came back: `begin` and `end` are offsets in what was received.

    `exit_code` is None while the step had not ended, `missing` names a command it needs.
    """

    step: str
    output: bytes = b""
    begin: int = 0
    end: int | None = None
    exit_code: int | None = None
    size: int = 0
    dropped: int = 0
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Frames:
    """Everything received; `refusal` is why the script did not start, `noise` what came before."""

    parts: tuple[Part, ...]
    complete: bool
    refusal: str
    noise: bytes


def end_mark(nonce: str) -> bytes:
    """The bytes with which a complete run ends."""
    return _mark(nonce) + b"Z\n"


def parse(received: bytes, nonce: str) -> Frames:
    """Splits what was received at the frames of this run; anything else is output."""
    noise, *pieces = received.split(_mark(nonce))
    offset = len(noise)
    parts: dict[str, Part] = {}
    refusal, complete = "", False
    for piece in pieces:
        header, _, output = piece.partition(b"\n")
        match header.decode(errors="replace").split(" "):
            case ["B", step]:
                parts[step] = Part(step, output, begin=offset, size=len(output))
            case ["E", step, *figures] if step in parts:
                parts[step] = _ended(parts[step], offset, figures)
            case ["U", step, command]:
                parts[step] = Part(step, begin=offset, end=offset, missing=command)
            case ["X", why]:
                refusal = why
            case ["Z"]:
                complete = True
        offset += len(_mark(nonce)) + len(piece)
    return Frames(tuple(parts.values()), complete, refusal, noise)


def _mark(nonce: str) -> bytes:
    return f"\n\x1e{nonce} ".encode()


def _ended(part: Part, offset: int, figures: list[str]) -> Part:
    known = dict(figure.split("=", 1) for figure in figures if "=" in figure)
    code, size, dropped = (_int(known.get(name, "")) for name in ("code", "size", "dropped"))
    return replace(part, end=offset, exit_code=code & _BYTE, size=size, dropped=dropped)


def _int(text: str) -> int:
    """Figures come from the host, so they need not be figures, nor small."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
