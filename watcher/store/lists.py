"""The lists of incidents, alerts, deliveries, actions and runs: matchers, pages, totals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic

from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.alert import Alert, AlertStatus
from watcher.model.article import Article, ArticleStatus, Language
from watcher.model.delivery import HISTORY, ORIGIN, RECONCILED, DeliveryStatus, DeliveryView
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.matcher import Matcher, Operator
from watcher.model.problem import Problem, ProblemStatus
from watcher.model.run import Run
from watcher.store import articles, deployments, evidence_rows, incident_rows, problem_rows, rows
from watcher.store.base import UnknownField
from watcher.store.fields import (
    Choice,
    DeliveryState,
    Field,
    Label,
    LabelOfAny,
    Members,
    Moment,
    Number,
    OwnOrShared,
    Terms,
    Text,
    Url,
)
from watcher.store.link import ACTION, ALERT, DEPLOYMENT, INCIDENT, PROBLEM, RUN, Link, Shape
from watcher.store.query import Item, Page, Query, from_cursor, to_cursor
from watcher.store.values import Row, from_micros
from watcher.store.words import WORDS, Words

MOST_COUNTED = 10_000
# From so many rows on, sorting them takes longer than walking on may take.
_FEW = 2_000
_MANY = 50_000
_AHEAD = 5_000
_FLAGS = ("true", "false")

Asked = tuple[Field, Matcher]


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
    search = _Search(listing, query, link, WORDS[dialect])
    search.words.limit(link)
    total = search.count() if query.total else None
    found = search.rows()
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


class _Search(Generic[Item]):
    """One query on one list, by whichever of three ways is short."""

    def __init__(self, listing: Listing[Item], query: Query, link: Link, words: Words) -> None:
        self.listing = listing
        self.query = query
        self.link = link
        self.words = words
        self.asked = [(listing.field(matcher), matcher) for matcher in query.matchers]
        if query.customer is not None:
            own = Matcher("customer", Operator.EQUAL, query.customer)
            self.asked.append((listing.customer, own))
        self.first, *self.ties = listing.order
        types = [kind for _, kind in listing.order.values()]
        self.place = () if query.cursor is None else from_cursor(listing.name, types, query.cursor)

    def rows(self) -> list[Row]:
        """One row more than the page has, if there are so many.

        If an index leaves few rows, those are sorted. Otherwise what is newest often fills the
        page; if it does not, matches are rare, and it is best to read everything in any order.
        """
        found = self._rarest(_FEW)
        if found is None:
            until = self._look_ahead() if self.asked else None
            page = self._select(None, until)
            if until is None or len(page) > self.query.limit:
                return page
            found = self._rarest(_MANY)
        return self._select(found, None, walk=False)

    def count(self) -> int:
        """How many rows there are on all pages, or one more than are counted."""
        terms = Terms(self.words, self.query.site, walk=False)
        where = self._where(terms, self._rarest(_MANY))
        source = f"{self._source()} WHERE {where} LIMIT {MOST_COUNTED + 1:d}"
        return self._number(f"SELECT count(*) FROM (SELECT 1 FROM {source}) AS counted", terms)  # noqa: S608 - names of the schema

    def _rarest(self, most: int) -> Asked | None:
        """The matcher whose index leaves the fewest rows, unless that is more than `most`."""
        rarest = None
        for field, matcher in self.asked:
            terms = Terms(self.words)
            narrow = field.narrow(matcher, terms)
            if narrow is not None:
                source = f"{self.listing.table} WHERE {narrow} LIMIT {most + 1:d}"
                number = self._number(
                    f"SELECT count(*) FROM (SELECT 1 FROM {source}) AS counted",  # noqa: S608 - names of the schema
                    terms,
                )
                if number <= most:
                    most, rarest = number, (field, matcher)
        return rarest

    def _look_ahead(self) -> int | None:
        """Where the newest rows end among which matches are looked for first; None: at the end."""
        terms = Terms(self.words)
        start = f"WHERE {self.first} <= {terms.mark(self.place[0])}" if self.place else ""
        order = f"ORDER BY {self.first} DESC LIMIT 1 OFFSET {_AHEAD:d}"
        found = self.link.rows(
            f"SELECT {self.first} FROM {self.listing.table} {start} {order}",  # noqa: S608 - names of the schema
            terms.parameters,
        )
        return int(found[0][0]) if found else None

    def _select(self, narrow: Asked | None, until: int | None, walk: bool = True) -> list[Row]:
        """The rows from the cursor on; to `walk` is to use the index of the order."""
        terms = Terms(self.words, self.query.site, walk)
        where = self._where(terms, narrow)
        order = [self.first if walk else f"{self.first} + 0", *self.ties]
        if self.place:
            marks = ", ".join(map(terms.mark, self.place))
            where += f" AND ({', '.join(order)}) < ({marks})"
        if until is not None:
            where += f" AND {self.first} >= {terms.mark(until)}"
        rule = f"ORDER BY {' DESC, '.join(order)} DESC LIMIT {self.query.limit + 1:d}"
        columns = ", ".join(self.listing.columns)
        return self.link.rows(
            f"SELECT {columns} FROM {self._source()} WHERE {where} {rule}",  # noqa: S608 - names of the schema
            terms.parameters,
        )

    def _where(self, terms: Terms, narrow: Asked | None) -> str:
        conditions = [field.condition(matcher, terms) for field, matcher in self.asked]
        if narrow is not None:
            field, matcher = narrow
            conditions.append(field.narrow(matcher, terms) or "")
        return " AND ".join(conditions) or "1 = 1"

    def _source(self) -> str:
        return f"{self.listing.table} {self.listing.joins}"

    def _number(self, sql: str, terms: Terms) -> int:
        [(number,)] = self.link.rows(sql, terms.parameters)
        return int(number)


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
        "problem": Number("i.problem", indexed=True),
        "ticket": Text("i.ticket"),
        "ticket_url": Text("i.ticket_url"),
        "tracker": Text("i.tracker"),
        "url": Url("i.number"),
    },
    item=incident_rows.to_incident,
    label=LabelOfAny("i.number"),
)

# Each customer in one step, by the primary key.
_CUSTOMERS = """
WITH RECURSIVE each(customer) AS (
    SELECT min(customer) FROM alert UNION ALL
    SELECT (SELECT min(x.customer) FROM alert AS x WHERE x.customer > each.customer) FROM each
    WHERE each.customer IS NOT NULL
) SELECT customer FROM each
"""

ALERTS: Listing[Alert] = Listing(
    name="alerts",
    table="alert AS a",
    columns=_columns("a", ALERT),
    order={"a.last_at": (14, int), "a.customer": (0, str), "a.key": (1, str)},
    customer=Text("a.customer", "a.customer = {value}"),
    fields={
        "key": Text("a.key", f"a.key = {{value}} AND a.customer IN ({_CUSTOMERS})"),
        "occurrence": Text("a.occurrence"),
        "status": Choice.of("a.status", AlertStatus, indexed=True),
        "suppressed": Choice.of("CASE WHEN a.suppressed THEN 'true' ELSE 'false' END", _FLAGS),
        "severity": Choice.of("a.severity", Severity),
        "name": Text("a.name"),
        "customer": Text("a.customer", "a.customer = {value}"),
        "host": Text("a.host", "a.host = {value}"),
        "service": Text("a.service", "a.service = {value}"),
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
# Few deliveries have any of these among their headers, so that those are not unpacked.
_ORIGINS = " ".join(
    f"WHEN replace(d.headers, '\"{ORIGIN}\":\"{each}\"', '') <> d.headers THEN '{each}'"
    for each in (RECONCILED, HISTORY)
)
_DELIVERY_ORIGIN = f"CASE {_ORIGINS} ELSE '' END"

_DELIVERY_COLUMNS = (
    "d.id",
    "d.source",
    "d.customer",
    "d.received_at",
    _DELIVERY_STATUS,
    "coalesce(v.reason, '')",
    "length(d.body)",
    _DELIVERY_ORIGIN,
)


def _to_delivery_view(row: Row) -> DeliveryView:
    number, source, customer, received_at, status, reason, size, origin = row
    at = from_micros(received_at)
    return DeliveryView(number, source, customer, at, DeliveryStatus(status), reason, size, origin)


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
        "origin": Choice.of(_DELIVERY_ORIGIN, ("", RECONCILED, HISTORY)),
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

RUNS: Listing[Run] = Listing(
    name="runs",
    table="run AS r",
    columns=_columns("r", RUN),
    order={"r.id": (0, int)},
    customer=Text("r.customer"),
    fields={
        "id": Number("r.id", indexed=True),
        "at": Moment("r.at"),
        "customer": Text("r.customer"),
        "incident": Number("r.incident", indexed=True),
        "runbook": Text("r.runbook"),
        "host": Text("r.host", "r.host = {value}"),
        "by": Text("r.ordered_by"),
        "approved_by": Text("r.approved_by"),
        "user": Text("r.login"),
        "address": Text("r.address"),
        "host_key": Text("r.host_key"),
        "script": Text("r.script"),
        "digest": Text("r.digest"),
        "fault": Text("r.fault"),
        "outcome": Text("r.outcome"),
        "worst": Text("r.worst"),
    },
    item=evidence_rows.to_run,
)

ARTICLES: Listing[Article] = Listing(
    name="articles",
    table="article AS a",
    joins=articles.NEWEST,
    columns=articles.COLUMNS,
    order={"a.changed_at": (7, int), "a.number": (0, int)},
    customer=OwnOrShared("a.customer"),
    fields={
        "id": Number("a.number", indexed=True),
        "title": Text("v.title"),
        "status": Choice.of("a.status", ArticleStatus),
        "customer": Text("a.customer"),
        "language": Choice.of("a.language", Language),
        "incident": Number("a.incident"),
        "problem": Number("a.problem"),
        "author": Text("a.created_by"),
        "changed_at": Moment("a.changed_at"),
    },
    item=articles.to_article,
)

PROBLEMS: Listing[Problem] = Listing(
    name="problems",
    table="problem AS p",
    columns=_columns("p", PROBLEM),
    order={"p.number": (0, int)},
    customer=Text("p.customer", "p.customer = {value}"),
    fields={
        "id": Number("p.number", indexed=True),
        "number": Number("p.number", indexed=True),
        "title": Text("p.title"),
        "status": Choice.of("p.status", ProblemStatus, indexed=True),
        "priority": Choice.of("p.priority", Priority),
        "customer": Text("p.customer", "p.customer = {value}"),
        "service": Text("p.service"),
        "owner": Text("p.owner"),
        "runbook": Text("p.runbook"),
        "tickets": Members("p.tickets"),
        "incidents": Number("p.incidents"),
        "returns": Number("p.returns"),
        "opened_at": Moment("p.opened_at"),
        "last_at": Moment("p.last_at"),
        "resolved_at": Moment("p.resolved_at"),
    },
    item=problem_rows.to_problem,
)

CHANGES: Listing[Deployment] = Listing(
    name="changes",
    table="deployment AS c",
    columns=_columns("c", DEPLOYMENT),
    order={"c.at": (5, int), "c.number": (3, int)},
    customer=Text("c.customer", "c.customer = {value}"),
    fields={
        "id": Number("c.number", indexed=True),
        "customer": Text("c.customer", "c.customer = {value}"),
        "source": Text("c.source"),
        "key": Text("c.key"),
        "what": Text("c.what"),
        "status": Choice.of("c.status", DeploymentStatus),
        "service": Text("c.service"),
        "host": Text("c.host"),
        "environment": Text("c.environment"),
        "revision": Text("c.revision"),
        "author": Text("c.author"),
        "url": Text("c.url"),
        "at": Moment("c.at"),
        "ended_at": Moment("c.ended_at"),
    },
    item=deployments.to_deployment,
)


def pending(link: Link, dialect: str) -> int:
    """How many deliveries wait for a digest, for the first time or again."""
    waiting = f"{WORDS[dialect].pending} UNION ALL SELECT delivery FROM verdict WHERE replay"  # noqa: S608 - names of the schema
    [(count,)] = link.rows(f"SELECT count(*) FROM ({waiting}) AS waiting")  # noqa: S608 - names of the schema
    return int(count)
