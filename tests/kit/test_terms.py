"""The words of a text as a search knows them."""

import pytest

from watcher.kit.terms import Sought, sought, terms


@pytest.mark.parametrize(
    "forms",
    [
        "диск диски дисков дисками Дисках ДИСК",
        "сервер сервера серверы серверам",
        "running run runs RUN",
        "failed failing fails fail",
        "ёлка елка ЁЛКИ",
    ],
)
def test_the_forms_of_a_word_are_one(forms: str) -> None:
    """In Russian and in English, in any case."""
    assert 1 == len({stem for stem, _ in terms(forms)})


def test_words_are_given_as_they_are_written() -> None:
    """Each with its stem, in their order; those that say nothing are left out."""
    assert [("диск", "Диски"), ("полн", "полны"), ("db1", "db1")] == list(
        terms("Диски на the полны: db1!")
    )


def test_a_name_is_found_whole_and_by_its_parts() -> None:
    """As programmers write them."""
    found = [stem for stem, _ in terms("HighMemoryUsage node_filesystem_free postgresql@15-main")]

    assert ["highmemoryusag", "high", "memori", "usag"] == found[:4]
    assert ["node", "filesystem", "free", "postgresql", "15", "main"] == found[4:]


def test_a_word_of_another_language_stays_as_it_is() -> None:
    """It is found by itself and by its beginning."""
    assert [("grösse", "Größe"), ("磁盘", "磁盘")] == list(terms("Größe 磁盘"))


def test_what_is_typed_is_nothing_but_words() -> None:
    """Each with its stem, and with what longer words may begin with; a short one has no such."""
    assert [Sought("диск", "дисков"), Sought("db", ""), Sought("1", "")] == sought(
        "дисков* AND 'db' -- % \0 \udc80 1 дисков"
    )
    assert [] == sought("")


def test_only_the_first_words_of_a_long_search_count() -> None:
    """So that nobody can make the database work for long."""
    assert 12 == len(sought(" ".join(f"w{number}" for number in range(500))))


def test_a_word_without_end_is_cut() -> None:
    """The index keeps no monsters."""
    [(stem, _)] = terms("x" * 10_000)

    assert 40 == len(stem)
