"""What every monitor promises, asked of all of them."""

from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from tests.peers import closed_port
from watcher.kit.clock import Clock
from watcher.kit.plugins import adapter, kinds
from watcher.kit.secrets import Secret
from watcher.model.action import Verdict
from watcher.model.answer import Answer, Verb
from watcher.model.event import Severity
from watcher.model.survey import Held
from watcher.monitors.base import Access, Monitor, MonitorError, Trouble

KINDS = kinds("watcher.monitors")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOKEN = "0123456789abcdef"
SPAN = Held("v1:src:1:2", "v1:1", "Disk is full", NOW, "db01", {"alertname": "Disk is full"})


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind there is."""
    return str(request.param)


def module(kind: str) -> ModuleType:
    """The adapter of that kind."""
    return adapter("watcher.monitors", kind)


def nowhere(kind: str) -> Monitor:
    """A monitor of a system that is not there."""
    options = module(kind).options({})
    url = f"http://127.0.0.1:{closed_port()}/there"
    access = Access("src", "default", url, Secret(TOKEN), options=options)
    asking: Monitor = module(kind).monitor(access, Clock())
    return asking


def test_a_monitor_is_the_other_direction_of_a_receiver(kind: str) -> None:
    """What it brings is read by the receiver of its name."""
    assert kind in kinds("watcher.receivers")


def test_its_options_are_a_dataclass_with_defaults(kind: str) -> None:
    """A source that says nothing is asked all the same."""
    assert is_dataclass(module(kind).Options)
    assert module(kind).options({}) == module(kind).Options()


def test_an_unknown_option_is_named(kind: str) -> None:
    """Slips show when the configuration is read."""
    with pytest.raises(ValueError, match="unknown option colour"):
        module(kind).options({"colour": "red"})


def test_a_dead_peer_is_an_error_that_may_pass(kind: str) -> None:
    """Nothing is taken to be over, nobody has to act yet, and no secret is told."""
    with pytest.raises(MonitorError) as caught:
        nowhere(kind).survey([SPAN], "", NOW)

    assert caught.value.trouble is Trouble.UNREACHABLE
    assert "127.0.0.1" in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("verb", list(Verb))
def test_what_cannot_be_told_now_is_tried_again_and_what_never_can_is_not(
    kind: str, verb: Verb
) -> None:
    """Whatever the peer does is an outcome in words, without the token."""
    asking = nowhere(kind)
    later = Clock().now() + timedelta(hours=1)
    answer = Answer(
        verb, (SPAN,), 1, "https://w.example", "Anna", "", "key", Severity.HIGH, later, NOW
    )

    outcome = asking.answer(answer)

    assert outcome.verdict is (Verdict.RETRY if verb in asking.verbs else Verdict.GAVE_UP)
    assert outcome.reason
    assert TOKEN not in outcome.reason


def test_it_says_how_long_an_answer_takes_at_most(kind: str) -> None:
    """The lease of an answer must outlast it."""
    assert 0 < nowhere(kind).longest <= 600
