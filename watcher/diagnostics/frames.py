"""Reads what a script sent back: which steps ran, what they printed, how they ended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from watcher.model.runbook import FACTS

_MOST_OF_A_FACT = 100
_BYTE = 0xFF


class Fate(StrEnum):
    """Why the host did not begin a step: it is not for such a host, or the time was up."""

    UNFIT = "S"
    LATE = "L"


@dataclass(frozen=True, slots=True)
class Part:
    """One step as it came back: `begin` and `end` are offsets in what was received.

    `exit_code` is None while the step had not ended, `missing` names a command it needs, `partial`
    what ran without root, `denied` what may not. With `whole` its time was the rest of its runbook.
    """

    step: str
    output: bytes = b""
    begin: int = 0
    end: int | None = None
    exit_code: int | None = None
    size: int = 0
    dropped: int = 0
    missing: str = ""
    fate: Fate | None = None
    whole: bool = False
    partial: tuple[str, ...] = ()
    denied: str = ""


@dataclass(frozen=True, slots=True)
class Frames:
    """Everything received; `refusal` is why the script did not start, `noise` what came before.

    `clock` is the time on the host in seconds, `told` the offset at which it had said so.
    """

    parts: tuple[Part, ...]
    complete: bool
    refusal: str
    noise: bytes
    facts: Mapping[str, str] = field(default_factory=dict)
    clock: float | None = None
    told: int = 0


def mark(nonce: str) -> bytes:
    """What every frame of this run begins with."""
    return f"\n\x1e{nonce} ".encode()


def end_mark(nonce: str) -> bytes:
    """The bytes with which a complete run ends."""
    return mark(nonce) + b"Z\n"


def parse(received: bytes, nonce: str) -> Frames:
    """Splits what was received at the frames of this run; anything else is output."""
    noise, *pieces = received.split(mark(nonce))
    frames = Frames((), complete=False, refusal="", noise=noise)
    offset = len(noise)
    parts: dict[str, Part] = {}
    for piece in pieces:
        header, _, output = piece.partition(b"\n")
        words = header.decode(errors="replace").split(" ")
        match words:
            case ["X", why]:
                frames = replace(frames, refusal=why)
            case ["F"]:
                frames = _told(frames, output, offset)
            case ["Z"]:
                frames = replace(frames, complete=True)
            case [_, step, *_]:
                if (part := _part(words, output, offset, parts.get(step))) is not None:
                    parts[step] = part
        offset += len(mark(nonce)) + len(piece)
    return replace(frames, parts=tuple(parts.values()))


def _part(words: list[str], output: bytes, offset: int, begun: Part | None) -> Part | None:
    """The step of a frame, as far as it is known by now; None for what is no frame of ours."""
    match words:
        case ["B", step, *flags]:
            whole = flags == ["whole"]
            return Part(step, output, begin=offset, size=len(output), whole=whole)
        case ["E", _, *figures] if begun is not None:
            return _ended(begun, offset, figures)
        case ["U", step, command]:
            return Part(step, begin=offset, end=offset, missing=command)
        case [("S" | "L") as fate, step]:
            return Part(step, begin=offset, end=offset, fate=Fate(fate))
    return None


def _ended(part: Part, offset: int, figures: list[str]) -> Part:
    pairs = [figure.split("=", 1) for figure in figures if "=" in figure]
    known = {name: value for name, value in pairs}
    code, size, dropped = (_int(known.get(name, "")) for name in ("code", "size", "dropped"))
    partial = dict.fromkeys(_command(value) for name, value in pairs if name == "partial")
    return replace(
        part,
        end=offset,
        exit_code=code & _BYTE,
        size=size,
        dropped=dropped,
        partial=tuple(partial),
        denied=_command(known["denied"]) if "denied" in known else "",
    )


def _told(frames: Frames, output: bytes, offset: int) -> Frames:
    """What the host says of itself: text of a stranger, so it is short and printable."""
    facts: dict[str, str] = {}
    for line in output.decode(errors="replace").splitlines():
        name, _, value = line.partition("=")
        facts.setdefault(name, "".join(each for each in value if each.isprintable()))
    clock = _clock(facts.get("clock", ""))
    known = {name: facts[name][:_MOST_OF_A_FACT] for name in FACTS if facts.get(name)}
    return replace(frames, facts=known, clock=clock, told=offset)


def _clock(text: str) -> float | None:
    """Seconds since 1970; where the host knows whole ones only, half a second is the best guess."""
    match = re.fullmatch(r"([0-9]{1,12})\.(?:([0-9]{9})|.*)", text)
    if match is None:
        return None
    return int(match[1]) + (int(match[2]) / 1e9 if match[2] else 0.5)


def _command(text: str) -> str:
    return text if re.fullmatch(r"[\w.+-]{1,40}", text, re.ASCII) else "a command"


def _int(text: str) -> int:
    """Figures come from the host, so they need not be figures, nor small."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
