"""What the store keeps of articles, and how both databases find them by the same words."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.given import NOW
from watcher.decide.match import parse
from watcher.decide.relevance import answers
from watcher.kit.terms import sought, terms
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
from watcher.model.change import replace
from watcher.store.query import Query
from watcher.store.store import Store

DISK = "Диски заканчиваются на серверах PostgreSQL"
MEMORY = "HighMemoryUsage: the JVM keeps failing and restarts"
EVERYTHING = tuple(ArticleStatus)


def article(number: int = 1, title: str = DISK, **changes: Any) -> Article:
    """A published article of acme."""
    topic = Topic("billing", ("No space left on <host>",), ("linux-base/full",))
    newest = Version(number, 1, NOW, "olga", Text(title, "## Причина\n", topic), "new")
    given: dict[str, Any] = {
        "customer": "acme",
        "status": ArticleStatus.PUBLISHED,
        "language": Language.RUSSIAN,
        "created_at": NOW,
        "created_by": "olga",
        "changed_at": NOW,
        "newest": newest,
        "incident": 7,
        "problem": 3,
        **changes,
    }
    return Article(number, **given)


def save(store: Store, *articles: Article) -> None:
    """Stores them, to be found by their titles."""
    with store.begin() as tx:
        for each in articles:
            tx.save_article(each, Counter(stem for stem, _ in terms(each.title)))


def found(
    store: Store,
    text: str,
    customer: str | None = "acme",
    statuses: tuple[ArticleStatus, ...] = EVERYTHING,
) -> list[int]:
    """The numbers of the articles that answer a search."""
    words = sought(text)
    with store.view() as view:
        hits = view.article_hits(words, customer, statuses)
        return [number for number, _ in answers(words, hits, 2)]


def test_an_article_comes_back_as_it_was_saved(store: Store) -> None:
    """With its newest version; the older ones are kept."""
    first = article()
    text = Text("Диск полон", "Удалить старые журналы\n")
    second = replace(
        first,
        status=ArticleStatus.RETIRED,
        newest=Version(1, 2, NOW + timedelta(1), "boris", text),
        changed_at=NOW + timedelta(1),
    )
    save(store, first)
    with store.begin() as tx:
        assert first == tx.article(1)
        assert tx.article(2) is None
        tx.save_article(second)
    with store.view() as view:
        assert second == view.article(1, "acme")
        assert {1: second} == view.articles([1, 2])
        assert [second.newest, first.newest] == view.article_versions(1)


def test_numbers_are_taken_once(store: Store) -> None:
    """Each article has its own."""
    with store.begin() as tx:
        assert [1, 2] == [tx.take_article_number(), tx.take_article_number()]


def test_lists_and_single_articles_are_for_their_customer_or_for_all(store: Store) -> None:
    """The last changed first; a stranger's is not there."""
    shared = article(2, MEMORY, customer=None, changed_at=NOW + timedelta(1))
    save(store, article(), shared, article(3, customer="globex"))
    with store.view() as view:
        of = [
            [each.number for each in view.article_list(Query(customer=customer)).items]
            for customer in ("acme", "globex", "nobody", None)
        ]
        one = [view.article(3, customer) is not None for customer in ("globex", "acme", None)]
        counts = [view.article_count(each, EVERYTHING) for each in ("acme", "nobody", None)]
        page = view.article_list(Query(parse('title=~".*JVM.*", language=ru'), "acme", total=True))

    assert [[2, 1], [2, 3], [2], [2, 3, 1]] == of
    assert [True, False, True] == one
    assert [2, 1, 3] == counts
    assert ([2], 1) == ([each.number for each in page.items], page.total)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("диск", [1]),
        ("ДИСКОВ заканчивается", [1]),
        ("сервёр", [1]),
        ("postgres", [1]),
        ("PostgreSQL диски", [1]),
        ("diskspace", []),
        ("memory usage", [2]),
        ("highmemoryusage", [2]),
        ("fail restarting", [2]),
        ("the jvm", [2]),
        ("диск jvm", []),
        ("", []),
        ("и на the", []),
        ("\0 \udcff % _ * ' \" ) ( OR 1=1 -- : & | ! <-> NEAR", []),
        ("диск' OR 'a'='a", [1]),
        ("диск*", [1]),
        ('"диски заканчиваются"', [1]),
        ("-диск", [1]),
    ],
)
def test_both_databases_find_the_same(store: Store, text: str, numbers: list[int]) -> None:
    """Forms of words, beginnings of words, any case; nothing that is typed is syntax."""
    save(store, article(), article(2, MEMORY))

    assert numbers == found(store, text)


def test_a_search_finds_only_what_one_may_see(store: Store) -> None:
    """What is for all, and what is of the customer, as far as it has that status."""
    save(
        store,
        article(),
        article(2, customer=None),
        article(3, customer="globex"),
        article(4, status=ArticleStatus.DRAFT),
    )
    published = (ArticleStatus.PUBLISHED,)

    assert [4, 2, 1] == found(store, "диск")
    assert [2, 1] == found(store, "диск", statuses=published)
    assert [3, 2] == found(store, "диск", "globex")
    assert [2] == found(store, "диск", "nobody")
    assert [4, 3, 2, 1] == found(store, "диск", None)


def test_only_the_newest_words_are_found(store: Store) -> None:
    """What is written anew is found by what it says now."""
    save(store, article())
    save(store, article(title=MEMORY))

    assert ([], [1]) == (found(store, "диск"), found(store, "memory"))


def test_what_is_published_is_found_by_its_topic(store: Store) -> None:
    """For one customer; a draft is not."""
    with store.begin() as tx:
        for number, customer, status in (
            (1, "acme", ArticleStatus.PUBLISHED),
            (2, None, ArticleStatus.PUBLISHED),
            (3, "globex", ArticleStatus.PUBLISHED),
            (4, "acme", ArticleStatus.DRAFT),
        ):
            each = article(number, customer=customer, status=status)
            tx.save_article(each, {":service billing": 1, "диск": 3})
    with store.view() as view:
        hits = view.articles_having([":service billing", "ничего"], "acme")

    assert [Hit(":service billing", 1, 1), Hit(":service billing", 2, 1)] == sorted(
        hits, key=lambda each: each.article
    )


def test_everybody_has_one_vote_on_an_article_and_an_incident(store: Store) -> None:
    """The last word counts; nobody learns what other customers said of an article for all."""
    cast = [
        Vote(1, 7, "acme", "olga", True, NOW),
        Vote(1, 7, "acme", "olga", False, NOW),
        Vote(1, 8, "acme", "olga", True, NOW),
        Vote(1, 7, "acme", "boris", True, NOW),
        Vote(1, 9, "globex", "gleb", True, NOW),
    ]
    with store.begin() as tx:
        for each in cast:
            tx.vote(each)
    with store.view() as view:
        votes = [view.votes([1, 2], customer) for customer in ("acme", "globex", "nobody", None)]
        own = [view.votes_of(7, person) for person in ("olga", "boris", "gleb")]

    assert [{1: Votes(2, 1)}, {1: Votes(1, 0)}, {}, {1: Votes(3, 1)}] == votes
    assert [{1: False}, {1: True}, {}] == own
