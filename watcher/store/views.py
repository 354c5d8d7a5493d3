"""What pages, the API and reports read: one consistent state of the data."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

import orjson

from watcher.model.action import Action, ActionStatus
from watcher.model.alert import Alert, Occurrence
from watcher.model.article import Article, ArticleStatus, Hit, Version, Votes
from watcher.model.concern import Letters, Lost
from watcher.model.delivery import Delivery, DeliveryView
from watcher.model.deployment import Deployment
from watcher.model.evidence import Evidence
from watcher.model.example import Example
from watcher.model.incident import Entry, Incident, Status
from watcher.model.person import Principal
from watcher.model.problem import Problem, ProblemEntry, ProblemStatus, Tie
from watcher.model.review import Review, Waiting
from watcher.model.run import Run, Use
from watcher.model.signature import Signature
from watcher.model.silence import Window
from watcher.model.source import Missed, SourceState
from watcher.model.survey import Held
from watcher.store import (
    articles,
    deployments,
    diagnosed,
    digest,
    evidence_rows,
    history,
    incident_rows,
    lists,
    outbox,
    people,
    problems,
    reviews,
    rows,
    sources,
    traits,
    windows,
)
from watcher.store.archive import SHIFT
from watcher.store.history import Period
from watcher.store.link import ACTION, ALERT, DELIVERY, ENTRY, EXAMPLE, INCIDENT, OCCURRENCE, Link
from watcher.store.people import Person, Token
from watcher.store.query import Page, Query
from watcher.store.traits import Rarity
from watcher.store.values import Row, from_micros, to_micros

Noun = TypeVar("Noun")
State = TypeVar("State", Status, ActionStatus)

_ALERT_COLUMNS = ", ".join(f"a.{name}" for name in ALERT.columns)
_OCCURRENCE_COLUMNS = ", ".join(f"o.{name}" for name in OCCURRENCE.columns)
_ALERTS_OF = f"""
SELECT {_ALERT_COLUMNS}, {_OCCURRENCE_COLUMNS} FROM occurrence AS o
JOIN alert AS a ON a.customer = o.customer AND a.key = o.key
WHERE o.incident = :number ORDER BY coalesce(o.started_at, o.joined_at, 0), o.key, o.occurrence
"""  # noqa: S608 - names of the schema

_NAMED = f"""
SELECT {_OCCURRENCE_COLUMNS} FROM occurrence AS o
JOIN alert AS a ON a.customer = o.customer AND a.key = o.key
WHERE o.occurrence = :occurrence AND a.source = :source
AND (CAST(:customer AS text) IS NULL OR o.customer = :customer)
ORDER BY o.incident IS NULL, o.heard_at DESC LIMIT 1
"""  # noqa: S608 - names of the schema

_EXAMPLES = f"""
SELECT {", ".join(EXAMPLE.columns)} FROM example
WHERE at >= :since AND (CAST(:customer AS text) IS NULL OR customer = :customer) ORDER BY at, pair
"""  # noqa: S608 - names of the schema

# What commits late has a lower number than what has been seen: the newest one would not tell.
_MARK = """
SELECT CAST(coalesce(sum(id), 0) AS bigint) + (SELECT coalesce(max(id), 0) FROM evidence)
FROM (SELECT id FROM entry ORDER BY id DESC LIMIT 500) AS newest
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of what moves; `pending` and `dead` are deliveries.

    Closed incidents and actions that are done are left out: they only grow, and to count them would
    take longer every day.
    """

    incidents: dict[Status, int]
    actions: dict[ActionStatus, int]
    pending: int
    dead: int


class View:
    """What can be read. Lists raise UnknownField, BadCursor and TooSlow, everything raises
    StoreUnavailable. `customer` None is for who may see all.
    """

    def __init__(self, link: Link, dialect: str) -> None:
        self._link = link
        self._dialect = dialect

    def incident_list(self, query: Query) -> Page[Incident]:
        """Incidents, the highest number first."""
        return lists.page(lists.INCIDENTS, query, self._link, self._dialect)

    def alert_list(self, query: Query) -> Page[Alert]:
        """Alerts, the last heard of first."""
        return lists.page(lists.ALERTS, query, self._link, self._dialect)

    def delivery_list(self, query: Query) -> Page[DeliveryView]:
        """Deliveries, the last received first."""
        return lists.page(lists.DELIVERIES, query, self._link, self._dialect)

    def action_list(self, query: Query) -> Page[Action]:
        """Actions, the last decided first."""
        return lists.page(lists.ACTIONS, query, self._link, self._dialect)

    def incident(self, number: int, customer: str | None) -> Incident | None:
        """An incident, unless it is not there for this customer."""
        found = self._of(
            "number", INCIDENT.table, INCIDENT.columns, number, incident_rows.to_incident
        )
        return next((each for each in found if customer in {None, each.customer}), None)

    def timeline(self, number: int) -> list[Entry]:
        """What happened to an incident, in the order in which it was written down."""
        return self._of("incident", ENTRY.table, ENTRY.columns, number, incident_rows.to_entry)

    def alerts_of(self, number: int) -> list[tuple[Alert, Occurrence]]:
        """The alerts of an incident as they are now, each with the newest of its spans in it."""
        found = {alert.key: (alert, span) for alert, span in self.spans_of(number)}
        return list(found.values())

    def alert(self, customer: str, key: str) -> Alert | None:
        """An alert of a customer as it is now."""
        found = self._link.find(ALERT, ("customer", "key"), [(customer, key)])
        return rows.to_alert(found[0]) if found else None

    def spans_of(self, number: int) -> list[tuple[Alert, Occurrence]]:
        """All spans that belong to an incident, each with its alert as it is now."""
        width = len(ALERT.columns)
        return [
            (rows.to_alert(row[:width]), rows.to_occurrence(row[width:]))
            for row in self._link.rows(_ALERTS_OF, {"number": number})
        ]

    def named(self, source: str, occurrence: str, customer: str | None) -> Occurrence | None:
        """The span that a source calls so."""
        asked = {"source": source, "occurrence": occurrence, "customer": customer}
        found = self._link.rows(_NAMED, asked)
        return rows.to_occurrence(found[0]) if found else None

    def newest(self, key: str, customers: Iterable[str]) -> Occurrence | None:
        """The newest span of the condition with this key at one of these customers."""
        keys = [(customer, key) for customer in customers]
        alerts = map(rows.to_alert, self._link.find(ALERT, ("customer", "key"), keys))
        spans = [(each.customer, each.key, each.occurrence) for each in alerts]
        found = self._link.find(OCCURRENCE, OCCURRENCE.key, spans)
        return rows.to_occurrence(found[0]) if found else None

    def examples(self, customer: str | None, since: datetime | None = None) -> list[Example]:
        """What people said of pairs of alerts since then, oldest first."""
        asked = {"customer": customer, "since": to_micros(since) if since else 0}
        return [evidence_rows.to_example(row) for row in self._link.rows(_EXAMPLES, asked)]

    def evidence_of(self, number: int) -> list[Evidence]:
        """What diagnoses brought back for an incident, oldest first."""
        return self._of(
            "incident", "evidence", diagnosed.EVIDENCE, number, evidence_rows.to_evidence
        )

    def last_evidence(
        self, customer: str, runbook: str, host: str, since: datetime
    ) -> Evidence | None:
        """The newest complete diagnosis of a customer's host by a runbook since then."""
        return diagnosed.last_evidence(self._link, customer, runbook, host, since)

    def lanes_before(self, action: Action, start: str, most: int) -> list[str]:
        """The lanes, `most` at most, of older diagnoses of its incident whose keys start so."""
        return diagnosed.lanes_before(self._link, action.incident, action.id, start, most)

    def diagnosed_incidents(self, customer: str, since: datetime) -> int:
        """How many incidents of a customer had diagnoses queued since then."""
        return diagnosed.diagnosed_incidents(self._link, customer, since)

    def run_list(self, query: Query) -> Page[Run]:
        """Lines of the run log, the newest first."""
        return lists.page(lists.RUNS, query, self._link, self._dialect)

    def change_list(self, query: Query) -> Page[Deployment]:
        """Changes, the last begun first."""
        return lists.page(lists.CHANGES, query, self._link, self._dialect)

    def changes_before(
        self, customer: str, since: datetime, until: datetime, limit: int
    ) -> list[Deployment]:
        """The changes of a customer that began by then and were not over before, newest first."""
        return deployments.before(self._link, customer, since, until, limit)

    def changes_like(
        self, change: Deployment, node: str, since: datetime, until: datetime, limit: int
    ) -> list[Deployment]:
        """The changes of a node that the same source told of and that began then, newest first."""
        return deployments.like(self._link, change, node, since, until, limit)

    def changes_told(self, after: int, limit: int) -> list[Deployment]:
        """The changes with the next greater numbers, in their order."""
        return deployments.told(self._link, after, limit)

    def changes_followed(self) -> int:
        """The newest change that incidents were looked at for, 0 where there was none."""
        return deployments.followed(self._link)

    def opened_after(
        self, customer: str, since: datetime, until: datetime, limit: int
    ) -> list[Incident]:
        """The incidents of a customer that opened within that time and are not closed."""
        return deployments.opened_after(self._link, customer, since, until, limit)

    def living(self, after: int, limit: int) -> list[Incident]:
        """The incidents that are open or acknowledged, with greater numbers, in their order."""
        return digest.living(self._link, after, limit)

    def troubles(
        self, customer: str, node: str, since: datetime, until: datetime
    ) -> list[datetime]:
        """When each incident of that time began to show on a host or service of a customer."""
        return deployments.troubles(self._link, customer, node, since, until)

    def script(self, sha256: str, customer: str | None) -> str | None:
        """What ran under this hash; None where nothing did on hosts of this customer."""
        return diagnosed.script(self._link, sha256, customer)

    def uses(self, since: datetime, customer: str | None) -> dict[str, Use]:
        """How each runbook that ran since then was used, by its name."""
        return diagnosed.uses(self._link, since, customer)

    def actions_of(self, number: int) -> list[Action]:
        """What is to be done outside for an incident, and what came of it."""
        return self._of("incident", ACTION.table, ACTION.columns, number, rows.to_action)

    def actions_named(self, keys: Iterable[str]) -> dict[str, Action]:
        """The actions with these keys, by their key."""
        found = self._link.find(ACTION, ("key",), [(key,) for key in keys])
        return {action.key: action for action in map(rows.to_action, found)}

    def evidence_counts(self, numbers: Iterable[int]) -> dict[int, int]:
        """How many diagnoses these incidents have; those without are left out."""
        found = self._link.rows(
            f"SELECT incident, count(*) FROM evidence WHERE incident IN ({self._link.each})"  # noqa: S608 - names of the schema
            " GROUP BY incident",
            {"ids": orjson.dumps(list(numbers)).decode()},
        )
        return {number: count for number, count in found}

    def raw_delivery(self, number: int, customer: str | None) -> Delivery | None:
        """A delivery with headers and body, for operators; None where it is not this customer's."""
        found = self._of("id", DELIVERY.table, DELIVERY.columns, number, rows.to_delivery)
        return next((each for each in found if customer in {None, each.customer}), None)

    def history(
        self, period: Period, after: int | None, limit: int, max_bytes: int
    ) -> list[Delivery]:
        """The next deliveries of a period after that id, at least one if there is any."""
        return history.chunk(self._link, period, after, limit, max_bytes)

    def archived(
        self, period: Period, after: int | None, limit: int, max_bytes: int
    ) -> list[Delivery]:
        """The same of what was fetched of the past."""
        return history.chunk(self._link, period, after, limit, max_bytes, SHIFT)

    def problem_list(self, query: Query) -> Page[Problem]:
        """Problems, the highest number first."""
        return lists.page(lists.PROBLEMS, query, self._link, self._dialect)

    def problem(self, number: int, customer: str | None) -> Problem | None:
        """A problem, unless it is not there for this customer."""
        return problems.problem(self._link, number, customer)

    def problems_of(self, customer: str, statuses: Iterable[ProblemStatus]) -> list[Problem]:
        """The problems of a customer that stand so, in the order of their numbers."""
        return problems.of_customer(self._link, customer, statuses)

    def stirred_problems(self) -> list[int]:
        """The problems of which an incident may have opened or ended lately."""
        return problems.stirred(self._link)

    def standing_problems(self) -> list[int]:
        """The problems that are neither refused nor closed."""
        return problems.standing(self._link)

    def problem_timeline(self, number: int) -> list[ProblemEntry]:
        """What happened to a problem, in the order in which it was written down."""
        return problems.timeline(self._link, number)

    def ties_of_problem(self, number: int) -> list[Tie]:
        """The ties of a problem, refused ones too, in the order of the incidents."""
        return problems.ties_of_problem(self._link, number)

    def ties_of_incidents(self, numbers: Collection[int]) -> list[Tie]:
        """The ties of these incidents, refused ones too, by incident and problem."""
        return problems.ties_of_incidents(self._link, numbers)

    def incidents_of_problem(self, number: int, since: datetime | None = None) -> list[Incident]:
        """The incidents that belong to a problem and opened since then, by their numbers."""
        return problems.incidents(self._link, number, since)

    def place(self, number: int, incident: Incident) -> int:
        """Which of the incidents of a problem that one is, in the order in which they opened."""
        return problems.place(self._link, number, incident)

    def followed(self) -> int:
        """The newest incident that was compared with those of before, 0 where none was."""
        return problems.followed(self._link)

    def opened(self, after: int, limit: int) -> list[Incident]:
        """The incidents with the next greater numbers, in their order."""
        return problems.opened(self._link, after, limit)

    def groups_like(self, customer: str, start: str) -> list[str]:
        """The groups of a customer's incidents, over or not, that begin so."""
        return problems.groups_like(self._link, customer, start)

    def incidents(self, numbers: Iterable[int]) -> dict[int, Incident]:
        """The known incidents of these numbers."""
        return problems.incidents_named(self._link, numbers)

    def problems(self, numbers: Iterable[int]) -> dict[int, Problem]:
        """The known problems of these numbers."""
        return problems.named(self._link, numbers)

    def signatures(self, customer: str, numbers: Collection[int]) -> dict[int, Signature]:
        """What is remembered of these incidents of a customer."""
        return traits.signatures_of(self._link, customer, numbers)

    def rarity(self, customer: str, values: Collection[tuple[str, str]]) -> Rarity:
        """How many incidents of a customer have these values (field, value)."""
        return traits.rarity(self._link, customer, values)

    def having(
        self, customer: str, value: tuple[str, str], limit: int, before: int | None = None
    ) -> list[int]:
        """The newest incidents of a customer that have this value (field, value), among those with
        lower numbers.
        """
        return traits.having(self._link, customer, value, limit, before)

    def change_mark(self) -> int:
        """A number that is another one after incidents have changed."""
        [(mark,)] = self._link.rows(_MARK)
        return int(mark)

    def windows(self, since: datetime, customer: str | None) -> list[Window]:
        """The maintenance and mutes that people planned and that are not over since then."""
        return windows.windows(self._link, since, customer)

    def window(self, number: int, customer: str | None) -> Window | None:
        """One of them, unless it is not there for this customer."""
        found = windows.window(self._link, number)
        return found if found and customer in {None, found.customer} else None

    def held_back(self, customer: str | None) -> dict[str, int]:
        """How many alerts are held back now, by the name of what does."""
        return windows.counts(self._link, customer)

    def sources(self) -> dict[str, SourceState]:
        """What is known of sources besides their alerts, by their names; of new ones nothing."""
        return sources.states(self._link)

    def source(self, name: str) -> SourceState:
        """What is known of one source besides its alerts."""
        return sources.state(self._link, name)

    def firing_of(self, source: str) -> list[Alert]:
        """The alerts of a source that fire, of all customers."""
        return sources.firing(self._link, source)

    def letters(self, since: datetime, least: int, newest: int = 50_000) -> dict[str, Letters]:
        """How much of what came since then is dead, of the sources that have `least` dead letters;
        in a flood only among the `newest`.
        """
        return sources.letters(self._link, since, least, newest)

    def lost(self, since: datetime) -> dict[tuple[str, str], Lost]:
        """By customer and channel: messages that were given up, counted since then, where there are
        any; and whether one arrived since then.
        """
        return outbox.lost(self._link, since)

    def missed(self, since: date | None = None) -> list[Missed]:
        """What sources did not tell from that day on, or ever, the oldest first."""
        return sources.missed(self._link, since)

    def held(self, customer: str, source: str) -> list[Held]:
        """The spans of a source that hold as far as is known."""
        return sources.held(self._link, customer, source)

    def occurrences(
        self, keys: Collection[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], Occurrence]:
        """The known ones of these (customer, key, occurrence)."""
        found = self._link.find(OCCURRENCE, OCCURRENCE.key, sorted(set(keys)))
        spans = map(rows.to_occurrence, found)
        return {(each.customer, each.key, each.occurrence): each for each in spans}

    def keys_of(self, spans: Collection[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
        """The keys of the conditions that these (customer, source, occurrence) are spans of, where
        they are known.
        """
        return digest.keys_of(self._link, spans)

    def underway(self, source: str, limit: int) -> list[Delivery]:
        """The deliveries of a source that no digest has seen, and the newest dead ones that were
        made by asking it, as many of either at most.
        """
        waiting = sources.underway(self._link, self._dialect, source, limit)
        return waiting + sources.refused(self._link, source, limit)

    def leased_until(self, name: str) -> datetime | None:
        """How long the last holder of a lease may go on, perhaps in the past; None if none was."""
        found = self._link.rows("SELECT until FROM lease WHERE name = :name", {"name": name})
        return from_micros(found[0][0]) if found else None

    def article_list(self, query: Query) -> Page[Article]:
        """Articles of a customer and those for all, the last changed first."""
        return lists.page(lists.ARTICLES, query, self._link, self._dialect)

    def article(self, number: int, customer: str | None) -> Article | None:
        """An article, unless it is another customer's."""
        found = articles.article(self._link, number)
        mine = found is not None and (customer is None or found.customer in {None, customer})
        return found if mine else None

    def articles(self, numbers: Iterable[int]) -> dict[int, Article]:
        """The articles with these numbers."""
        return articles.some(self._link, numbers)

    def article_versions(self, number: int) -> list[Version]:
        """All versions of an article, the newest first."""
        return articles.versions(self._link, number)

    def article_count(self, customer: str | None, statuses: Collection[ArticleStatus]) -> int:
        """How many articles there are for a customer; None for all customers."""
        return articles.count(self._link, customer, statuses)

    def article_hits(
        self,
        words: Sequence[tuple[str, str]],
        customer: str | None,
        statuses: Collection[ArticleStatus],
    ) -> list[Hit]:
        """Where any of these words, as (stem, beginning), is in articles for a customer."""
        return articles.sought(self._link, words, customer, statuses)

    def articles_having(self, terms: Collection[str], customer: str) -> list[Hit]:
        """Where any of these terms is in what is published for a customer."""
        return articles.having(self._link, self._dialect, terms, customer)

    def votes(self, numbers: Iterable[int], customer: str | None) -> dict[int, Votes]:
        """What people of a customer said of these articles; those without votes are left out."""
        return articles.votes(self._link, numbers, customer)

    def votes_of(self, incident: int, person: str) -> dict[int, bool]:
        """Whether articles helped somebody with an incident, as far as he said."""
        return articles.votes_of(self._link, incident, person)

    def counts(self) -> Counts:
        """What metrics show."""
        # Only by a comparison does SQLite find them in the index.
        sql = "SELECT count(*) FROM verdict WHERE dead = true AND NOT replay"
        [(dead,)] = self._link.rows(sql)
        return Counts(
            incidents=self._by_status(
                "incident", [each for each in Status if each is not Status.CLOSED]
            ),
            actions=self._by_status(
                "action", [each for each in ActionStatus if each is not ActionStatus.DONE]
            ),
            pending=lists.pending(self._link, self._dialect),
            dead=dead,
        )

    def reviews(self, incident: int) -> list[Review]:
        """All versions of the review of an incident, the newest first."""
        return reviews.versions(self._link, incident)

    def action_items(self, customer: str | None, limit: int) -> list[Waiting]:
        """The action items that are not done, those due first at the head."""
        return reviews.waiting(self._link, customer, limit)

    def people(self) -> list[Person]:
        """Everybody with a login, by name."""
        return people.everybody(self._link)

    def person(self, name: str) -> Person | None:
        """Whoever has this login."""
        return people.person(self._link, name)

    def session(self, digest: str, now: datetime) -> Principal | None:
        """Who has the session, unless it has expired or the login is gone."""
        return people.session(self._link, digest, now)

    def token(self, digest: str) -> Principal | None:
        """Who has the token, unless it was revoked."""
        return people.token(self._link, digest)

    def tokens(self) -> list[Token]:
        """All tokens, by name; nothing in them lets anybody in."""
        return people.tokens(self._link)

    def _by_status(self, table: str, statuses: Sequence[State]) -> dict[State, int]:
        names = ", ".join(f"'{status.value}'" for status in statuses)
        sql = f"SELECT status, count(*) FROM {table} WHERE status IN ({names}) GROUP BY status"  # noqa: S608 - names of the schema
        found: dict[str, int] = dict(self._link.rows(sql))
        return {status: found.get(status.value, 0) for status in statuses}

    def _of(
        self, by: str, table: str, columns: Iterable[str], number: int, noun: Callable[[Row], Noun]
    ) -> list[Noun]:
        """What belongs to a number, in the order of the ids."""
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {by} = :number ORDER BY 1"  # noqa: S608 - names of the schema
        return [noun(row) for row in self._link.rows(sql, {"number": number})]
