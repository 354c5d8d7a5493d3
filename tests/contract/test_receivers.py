"""What every receiver promises, asked of all of them, and the golden cases of each."""

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import orjson
import pytest

from watcher.kit.plugins import adapter, kinds
from watcher.model.event import Event, Reading
from watcher.receivers.base import KEY_LIMIT, Context, Unparsable

ROOT = Path(__file__).parent.parent.parent
PAYLOADS = ROOT / "tests" / "payloads"
REFERENCE = ROOT / "docs" / "reference" / "receivers.md"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KINDS = kinds("watcher.receivers")
CASES = [
    (kind, path)
    for kind in KINDS
    for path in sorted((PAYLOADS / kind).glob("*json"))
    if not path.name.endswith((".events.json", ".options.json"))
]
SAMPLES = [
    (kind, name) for kind in KINDS for name in sorted(adapter("watcher.receivers", kind).SAMPLES)
]
# These tell of what people changed, the others of what monitoring saw.
TELL_OF_CHANGES = ("change", "gitlab", "teamcity")
OF_ALERTS = [(kind, name) for kind, name in SAMPLES if kind not in TELL_OF_CHANGES]
OF_CHANGES = [(kind, name) for kind, name in SAMPLES if kind in TELL_OF_CHANGES]


def _receiver(kind: str) -> ModuleType:
    return adapter("watcher.receivers", kind)


def _parse(kind: str, body: bytes, given: dict[str, object] | None = None) -> Reading:
    receiver = _receiver(kind)
    reading = receiver.parse(body, Context("src", NOW, receiver.options(given or {})))
    assert isinstance(reading, Reading)
    return reading


def _read(kind: str, path: Path) -> Reading:
    own = path.with_suffix(".options.json")
    return _parse(kind, path.read_bytes(), json.loads(own.read_text()) if own.exists() else {})


def _written(reading: Reading) -> object:
    """A reading as a golden file holds it: without what few sources say, where they do not."""
    written = json.loads(orjson.dumps(asdict(reading), option=orjson.OPT_UTC_Z))
    written["changes"] = [
        {name: value for name, value in each.items() if value}
        for each in written.pop("deployments")
    ]
    if not written["changes"]:
        del written["changes"]
    for event in written["events"]:
        if event["acknowledged"] is None:
            del event["acknowledged"], event["by"]
        if not event["aliased"]:
            del event["aliased"]
    return written


def _texts(event: Event) -> list[str]:
    fields = [value for value in asdict(event).values() if isinstance(value, str)]
    return [*fields, *event.labels, *event.labels.values()]


@pytest.mark.parametrize(
    ("kind", "path"), CASES, ids=[f"{kind}-{path.stem}" for kind, path in CASES]
)
def test_a_body_is_read_as_its_golden_file_says(kind: str, path: Path) -> None:
    """Each body under tests/payloads becomes exactly the events beside it."""
    expected = json.loads(path.with_suffix(".events.json").read_text())

    assert expected == _written(_read(kind, path))


@pytest.mark.parametrize("kind", KINDS)
def test_every_receiver_has_golden_cases(kind: str) -> None:
    """A receiver without bodies of its own under tests/payloads proves nothing."""
    assert kind in {name for name, _ in CASES}


@pytest.mark.parametrize(("kind", "name"), OF_ALERTS)
def test_a_sample_parses_into_events_that_keep_the_rules(kind: str, name: str) -> None:
    """Keys begin with `v1:<source>:` and have bounds, times are in UTC, no text holds a NUL."""
    reading = _parse(kind, _receiver(kind).SAMPLES[name])

    assert reading.events
    for event in reading.events:
        assert event.key.startswith("v1:src:")
        assert len(event.key) <= KEY_LIMIT
        assert event.at.tzinfo == UTC
        assert event.started_at is None or event.started_at.tzinfo == UTC
        assert not [text for text in _texts(event) if "\x00" in text]


@pytest.mark.parametrize(("kind", "name"), SAMPLES)
def test_the_same_body_twice_gives_equal_readings(kind: str, name: str) -> None:
    """A receiver remembers nothing: a duplicate is recognised by its keys."""
    body = _receiver(kind).SAMPLES[name]

    assert _parse(kind, body) == _parse(kind, body)


@pytest.mark.parametrize(("kind", "name"), OF_ALERTS)
def test_a_fresh_sample_is_about_now_and_its_serial_names_the_outage(kind: str, name: str) -> None:
    """Samples of one serial share their occurrences, and no time in them lies after `now`."""
    begun = NOW - timedelta(minutes=10)
    serial = int(begun.timestamp())
    events = _parse(kind, _receiver(kind).sample(name, NOW, serial)).events
    later = _parse(kind, _receiver(kind).sample(name, NOW + timedelta(minutes=1), serial)).events
    other = _parse(kind, _receiver(kind).sample(name, NOW, serial + 1)).events

    assert {begun} == {event.started_at for event in events}
    assert all(begun <= event.at <= NOW for event in events)
    assert [event.occurrence for event in events] == [event.occurrence for event in later]
    assert [event.key for event in events] == [event.key for event in other]
    assert not {event.occurrence for event in events} & {event.occurrence for event in other}


@pytest.mark.parametrize(("kind", "name"), OF_CHANGES)
def test_a_sample_of_a_change_keeps_the_rules(kind: str, name: str) -> None:
    """It names its service, its key has bounds, its times are in UTC; whose it is is not said."""
    reading = _parse(kind, _receiver(kind).SAMPLES[name])

    [change] = reading.deployments
    assert () == reading.events
    assert ("", "src", "billing") == (
        change.customer,
        change.source,
        (change.service or "").lower(),
    )
    assert change.key.startswith("v1:")
    assert len(change.key) <= KEY_LIMIT
    assert UTC == change.at.tzinfo
    assert name == change.status


@pytest.mark.parametrize("kind", TELL_OF_CHANGES)
def test_samples_of_one_serial_tell_of_one_change(kind: str) -> None:
    """First that it runs, then how it went; another serial is another change."""
    sample, serial = _receiver(kind).sample, int(NOW.timestamp()) - 600
    [begun] = _parse(kind, sample("running", NOW, serial)).deployments
    [over] = _parse(kind, sample("succeeded", NOW, serial)).deployments
    [other] = _parse(kind, sample("running", NOW, serial + 1)).deployments

    assert begun.key == over.key != other.key
    assert (NOW - timedelta(minutes=10), None) == (begun.at, begun.ended_at)
    assert NOW == over.ended_at


GARBAGE = {
    "nothing": b"",
    "text": b"hello",
    "half of it": b'{"event_id": "1',
    "not a number": b'{"a": NaN}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "latin-1": '{"name": "über"}'.encode("latin-1"),
    "utf-16": '{"name": "x"}'.encode("utf-16"),
    "two values": b"{} {}",
    "too deep": b"[" * 5000 + b"]" * 5000,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "a number": b"7",
    "null": b"null",
    "texts in a list": b'["a"]',
    "an empty object": b"{}",
    "lists where texts belong": b'{"event_id": [1], "name": [1], "alerts": {}, "ruleId": []}',
    "alerts that are none": b'{"name": {}, "alerts": ["x"], "event_id": {}}',
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_unparsable_with_a_printable_reason(kind: str, body: bytes) -> None:
    """What cannot be understood raises Unparsable and nothing else; its reason can be stored."""
    with pytest.raises(Unparsable) as caught:
        _parse(kind, body)

    assert caught.value.reason
    assert caught.value.reason.isprintable()


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_option_is_refused_by_name(kind: str) -> None:
    """A misspelt option is a mistake that `watcher check` can report."""
    with pytest.raises(ValueError, match="unknown option colour; there are: "):
        _receiver(kind).options({"colour": "red"})


@pytest.mark.parametrize("kind", KINDS)
def test_options_of_another_adapter_are_a_fault_of_the_caller(kind: str) -> None:
    """An adapter takes its own options only; it does not guess."""
    receiver = _receiver(kind)
    body = next(iter(receiver.SAMPLES.values()))

    with pytest.raises(TypeError, match="the options are str, not Options"):
        receiver.parse(body, Context("src", NOW, "none"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_describes_the_receiver_and_its_options(kind: str) -> None:
    """A receiver has a section of its own, and every option a row in some table."""
    text = REFERENCE.read_text()

    assert f"\n## {kind}\n" in text
    names = [option.name for option in fields(_receiver(kind).Options)]
    assert not [name for name in names if f"\n| `{name}` |" not in text]
