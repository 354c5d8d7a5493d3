"""Reads old tickets from a table: one a row, with what is known of the problem behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from watcher.policy.spreadsheet import TableError, rows_of, text_of

COLUMNS = {
    "opened": "when it began; needed",
    "closed": "when it was over; needed",
    "title": "what was wrong, in one line; needed",
    "ticket": "what it is called in the old tracker",
    "service": "the service that suffered",
    "host": "the host, by any of its names",
    "problem": "what the problem behind it is called in the old tracker",
    "problem_title": "the title of that problem",
    "workaround": "what helps until the cause is gone",
    "cause": "what the cause was",
    "fix": "what took the cause away",
}
_NEEDED = ("opened", "closed", "title")
_TIMES = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class OldTicket:
    """One ticket of the past. Texts are empty where nothing is known."""

    opened: datetime
    closed: datetime
    title: str
    ticket: str = ""
    service: str = ""
    host: str = ""
    problem: str = ""
    problem_title: str = ""
    workaround: str = ""
    cause: str = ""
    fix: str = ""


def read_tickets(
    path: Path, columns: Mapping[str, str], zone: tzinfo, now: datetime
) -> tuple[list[OldTicket], list[str]]:
    """The tickets of a table that are over, and notes about what is left out. `columns` says under
    which heading one of ours stands, `zone` what a time means that does not say. Raises TableError.
    """
    text, notes = text_of(path)
    rows = rows_of(text)
    _, heading = next(rows)
    names = _names(heading, columns, notes)
    found = []
    for line, cells in rows:
        try:
            found.append(_ticket(_told(names, cells), zone, now))
        except ValueError as error:
            notes.append(f"line {line}: {error}; it is left out")
    return found, notes


def _names(heading: Sequence[str], columns: Mapping[str, str], notes: list[str]) -> list[str]:
    """Our names of the columns, "" for those that say nothing to us."""
    theirs = {given.strip().casefold(): ours for ours, given in columns.items()}
    heads = [cell.strip() for cell in heading]
    names = [theirs.get(head.casefold(), head.casefold()) for head in heads]
    names = [name if name in COLUMNS else "" for name in names]
    unknown = ", ".join(head for head, name in zip(heads, names, strict=True) if head and not name)
    absent = [columns.get(each, each) for each in (*_NEEDED, *columns) if each not in names]
    if absent:
        raise TableError(
            f"line 1: there is no column {', '.join(dict.fromkeys(absent))}; say which one it is, "
            f"as in --column title=Summary (unknown columns: {unknown or 'none'})"
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise TableError(f"line 1: there are two columns {', '.join(twice)}")
    if unknown:
        notes.append(f"columns that say nothing to Watcher: {unknown}")
    return names


def _told(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if any(map(str.strip, cells[len(names) :])):
        raise ValueError("more cells than the heading has")
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}


def _ticket(told: Mapping[str, str], zone: tzinfo, now: datetime) -> OldTicket:
    texts = {name: text.replace("\0", "") for name, text in told.items()}
    opened = _moment("opened", texts.pop("opened", ""), zone)
    closed = _moment("closed", texts.pop("closed", ""), zone)
    if not opened <= closed <= now:
        raise ValueError("it was closed before it opened, or is not over yet")
    for name in ("title", "problem_title", "problem", "ticket", "service", "host"):
        texts[name] = _line(texts.get(name, ""))
    if not texts["title"]:
        raise ValueError("it has no title")
    return OldTicket(opened, closed, **texts)


def _line(text: str) -> str:
    """The text as one line that is not too long for a title."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(plain.split())[:_LONGEST_TITLE]


def _moment(name: str, text: str, zone: tzinfo) -> datetime:
    """A time as ISO 8601 or as spreadsheets in Russia write it, in UTC."""
    for form in (None, *_TIMES):
        try:
            read = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - of the zone
            return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise ValueError(f"`{name}` is no time as 2026-01-31 09:30 or 31.01.2026 09:30: {text[:40]!r}")
