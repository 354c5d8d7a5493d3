"""Figures as commands print them, and as people read them: 97%, 1.5G, 1h30m, 12:05."""

import re
from datetime import timedelta

from watcher.kit.text import span

_NUMBER = re.compile(r"([-+]?(?:[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18}))\s?([A-Za-z%/]{0,6})")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}\b)")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_SIZE_UNIT = re.compile(r"([kmgtpe]?)(?:i?b)?(?:ytes)?(?:/s)?", re.IGNORECASE)
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024

_PART = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s?([A-Za-zµ]{0,8})")
_SECONDS = {
    **dict.fromkeys(("ns",), 1e-9),
    **dict.fromkeys(("us", "µs", "usec"), 1e-6),
    **dict.fromkeys(("ms", "msec"), 1e-3),
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604_800.0),
    **dict.fromkeys(("y", "year", "years"), 31_557_600.0),
}
# As ps and uptime print it: days, hours, minutes and seconds.
_CLOCK = re.compile(r"(?:([0-9]{1,6})[- ])?(?:([0-9]{1,6}):)?([0-9]{1,6}):([0-9]{2}(?:\.[0-9]+)?)")
_LONGEST = 1e11


def number(text: str) -> int | float:
    """The number that a text begins and ends with, its unit of size counted. Raises ValueError."""
    found = _NUMBER.fullmatch(_THOUSANDS.sub("", text.strip()))
    unit = found and (found[2] == "%" or _SIZE_UNIT.fullmatch(found[2]))
    if found is None or not unit:
        raise ValueError(f"{text[:40]!r} is no number")
    power = 0 if unit is True else _POWERS[unit[1].lower()]
    value = float(found[1]) * _STEP**power
    return int(value) if value.is_integer() else value


def seconds(text: str) -> float:
    """A duration as a number of seconds; a bare number is one. Raises ValueError."""
    text = text.strip()
    if clock := _CLOCK.fullmatch(text):
        days, hours, minutes, rest = (float(each or 0) for each in clock.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + rest
    parts = _PART.findall(text)
    spoken = re.sub(r"[\s,]", "", _PART.sub("", text))
    if not parts or spoken or not all(unit in _SECONDS for _, unit in parts):
        raise ValueError(f"{text[:40]!r} is no duration")
    return sum(float(figure) * _SECONDS[unit] for figure, unit in parts)


def in_bytes(value: float) -> str:
    """A size for people: 1536 is 1.5 KiB."""
    for unit in _UNITS:
        if abs(value) < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def in_words(value: float) -> str:
    """A duration for people: 7530 is 2 h 5 min, 0.25 is 250 ms."""
    if 0 < value < 1:
        return f"{value * 1000:.0f} ms"
    return span(timedelta(seconds=max(0.0, min(value, _LONGEST))))
