"""What every notifier keeps, whatever its kind."""

import json
import logging
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event
from types import ModuleType

import pytest

from tests.decide.problems import problem
from tests.notifiers.given import AT, DIAGNOSIS, SECRET, aimed, written
from tests.peers import (
    closed_port,
    raw_peer,
)
from watcher.decide.lifecycle import News
from watcher.kit.plugins import adapter, kinds
from watcher.model.action import Verdict
from watcher.notifiers import Message, Outlet, email

KINDS = kinds("watcher.notifiers")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ModuleType:
    """Each notifier in turn."""
    return adapter("watcher.notifiers", request.param)


def test_there_are_notifiers() -> None:
    """Nobody listed them: their files did."""
    assert {"email", "webhook"} <= set(KINDS)


@pytest.mark.parametrize("event", News)
def test_a_sample_renders(kind: ModuleType, event: News) -> None:
    """Every kind of news can be said with the sample options, and says which incident it is."""
    message = written(event=event, diagnosis=DIAGNOSIS, problem=problem(7))
    rendered = kind.render(message, kind.SAMPLE)

    assert b"42" in rendered


def test_secrets_are_not_in_what_is_shown(kind: ModuleType) -> None:
    """Options can be printed without giving a secret away."""
    assert SECRET not in repr(aimed(kind, 1))


def test_a_long_text_is_cut_with_a_mark(kind: ModuleType) -> None:
    """A text over the limit arrives shortened, and says so."""
    message = replace(written(), text="я" * (kind.LIMIT + 1000), html="")

    text = spoken(kind, kind.render(message, kind.SAMPLE))

    assert len(text.strip()) <= kind.LIMIT
    assert "(cut; the rest is on the page of the incident)" in text


def spoken(kind: ModuleType, rendered: bytes) -> str:
    """The text in what was rendered."""
    if kind is email:
        body = message_from_bytes(rendered, policy=policy.default).get_body(("plain",))
        assert isinstance(body, EmailMessage)
        return str(body.get_content()).replace("\r\n", "\n")
    return str(json.loads(rendered)["text"])


def silent(_: socket.socket, over: Event) -> None:
    """Takes a connection and says nothing."""
    over.wait(10)


def rude(connection: socket.socket, _: Event) -> None:
    """Hangs up at once."""
    connection.close()


def babble(connection: socket.socket, over: Event) -> None:
    """Never comes to an end."""
    while not over.wait(0.02):
        connection.sendall(b"2")


def echo(connection: socket.socket, _: Event) -> None:
    """Throws back at the caller what it was told, with an error before it."""
    connection.sendall(b"599 ")
    connection.sendall(connection.recv(4096))


@pytest.mark.parametrize("talk", [silent, rude, babble, echo])
def test_a_peer_that_is_not_well_is_tried_again(
    kind: ModuleType,
    talk: Callable[[socket.socket, Event], None],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Silence, a broken line and babble are a retry, in time, and neither reason nor log nor output
    holds a secret.
    """
    caplog.set_level(logging.DEBUG)
    with raw_peer(talk) as port:
        outcome = kind.send(written(), aimed(kind, port, timeout=0.2, deadline=0.5))

    assert outcome.verdict is Verdict.RETRY
    assert SECRET not in outcome.reason + caplog.text + "".join(capfd.readouterr())
    assert "localhost" in outcome.reason


def test_nobody_there_is_tried_again(kind: ModuleType) -> None:
    """A refused connection may be accepted later; the reason is the system's."""
    outcome = kind.send(written(), aimed(kind, closed_port()))

    assert outcome.verdict is Verdict.RETRY
    assert "Connection refused" in outcome.reason
    assert SECRET not in outcome.reason


def test_the_same_key_twice_is_the_same_message_twice(kind: ModuleType) -> None:
    """What a receiver may recognise a repetition by is the same, although time has passed."""

    def mark(message: Message) -> str:
        rendered = kind.render(message, kind.SAMPLE)
        if kind is email:
            return str(message_from_bytes(rendered, policy=policy.default)["Message-ID"])
        return str(json.loads(rendered)["id"])

    first = written(event=News.RAISED, key="one")
    later = replace(
        written(event=News.RAISED, key="one", diagnosis=DIAGNOSIS), at=AT + timedelta(1)
    )
    other = written(event=News.RAISED, key="two")

    assert mark(first) == mark(later)
    assert mark(first) != mark(other)


def test_an_outlet_finds_its_adapter(kind: ModuleType) -> None:
    """A channel is a kind and its options; the rest is found."""
    outlet = Outlet(kind.__name__.rpartition(".")[2], aimed(kind, closed_port()))

    assert outlet.send(written()).verdict is Verdict.RETRY


def test_an_outlet_is_bounded_in_time(kind: ModuleType) -> None:
    """The longest that sending takes is known beforehand."""
    outlet = Outlet(kind.__name__.rpartition(".")[2], kind.SAMPLE)

    assert kind.SAMPLE.deadline < outlet.longest <= kind.SAMPLE.deadline + 30


@pytest.mark.parametrize(
    "times",
    [{"timeout": 0}, {"timeout": -1}, {"timeout": 20, "deadline": 10}, {"deadline": 601}],
)
def test_times_make_sense(kind: ModuleType, times: dict[str, float]) -> None:
    """No time at all, or hours of it, is an error of the configuration."""
    with pytest.raises(ValueError, match="are seconds, above 0 and up to 600"):
        replace(kind.SAMPLE, **times)
