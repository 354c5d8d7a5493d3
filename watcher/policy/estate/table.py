"""Reads an estate from a table: CSV as spreadsheets write it, one host a row."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from watcher.model.estate import Estate, FoundHost, FoundService
from watcher.policy.spreadsheet import TableError, rows_of, text_of

COLUMNS = {
    "name": "what alerts call the host; needed",
    "customer": "whose it is",
    "title": "what else it is called",
    "address": "where it is reached",
    "aliases": "all its other names",
    "os": "linux, windows or another",
    "depends_on": "hosts without which it cannot be reached",
    "service": "the services that run on it",
    "criticality": "how critical those are, from 1 to 4",
}
_TAG = "tag:"
_PLACES = re.compile(r"[,;|\s]+")
_LIST = re.compile(r"[,;|]+")


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        return self.cells.get(column, "").strip()

    def key(self, name: str) -> tuple[str, str]:
        """A host of the same customer."""
        return self.get("customer"), name.casefold()

    @property
    def place(self) -> str:
        return f"line {self.line}"


def read_table(path: Path, columns: Mapping[str, str], *, services: bool) -> Estate:
    """The hosts of a table, and the services that it names. `columns` says under which heading one
    of ours stands; rows that cannot be read are noted. Raises TableError.
    """
    text, notes = text_of(path)
    rows = list(_rows(text, columns, notes))
    ids = {row.key(row.get("name")): f"{row.line}" for row in rows}
    hosts = tuple(_host(row, ids) for row in rows)
    found = tuple(_services(rows, notes)) if services else None
    return Estate(path.name, hosts, found, tuple(notes))


def _rows(text: str, columns: Mapping[str, str], notes: list[str]) -> Iterator[_Row]:
    rows = rows_of(text)
    _, heading = next(rows)
    names = _names(heading, columns, notes)
    for line, cells in rows:
        yield from _row(line, names, cells, notes)


def _names(heading: list[str], columns: Mapping[str, str], notes: list[str]) -> list[str]:
    """Our names of the columns, "" for those that say nothing to us."""
    theirs = {given.strip().casefold(): ours for ours, given in columns.items()}
    names = []
    for cell in heading:
        head = cell.strip()
        name = theirs.get(head.casefold(), head.casefold())
        if name.startswith(_TAG):
            name = _TAG + head[len(_TAG) :].strip()
        names.append(name if name in COLUMNS or name.startswith(_TAG) else "")
    unknown = [head.strip() for head, name in zip(heading, names, strict=True) if not name]
    absent = [given for ours, given in columns.items() if ours not in names]
    if absent:
        raise TableError(f"line 1: there is no column {', '.join(absent)}")
    if "name" not in names:
        heads = ", ".join(filter(None, unknown)) or "none"
        raise TableError(
            "line 1: no column is called `name`; say which one it is, as in --column name=Host "
            f"(unknown columns: {heads})"
        )
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise TableError(f"line 1: there are two columns {', '.join(sorted(twice))}")
    if unknown := [each for each in unknown if each]:
        notes.append(f"columns that say nothing to Watcher: {', '.join(unknown)}")
    return names


def _row(line: int, names: list[str], cells: list[str], notes: list[str]) -> Iterator[_Row]:
    if any(map(str.strip, cells[len(names) :])):
        notes.append(f"line {line}: more cells than the heading has; it is left out")
        return
    row = _Row(line, {name: cell for name, cell in zip(names, cells, strict=False) if name})
    if not row.get("name"):
        notes.append(f"line {line}: it has no name and is left out")
        return
    yield row


def _host(row: _Row, ids: Mapping[tuple[str, str], str]) -> FoundHost:
    needed = map(row.key, _items(row.get("depends_on"), _LIST))
    tags = {name.removeprefix(_TAG): row.get(name) for name in row.cells if name.startswith(_TAG)}
    return FoundHost(
        id=f"{row.line}",
        name=row.get("name"),
        place=row.place,
        names=(*_items(row.get("title"), None), *_items(row.get("aliases"), _PLACES)),
        addresses=tuple(_items(row.get("address"), _PLACES)),
        said=row.get("customer"),
        tags=tuple((name, value) for name, value in tags.items() if value),
        os=row.get("os").lower(),
        depends_on=tuple(ids[each] for each in needed if each in ids),
    )


def _items(text: str, separator: re.Pattern[str] | None) -> list[str]:
    parts = separator.split(text) if separator else [text]
    return [part.strip() for part in parts if part.strip()]


def _services(rows: list[_Row], notes: list[str]) -> Iterator[FoundService]:
    """The services that rows name; of one customer a name means one service."""
    found: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        for name in _items(row.get("service"), _LIST):
            found.setdefault((row.get("customer"), name), []).append(row)
    for (customer, name), mine in found.items():
        said = {row.get("criticality") for row in mine} - {""}
        rated = next(iter(said), "") if len(said) == 1 else ""
        if said and rated not in {"1", "2", "3", "4"}:
            lines = ", ".join(f"{row.line}" for row in mine)
            notes.append(
                f"lines {lines}: the criticality of {name} is {' and '.join(sorted(said))}; it "
                "should be one number from 1 to 4"
            )
            rated = ""
        yield FoundService(
            id=f"{customer}/{name}",
            name=name,
            place=mine[0].place,
            hosts=tuple(f"{row.line}" for row in mine),
            said=customer,
            criticality=int(rated) if rated else None,
        )
