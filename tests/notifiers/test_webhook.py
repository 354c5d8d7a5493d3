"""The webhook: its body, its headers, and what each answer means."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.notifiers.given import AT, SECRET, aimed, written
from tests.peers import (
    Answer,
    HttpPeer,
)
from watcher.model.action import Outcome, Verdict
from watcher.notifiers import webhook


@pytest.fixture
def hook() -> Iterator[HttpPeer]:
    """A receiver of webhooks that answers 200 until told otherwise."""
    with HttpPeer() as peer:
        yield peer


def posted(hook: HttpPeer, **changes: Any) -> Outcome:
    """What came of one message to that receiver."""
    options = replace(aimed(webhook, hook.port), **changes)
    return webhook.send(written(), options)


@pytest.mark.parametrize("status", [*range(200, 227), *range(300, 309), *range(400, 600)])
def test_every_status_has_its_verdict(hook: HttpPeer, status: int) -> None:
    """2xx is done; 408, 425, 429 and 5xx are tried again; everything else needs a person."""
    hook.answers = [Answer(status)]
    again = status >= 500 or status in {408, 425, 429}
    expected = Verdict.DONE if status < 300 else Verdict.RETRY if again else Verdict.GAVE_UP

    outcome = posted(hook)

    assert expected is outcome.verdict
    assert f"localhost:{hook.port} answered {status}" in outcome.reason
    assert SECRET not in outcome.reason


def test_the_peer_says_when() -> None:
    """Retry-After reaches the engine."""
    with HttpPeer(Answer(429, headers={"Retry-After": "77"})) as hook:
        assert posted(hook).after == 77.0


@pytest.mark.parametrize(
    ("status", "advice"),
    [(302, "redirects are not followed"), (401, "check the token"), (403, "check the token")],
)
def test_a_refusal_says_what_to_do(hook: HttpPeer, status: int, advice: str) -> None:
    """The reason is for the person who can mend it."""
    hook.answers = [Answer(status, headers={"Location": "http://localhost/"})]

    assert advice in posted(hook).reason


def test_the_peers_words_are_quoted_without_secrets(hook: HttpPeer) -> None:
    """An answer that repeats the token is quoted without it, on one line, and cut."""
    hook.answers = [Answer(400, f"bad\ntoken {SECRET} {'x' * 2000}".encode())]

    reason = posted(hook).reason

    assert "bad token" in reason
    assert SECRET not in reason
    assert len(reason) < 400


def test_a_path_is_a_secret_too(hook: HttpPeer) -> None:
    """An answer that repeats path or query of the URL is quoted without them."""
    hook.answers = [Answer(404, b"no route /T0/unlisted?sig=unguessable here")]
    url = f"http://localhost:{hook.port}/T0/unlisted?sig=unguessable"

    reason = posted(hook, url=url).reason

    assert "no route ***" in reason
    assert "unlisted" not in reason
    assert "unguessable" not in reason


def test_the_body_is_what_is_documented(hook: HttpPeer) -> None:
    """Event, text, link, and the incident under the names of the API."""
    assert posted(hook).verdict is Verdict.DONE

    body = json.loads(hook.calls[0].body)
    assert set(body) == {"id", "event", "subject", "text", "url", "incident", "problem"}
    assert body["event"] == "opened"
    assert body["incident"] == {
        "id": 42,
        "number": 42,
        "title": "CPU is high on db01",
        "status": "open",
        "priority": "P1",
        "customer": "acme",
        "service": "billing",
        "hosts": ["db01", "db02"],
        "opened_at": "2026-03-14T03:04:00Z",
        "acknowledged_at": None,
        "resolved_at": None,
        "alerts": 3,
        "evidence": 0,
        "problem": None,
        "ticket": None,
        "ticket_url": None,
        "tracker": None,
        "url": "https://watcher.example.com/incidents/42",
    }


def test_a_receiver_that_knows_keys_has_one_effect(hook: HttpPeer) -> None:
    """A repetition carries the same Idempotency-Key, so the receiver sees one message."""
    hook.answers = [Answer(500), Answer(200)]

    assert [posted(hook).verdict, posted(hook).verdict] == [Verdict.RETRY, Verdict.DONE]
    keys = {call.headers["idempotency-key"] for call in hook.calls}
    assert keys == {json.loads(hook.calls[0].body)["id"]}


def test_a_call_is_signed_with_its_time(hook: HttpPeer) -> None:
    """The receiver can check who wrote the body and when."""
    posted(hook)

    call = hook.calls[0]
    stamp = call.headers["x-watcher-timestamp"]
    signed = hmac.new(SECRET.encode(), f"{stamp}:".encode() + call.body, hashlib.sha256)
    assert str(int(AT.timestamp())) == stamp
    assert call.headers["x-watcher-signature"] == f"sha256={signed.hexdigest()}"


def test_a_token_goes_into_the_header_one_chooses(hook: HttpPeer) -> None:
    """As a bearer in Authorization, bare in any other header, and not at all if there is none."""
    posted(hook)
    posted(hook, token_header="X-Token")
    posted(hook, token=None, sign=None)

    assert hook.calls[0].headers["authorization"] == f"Bearer {SECRET}"
    assert hook.calls[1].headers["x-token"] == SECRET
    assert not {"authorization", "x-watcher-signature"} & set(hook.calls[2].headers)


def test_a_private_address_needs_leave(hook: HttpPeer) -> None:
    """Without `allow_private` a loopback receiver is refused, for good, and nothing is sent."""
    outcome = posted(hook, allow_private=False)

    assert outcome.verdict is Verdict.GAVE_UP
    assert "may not be called" in outcome.reason
    assert hook.calls == []


def test_a_private_network_can_be_named(hook: HttpPeer) -> None:
    """The operator opens the networks that are meant."""
    networks = ("127.0.0.0/8", "::1/128")

    assert posted(hook, allow_private=False, networks=networks).verdict is Verdict.DONE


@pytest.mark.parametrize(
    "wrong",
    [{"url": "mailto:x@example.com"}, {"url": "https://example.com/", "networks": ("10/99",)}],
)
def test_wrong_options_of_a_webhook_are_refused_at_once(wrong: dict[str, Any]) -> None:
    """A URL or network that cannot be is an error of the configuration."""
    with pytest.raises(ValueError, match=r"http://|10/99"):
        webhook.Options(**wrong)
