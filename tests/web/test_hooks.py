"""`POST /hooks/{source}`: what is taken, what is refused and in which words, never a 500."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from tests.web.hooked import LIMIT, RIGHT, STAMP, Answer, Hooked, pieces, request, running
from watcher.store.store import Store

ALERT = b'{"name": "Disk is full"}'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all; every test looks at its own deliveries."""
    opened = Store.open(f"sqlite:///{tmp_path_factory.mktemp('hooks')}/watcher.db")
    opened.upgrade()
    yield opened
    opened.close()


def emptied(store: Store) -> list[bytes]:
    """The bodies in the inbox, which is empty afterwards."""
    with store.begin() as tx:
        found = tx.undigested(10_000, 1 << 30)
        tx.digested(found)
    return [each.body for each in found]


@pytest.fixture
def with_hooks(store: Store) -> "Run":
    """Runs a conversation with the hooks to its end, over an empty inbox."""
    emptied(store)

    def run(talk: Callable[[Hooked], Awaitable[Answer]]) -> Answer:
        async def whole() -> Answer:
            async with running(store) as hooked:
                return await talk(hooked)

        return asyncio.run(whole())

    return run


Run = Callable[[Callable[[Hooked], Awaitable[Answer]]], Answer]


def test_an_alert_is_stored_before_it_is_acknowledged(store: Store, with_hooks: Run) -> None:
    """202 names the delivery, which is in the inbox as it came, with the headers worth keeping."""

    async def talk(hooked: Hooked) -> Answer:
        headers = {**RIGHT, "user-agent": "Zabbix", "cookie": "no"}
        answer = await hooked.post("/hooks/zabbix", ALERT, headers=headers)
        [delivery] = hooked.stored()
        assert 202 == answer.status
        assert {"delivery": str(delivery.id)} == answer.said
        assert ("zabbix", "acme", NOON, ALERT) == (
            delivery.source,
            delivery.customer,
            delivery.received_at,
            delivery.body,
        )
        assert {"content-type": "application/json", "user-agent": "Zabbix"} == delivery.headers
        assert (1, 1.0) == (hooked.commits, hooked.counted("zabbix", "accepted"))
        return answer

    assert "application/json" == with_hooks(talk).headers["content-type"]


def test_a_stream_is_acknowledged_as_connectors_of_zabbix_want_it(
    store: Store, with_hooks: Run
) -> None:
    """They take 200 and 201 for success, whatever other senders do with 202."""

    async def talk(hooked: Hooked) -> Answer:
        headers = {**RIGHT, "content-type": "application/x-ndjson"}
        return await hooked.post(
            "/hooks/zabbix", b'{"eventid":1}\n{"eventid":2}\n', headers=headers
        )

    assert 200 == with_hooks(talk).status
    assert [b'{"eventid":1}\n{"eventid":2}\n'] == emptied(store)


HOOK = "/hooks/zabbix"
BROKEN = b"{" + b"x" * LIMIT
TOO_LARGE = (413, "the body is larger than 1000 bytes", "too_large")
EMPTY = (400, "the body is empty", "empty")
NOT_JSON = (400, "the body does not begin like JSON", "not_json")
NO_TOKEN = (401, "wrong or missing token for source 'zabbix'", "unauthenticated")
WRONG_METHOD = (405, "alerts are posted here: use POST", "wrong_method")


@pytest.mark.parametrize(
    ("method", "headers", "body", "expected"),
    [
        ("POST", RIGHT, b"", EMPTY),
        ("POST", RIGHT, b" \r\n\t", EMPTY),
        ("POST", RIGHT, b" " * 100, EMPTY),
        ("POST", RIGHT, b"\xef\xbb\xbf", EMPTY),
        ("POST", RIGHT, b"<xml/>", NOT_JSON),
        ("POST", RIGHT, b'"text"', NOT_JSON),
        ("POST", RIGHT, b" " * 100 + b"x", NOT_JSON),
        ("POST", RIGHT, '{"name": "x"}'.encode("utf-16"), NOT_JSON),
        ("POST", RIGHT, BROKEN, TOO_LARGE),
        ("POST", {**RIGHT, "content-length": "1001"}, ALERT, TOO_LARGE),
        ("POST", {}, ALERT, NO_TOKEN),
        ("POST", {"authorization": "Bearer wrong"}, b"", NO_TOKEN),
        ("POST", {"authorization": "Bearer wrong", "content-length": "9999"}, b"", NO_TOKEN),
        ("GET", RIGHT, b"", WRONG_METHOD),
        ("DELETE", RIGHT, ALERT, WRONG_METHOD),
    ],
)
def test_what_cannot_be_an_alert_is_refused_with_the_reason(
    with_hooks: Run,
    method: str,
    headers: dict[str, str],
    body: bytes,
    expected: tuple[int, str, str],
) -> None:
    """The answer is for the sender's administrator; nothing is stored, and it is counted."""
    status, said, outcome = expected

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.post(HOOK, body, headers=headers, method=method)
        assert [] == hooked.stored()
        assert 1.0 == hooked.counted("zabbix", outcome)
        return answer

    answer = with_hooks(talk)

    assert (status, {"error": said}) == (answer.status, answer.said)
    assert str(len(answer.body)) == answer.headers["content-length"]


@pytest.mark.parametrize("source", ["", "zabbix/", "zabbix/x", "../zabbix", "ZABBIX", "z%61bbix"])
def test_only_the_exact_name_of_a_source_leads_to_it(with_hooks: Run, source: str) -> None:
    """No slash, no way up and no other case: 404, never a redirect, and one counter for all."""

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.post(f"/hooks/{source}", ALERT)
        assert [] == hooked.stored()
        assert 1.0 == hooked.counted("unknown", "unknown_source")
        return answer

    answer = with_hooks(talk)

    assert (404, {"error": f"there is no source {source!r} here"}) == (answer.status, answer.said)


def test_refusals_say_what_would_be_taken(with_hooks: Run) -> None:
    """A 405 lists the methods, a 401 the way to prove who one is, as HTTP demands."""

    async def talk(hooked: Hooked) -> Answer:
        wrong = await hooked.post("/hooks/zabbix", method="GET")
        assert "POST, PUT" == wrong.headers["allow"]
        return await hooked.post("/hooks/zabbix", ALERT, headers={})

    assert "Bearer" == with_hooks(talk).headers["www-authenticate"]


def test_a_very_long_source_is_not_echoed_in_full(with_hooks: Run) -> None:
    """Whoever guesses gets little back."""

    async def talk(hooked: Hooked) -> Answer:
        return await hooked.post("/hooks/" + "a" * 5000, ALERT)

    assert len(with_hooks(talk).body) < 120


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": ',
        b"[[[[[[[[[[",
        b"{" * 500,
        b"[]",
        b"{}",
        b'[1, "two", null]',
        b'{"name": "\xff\xfe"}',
        b'\xef\xbb\xbf{"name": "x"}',
        b" \n" * 60 + b'{"name": "after much white space"}',
        b"{\0}",
    ],
)
def test_what_begins_like_json_is_stored_as_it_is(with_hooks: Run, body: bytes) -> None:
    """Truncated, nested, in another encoding or of another shape: the digest looks at that."""

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.post("/hooks/zabbix", body)
        assert [body] == [each.body for each in hooked.stored()]
        return answer

    assert 202 == with_hooks(talk).status


def test_a_body_comes_in_pieces(with_hooks: Run) -> None:
    """It is put together again, however it was cut."""

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.post("/hooks/zabbix", b"", ALERT[:7], b"", ALERT[7:], method="PUT")
        assert [ALERT] == [each.body for each in hooked.stored()]
        return answer

    assert 202 == with_hooks(talk).status


def test_an_endless_body_is_cut_off(with_hooks: Run) -> None:
    """Without a stated length it is read up to the limit and no further."""
    messages = pieces(*[b"{" * 300] * 10)

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.send(request("/hooks/zabbix", RIGHT), messages)
        assert [] == hooked.stored()
        return answer

    assert 413 == with_hooks(talk).status


@pytest.mark.parametrize("received", [0, 1])
def test_half_a_body_is_not_stored(with_hooks: Run, received: int) -> None:
    """A connection that ends before its body left nothing behind that could be half an alert."""
    messages = [{"type": "http.request", "body": b"{", "more_body": True}][:received]

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.send(request("/hooks/zabbix", RIGHT), messages)
        assert [] == hooked.stored()
        assert 1.0 == hooked.counted("zabbix", "cut")
        return answer

    assert (400, "the connection ended before the body did") == (
        (answer := with_hooks(talk)).status,
        answer.said["error"],
    )


def test_an_open_source_needs_no_token(with_hooks: Run) -> None:
    """Where the configuration says so, anybody may post, for the customer of that source."""

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.post("/hooks/lab", ALERT, headers={})
        assert ["globex"] == [each.customer for each in hooked.stored()]
        return answer

    assert 202 == with_hooks(talk).status


def signed(body: bytes, stamp: int) -> dict[str, str]:
    """The headers of a body that Grafana signed then."""
    text = str(stamp).encode() + b":" + body
    signature = hmac.new(b"secret", text, hashlib.sha256).hexdigest()
    return {"X-Grafana-Alerting-Signature": signature, STAMP.decode(): str(stamp)}


def test_a_signature_holds_once(with_hooks: Run) -> None:
    """The same signed body again is a replay; signed anew it is a repetition."""
    stamp = int(NOON.timestamp())

    async def talk(hooked: Hooked) -> Answer:
        first = await hooked.post("/hooks/signed", ALERT, headers=signed(ALERT, stamp))
        again = await hooked.post("/hooks/signed", ALERT, headers=signed(ALERT, stamp + 1))
        assert [202, 202] == [first.status, again.status]
        return await hooked.post("/hooks/signed", ALERT, headers=signed(ALERT, stamp))

    answer = with_hooks(talk)

    assert (401, "this signature was used before") == (answer.status, answer.said["error"])


def test_two_replays_at_the_same_moment_are_one_delivery(with_hooks: Run) -> None:
    """The second comes while the first is being stored: it is refused all the same."""
    headers = signed(ALERT, int(NOON.timestamp()))

    async def talk(hooked: Hooked) -> Answer:
        both = await asyncio.gather(
            *(hooked.post("/hooks/signed", ALERT, headers=headers) for _ in range(2))
        )
        assert 1 == len(hooked.stored())
        return min(both, key=lambda each: -each.status)

    assert 401 == with_hooks(talk).status


@pytest.mark.parametrize("away", [-301, 301])
def test_an_old_signature_is_refused(with_hooks: Run, away: int) -> None:
    """Yesterday's request, or one from a clock that is wrong, proves nothing."""
    headers = signed(ALERT, int(NOON.timestamp()) + away)

    async def talk(hooked: Hooked) -> Answer:
        answer = await hooked.post("/hooks/signed", ALERT, headers=headers)
        assert [] == hooked.stored()
        return answer

    answer = with_hooks(talk)

    assert 401 == answer.status
    assert "the time in x-stamp is 301 s off" in answer.said["error"]


def test_a_wrong_signature_is_refused(with_hooks: Run) -> None:
    """One byte of the body was changed on the way."""
    headers = signed(ALERT, int(NOON.timestamp()))

    async def talk(hooked: Hooked) -> Answer:
        return await hooked.post("/hooks/signed", ALERT + b" ", headers=headers)

    assert (401, "the signature does not match the body") == (
        (answer := with_hooks(talk)).status,
        answer.said["error"],
    )


def test_without_a_store_nothing_is_acknowledged(with_hooks: Run) -> None:
    """503 asks for another try; the same signed request is then taken as if it were the first."""
    headers = signed(ALERT, int(NOON.timestamp()))

    async def talk(hooked: Hooked) -> Answer:
        hooked.away = "the disk is full"
        refused = await hooked.post("/hooks/signed", ALERT, headers=headers)
        assert (503, "5") == (refused.status, refused.headers["retry-after"])
        assert {"error": "not stored, send it again"} == refused.said
        assert [] == hooked.stored()
        assert 1.0 == hooked.counted("signed", "unavailable")
        hooked.away = ""
        return await hooked.post("/hooks/signed", ALERT, headers=headers)

    assert 202 == with_hooks(talk).status


@given(body=st.binary(max_size=LIMIT + 20), cuts=st.lists(st.integers(0, LIMIT), max_size=3))
def test_any_bytes_are_stored_exactly_or_refused(
    store: Store, body: bytes, cuts: list[int]
) -> None:
    """Never a 500, whatever comes and in whatever pieces; what is acknowledged is what came."""
    emptied(store)
    edges = [0, *sorted(cuts), len(body)]
    chunks = [body[start:end] for start, end in pairwise(edges)]

    async def talk() -> Answer:
        async with running(store) as hooked:
            return await hooked.post("/hooks/zabbix", *chunks)

    answer = asyncio.run(talk())

    assert answer.status in {202, 400, 413}
    assert [b"".join(chunks)] * (answer.status == 202) == emptied(store)


@given(
    path=st.text(max_size=80),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "OPTIONS", "HEAD"]),
    name=st.sampled_from(["authorization", "content-length", "content-type", "x-stamp"]),
    value=st.text(st.characters(max_codepoint=255), max_size=40),
)
def test_any_request_gets_a_plain_answer(
    store: Store, path: str, method: str, name: str, value: str
) -> None:
    """Paths and headers that no sender would write are refused in words, too."""

    async def talk() -> Answer:
        async with running(store) as hooked:
            return await hooked.post("/hooks/" + path, ALERT, headers={name: value}, method=method)

    answer = asyncio.run(talk())

    assert answer.status in {401, 404, 405}
    assert answer.said["error"]
