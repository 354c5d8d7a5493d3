"""Text for people: short enough, on one line, and spans of time in words."""

from datetime import timedelta

MARK = "…"


def cut(text: str, limit: int, mark: str = MARK) -> str:
    """`text` in at most `limit` characters; what was cut is marked at the end."""
    if len(text) <= limit:
        return text
    return text[: max(0, limit - len(mark))].rstrip() + mark[:limit]


def one_line(text: str) -> str:
    """`text` without line breaks and control characters, each run of blanks being one space."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def listed(items: tuple[str, ...], most: int) -> str:
    """The first `most` items with commas, and how many more there are."""
    shown = ", ".join(items[:most])
    left = len(items) - most
    return f"{shown} and {left} more" if left > 0 else shown


def span(time: timedelta) -> str:
    """A duration as a person says it, in its two largest units: 40 s, 12 min, 3 h 5 min, 2 d."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    days, minutes = divmod(seconds // 60, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next(at for at, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)
