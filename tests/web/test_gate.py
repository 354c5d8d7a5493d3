"""Who may post: tokens, passwords and signatures, as senders write them."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.web.gate import Gate, Guard, Signature, basic, bearer, header

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
STAMP = b"x-stamp"
SIGNED = b"x-grafana-alerting-signature"


def guard(*pairs: tuple[bytes, bytes], signature: Signature | None = None) -> Guard:
    """The guard of a gate that takes any of these headers."""
    accepted: dict[bytes, tuple[bytes, ...]] = {}
    for name, value in pairs:
        accepted[name] = (*accepted.get(name, ()), value)
    return Guard(Gate("zabbix", "acme", accepted, signature))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"Bearer s3cret", True),
        (b"bearer s3cret", True),
        (b"BEARER s3cret", True),
        (b"Bearer S3CRET", False),
        (b"Bearer s3cre", False),
        (b"Bearer s3cret ", False),
        (b"Bearer", False),
        (b"Basic s3cret", False),
        (b"s3cret", False),
        (b"", False),
        (b"Basic b2xnYTpwYXNz", True),
        (b"basic b2xnYTpwYXNz", True),
        (b"Basic b2xnYTpQQVNT", False),
        (b"\xff\xfe", False),
    ],
)
def test_a_token_or_a_password_lets_in(given: bytes, expected: bool) -> None:
    """Schemes know no case, secrets do; one byte less or more is another secret."""
    both = guard(bearer("s3cret"), basic("olga", "pass"))

    assert expected is both.credentials_hold({b"authorization": given})


def test_a_header_of_ones_own_is_compared_as_it_is() -> None:
    """Its name knows no case, its value does; and the other headers do not count."""
    own = guard(header("X-Zabbix-Token", "Zabbix s3cret"))

    assert own.credentials_hold({b"x-zabbix-token": b"Zabbix s3cret"})
    assert not own.credentials_hold({b"x-zabbix-token": b"zabbix s3cret"})
    assert not own.credentials_hold({b"authorization": b"Zabbix s3cret"})
    assert not own.credentials_hold({})


def test_an_authorization_header_of_ones_own_has_a_scheme_too() -> None:
    """Whatever scheme the sender was told to use."""
    own = guard(header("Authorization", "Token s3cret"))

    assert own.credentials_hold({b"authorization": b"token s3cret"})
    assert not own.credentials_hold({b"authorization": b"Bearer s3cret"})


def test_nobody_gets_in_where_nothing_is_configured() -> None:
    """A gate is open only if it says so, or if a signature is asked for instead."""
    signature = Signature(b"secret")

    assert not guard().credentials_hold({})
    assert Guard(Gate("zabbix", "acme", {}, open=True)).credentials_hold({})
    assert guard(signature=signature).credentials_hold({})
    assert not guard(bearer("s3cret"), signature=signature).credentials_hold({})


def test_no_signature_is_asked_for_without_a_rule() -> None:
    """Then there is nothing to find fault with, or to remember."""
    free = guard(bearer("s3cret"))
    free.remember({}, NOW)
    free.forget({})

    assert "" == free.signature_fault({}, b"{}", NOW)


@pytest.mark.parametrize(
    ("stamp", "body", "signature"),
    [
        (
            None,
            b"test message",
            "3bcebf43c85d20bba6e3b6ba278af1d2ba3ab0d57de271b0ad30b833e851c5a6",
        ),
        (0, b"test message", "ac18a483a582b60a883e974541afe25aa1026136163e94665649743324183ef1"),
        (
            1700000000,
            b'{"status":"firing"}',
            "d4c295899cbb5ad8d67037e9e6a248cd8bb9ccd61ff61113c3362159c35fbb39",
        ),
    ],
)
def test_grafanas_signatures_hold(stamp: int | None, body: bytes, signature: str) -> None:
    """What Grafana computes for the secret `secret`, with and without a time."""
    rule = Signature(b"secret", timestamp_header=None if stamp is None else STAMP)
    headers = {SIGNED: signature.encode(), STAMP: str(stamp).encode()}
    now = datetime.fromtimestamp(stamp or 0, UTC)

    assert "" == guard(signature=rule).signature_fault(headers, body, now)
    assert "" == guard(signature=rule).signature_fault(
        {**headers, SIGNED: signature.upper().encode()}, body, now
    )
    assert "the signature does not match the body" == guard(signature=rule).signature_fault(
        headers, body + b" ", now
    )


STAMPED = Signature(b"secret", timestamp_header=STAMP)
RIGHT = b"d4c295899cbb5ad8d67037e9e6a248cd8bb9ccd61ff61113c3362159c35fbb39"
BODY = b'{"status":"firing"}'
THEN = datetime.fromtimestamp(1700000000, UTC)
HEADERS = {SIGNED: RIGHT, STAMP: b"1700000000"}


@pytest.mark.parametrize(
    ("away", "fault"),
    [
        (timedelta(minutes=5), ""),
        (timedelta(minutes=-5), ""),
        (
            timedelta(minutes=6),
            "the time in x-stamp is 360 s off; check the clocks, or somebody replays",
        ),
        (
            timedelta(minutes=-6),
            "the time in x-stamp is 360 s off; check the clocks, or somebody replays",
        ),
    ],
)
def test_a_signature_has_its_time(away: timedelta, fault: str) -> None:
    """Too old or too far ahead is refused, whichever clock is wrong."""
    assert fault == guard(signature=STAMPED).signature_fault(HEADERS, BODY, THEN + away)


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({}, "the header x-grafana-alerting-signature with the signature is missing"),
        ({SIGNED: RIGHT}, "the header x-stamp must hold the time in unix seconds"),
        ({**HEADERS, STAMP: b"-1700000000"}, "the header x-stamp must hold the time in unix"),
        ({**HEADERS, STAMP: b"1.7e9"}, "the header x-stamp must hold the time in unix seconds"),
        ({**HEADERS, STAMP: b"9" * 400}, "the header x-stamp must hold the time in unix seconds"),
        ({**HEADERS, STAMP: b"1700000001"}, "the signature does not match the body"),
        ({**HEADERS, SIGNED: b"sha256=" + RIGHT}, "the signature does not match the body"),
        ({**HEADERS, SIGNED: b"\xff"}, "the signature does not match the body"),
    ],
)
def test_a_signature_that_does_not_hold_says_why(headers: dict[bytes, bytes], fault: str) -> None:
    """The sender's administrator reads the answer."""
    assert guard(signature=STAMPED).signature_fault(headers, BODY, THEN).startswith(fault)


def test_a_signature_is_used_once() -> None:
    """What was taken cannot be replayed, in either case of the letters; the next one can come."""
    door = guard(signature=STAMPED)
    door.remember(HEADERS, THEN)
    shouting = {**HEADERS, SIGNED: RIGHT.upper()}

    assert "this signature was used before" == door.signature_fault(HEADERS, BODY, THEN)
    assert "this signature was used before" == door.signature_fault(shouting, BODY, THEN)


def test_what_was_not_taken_may_come_again() -> None:
    """A sender that is told to try later sends the same bytes under the same signature."""
    door = guard(signature=STAMPED)
    door.remember(HEADERS, THEN)
    door.forget(HEADERS)

    assert "" == door.signature_fault(HEADERS, BODY, THEN)


def test_signatures_are_forgotten_when_their_time_refuses_them() -> None:
    """Memory is bounded by the window; a forgotten signature is too old to be used."""
    door = guard(signature=STAMPED)
    door.remember(HEADERS, THEN - timedelta(minutes=5))
    door.remember({**HEADERS, SIGNED: b"other"}, THEN + timedelta(minutes=5, seconds=1))

    assert {b"other"} == set(door._used)
    assert "s off" in door.signature_fault(HEADERS, BODY, THEN + timedelta(minutes=5, seconds=1))


def test_without_a_time_the_same_body_may_come_again() -> None:
    """Grafana repeats identical bodies; only a signed time tells a replay from a repetition."""
    plain = guard(signature=Signature(b"secret"))
    headers = {SIGNED: b"3bcebf43c85d20bba6e3b6ba278af1d2ba3ab0d57de271b0ad30b833e851c5a6"}
    plain.remember(headers, NOW)

    assert "" == plain.signature_fault(headers, b"test message", NOW)
