"""No bytes whatever make a receiver do anything but read events or say why it cannot."""

import json
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.kit.plugins import adapter, kinds
from watcher.model.deployment import Deployment
from watcher.model.event import Event, Reading
from watcher.receivers import base

PAYLOADS = Path(__file__).parent.parent / "payloads"
KINDS = kinds("watcher.receivers")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# Every body that is read well, to be spoilt: with the names that receivers look for.
BODIES = [
    json.loads(path.read_bytes())
    for path in sorted(PAYLOADS.glob("*/*.json"))
    if not path.name.endswith((".events.json", ".options.json"))
]
LINES = [
    json.loads(line)
    for path in sorted(PAYLOADS.glob("*/*.ndjson"))
    for line in path.read_bytes().splitlines()
]
NAMES = sorted({name for body in BODIES if isinstance(body, dict) for name in body})

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["", "0", "1", "*UNKNOWN*", "{EVENT.ID}", "firing", "resolved", "ok", "\x00"]),
    st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30", "x:y"]
    ),
    st.builds(lambda text, times: text * times, st.sampled_from("я\x00%:"), st.just(5000)),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**63, 10**30, -(10**18), 1e300]),
    TEXTS,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXTS), inner, max_size=6),
    ),
    max_leaves=12,
)


@st.composite
def spoilt_bodies(draw: st.DrawFn) -> object:
    """A good body in which up to three values, anywhere, are other ones."""
    return _spoilt(draw, BODIES)


@st.composite
def spoilt_streams(draw: st.DrawFn) -> bytes:
    """Lines of a connector, of which some are spoilt, some are no JSON, and some are whole."""
    lines = [
        json.dumps(_spoilt(draw, LINES)).encode() if draw(st.booleans()) else draw(st.binary())
        for _ in range(draw(st.integers(1, 4)))
    ]
    return b"\n".join([orjson.dumps(draw(st.sampled_from(LINES))), *lines])


def _spoilt(draw: st.DrawFn, bodies: list[object]) -> object:
    body = json.loads(json.dumps(draw(st.sampled_from(bodies))))
    for _ in range(draw(st.integers(1, 3))):
        _spoil(draw, body)
    return body


def _spoil(draw: st.DrawFn, value: object) -> None:
    places = list(value) if isinstance(value, dict) else list(range(len(_listed(value))))
    if not places:
        return
    place = draw(st.sampled_from(places))
    assert isinstance(value, dict | list)
    inner = value[place]
    if isinstance(inner, dict | list) and inner and draw(st.booleans()):
        _spoil(draw, inner)
    else:
        value[place] = draw(VALUES)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _check(kind: str, body: bytes, **options: object) -> None:
    """Reads the body and holds its events against everything that a store asks of them."""
    receiver = adapter("watcher.receivers", kind)
    context = base.Context("src", NOW, receiver.options(options))
    try:
        reading = receiver.parse(body, context)
    except base.Unparsable as error:
        reading = Reading((), error.reason)
    assert isinstance(reading, Reading)
    assert reading.events or reading.deployments or reading.note
    assert reading.note.isprintable()
    for event in reading.events:
        _check_event(event)
    for change in reading.deployments:
        _check_change(change)


def _check_change(change: Deployment) -> None:
    assert change.key.startswith("v1:")
    assert change.what
    assert UTC == change.at.tzinfo
    assert change.ended_at is None or change.at <= change.ended_at
    named = [change.what, change.service or "", change.host or "", change.environment, change.url]
    assert not [text for text in named if len(text) > base.NAME_LIMIT]
    short = [change.key, change.revision, change.author]
    assert not [text for text in short if len(text) > base.KEY_LIMIT]
    assert b"\\u0000" not in orjson.dumps(change)


def _check_event(event: Event) -> None:
    assert event.key.startswith("v1:src:")
    assert event.name
    assert event.at.tzinfo == UTC
    bounds = {
        event.key: base.KEY_LIMIT,
        event.occurrence: base.KEY_LIMIT,
        event.name: base.NAME_LIMIT,
        event.host or "": base.LABEL_LIMIT,
        event.service or "": base.LABEL_LIMIT,
        event.url: base.NAME_LIMIT,
        event.summary: base.TEXT_LIMIT,
        event.note: base.TEXT_LIMIT,
        **dict.fromkeys(event.labels, base.KEY_LIMIT),
    }
    assert not [text for text, limit in bounds.items() if len(text) > limit]
    assert not [text for text in event.labels.values() if len(text) > base.LABEL_LIMIT]
    assert b"\\u0000" not in orjson.dumps(event)


@pytest.mark.parametrize("kind", KINDS)
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(kind: str, body: bytes) -> None:
    """Noise raises Unparsable and nothing else."""
    _check(kind, body)


@pytest.mark.parametrize("kind", KINDS)
@given(value=VALUES)
def test_arbitrary_json_is_read_or_refused(kind: str, value: object) -> None:
    """JSON of any shape becomes sound events or Unparsable."""
    _check(kind, json.dumps(value).encode())


@pytest.mark.parametrize("kind", KINDS)
@given(body=spoilt_bodies())
def test_spoilt_bodies_are_read_or_refused(kind: str, body: object) -> None:
    """A good body with wrong values in it becomes sound events or Unparsable."""
    _check(kind, json.dumps(body).encode())


@given(body=spoilt_streams())
def test_spoilt_streams_are_read_or_refused(body: bytes) -> None:
    """One good line is read, whatever the others are."""
    _check("zabbix", body, connector=True)


@pytest.mark.parametrize("kind", KINDS)
@given(body=st.sampled_from(BODIES), cut=st.integers(0, 2000), byte=st.binary(max_size=3))
def test_torn_bodies_are_read_or_refused(kind: str, body: object, cut: int, byte: bytes) -> None:
    """A body that lost or gained bytes on its way becomes sound events or Unparsable."""
    sent = json.dumps(body).encode()

    _check(kind, sent[:cut] + byte + sent[cut + 1 :])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [200, 254, 255, 256, 1000])
def test_values_nested_to_the_limits_are_read_or_refused(kind: str, depth: int) -> None:
    """Depth between what is decoded and what is written again ends in no recursion error."""
    deep = "[" * depth + "]" * depth
    for body in (
        f'{{"name": "n", "labels": {{"a": {deep}}}}}',
        f'{{"alerts": [{{"status": "firing", "labels": {{"a": {deep}}}}}]}}',
        f'{{"event_id": "1", "event_value": "1", "x": {deep}}}',
        f'{{"event_id": "1", "event_value": "1", "event_tags_json": "{deep}"}}',
        f'{{"name": {deep}, "status": {deep}, "state": {deep}, "ruleId": 7, "version": {deep}}}',
    ):
        _check(kind, body.encode())
