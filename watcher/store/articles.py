"""Articles: their versions, the votes on them, and the index of their words."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson

from watcher.model.article import (
    Article,
    ArticleStatus,
    Hit,
    Language,
    Text,
    Topic,
    Version,
    Vote,
    Votes,
)
from watcher.store import schema
from watcher.store.link import Link, Shape
from watcher.store.values import Row, from_micros, to_json, to_micros
from watcher.store.words import WORDS

ARTICLE = Shape.of(schema.article)
_VERSION = Shape.of(schema.article_version)
_VOTE = Shape.of(schema.article_vote)
_TERM = Shape.of(schema.article_term)

COLUMNS = tuple(
    f"{short}.{name}"
    for short, shape in (("a", ARTICLE), ("v", _VERSION))
    for name in shape.columns
)
NEWEST = "JOIN article_version AS v ON v.article = a.number AND v.version = a.version"
_ALL = f"SELECT {', '.join(COLUMNS)} FROM article AS a {NEWEST}"  # noqa: S608 - names of the schema
_NUMBER = """
INSERT INTO counter (name, value) VALUES ('article', 1)
ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value
"""
_VERSIONS = f"""
SELECT {", ".join(_VERSION.columns)} FROM article_version WHERE article = :article
ORDER BY version DESC
"""  # noqa: S608 - names of the schema
_MINE = "(CAST(:customer AS text) IS NULL OR {column} = :customer OR {shared})"
_TERMS = f"""
SELECT t.term, t.article, t.weight FROM article_term AS t
JOIN article AS a ON a.number = t.article WHERE a.status IN ({{statuses}}) AND ({{which}})
AND {_MINE.format(column="t.customer", shared="t.customer = ''")}
"""  # noqa: S608 - names of the schema
_COUNT = f"""
SELECT count(*) FROM article AS a WHERE a.status IN ({{statuses}})
AND {_MINE.format(column="a.customer", shared="a.customer IS NULL")}
"""  # noqa: S608 - names of the schema
# Votes of other customers are no business of this one, even where the article is for all.
_COUNTED = """
SELECT article, helped, count(*) FROM article_vote
WHERE article IN ({each}) AND (CAST(:customer AS text) IS NULL OR customer = :customer)
GROUP BY article, helped
"""
_OWN = "SELECT article, helped FROM article_vote WHERE incident = :incident AND person = :person"
# No letter comes after it.
_LAST = "\U0010ffff"


def take_number(link: Link) -> int:
    """The number of a new article."""
    [(number,)] = link.rows(_NUMBER)
    return int(number)


def save(link: Link, article: Article) -> None:
    """Stores an article; its newest version is kept for ever."""
    link.upsert(ARTICLE, [_from_article(article)])
    link.upsert(_VERSION, [_from_version(article.newest)])


def index(link: Link, article: Article, weights: Mapping[str, int]) -> None:
    """Has an article found by these terms, and by no others."""
    link.run("DELETE FROM article_term WHERE article = :number", {"number": article.number})
    whose = article.customer or ""
    link.upsert(_TERM, [(term, whose, article.number, weights[term]) for term in sorted(weights)])


def locked(link: Link, number: int) -> Article | None:
    """The article with that number, which nobody else changes before the end."""
    return article(link, number) if link.find(ARTICLE, ("number",), [(number,)]) else None


def article(link: Link, number: int) -> Article | None:
    """The article with that number."""
    found = link.rows(f"{_ALL} WHERE a.number = :number", {"number": number})
    return to_article(found[0]) if found else None


def of_problem(link: Link, problem: int) -> list[int]:
    """The numbers of the articles that were drafted of a problem."""
    found = link.rows("SELECT number FROM article WHERE problem = :problem", {"problem": problem})
    return sorted(number for (number,) in found)


def some(link: Link, numbers: Iterable[int]) -> dict[int, Article]:
    """The articles with these numbers."""
    ids = orjson.dumps([*numbers]).decode()
    found = link.rows(f"{_ALL} WHERE a.number IN ({link.each})", {"ids": ids})
    return {each.number: each for each in map(to_article, found)}


def versions(link: Link, number: int) -> list[Version]:
    """All versions of an article, the newest first."""
    return list(map(_to_version, link.rows(_VERSIONS, {"article": number})))


def count(link: Link, customer: str | None, statuses: Collection[ArticleStatus]) -> int:
    """How many articles there are for a customer; None for all customers."""
    sql = _COUNT.format(statuses=_listed(statuses))
    [(number,)] = link.rows(sql, {"customer": customer})
    return int(number)


def sought(
    link: Link,
    words: Sequence[tuple[str, str]],
    customer: str | None,
    statuses: Collection[ArticleStatus],
) -> list[Hit]:
    """Where any of these words, as (stem, beginning), is in articles for a customer."""
    parameters: dict[str, str | None] = {"customer": customer}
    tests = []
    for at, (stem, beginning) in enumerate(words):
        parameters[f"stem{at}"] = stem
        tests.append(f"t.term = :stem{at}")
        if beginning:
            parameters |= {f"from{at}": beginning, f"to{at}": beginning + _LAST}
            tests.append(f"(t.term >= :from{at} AND t.term < :to{at})")
    if not tests:
        return []
    sql = _TERMS.format(statuses=_listed(statuses), which=" OR ".join(tests))
    return [Hit(*row) for row in link.rows(sql, parameters)]


def having(link: Link, dialect: str, terms: Collection[str], customer: str) -> list[Hit]:
    """Where any of these terms is in what is published for a customer."""
    which = f"t.term IN ({WORDS[dialect].members(':terms')})"
    sql = _TERMS.format(statuses=_listed([ArticleStatus.PUBLISHED]), which=which)
    return [
        Hit(*row) for row in link.rows(sql, {"customer": customer, "terms": to_json(sorted(terms))})
    ]


def vote(link: Link, vote: Vote) -> None:
    """Keeps what somebody says of an article and an incident; his last word counts."""
    at = to_micros(vote.at)
    row = (vote.article, vote.incident, vote.by, vote.customer, vote.helped, at)
    link.upsert(_VOTE, [row])


def votes(link: Link, numbers: Iterable[int], customer: str | None) -> dict[int, Votes]:
    """What people of a customer said of these articles; those without votes are left out."""
    ids = orjson.dumps([*numbers]).decode()
    counted: dict[int, dict[bool, int]] = {}
    sql = _COUNTED.format(each=link.each)
    for number, helped, how_often in link.rows(sql, {"ids": ids, "customer": customer}):
        counted.setdefault(number, {})[bool(helped)] = how_often
    return {
        number: Votes(found.get(True, 0), found.get(False, 0)) for number, found in counted.items()
    }


def votes_of(link: Link, incident: int, person: str) -> dict[int, bool]:
    """Whether articles helped somebody with an incident, as far as he said."""
    asked = {"incident": incident, "person": person}
    return {number: bool(helped) for number, helped in link.rows(_OWN, asked)}


def to_article(row: Row) -> Article:
    """The article behind a row of it and of its newest version."""
    width = len(ARTICLE.columns)
    number, customer, status, language, _, created_at, created_by, changed_at, *of = row[:width]
    return Article(
        number=number,
        customer=customer,
        status=ArticleStatus(status),
        language=Language(language),
        created_at=from_micros(created_at),
        created_by=created_by,
        changed_at=from_micros(changed_at),
        newest=_to_version(row[width:]),
        incident=of[0],
        problem=of[1],
    )


def _from_article(article: Article) -> Row:
    return (
        article.number,
        article.customer,
        article.status.value,
        article.language.value,
        article.newest.number,
        to_micros(article.created_at),
        article.created_by,
        to_micros(article.changed_at),
        article.incident,
        article.problem,
    )


def _from_version(version: Version) -> Row:
    text = version.text
    return (
        version.article,
        version.number,
        to_micros(version.at),
        version.by,
        text.title,
        text.body,
        to_json(text.topic),
        version.comment,
    )


def _to_version(row: Row) -> Version:
    article, number, at, by, title, body, topic, comment = row
    about = orjson.loads(topic)
    return Version(
        article=article,
        number=number,
        at=from_micros(at),
        by=by,
        text=Text(
            title,
            body,
            Topic(about["service"], tuple(about["alerts"]), tuple(about["findings"])),
        ),
        comment=comment,
    )


def _listed(statuses: Iterable[ArticleStatus]) -> str:
    return ", ".join(f"'{each.value}'" for each in statuses)
