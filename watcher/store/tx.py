"""One write transaction: everything that the engine reads and writes in one step."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from watcher.model.action import Action, ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, Occurrence
from watcher.model.article import Article, Vote
from watcher.model.change import replace
from watcher.model.delivery import Delivery
from watcher.model.deployment import Deployment
from watcher.model.evidence import Diagnosis, Evidence
from watcher.model.example import Example
from watcher.model.incident import Entry, Incident
from watcher.model.problem import Problem, ProblemEntry, ProblemStatus, Tie
from watcher.model.review import FiledItem, Review
from watcher.model.run import Run
from watcher.model.signature import Signature
from watcher.model.silence import Window
from watcher.model.source import Asked, Drift, Heard, SourceState
from watcher.store import (
    articles,
    deployments,
    diagnosed,
    digest,
    evidence_rows,
    incident_rows,
    outbox,
    people,
    problem_rows,
    problems,
    retention,
    reviews,
    rows,
    sources,
    traits,
    windows,
)
from watcher.store.link import ACTION, ALERT, EXAMPLE, INCIDENT, OCCURRENCE, PROBLEM, TIE, Link
from watcher.store.people import Person, Token
from watcher.store.traits import Rarity

_ACTIONS = f"SELECT {', '.join(ACTION.columns)} FROM action WHERE incident = :incident ORDER BY id"  # noqa: S608 - names of the schema
_EVIDENCE = (
    f"SELECT {', '.join(diagnosed.EVIDENCE)} FROM evidence WHERE incident = :incident ORDER BY id"  # noqa: S608 - names of the schema
)


class Tx:
    """What a transaction can do; it is committed as a whole, or not at all.

    The incidents that are read here cannot be changed by anyone else before the end; alerts and
    occurrences are the digest's alone, which holds a lease. Raises StoreUnavailable:
    try the whole transaction again later; or Unstorable: the values themselves are refused.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    def lease(self, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
        """The fence token of a lease taken or renewed; None while another holds it."""
        return outbox.take_lease(self._link, name, holder, now, ttl)

    def holder(self, name: str) -> str | None:
        """Who took the lease last, None while nobody did."""
        return outbox.holder(self._link, name)

    def release(self, name: str, holder: str) -> None:
        """Ends the lease of that holder, so that the next need not wait for its time to run out."""
        outbox.release(self._link, name, holder)

    def held(self, name: str, token: int) -> bool:
        """Whether the lease is still ours; if so, it stays ours until the transaction ends."""
        return outbox.held(self._link, name, token)

    def freeze(self, name: str) -> None:
        """Waits for whoever has the lease to end a transaction that is fenced by it; none of those
        goes on before the end of this one. Comes first in a transaction.
        """
        outbox.freeze(self._link, name)

    def open_stream(self, now: datetime) -> tuple[int, int]:
        """A new stream of deliveries, and the id that all of its ids must exceed."""
        return digest.open_stream(self._link, now)

    def undigested(self, limit: int, max_bytes: int) -> list[Delivery]:
        """Deliveries to digest, oldest first; the first is given however big it is."""
        return digest.undigested(self._link, limit, max_bytes)

    def digested(self, deliveries: Iterable[Delivery]) -> None:
        """They have been digested, and with them every older one of their streams."""
        digest.digested(self._link, deliveries)

    def verdict(self, delivery: int, dead: bool, reason: str, now: datetime) -> None:
        """Says why a delivery is dead, or why it held no event."""
        digest.verdict(self._link, delivery, dead, reason, now)

    def replay(self, delivery: int) -> bool:
        """Has a dead delivery digested again; false if it is not dead or is gone."""
        return digest.replay(self._link, delivery)

    def alerts(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Alert]:
        """The known alerts of these (customer, key)."""
        found = digest.find(self._link, ALERT, keys, rows.to_alert)
        return {(alert.customer, alert.key): alert for alert in found}

    def occurrences(
        self, keys: Collection[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], Occurrence]:
        """The known occurrences of these (customer, key, occurrence)."""
        found = digest.find(self._link, OCCURRENCE, keys, rows.to_occurrence)
        return {(each.customer, each.key, each.occurrence): each for each in found}

    def keys_of(self, spans: Collection[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
        """The keys of the conditions that these (customer, source, occurrence) are spans of, where
        they are known.
        """
        return digest.keys_of(self._link, spans)

    def incidents(self, numbers: Collection[int]) -> dict[int, Incident]:
        """The known incidents of these numbers."""
        keys = [(number,) for number in numbers]
        found = digest.find(self._link, INCIDENT, keys, incident_rows.to_incident)
        return {incident.number: incident for incident in found}

    def members(self, numbers: Collection[int]) -> list[Occurrence]:
        """The occurrences that belong to these incidents, in the order in which they joined."""
        return digest.members(self._link, numbers)

    def speaking(self, number: int) -> list[str]:
        """The sources of the spans of an incident that fire."""
        return digest.speaking(self._link, number)

    def lively(self, customer: str, since: datetime) -> list[Incident]:
        """The incidents of a customer that are not closed and saw a start since then."""
        return digest.lively(self._link, customer, since)

    def busy(self) -> dict[str, datetime]:
        """The customers with incidents that are not closed, each with its newest start."""
        return digest.busy(self._link)

    def begun(self, customer: str, hosts: Collection[str]) -> list[tuple[str, int]]:
        """How many spans ever began on each of these hosts, where any did."""
        return digest.begun(self._link, customer, hosts)

    def regroupings(self) -> int:
        """How often people changed which incidents there are, or what belongs to them."""
        return digest.regroupings(self._link)

    def regrouped(self) -> None:
        """Says that a person changed which incidents there are, or what belongs to them."""
        digest.regrouped(self._link)

    def due_to_close(self, before: datetime, limit: int) -> list[Incident]:
        """The incidents that have been resolved since then or longer, the oldest first."""
        return digest.due_to_close(self._link, before, limit)

    def due_for_review(self, now: datetime, limit: int) -> list[Incident]:
        """The living incidents whose priority the clock may have changed, longest due first."""
        return digest.due_for_review(self._link, now, limit)

    def living(self, after: int, limit: int) -> list[Incident]:
        """The incidents that are open or acknowledged, with greater numbers, in their order."""
        return digest.living(self._link, after, limit)

    def held_back(self) -> list[Occurrence]:
        """Every span that is held back and fires."""
        return windows.held(self._link)

    def due(self, now: datetime) -> list[Occurrence]:
        """The spans that are held back, and about which it is time to decide again by then."""
        return windows.due(self._link, now)

    def inhibited(self, keys: Collection[tuple[str, str]]) -> list[Occurrence]:
        """The spans that are held back because one of these alerts (customer, key) fires."""
        return windows.inhibited(self._link, keys)

    def firing(self) -> list[Alert]:
        """Every alert that fires."""
        return digest.firing(self._link)

    def windows(self, since: datetime) -> list[Window]:
        """The windows that people planned and that may be open at some time after that."""
        return windows.windows(self._link, since)

    def windows_named(self, names: Collection[str]) -> list[Window]:
        """The windows that people planned with these names."""
        return windows.named(self._link, names)

    def plan_window(self, window: Window) -> Window:
        """Stores a new window, and gives it its number."""
        window = replace(window, id=windows.take_number(self._link))
        windows.save(self._link, window)
        return window

    def change_window(self, window: Window, now: datetime) -> None:
        """Stores a window that has become another one, and has what it holds back decided about
        anew. The digest is frozen before.
        """
        windows.change(self._link, window, now)

    def cancel_window(self, number: int, by: str, now: datetime) -> bool:
        """Ends a window early; false if it was over already, or is not there."""
        return windows.cancel(self._link, number, by, now)

    def source(self, name: str) -> SourceState:
        """What is known of a source besides its alerts, nothing while it is new."""
        return sources.state(self._link, name)

    def heard(self, name: str) -> Heard:
        """When a source spoke by itself."""
        return sources.heard(self._link, name)

    def save_heard(self, name: str, heard: Heard) -> None:
        """Says when a source spoke by itself."""
        sources.save_heard(self._link, name, heard)

    def save_asked(self, name: str, asked: Asked) -> None:
        """Says what came of asking the monitoring system of a source."""
        sources.save_asked(self._link, name, asked)

    def save_left_out(self, name: str, why: Sequence[str]) -> None:
        """Says which maintenance of a source is not taken over."""
        sources.save_left_out(self._link, name, why)

    def add_drift(self, source: str, at: datetime, counts: Mapping[Drift, int]) -> None:
        """Counts what a source did not tell, as found on the day (UTC) of then."""
        sources.add_drift(self._link, source, at, counts)

    def numbers(self, count: int) -> range:
        """So many new incident numbers."""
        return digest.take_numbers(self._link, count)

    def save_alerts(self, alerts: Iterable[Alert]) -> None:
        """Stores alerts, new or changed."""
        digest.save(self._link, ALERT, alerts, rows.from_alert)

    def save_occurrences(self, occurrences: Iterable[Occurrence]) -> None:
        """Stores occurrences, new or changed."""
        digest.save(self._link, OCCURRENCE, occurrences, rows.from_occurrence)

    def save_incidents(self, incidents: Iterable[Incident]) -> None:
        """Stores incidents, new or changed."""
        digest.save(self._link, INCIDENT, incidents, incident_rows.from_incident)

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Writes lines on timelines, those with a known key only once."""
        digest.add_entries(self._link, entries)

    def merge(self, source: int, into: int) -> None:
        """Hands all alerts of an incident to another, and tells nobody any more of the first."""
        digest.merge(self._link, source, into)

    def problem_numbers(self, count: int) -> range:
        """So many new numbers of problems."""
        return problems.take_numbers(self._link, count)

    def problems(self, numbers: Collection[int]) -> dict[int, Problem]:
        """The known problems of these numbers; nobody else changes them before the end."""
        keys = [(number,) for number in numbers]
        found = digest.find(self._link, PROBLEM, keys, problem_rows.to_problem)
        return {problem.number: problem for problem in found}

    def problems_of(self, customer: str, statuses: Iterable[ProblemStatus]) -> list[Problem]:
        """The problems of a customer that stand so, in the order of their numbers."""
        return problems.of_customer(self._link, customer, statuses)

    def save_problems(self, found: Iterable[Problem]) -> None:
        """Stores problems, new or changed."""
        digest.save(self._link, PROBLEM, found, problem_rows.from_problem)

    def add_problem_entries(self, entries: Iterable[ProblemEntry]) -> int:
        """Writes lines on timelines, those with a known key only once; returns how many."""
        return problems.add_entries(self._link, entries)

    def ties_of_problem(self, number: int) -> list[Tie]:
        """The ties of a problem, refused ones too, in the order of the incidents."""
        return problems.ties_of_problem(self._link, number)

    def ties_of_incidents(self, numbers: Collection[int]) -> list[Tie]:
        """The ties of these incidents, refused ones too, by incident and problem."""
        return problems.ties_of_incidents(self._link, numbers)

    def save_ties(self, ties: Iterable[Tie]) -> None:
        """Stores ties, new or changed; what an incident says of its problem is not touched."""
        digest.save(self._link, TIE, ties, problem_rows.from_tie)

    def drop_ties(self, problem: int) -> None:
        """Forgets what belonged to a problem, which has gone into another."""
        problems.drop_ties(self._link, problem)

    def incidents_of_problem(self, number: int) -> list[Incident]:
        """The incidents that belong to a problem, in the order of their numbers."""
        return problems.incidents(self._link, number)

    def living_of_problem(self, number: int) -> list[Incident]:
        """The incidents that are not over and belong to a problem, or may do so."""
        return problems.living(self._link, number)

    def follow(self, number: int) -> None:
        """Says that incidents up to that number have been compared with those of before."""
        problems.follow(self._link, number)

    def remember(self, customer: str, signatures: Mapping[int, Signature]) -> None:
        """Keeps what incidents of a customer are like, in the place of what was known of them."""
        traits.remember(self._link, customer, signatures)

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

    def reviews(self, incident: int) -> list[Review]:
        """All versions of the review of an incident, the newest first."""
        return reviews.versions(self._link, incident)

    def save_review(self, review: Review) -> None:
        """Keeps a new version of a review, with its action items as they stand now."""
        reviews.save(self._link, review)

    def item_filed(self, item: FiledItem) -> None:
        """Notes the ticket of an action item, of whose incident nobody writes a review meanwhile:
        it is locked.
        """
        reviews.filed(self._link, item)

    def save_examples(self, examples: Iterable[Example]) -> None:
        """Keeps what a person said of pairs; the last word on a pair counts."""
        digest.save(self._link, EXAMPLE, examples, evidence_rows.from_example)

    def deployments(
        self, keys: Collection[tuple[str, str, str]]
    ) -> dict[tuple[str, str, str], Deployment]:
        """The known changes of these (customer, source, key)."""
        return deployments.known(self._link, keys)

    def follow_changes(self, number: int) -> None:
        """Says that incidents were looked at for changes up to that number."""
        deployments.follow(self._link, number)

    def save_deployments(self, changes: Iterable[Deployment]) -> None:
        """Stores changes, new or altered; new ones get a number."""
        deployments.save(self._link, changes)

    def expire_deployments(self, before: datetime, limit: int) -> int:
        """Removes the oldest changes that began before then; returns how many."""
        return deployments.expire(self._link, before, limit)

    def take_back(self, incident: int) -> int:
        """Takes out of the outbox what still waits to tell that an incident is over; counts it."""
        return digest.take_back(self._link, incident)

    def queue(self, intents: Iterable[Intent], now: datetime) -> int:
        """Writes actions into the outbox, each key only once; returns how many were new."""
        return digest.queue(self._link, intents, now)

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        limit: int,
        kinds: Collection[ActionKind] | None = None,
        together: int = 1,
    ) -> list[Action]:
        """Takes due actions until the lease ends: of `limit` lanes of incidents the first that is
        not over, with up to `together` - 1 of those behind it that are due as well.
        """
        wanted = list(ActionKind) if kinds is None else kinds
        return outbox.claim(self._link, now, lease, limit, wanted, together)

    def settle(
        self,
        action: Action,
        status: ActionStatus,
        reason: str,
        next_at: datetime | None,
        now: datetime,
    ) -> bool:
        """Stores what came of a claimed action; false if its lease has gone to another since."""
        return outbox.settle(self._link, action, status, reason, next_at or now)

    def retry_action(self, number: int, now: datetime) -> bool:
        """Makes an action that was given up wait again; false if it was not given up."""
        return outbox.retry_action(self._link, number, now)

    def renew(self, intents: Iterable[Intent], now: datetime) -> None:
        """Queues actions; what is over of the same keys is due again, as it is decided now."""
        outbox.renew(self._link, intents, now)

    def approve(self, action: int, by: str, now: datetime) -> bool:
        """Makes a held action due, with who agreed to it; false if it is not held."""
        return outbox.approve(self._link, action, by, now)

    def refuse(self, action: int, by: str, now: datetime) -> bool:
        """Ends a held action that somebody does not want; false if it is not held."""
        return outbox.refuse(self._link, action, by, now)

    def lapse(self, reason: str, now: datetime, limit: int) -> list[Action]:
        """Ends held actions whose time is over, and returns them."""
        return outbox.lapse(self._link, reason, now, limit)

    def add_evidence(
        self, incident: int, action: int, diagnosis: Diagnosis, *, whole: bool = True
    ) -> None:
        """Keeps what a diagnosis brought, one for each action: the last. If it is `whole` and has
        no problem, later ones are compared with it.
        """
        diagnosed.add_evidence(self._link, incident, action, diagnosis, whole)

    def actions_of(self, incident: int) -> list[Action]:
        """What is to be done outside for an incident, and what came of it."""
        found = self._link.rows(_ACTIONS, {"incident": incident})
        return [rows.to_action(row) for row in found]

    def evidence_of(self, incident: int) -> Iterator[Evidence]:
        """What diagnoses brought back for an incident; nothing is read before it is asked for."""
        yield from map(
            evidence_rows.to_evidence, self._link.rows(_EVIDENCE, {"incident": incident})
        )

    def add_runs(self, runs: Iterable[Run]) -> None:
        """Writes lines of the run log."""
        diagnosed.add_runs(self._link, runs)

    def keep_script(self, sha256: str, text: str, at: datetime) -> None:
        """Keeps what a run of then was made of, as long as runs that name it."""
        diagnosed.keep_script(self._link, sha256, text, at)

    def take_article_number(self) -> int:
        """The number of a new article."""
        return articles.take_number(self._link)

    def article(self, number: int) -> Article | None:
        """The article with that number, which nobody else changes before the end."""
        return articles.locked(self._link, number)

    def articles_of_problem(self, number: int) -> list[int]:
        """The numbers of the articles that were drafted of a problem."""
        return articles.of_problem(self._link, number)

    def save_article(self, article: Article, weights: Mapping[str, int] | None = None) -> None:
        """Stores an article; with `weights` it is found by these terms from now on."""
        articles.save(self._link, article)
        if weights is not None:
            articles.index(self._link, article, weights)

    def vote(self, vote: Vote) -> None:
        """Keeps what somebody says of an article and an incident; his last word counts."""
        articles.vote(self._link, vote)

    def save_person(self, person: Person) -> None:
        """Adds a login or replaces it; its sessions are over."""
        people.save_person(self._link, person)

    def remove_person(self, name: str) -> bool:
        """Takes a login and its sessions away; false if there was none."""
        return people.remove_person(self._link, name)

    def add_session(self, digest: str, person: str, until: datetime) -> None:
        """Lets a person in until then."""
        people.add_session(self._link, digest, person, until)

    def end_session(self, digest: str) -> None:
        """Lets nobody in by this session any more."""
        people.end_session(self._link, digest)

    def expire_sessions(self, now: datetime) -> int:
        """Forgets the sessions that are over; returns how many."""
        return people.expire_sessions(self._link, now)

    def add_token(self, token: Token) -> None:
        """Lets a program in."""
        people.add_token(self._link, token)

    def revoke_tokens(self, name: str) -> int:
        """Lets nobody in by the tokens of that name any more; returns how many there were."""
        return people.revoke_tokens(self._link, name)

    def forget_deliveries(self, before: datetime, limit: int) -> list[int]:
        """The oldest deliveries from before then that nobody waits for; the store removes them."""
        return retention.forget(self._link, before, limit)

    def expire(
        self,
        actions_before: datetime,
        evidence_before: datetime,
        runs_before: datetime,
        limit: int,
    ) -> int:
        """Removes what is older, at most `limit` of each kind; returns how many rows that were."""
        return retention.expire(self._link, actions_before, evidence_before, runs_before, limit)
