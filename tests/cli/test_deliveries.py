"""`watcher deliveries list|replay`: what senders posted, and dead letters tried again."""

from datetime import timedelta

import pytest

from tests.cli.given import Desk
from tests.fakes import NOON
from watcher.model.delivery import Arrival


@pytest.fixture
def posted(at: Desk) -> list[int]:
    """Three deliveries: one digested, one dead, one that waits."""
    with at.store() as store:
        inbox = store.inbox(NOON)
        numbers = [
            inbox.append([Arrival("gen", "acme", NOON + n * timedelta(minutes=1), {}, b"{}")])[0]
            for n in range(3)
        ]
        inbox.close()
        with store.begin() as tx:
            tx.digested(tx.undigested(2, 1000))
            tx.verdict(numbers[1], True, "the body has no name", NOON)
    return numbers


def test_deliveries_are_listed_the_newest_first(at: Desk, posted: list[int]) -> None:
    """One line each: id, time, source, what became of it, size, and why."""
    result = at.run("deliveries", "list")

    assert 0 == result.exit_code
    assert [
        f"{posted[2]}  2026-03-14T12:02:00+00:00  gen              pending         2 B",
        f"{posted[1]}  2026-03-14T12:01:00+00:00  gen              dead            2 B"
        "  the body has no name",
        f"{posted[0]}  2026-03-14T12:00:00+00:00  gen              done            2 B",
    ] == result.output.splitlines()


def test_matchers_and_a_limit_choose(at: Desk, posted: list[int]) -> None:
    """As in the API."""
    dead = at.run("deliveries", "list", "--match", 'status="dead"')
    one = at.run("deliveries", "list", "--limit", "1")

    assert [str(posted[1])] == [line.split()[0] for line in dead.output.splitlines()]
    assert [str(posted[2])] == [line.split()[0] for line in one.output.splitlines()]


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("status", "watcher: expected =, !=, =~ or !~ (at character 7)"),
        ('colour="red"', "watcher: "),
    ],
)
def test_a_matcher_that_means_nothing_is_refused(at: Desk, match: str, said: str) -> None:
    """In a line that says what is wrong with it."""
    result = at.run("deliveries", "list", "--match", match)

    assert 1 == result.exit_code
    assert result.stderr.startswith(said)
    assert 1 == len(result.stderr.splitlines())


def statuses(at: Desk) -> list[str]:
    """The present statuses, oldest first."""
    lines = at.run("deliveries", "list").output.splitlines()
    return [line.split()[3] for line in reversed(lines)]


@pytest.mark.parametrize("every", [True, False])
def test_a_dead_letter_is_digested_again(at: Desk, posted: list[int], every: bool) -> None:
    """By its number, or with all the others."""
    result = at.run("deliveries", "replay", "--all-dead" if every else str(posted[1]))

    assert (0, "1 deliveries will be digested again\n") == (result.exit_code, result.output)
    assert ["done", "pending", "pending"] == statuses(at)


def test_only_the_dead_are_replayed(at: Desk, posted: list[int]) -> None:
    """The others are named; the dead one is replayed all the same."""
    result = at.run("deliveries", "replay", str(posted[0]), str(posted[1]), "7")

    assert (1, f"watcher: not dead, or gone: {posted[0]}, 7\n") == (
        result.exit_code,
        result.stderr,
    )
    assert "1 deliveries will be digested again\n" == result.stdout


@pytest.mark.parametrize("words", [(), ("7", "--all-dead")])
def test_a_replay_says_which(at: Desk, posted: list[int], words: tuple[str, ...]) -> None:
    """Either numbers or all of them."""
    result = at.run("deliveries", "replay", *words)

    assert (1, "watcher: name the deliveries to replay, or say --all-dead\n") == (
        result.exit_code,
        result.stderr,
    )
    assert posted


def test_more_dead_letters_than_a_page_holds(at: Desk) -> None:
    """All of them means all."""
    with at.store() as store:
        inbox = store.inbox(NOON)
        numbers = inbox.append([Arrival("gen", "acme", NOON, {}, b"{}")] * 700)
        inbox.close()
        with store.begin() as tx:
            tx.digested(tx.undigested(1000, 10_000))
            for number in numbers:
                tx.verdict(number, True, "no", NOON)
    result = at.run("deliveries", "replay", "--all-dead")

    assert "700 deliveries will be digested again\n" == result.output
