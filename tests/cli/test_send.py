"""`watcher send`: a sample alert, posted as a monitoring system would."""

import hashlib
import hmac
from collections.abc import Iterator

import orjson
import pytest

from tests.cli.given import Desk
from tests.peers import Answer, HttpPeer, closed_port

TAKEN = Answer(202, b'{"delivery": "77"}')


@pytest.fixture
def watcher() -> Iterator[HttpPeer]:
    """Something that takes alerts."""
    with HttpPeer(TAKEN) as peer:
        yield peer


def url(peer: HttpPeer) -> str:
    """Where it listens."""
    return f"http://127.0.0.1:{peer.port}"


@pytest.mark.parametrize(
    ("kind", "source", "header", "value"),
    [
        ("zabbix", "zbx", "authorization", "Bearer zabbix-proves-itself"),
        ("grafana", "gra", "authorization", "Basic ZzpncmFmYW5hLXByb3Zlcy1pdHNlbGY="),
        ("generic", "gen", "x-token", "generic-proves-itself"),
    ],
)
def test_a_sample_is_posted_with_what_the_source_asks_for(
    at: Desk, watcher: HttpPeer, kind: str, source: str, header: str, value: str
) -> None:
    """To the hook of the first source of that kind; the delivery is printed."""
    result = at.run("send", kind, "--url", url(watcher))
    [call] = watcher.calls

    assert (0, "77\n") == (result.exit_code, result.output)
    assert ("POST", f"/hooks/{source}") == (call.method, call.path)
    assert value == call.headers[header]
    assert "application/json" == call.headers["content-type"]
    assert orjson.loads(call.body)


def test_a_signed_source_gets_a_signature(at: Desk, watcher: HttpPeer) -> None:
    """Over the time and the exact body."""
    result = at.run("send", "alertmanager", "--url", url(watcher))
    [call] = watcher.calls
    text = call.headers["x-stamp"].encode() + b":" + call.body
    right = hmac.new(b"alertmanager-proves-itself", text, hashlib.sha256).hexdigest()

    assert 0 == result.exit_code
    assert right == call.headers["x-grafana-alerting-signature"]


def test_an_open_source_gets_no_proof(at: Desk, watcher: HttpPeer) -> None:
    """It asks for none."""
    at.config.write_text("sources: [{name: lab, kind: generic, auth: none}]\n")
    result = at.run("send", "generic", "--url", url(watcher))
    [call] = watcher.calls

    assert 0 == result.exit_code
    assert "authorization" not in call.headers


def test_the_same_serial_is_the_same_outage(at: Desk, watcher: HttpPeer) -> None:
    """A recovery sent later belongs to its problem."""
    for sample in ("firing", "resolved"):
        words = ("--sample", sample, "--serial", "1700000000", "--url", url(watcher))
        assert 0 == at.run("send", "generic", *words).exit_code
    first, second = (orjson.loads(call.body) for call in watcher.calls)

    assert first["occurrence"] == second["occurrence"]
    assert ["firing", "resolved"] == [first["status"], second["status"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("nagios",),
            "there is no kind 'nagios'; there are: alertmanager, change, generic, gitlab, grafana, "
            "teamcity, zabbix",
        ),
        (("generic", "--sample", "x"), "generic has no sample 'x'; it has: firing, resolved"),
        (("generic", "--source", "zbx"), "there is no source of kind 'generic' named 'zbx'"),
    ],
)
def test_what_there_is_not_is_said(at: Desk, words: tuple[str, ...], said: str) -> None:
    """With what there is instead."""
    result = at.run("send", *words)

    assert (1, f"watcher: {said}\n") == (result.exit_code, result.stderr)


def test_without_a_source_of_the_kind(at: Desk) -> None:
    """A configuration may have none."""
    at.config.write_text("sources: []\n")
    result = at.run("send", "zabbix")

    assert (1, "watcher: there is no source of kind 'zabbix'\n") == (
        result.exit_code,
        result.stderr,
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(401, b'{"error": "wrong token"}'), 'answered 401: {"error": "wrong token"}'),
        (Answer(200, b"hello"), "answered 200: hello"),
        (Answer(202, b"hello"), "is not Watcher"),
        (Answer(202, b"[]"), "is not Watcher"),
        (Answer(202, b"{}"), "is not Watcher"),
    ],
)
def test_a_refusal_is_shown(at: Desk, answer: Answer, said: str) -> None:
    """What the other side answered, and never a stack trace or the token."""
    with HttpPeer(answer) as peer:
        result = at.run("send", "zabbix", "--url", url(peer))

    assert 1 == result.exit_code
    assert said in result.stderr
    assert "proves-itself" not in result.stderr


def test_nobody_listens(at: Desk) -> None:
    """One line says so."""
    result = at.run("send", "zabbix", "--url", f"http://127.0.0.1:{closed_port()}")

    assert 1 == result.exit_code
    assert 1 == len(result.stderr.splitlines())
    assert result.stderr.startswith("watcher: ")
