"""Maintenance and mutes as people planned them, and the spans of alerts that are held back."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import orjson

from watcher.decide.windows import over_at
from watcher.model.alert import Occurrence
from watcher.model.matcher import Matcher, Operator
from watcher.model.silence import Window, WindowKind
from watcher.store import rows, schema
from watcher.store.link import OCCURRENCE, Link, Shape
from watcher.store.values import Row, from_micros, to_json, to_micros

_WINDOW = Shape.of(schema.maintenance)
_ALL = f"SELECT {', '.join(_WINDOW.columns)} FROM maintenance"  # noqa: S608 - names of the schema
# Either part finds its rows by the index.
_LIVING = " UNION ALL ".join(
    f"{_ALL} {{using}} WHERE {over} AND (CAST(:customer AS text) IS NULL OR customer = :customer)"
    for over in ("over_at IS NULL", "over_at > :since")
)
_INDEX = "occurrence_withheld"
_HELD = "withheld_by IS NOT NULL AND ended_at IS NULL"
_COLUMNS = ", ".join(f"o.{name}" for name in OCCURRENCE.columns)
# A window that was cancelled holds back until then, whatever was written down before.
_DUE = f"""
SELECT {_COLUMNS} FROM occurrence AS o {{using}} WHERE {_HELD} AND (withheld_until <= :now
    OR EXISTS (SELECT 1 FROM maintenance AS m WHERE m.name = withheld_by AND m.cancelled_at <= :now)
)
"""  # noqa: S608 - names of the schema
_ALL_HELD = f"SELECT {_COLUMNS} FROM occurrence AS o {{using}} WHERE {_HELD}"  # noqa: S608 - as above
_COUNTS = f"""
SELECT withheld_by, count(*) FROM occurrence {{using}}
WHERE {_HELD} AND (CAST(:customer AS text) IS NULL OR customer = :customer) GROUP BY withheld_by
"""  # noqa: S608 - names of the schema
_NUMBER = """
INSERT INTO counter (name, value) VALUES ('maintenance', 1)
ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value
"""
_CANCEL = """
UPDATE maintenance SET cancelled_at = :now, cancelled_by = :by, over_at = :now
WHERE id = :id AND cancelled_at IS NULL AND (over_at IS NULL OR over_at > :now)
"""
# What it holds back is decided about anew, as if its time had come.
_ANEW = """
UPDATE occurrence SET withheld_until = :now WHERE withheld_by = :name AND ended_at IS NULL
"""
_MICROSECOND = timedelta(microseconds=1)


def take_number(link: Link) -> int:
    """The number of a new window."""
    [(number,)] = link.rows(_NUMBER)
    return int(number)


def save(link: Link, window: Window) -> None:
    """Stores a window that has a number."""
    link.upsert(_WINDOW, [_from_window(window)])


def cancel(link: Link, number: int, by: str, now: datetime) -> bool:
    """Ends a window early; false if it was over or is not there."""
    return link.run(_CANCEL, {"id": number, "by": by, "now": to_micros(now)}) == 1


def change(link: Link, window: Window, now: datetime) -> None:
    """Stores a window that is another one now; what it holds back is due."""
    save(link, window)
    link.run(_ANEW, {"name": window.name, "now": to_micros(now)})


def windows(link: Link, since: datetime, customer: str | None = None) -> list[Window]:
    """The windows that may be open at some time after that, in the order of their numbers."""
    living = _LIVING.format(using=link.using("maintenance_over"))
    found = link.rows(living, {"since": to_micros(since), "customer": customer})
    return sorted(map(_to_window, found), key=lambda each: each.id or 0)


def window(link: Link, number: int) -> Window | None:
    """The window with that number."""
    found = link.rows(f"{_ALL} WHERE id = :id", {"id": number})
    return _to_window(found[0]) if found else None


def named(link: Link, names: Iterable[str]) -> list[Window]:
    """The windows with these names."""
    keys = [(name,) for name in sorted(set(names))]
    return list(map(_to_window, link.find(_WINDOW, ("name",), keys)))


def held(link: Link) -> list[Occurrence]:
    """Every span that is held back and fires."""
    found = link.rows(_ALL_HELD.format(using=link.using(_INDEX)))
    return list(map(rows.to_occurrence, found))


def due(link: Link, now: datetime) -> list[Occurrence]:
    """The spans that are held back, and about which it is time to decide again."""
    found = link.rows(_DUE.format(using=link.using(_INDEX)), {"now": to_micros(now)})
    return list(map(rows.to_occurrence, found))


def inhibited(link: Link, keys: Collection[tuple[str, str]]) -> list[Occurrence]:
    """The spans that are held back because one of these alerts (customer, key) fires."""
    by = ("customer", "withheld_source")
    return list(map(rows.to_occurrence, link.find(OCCURRENCE, by, sorted(set(keys)), _HELD)))


def counts(link: Link, customer: str | None) -> dict[str, int]:
    """How many alerts are held back now, by the name of what does."""
    found = link.rows(_COUNTS.format(using=link.using(_INDEX)), {"customer": customer})
    return {name: count for name, count in found}


def _from_window(window: Window) -> Row:
    over, cancelled = over_at(window), window.cancelled_at
    created_at = window.created_at or window.starts
    return (
        window.id,
        window.name,
        window.kind.value,
        window.customer,
        to_json([(each.name, each.operator.value, each.value) for each in window.when]),
        to_micros(window.starts),
        window.length // _MICROSECOND,
        window.repeat,
        window.zone,
        window.comment,
        window.author,
        to_micros(created_at),
        None if over is None else to_micros(over),
        None if cancelled is None else to_micros(cancelled),
        window.cancelled_by,
        window.title or None,
    )


def _to_window(row: Row) -> Window:
    matchers = [(name, Operator(sign), value) for name, sign, value in orjson.loads(row[4])]
    return Window(
        id=row[0],
        kind=WindowKind(row[2]),
        customer=row[3],
        when=tuple(Matcher(*each) for each in matchers),
        starts=from_micros(row[5]),
        length=timedelta(microseconds=row[6]),
        repeat=row[7],
        zone=row[8],
        comment=row[9],
        author=row[10],
        created_at=from_micros(row[11]),
        cancelled_at=None if row[13] is None else from_micros(row[13]),
        cancelled_by=row[14],
        title=row[15] or "",
    )
