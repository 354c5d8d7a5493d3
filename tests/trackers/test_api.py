"""One call to a tracker: what is quoted of a refusal, and when it is not made or not believed."""

import json
from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from tests.peers import Answer, HttpPeer
from tests.trackers.given import AT
from watcher.kit.secrets import Secret
from watcher.model.action import Verdict
from watcher.trackers._api import Api, ApiError
from watcher.trackers.redmine import Options


def api(peer: HttpPeer, clock: FakeClock | None = None) -> Api:
    """The API of whatever that is."""
    options = Options(
        url=f"http://localhost:{peer.port}",
        key=Secret("unused"),
        project="ops",
        tracker="Task",
        allow_private=True,
    )
    return Api(options, {}, "the key", AT, clock or FakeClock())


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ({"errors": ["One", "Two"]}, ": One; Two"),
        ({"errorMessages": ["Whole"], "errors": {"a": "Part"}}, ": Whole; a: Part"),
        ({"errorMessages": ["Whole"]}, ": Whole"),
        ({"message": "Words", "error": "CODE"}, ": Words"),
        ({"error": "CODE"}, ": CODE"),
        ("a text", ": a text"),
        ({"errors": []}, ""),
        ({"status": 400}, ""),
        ([1, None], ""),
    ],
)
def test_a_refusal_is_quoted_in_its_own_words(body: object, quoted: str) -> None:
    """Wherever the tracker keeps them."""
    with HttpPeer(Answer(400, json.dumps(body).encode())) as peer:
        with pytest.raises(ApiError) as refused:
            api(peer).ask("/x")

        assert f"localhost:{peer.port} answered 400 Bad Request{quoted}" == str(refused.value)


def test_a_call_is_not_begun_after_the_deadline() -> None:
    """Nothing was done then, so there is nothing to be unsure of."""
    clock = FakeClock()
    with HttpPeer(Answer(200, b"{}")) as peer:
        asked = api(peer, clock)
        asked.ask("/x")
        clock.advance(timedelta(seconds=31))
        with pytest.raises(ApiError) as late:
            asked.create("/x", {})

    assert Verdict.RETRY is late.value.outcome.verdict
    assert late.value.outcome.after is None
    assert "not done within 30 s" in str(late.value)
    assert len(peer.calls) == 1


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    """Half a list is none."""
    half = Answer(200, b"[", {"Transfer-Encoding": "chunked"})
    with HttpPeer(half) as peer, pytest.raises(ApiError) as broken:
        api(peer).ask("/x")

    assert Verdict.RETRY is broken.value.outcome.verdict
