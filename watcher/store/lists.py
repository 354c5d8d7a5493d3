"""The lists of incidents, alerts, deliveries and actions: matchers, pages, totals.

A list is walked from its newest row on, unless a matcher with an index leaves few rows: then those
are fetched and sorted. Which it is, is found out by counting, up to a limit, before each query.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic

from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.alert import Alert, AlertStatus
from watcher.model.delivery import DeliveryStatus, DeliveryView
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.matcher import Matcher, Operator
from watcher.store import rows
from watcher.store.base import UnknownField
from watcher.store.fields import (
    WORDS,
    Choice,
    DeliveryState,
    Field,
    Label,
    LabelOfAny,
    Members,
    Moment,
    Number,
    Terms,
    Text,
    Url,
)
from watcher.store.link import ACTION, ALERT, INCIDENT, Link, Shape
from watcher.store.query import Item, Page, Query, from_cursor, to_cursor
from watcher.store.rows import Row

MOST_COUNTED = 10_000
_FEW = 10_000
_FLAGS = ("true", "false")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """One list: where its rows come from, in which order (descending), what can be matched.

    `order` names columns and where they stand in a row. `label` is how a name is matched that is
    no field.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    order: Mapping[str, tuple[int, type]]
    customer: Field
    fields: Mapping[str, Field]
    item: Callable[[Row], Item]
    joins: str = ""
    label: Field | None = None

    def field(self, matcher: Matcher) -> Field:
        """What the matcher is about; raises UnknownField."""
        found = self.fields.get(matcher.name, self.label)
        if found is None:
            known = ", ".join(self.fields)
            raise UnknownField(f"{self.name} have no {matcher.name!r}; they have {known}")
        return found


def page(listing: Listing[Item], query: Query, link: Link, dialect: str) -> Page[Item]:
    """The rows for which all matchers hold, newest first, from the cursor on."""
    terms = Terms(WORDS[dialect], query.site)
    terms.words.limit(link)
    where = _conditions(listing, query, link, terms)
    source = f"{listing.table} {listing.joins} WHERE {' AND '.join(where)}"
    total = _count(source, link, terms) if query.total else None
    if query.cursor is not None:
        source += f" AND {_after(listing, query.cursor, terms)}"
    order = ", ".join(f"{column} DESC" for column in listing.order)
    found = link.rows(
        f"SELECT {', '.join(listing.columns)} FROM {source} "  # noqa: S608 - names of the schema
        f"ORDER BY {order} LIMIT {query.limit + 1:d}",
        terms.parameters,
    )
    following = None
    if len(found) > query.limit:
        last = found[query.limit - 1]
        following = to_cursor(listing.name, [last[at] for at, _ in listing.order.values()])
    return Page(
        items=tuple(map(listing.item, found[: query.limit])),
        next=following,
        total=None if total is None else min(total, MOST_COUNTED),
        total_exact=total is None or total <= MOST_COUNTED,
    )


def _conditions(listing: Listing[Item], query: Query, link: Link, terms: Terms) -> list[str]:
    """What must hold, with the index used that leaves the fewest rows if those are few."""
    asked = [(listing.field(matcher), matcher) for matcher in query.matchers]
    if query.customer is not None:
        own = Matcher("customer", Operator.EQUAL, query.customer)
        asked.append((listing.customer, own))
    narrow = [
        condition
        for field, matcher in asked
        if (condition := field.narrow(matcher, terms)) is not None
    ]
    fewest, best = _FEW, None
    for condition in narrow:
        source = f"SELECT 1 FROM {listing.table} WHERE {condition} LIMIT {fewest + 1:d}"  # noqa: S608
        [(count,)] = link.rows(f"SELECT count(*) FROM ({source}) AS few", terms.parameters)  # noqa: S608
        if count <= fewest:
            fewest, best = count, condition
    conditions = [field.condition(matcher, terms) for field, matcher in asked]
    return [*([best] if best else []), *conditions, "1 = 1"]


def _count(source: str, link: Link, terms: Terms) -> int:
    """How many rows there are, or one more than are counted."""
    some = f"SELECT 1 FROM {source} LIMIT {MOST_COUNTED + 1:d}"  # noqa: S608
    [(count,)] = link.rows(f"SELECT count(*) FROM ({some}) AS counted", terms.parameters)  # noqa: S608
    return int(count)


def _after(listing: Listing[Item], cursor: str, terms: Terms) -> str:
    types = [kind for _, kind in listing.order.values()]
    marks = [terms.mark(value) for value in from_cursor(listing.name, types, cursor)]
    return f"({', '.join(listing.order)}) < ({', '.join(marks)})"


def _columns(table: str, shape: Shape) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in shape.columns)


INCIDENTS: Listing[Incident] = Listing(
    name="incidents",
    table="incident AS i",
    columns=_columns("i", INCIDENT),
    order={"i.number": (0, int)},
    customer=Text("i.customer", "i.customer = {value}"),
    fields={
        "id": Number("i.number", indexed=True),
        "number": Number("i.number", indexed=True),
        "title": Text("i.title"),
        "status": Choice.of("i.status", Status, indexed=True),
        "priority": Choice.of("i.priority", Priority),
        "customer": Text("i.customer", "i.customer = {value}"),
        "service": Text("i.service"),
        "hosts": Members("i.hosts"),
        "opened_at": Moment("i.opened_at"),
        "acknowledged_at": Moment("i.acknowledged_at"),
        "resolved_at": Moment("i.resolved_at"),
        "alerts": Number("i.alerts"),
        "evidence": Number("(SELECT count(*) FROM evidence AS e WHERE e.incident = i.number)"),
        "problem": Number("i.problem"),
        "ticket": Text("i.ticket"),
        "url": Url("i.number"),
    },
    item=rows.to_incident,
    label=LabelOfAny("i.number"),
)

ALERTS: Listing[Alert] = Listing(
    name="alerts",
    table="alert AS a",
    columns=_columns("a", ALERT),
    order={"a.last_at": (14, int), "a.customer": (0, str), "a.key": (1, str)},
    customer=Text("a.customer", "a.customer = {value}"),
    fields={
        "key": Text("a.key"),
        "occurrence": Text("a.occurrence"),
        "status": Choice.of("a.status", AlertStatus),
        "suppressed": Choice.of("CASE WHEN a.suppressed THEN 'true' ELSE 'false' END", _FLAGS),
        "severity": Choice.of("a.severity", Severity),
        "name": Text("a.name"),
        "customer": Text("a.customer", "a.customer = {value}"),
        "host": Text("a.host"),
        "service": Text("a.service"),
        "first_at": Moment("a.first_at"),
        "last_at": Moment("a.last_at"),
        "count": Number("a.count"),
        "incident": Number("a.incident", indexed=True),
    },
    item=rows.to_alert,
    label=Label("a.labels"),
)

_DELIVERY_STATUS = """
CASE WHEN v.replay THEN 'pending' WHEN v.dead THEN 'dead' WHEN d.id > s.digested THEN 'pending'
ELSE 'done' END
"""


_DELIVERY_COLUMNS = (
    "d.id",
    "d.source",
    "d.customer",
    "d.received_at",
    _DELIVERY_STATUS,
    "coalesce(v.reason, '')",
    "length(d.body)",
)


def _to_delivery_view(row: Row) -> DeliveryView:
    number, source, customer, received_at, status, reason, size = row
    at = rows.from_micros(received_at)
    return DeliveryView(number, source, customer, at, DeliveryStatus(status), reason, size)


DELIVERIES: Listing[DeliveryView] = Listing(
    name="deliveries",
    table="delivery AS d",
    joins="LEFT JOIN verdict AS v ON v.delivery = d.id LEFT JOIN stream AS s ON s.id = d.stream",
    columns=_DELIVERY_COLUMNS,
    order={"d.id": (0, int)},
    customer=Text("d.customer"),
    fields={
        "id": Number("d.id", indexed=True),
        "source": Text("d.source"),
        "customer": Text("d.customer"),
        "received_at": Moment("d.received_at"),
        "status": DeliveryState(Choice.of(_DELIVERY_STATUS, DeliveryStatus)),
        "reason": Text("v.reason"),
        "size": Number("length(d.body)"),
    },
    item=_to_delivery_view,
)

_INCIDENTS_OF = "SELECT number FROM incident WHERE customer = {value}"

ACTIONS: Listing[Action] = Listing(
    name="actions",
    table="action AS a",
    columns=_columns("a", ACTION),
    order={"a.id": (0, int)},
    customer=Text(
        "a.customer", "a.incident IN (SELECT number FROM incident WHERE customer = {value})"
    ),
    fields={
        "id": Number("a.id", indexed=True),
        "kind": Choice.of("a.kind", ActionKind),
        "customer": Text("a.customer"),
        "incident": Number("a.incident", indexed=True),
        "status": Choice.of("a.status", ActionStatus, indexed=True),
        "attempts": Number("a.attempts"),
        "next_at": Moment("a.next_at"),
        "reason": Text("a.reason"),
    },
    item=rows.to_action,
)


def pending(link: Link, dialect: str) -> int:
    """How many deliveries wait for a digest, for the first time or again."""
    waiting = f"{WORDS[dialect].pending} UNION ALL SELECT delivery FROM verdict WHERE replay"  # noqa: S608
    [(count,)] = link.rows(f"SELECT count(*) FROM ({waiting}) AS waiting")  # noqa: S608
    return int(count)
