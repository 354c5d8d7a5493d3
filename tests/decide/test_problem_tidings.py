"""Who is told of a problem by a message: once, where something goes on, and nobody too much."""

import pytest

from tests.decide.given import POLICY
from tests.decide.problems import incident, problem
from watcher.decide.problem import News
from watcher.decide.problem_tidings import problem_tidings
from watcher.model.change import replace
from watcher.model.incident import Incident, Priority
from watcher.model.policy import Channel

OPS = Channel("ops", "email")


def told(
    news: News, *incidents: Incident, returns: int = 0, channels: tuple[Channel, ...] = (OPS,)
) -> list[tuple[str, int]]:
    """The keys of the messages, and the incidents to which they belong."""
    policy = replace(POLICY, channels=channels)
    found = problem_tidings(problem(4, returns=returns), news, incidents, policy)
    return [(each.key, each.incident) for each in found]


@pytest.mark.parametrize(
    ("news", "returns", "event"),
    [
        (News.PROPOSED, 0, "problem_proposed"),
        (News.OPENED, 0, "problem_opened"),
        (News.KNOWN_ERROR, 0, "known_error"),
        (News.KNOWN_ERROR, 2, "known_error"),
        (News.REOPENED, 1, "problem_back"),
    ],
)
def test_each_event_of_a_problem_is_one_message_for_a_channel(
    news: News, returns: int, event: str
) -> None:
    """However many incidents it has: it is an action of the newest. After it came back, it is
    another time.
    """
    assert [(f"problem/4/notify/ops/{event}/{returns}", 8)] == told(
        news, incident(7), incident(8), returns=returns
    )


@pytest.mark.parametrize(
    ("news", "incidents"),
    [
        (News.RESOLVED, (incident(),)),
        (News.REOPENED, (incident(),)),
        (News.PROPOSED, ()),
        (News.KNOWN_ERROR, (incident(priority=Priority.P5),)),
    ],
    ids=["told of each incident", "by hand", "nothing goes on", "a P5"],
)
def test_what_is_no_news_is_no_message(news: News, incidents: tuple[Incident, ...]) -> None:
    """Each for its reason."""
    assert [] == told(news, *incidents)


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (replace(OPS, at_least=Priority.P2), 1),
        (replace(OPS, at_least=Priority.P1), 0),
        (replace(OPS, customers=frozenset({"acme"})), 1),
        (replace(OPS, customers=frozenset({"other"})), 0),
        (replace(OPS, problems=False), 0),
        (replace(OPS, evidence=False), 1),
    ],
)
def test_those_who_are_told_of_its_incidents_are_told(channel: Channel, expected: int) -> None:
    """Of the most urgent of them, though it is not the newest; unless they want none of it."""
    urgent = incident(7, priority=Priority.P2)

    assert expected == len(told(News.KNOWN_ERROR, urgent, incident(8), channels=(channel,)))
