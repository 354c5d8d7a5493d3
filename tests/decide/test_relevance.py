"""Which articles answer, in which order, and why one may help."""

import pytest

from tests.contract.given import alert, incident
from tests.decide.test_article import FULL, diagnosis, known
from watcher.decide.article import Known
from watcher.decide.relevance import answers, facets, likely, told, topic_terms
from watcher.model.article import Hit, Topic

ABOUT = {
    ":problem 7": "#7",
    ":alert disk full": "Disk full",
    ":alert disk slow": "Disk slow",
    ":finding linux/full": "/var is full",
    ":service billing": "billing",
}
WORDS = {each: each.upper() for each in ["диск", "сервер", "jvm", "баз", "журнал", "запрос"]}


def test_all_words_must_be_there() -> None:
    """A beginning counts less than the word itself, a rare word more than a common one."""
    asked = [("диск", "диск"), ("полн", "полн")]
    hits = [
        Hit("диск", 1, 1),
        Hit("полн", 1, 1),
        Hit("дискет", 2, 1),
        Hit("полн", 2, 1),
        Hit("диск", 3, 9),
        Hit("диск", 4, 8),
        Hit("диск", 4, 1),
        Hit("полностью", 4, 8),
    ]

    assert [4, 1, 2] == [number for number, _ in answers(asked, hits, 9)]
    assert [] == answers([], [], 9)


def test_a_short_word_is_no_beginning() -> None:
    """Only the word itself is found."""
    assert [1] == [number for number, _ in answers([("db", "")], [Hit("db", 1, 1)], 1)]
    assert [] == answers([("db", "")], [Hit("db1", 1, 1)], 1)


def test_an_article_and_an_incident_meet_in_terms() -> None:
    """What the one is about is what the other has, in any case."""
    topic = Topic("Billing", ("No space left on <HOST>",), ("linux-base/full",))
    about = facets(known())

    assert set(topic_terms(topic, None)) == set(about)
    assert [":problem 7"] == topic_terms(Topic(), 7)
    assert {":problem 3": "#3"} == facets(Known(incident(problem=3)))


def test_an_incident_is_told_in_words() -> None:
    """Its title, its alerts and what is wrong, each once."""
    twice = Known(incident(), [FULL, FULL, alert(name="x")], [diagnosis(), diagnosis()])

    assert "billing: down\nNo space left on <host>\n0 B free\nx\n/var is 95 % full" == told(twice)


@pytest.mark.parametrize(
    ("terms", "reasons"),
    [
        ([":problem 7"], ("it is about problem #7",)),
        ([":alert disk full"], ("it names the alert Disk full",)),
        (
            [":alert disk slow", ":alert disk full", "диск", "jvm", "баз"],
            ("it names the alert Disk full, and 1 more",),
        ),
        ([":finding linux/full"], ("it names what was found: /var is full",)),
        ([":service billing"], None),
        ([":service billing", "диск", "jvm"], None),
        (
            [":service billing", "диск", "jvm", "баз"],
            ("it is about the service billing", "it has 3 words of this incident: JVM, БАЗ, ДИСК"),
        ),
        (["диск", "jvm", "баз"], ("it has 3 words of this incident: JVM, БАЗ, ДИСК",)),
        (["диск", "jvm"], None),
    ],
)
def test_an_article_is_shown_for_a_reason(
    terms: list[str], reasons: tuple[str, ...] | None
) -> None:
    """One facet but the service, or enough of its words."""
    found = likely(ABOUT, WORDS, [Hit(term, 1, 1) for term in terms], 5)

    assert ([] if reasons is None else [reasons]) == [each.reasons for each in found]


def test_few_common_words_are_no_reason() -> None:
    """Of a long story four words say little."""
    story = {f"w{number}": f"w{number}" for number in range(20)}

    assert [] == likely({}, story, [Hit(f"w{at}", 1, 1) for at in range(4)], 5)
    assert [] == likely({}, {}, [Hit("other", 1, 1), Hit("more", 1, 1)], 5)


def test_the_likeliest_comes_first_and_few_are_shown() -> None:
    """A problem says more than an alert, that more than a finding, and words more than nothing."""
    by = [":finding linux/full", ":alert disk full", ":problem 7"]
    hits = [Hit(term, number, 1) for number, term in enumerate(by, 1)]
    hits += [Hit(":finding linux/full", number, 1) for number in range(4, 9)]

    assert [3, 2, 8, 7, 6] == [each.article for each in likely(ABOUT, WORDS, hits, 9)]
