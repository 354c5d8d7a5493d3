"""The knowledge base: articles are drafted, edited, published and retired, found, and voted on.

Whoever may see only one customer gets the same answer for a stranger's article as for none at all.
What is for all customers is written by those who see them all, from the role manager on.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from unicodedata import category

from watcher.decide import article as template
from watcher.decide.article import Known
from watcher.decide.lifecycle import RefusedError
from watcher.decide.relevance import answers, facets, likely, told, topic_terms
from watcher.engine.ask import NotAllowedError
from watcher.engine.causes import leading
from watcher.engine.command import Desk, NotThereError
from watcher.kit.terms import sought, terms
from watcher.model.article import (
    Article,
    ArticleStatus,
    Language,
    Text,
    Topic,
    Version,
    Vote,
    Votes,
)
from watcher.model.change import replace
from watcher.model.incident import Incident, Status
from watcher.model.matcher import Matcher, Operator
from watcher.model.person import Principal, Role
from watcher.model.problem import Problem, ProblemStatus
from watcher.store.query import Query
from watcher.store.tx import Tx
from watcher.store.views import View

LONGEST_BODY = 50_000
LONGEST_LINE = 200
MOST_NAMES = 20

_IN_TITLE, _IN_TOPIC, _MOST_IN_BODY = 8, 2, 5
# So many different words of an incident are looked for.
_MOST_WORDS = 40
_MOST_ALERTS = 50
_SHOWN = 50
_MOST_INCIDENTS = 5

KNOWN = (ProblemStatus.KNOWN_ERROR, ProblemStatus.RESOLVED, ProblemStatus.CLOSED)
"""Where a problem stands of which it is known what helps."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody makes of an article of which he read the version `base`, and why."""

    base: int
    text: Text
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Helpful:
    """An article that may help with an incident, why, and what the reader said of it."""

    article: Article
    reasons: tuple[str, ...]
    votes: Votes
    helped: bool | None


def write(
    desk: Desk, customer: str | None, language: Language, text: Text, by: Principal
) -> Article:
    """A new draft; `customer` None is for all. Raises NotAllowedError or RefusedError."""
    known = desk.catalogue.customers
    if customer is not None and (
        by.customer not in {None, customer} or (known and customer not in known)
    ):
        raise RefusedError(f"there is no customer {customer!r}")
    check_author(customer, by)
    return _drafted(desk, customer, language, text, by)


def draft(desk: Desk, number: int, language: Language, by: Principal) -> Article:
    """A draft out of what is known of an incident that is over. Raises NotThereError or
    RefusedError.
    """
    with desk.store.view() as view:
        incident = view.incident(number, by.customer)
        if incident is None:
            raise NotThereError(f"there is no incident {number}")
        if incident.status not in {Status.RESOLVED, Status.CLOSED}:
            raise RefusedError("it is not over yet: nobody knows what helps before that")
        text = template.of_incident(known_of(view, incident), language)
    return _drafted(desk, incident.customer, language, text, by, incident=number)


def draft_of_problem(desk: Desk, number: int, language: Language, by: Principal) -> Article:
    """A draft out of what is known of a problem that has a workaround or a fix, or of the one that
    it went into. Raises NotThereError or RefusedError.
    """
    with desk.store.view() as view:
        problem = leading(view, number)
        if problem is None or by.customer not in {None, problem.customer}:
            raise NotThereError(f"there is no problem {number}")
        if problem.status not in KNOWN:
            raise RefusedError("it is neither a known error nor resolved: nobody knows what helps")
        text = template.of_problem(problem, _incidents(view, problem), language)
    return _drafted(desk, problem.customer, language, text, by, problem=problem.number)


def hand_over(tx: Tx, problem: int, into: int) -> None:
    """Has the articles about a problem be about the one that it went into."""
    for number in tx.articles_of_problem(problem):
        article = tx.article(number)
        if article is not None:
            moved = replace(article, problem=into)
            tx.save_article(moved, _weights(moved))


def edit(desk: Desk, number: int, wanted: Edit, by: Principal) -> Article:
    """Another version of an article. Raises NotThereError, NotAllowedError or RefusedError."""
    text = _checked(wanted.text)
    with desk.store.begin() as tx:
        article = _locked(tx, number, by)
        if article.newest.number != wanted.base:
            author, version = article.newest.by, article.newest.number
            raise RefusedError(f"{author} has changed it meanwhile: read version {version} first")
        if text == article.newest.text:
            return article
        article = _next(desk, article, text, wanted.comment.strip()[:LONGEST_LINE], by)
        tx.save_article(article, _weights(article))
    return article


def publish(desk: Desk, number: int, by: Principal) -> Article:
    """Shows an article to everybody who may see it, and on incidents. Raises NotThereError,
    NotAllowedError or RefusedError.
    """
    return _moved(desk, number, ArticleStatus.PUBLISHED, by)


def retire(desk: Desk, number: int, by: Principal) -> Article:
    """Shows an article on no incident any more. Raises the same."""
    return _moved(desk, number, ArticleStatus.RETIRED, by)


def vote(desk: Desk, number: int, incident: int, helped: bool, by: Principal) -> Article:
    """Says whether an article helped with an incident; one's last word counts. Raises
    NotThereError or RefusedError.
    """
    actor = desk.moment(by, "").actor
    with desk.store.view() as view:
        article = find(view, number, by)
        found = view.incident(incident, by.customer)
    if found is None or article.customer not in {None, found.customer}:
        raise NotThereError(f"there is no incident {incident}")
    if article.status is not ArticleStatus.PUBLISHED:
        raise RefusedError("only what is published can have helped")
    with desk.store.begin() as tx:
        tx.vote(Vote(number, incident, found.customer, actor, helped, desk.clock.now()))
    return article


def find(view: View, number: int, by: Principal) -> Article:
    """One article. Raises NotThereError."""
    article = view.article(number, by.customer)
    if article is None or article.status not in visible(by):
        raise NotThereError(f"there is no article {number}")
    return article


def search(
    view: View, text: str, by: Principal, statuses: Collection[ArticleStatus]
) -> list[Article]:
    """The articles in these states that have all words of a text, the best first."""
    wanted = [each for each in visible(by) if each in statuses]
    words = sought(text)
    hits = view.article_hits(words, by.customer, wanted) if wanted else []
    found = answers(words, hits, view.article_count(by.customer, wanted)) if hits else []
    numbers = [number for number, _ in found[:_SHOWN]]
    articles = view.articles(numbers)
    return [articles[number] for number in numbers]


def helpful(view: View, known: Known, by: Principal) -> list[Helpful]:
    """The published articles that may help with an incident, the likeliest first."""
    incident = known.incident
    # In a storm the first alerts are telling, and nobody waits for the rest.
    known = replace(known, alerts=known.alerts[:_MOST_ALERTS])
    about, words = facets(known), _words(told(known))
    hits = view.articles_having([*about, *words], incident.customer)
    total = view.article_count(incident.customer, [ArticleStatus.PUBLISHED]) if hits else 0
    found = likely(about, words, hits, total)
    articles = view.articles([each.article for each in found])
    votes = view.votes(articles, by.customer)
    own = view.votes_of(incident.number, by.name)
    return [
        Helpful(
            articles[each.article],
            each.reasons,
            votes.get(each.article, Votes()),
            own.get(each.article),
        )
        for each in found
    ]


def _words(text: str) -> dict[str, str]:
    """The first words of a text by their stems; a figure is of this text alone."""
    words: dict[str, str] = {}
    for stem, word in terms(text):
        if not stem.isdigit():
            words.setdefault(stem, word)
        if len(words) == _MOST_WORDS:
            break
    return words


def known_of(view: View, incident: Incident) -> Known:
    """What is known of an incident."""
    return Known(
        incident=incident,
        alerts=[alert for alert, _ in view.alerts_of(incident.number)],
        diagnoses=[each.diagnosis for each in view.evidence_of(incident.number)],
        timeline=view.timeline(incident.number),
    )


def visible(by: Principal) -> tuple[ArticleStatus, ...]:
    """In which states somebody may see articles."""
    if by.role.rank >= Role.OPERATOR.rank:
        return tuple(ArticleStatus)
    return (ArticleStatus.PUBLISHED,)


def may_write(customer: str | None, by: Principal) -> bool:
    """Whether somebody may write articles of this customer, whom he may see; None is for all."""
    if customer is not None:
        return by.role.rank >= Role.OPERATOR.rank
    return by.customer is None and by.role.rank >= Role.MANAGER.rank


def check_author(customer: str | None, by: Principal) -> None:
    """Raises NotAllowedError where somebody may not write such articles."""
    if not may_write(customer, by):
        raise NotAllowedError(
            "an article for all customers is written by a manager who sees all customers"
            if customer is None
            else "articles are written by operators"
        )


def _drafted(  # noqa: PLR0913 - a draft has an origin
    desk: Desk,
    customer: str | None,
    language: Language,
    text: Text,
    by: Principal,
    *,
    incident: int | None = None,
    problem: int | None = None,
) -> Article:
    moment = desk.moment(by, "")
    text = _checked(text)
    with desk.store.begin() as tx:
        number = tx.take_article_number()
        article = Article(
            number=number,
            customer=customer,
            status=ArticleStatus.DRAFT,
            language=language,
            created_at=moment.now,
            created_by=moment.actor,
            changed_at=moment.now,
            newest=Version(number, 1, moment.now, moment.actor, text, "drafted"),
            incident=incident,
            problem=problem,
        )
        tx.save_article(article, _weights(article))
    return article


def _moved(desk: Desk, number: int, status: ArticleStatus, by: Principal) -> Article:
    """Also this is a version, so that the history tells who did it."""
    with desk.store.begin() as tx:
        article = _locked(tx, number, by)
        if article.status is status:
            raise RefusedError(f"it is {status} already")
        article = _next(desk, replace(article, status=status), article.newest.text, status, by)
        tx.save_article(article)
    return article


def _locked(tx: Tx, number: int, by: Principal) -> Article:
    article = tx.article(number)
    if article is None or (article.customer and by.customer not in {None, article.customer}):
        raise NotThereError(f"there is no article {number}")
    check_author(article.customer, by)
    return article


def _next(desk: Desk, article: Article, text: Text, comment: str, by: Principal) -> Article:
    moment = desk.moment(by, "")
    number = article.newest.number + 1
    version = Version(article.number, number, moment.now, moment.actor, text, comment)
    return replace(article, changed_at=moment.now, newest=version)


def _weights(article: Article) -> Counter[str]:
    """The terms by which an article is found, and how much each counts."""
    text = article.newest.text
    body = Counter(stem for stem, _ in terms(text.body))
    weights = Counter({stem: min(count, _MOST_IN_BODY) for stem, count in body.items()})
    for words, weight in ((text.title, _IN_TITLE), ("\n".join(text.topic.alerts), _IN_TOPIC)):
        weights.update({stem: weight for stem, _ in terms(words)})
    weights.update(topic_terms(text.topic, article.problem))
    return weights


def _checked(text: Text) -> Text:
    """The text as it is kept. Raises RefusedError."""
    title = " ".join(text.title.split())
    body = text.body.replace("\r\n", "\n").rstrip() + "\n"
    topic = text.topic
    names = (*topic.alerts, *topic.findings, topic.service or "")
    if not title:
        raise RefusedError("an article needs a title")
    if max(map(len, (title, *names))) > LONGEST_LINE:
        raise RefusedError(f"a title or a name has {LONGEST_LINE} characters at most")
    if len(body) > LONGEST_BODY:
        raise RefusedError(f"an article has {LONGEST_BODY} characters at most: make two of it")
    if max(len(topic.alerts), len(topic.findings)) > MOST_NAMES:
        raise RefusedError(f"an article names {MOST_NAMES} alerts and findings at most")
    if any(map(_is_control, "".join((title, body, *names)))):
        raise RefusedError("an article has no control characters")
    return Text(
        title, body, Topic(topic.service or None, _each(topic.alerts), _each(topic.findings))
    )


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (" ".join(name.split()) for name in names))))


def _is_control(letter: str) -> bool:
    return category(letter) in {"Cc", "Cs"} and letter not in "\n\t"


def _incidents(view: View, problem: Problem) -> list[Known]:
    """The newest incidents of a problem."""
    only = (Matcher("problem", Operator.EQUAL, str(problem.number)),)
    found = view.incident_list(Query(only, problem.customer, limit=_MOST_INCIDENTS))
    return [known_of(view, each) for each in found.items]
