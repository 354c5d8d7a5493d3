"""What the benchmark of grouping measures, and that it is not deceived."""

import gzip
import sys
from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from benchmarks.correlation import __main__ as command
from benchmarks.correlation import baselines, checks, controls, flapping, product
from benchmarks.correlation.evidence import Evidence
from benchmarks.correlation.flapping import Kept, Series
from benchmarks.correlation.measures import (
    Incident,
    Noise,
    b_cubed,
    figures,
    mean,
    mean_of,
    noise,
)
from benchmarks.correlation.streams import Fault, Firing, Stream, Truth, streams

SERVICES = [
    {"name": "sw1", "criticality": 2, "hosts": ["sw1", "web1", "web2"], "depends_on": []},
    {"name": "shop", "criticality": 3, "hosts": ["web1"], "depends_on": ["billing"]},
    {"name": "billing", "criticality": 4, "hosts": ["db1"], "depends_on": []},
]
STORY = [
    (0, "sw1", "ping"),
    (5, "web1", "ping"),
    (8, "web2", "ping"),
    (9, "web2", "load"),
    (700, "db9", "disk"),
]
FAULTS = {"a": Fault("one", frozenset({"sw1"})), "b": Fault("one", frozenset({"db9"}))}
TRUTH = Truth(
    FAULTS,
    {"n": "noise", "f": "flap"},
    {"1": ("a", 10), "2": ("a", 20), "3": ("a", 30), "4": ("b", 25), "n1": ("n", 5)}
    | {"f1": ("f", 1), "f2": ("f", 2)},
)


def stamp(seconds: float) -> str:
    """A moment of the story."""
    return f"2026-03-01T03:{int(seconds) // 60:02}:{seconds % 60:06.3f}+00:00"


def event(number: int, at: float, host: str, name: str) -> dict[str, Any]:
    """An alert of the story."""
    return {
        "at": stamp(at),
        "source": "gen",
        "kind": "firing",
        "key": f"{host}/{name}",
        "occurrence": f"o{number}",
        "name": name,
        "severity": "average",
        "host": host,
        "service": None,
        "labels": {"cluster": "north"},
    }


def pack(file: Path, *lines: object) -> None:
    """Writes JSON lines as recordings are kept."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, lines))))


def recording(folder: Path, name: str = "story-1") -> Path:
    """The story as a folder."""
    events = [event(number, *each) for number, each in enumerate(STORY)]
    alerts = {
        each["occurrence"]: ["b" if each["host"] == "db9" else "a", each["at"]] for each in events
    }
    faults = {name: {"system": "one", "culprit": [*each.culprits]} for name, each in FAULTS.items()}
    pack(folder / f"{name}.events.ndjson.gz", *events)
    truth = {"faults": faults, "others": {}, "alerts": alerts}
    pack(folder / f"{name}.truth.json.gz", truth)
    (folder / "topology.yaml").write_text(yaml.safe_dump({"services": SERVICES}))
    return folder


@pytest.fixture
def story(tmp_path: Path) -> Stream:
    """The story as it is read."""
    [stream] = streams(recording(tmp_path / "t1"), only=["story-1"])
    return stream


def test_b_cubed_goes_by_alerts() -> None:
    """Three alerts of one fault are split, and one of another is with two of them."""
    precision, recall, f1 = b_cubed(["a", "a", "a", "b"], [1, 1, 2, 1])
    assert pytest.approx((2 / 3, 2 / 3)) == (precision, recall)
    assert pytest.approx(2 / 3) == f1


def test_a_fault_within_the_incident_of_another_is_hidden() -> None:
    """It is the majority of none, and none opened for it: ten incidents would be as bad."""
    found = figures(TRUTH, [Incident(12, "sw1", ["1", "2", "3", "4"])], FAULTS)
    assert (0.5, 0.5, 0.5, 5.0) == (found.hidden, found.hidden_open, found.flood, found.cost)
    assert (2.0, 0.5) == (found.late, found.named)


def test_incidents_more_than_faults_are_surplus() -> None:
    """One fault in two incidents, of which the larger counts for the culprit."""
    incidents = [
        Incident(10, "db9", ["1"]),
        Incident(21, "sw1", ["2", "3"]),
        Incident(25, None, ["4"]),
    ]
    found = figures(TRUTH, incidents, FAULTS)
    assert (0.0, 1.5, 0.5, 0.5) == (found.hidden, found.flood, found.cost, found.named)
    assert 1.0 == found.precision


def test_an_alert_in_no_incident_covers_no_fault() -> None:
    """It stands alone: nobody was told of it."""
    found = figures(TRUTH, [Incident(10, "sw1", ["1", "2", "3"])], FAULTS)
    assert (0.5, 1.0, 1.0) == (found.hidden, found.precision, found.recall)


def test_noise_is_counted_beside_faults() -> None:
    """A flapping trigger has two incidents; noise within the incident of a fault is not alone."""
    split = [Incident(1, None, ["f1"]), Incident(2, None, ["f2"]), Incident(5, None, ["n1"])]
    assert Noise(2.0, 1) == noise(TRUTH, split)
    assert Noise(0.0, 0) == noise(TRUTH, [Incident(5, None, ["n1", "1"])])


def test_the_mean_leaves_out_what_has_no_value() -> None:
    """Nothing opened in one of the streams, so that nothing was late there."""
    one = figures(TRUTH, [Incident(12, "sw1", ["1", "2", "3", "4"])], FAULTS)
    none = figures(TRUTH, [], FAULTS)
    both = mean([one, none])
    assert (2.0, 0.75) == (both.late, both.hidden)
    assert str(nan) == str(mean_of([]))


def firing(at: float, host: str) -> Firing:
    """An alert of a host."""
    return Firing(at, f"{host}/ping", f"{host}{at}", "ping", host, "north", None)


@pytest.mark.parametrize(
    ("method", "groups"),
    [
        (baselines.sessions(lambda each: each.host, 60), [0, 1, 2, 3]),
        (baselines.sessions(lambda _: None, 60), [0, 0, 0, 3]),
        (baselines.topological(1, 60), [0, 0, 2, 3]),
        (baselines.topological(2, 60), [0, 0, 0, 3]),
    ],
)
def test_baselines_group_by_key_or_by_hops(method: baselines.Method, groups: list[int]) -> None:
    """web1 is one hop from the switch, the shop's database two from web1's service."""
    alerts = [firing(0, "sw1"), firing(10, "web1"), firing(20, "billing"), firing(200, "sw1")]
    assert groups == method(alerts, SERVICES)


def test_a_shuffled_truth_keeps_the_size_of_every_fault() -> None:
    """Only which alerts are whose is another."""
    other = controls.shuffled_truth(TRUTH)
    assert sorted(TRUTH.alerts.values()) != sorted(other.alerts.values())
    for truth in (TRUTH, other):
        assert ["a", "a", "a", "b", "f", "f", "n"] == sorted(
            name for name, _ in truth.alerts.values()
        )


def test_a_shuffled_topology_keeps_its_form() -> None:
    """A device is still one of its own hosts, but another device."""
    other = controls.shuffled_topology(SERVICES)
    assert other != SERVICES
    assert [True, False, False] == [each["name"] in each["hosts"] for each in other]


SERIES = {"cpu": Series(60, [(0, 100), (1000, 1100)])}


def test_a_window_needs_a_notification_of_its_own() -> None:
    """Two notifications instead of four, both in the first window."""
    assert Kept(2, 0.5, 0.5) == flapping.kept([("cpu", 10), ("cpu", 90)], SERIES, 4)


def test_holds_and_debounces_tell_of_less() -> None:
    """Three firings, the second soon after the first, the third for long."""
    spans = [(0, 60), (180, 240), (1000, 1200)]
    events = [
        {"key": "cpu", "kind": kind, "at": stamp(at)}
        for span in spans
        for kind, at in zip(("firing", "resolved"), span, strict=True)
    ]
    told = flapping.baselines(flapping.Flapping([], events, SERIES, 3))
    assert {
        "every firing": 3,
        "debounce 2 samples": 1,
        "debounce 3 samples": 1,
        "recovery hold 6 samples": 2,
        "recovery hold 12 samples": 2,
    } == {way: len(times) for way, times in told.items()}


def test_the_reasons_of_the_product_are_so(story: Stream) -> None:
    """Each merge of the story cites evidence that is found again."""
    under = product.rulebook(story.services)
    result = product.run(story.lines, under)
    verdict = Evidence(story.events, story.services, under.policy).verdict(result.incidents)
    assert (3, 0, ()) == (verdict.reasons, verdict.wrong.total(), verdict.examples)


@pytest.mark.parametrize(
    "forged",
    [
        {"rule": "same-host"},
        {"rule": "because"},
        {"rule": "new-disruption"},
        {"keys": ["db9/disk"]},
        {"keys": []},
        {"keys": ["sw1/ping", "sw1/ping"]},
        {"keys": ["sw1/ping", "db9/disk"]},
        {"gap": 4.0},
        {"gap": None},
        {"edge": ["billing", "web1"]},
        {"edge": None},
        {"text": ""},
    ],
)
def test_forged_evidence_is_seen(story: Stream, forged: Mapping[str, object]) -> None:
    """web1 is there because it hangs on sw1, which alerted 5 s before; all else is not so."""
    policy = product.rulebook(story.services).policy
    opened = {"rule": "new-disruption", "text": "nothing", "keys": ["sw1/ping"]}
    said = {"rule": "effect", "text": "it depends", "keys": ["sw1/ping"], "gap": 5.0}
    reason = {**said, "edge": ["sw1", "web1"]}
    evidence = Evidence(story.events, story.services, policy)

    def wrong(given: Mapping[str, object] | None) -> int:
        first = {"key": "sw1/ping", "occurrence": "o0", "reason": opened}
        alerts = [first, {"key": "web1/ping", "occurrence": "o1", "reason": given}]
        incident = {"incident": "1", "overtaken_by": None, "alerts": alerts}
        return evidence.verdict([incident]).wrong.total()

    assert (0, 1, 1) == (wrong(reason), wrong({**reason, **forged}), wrong(None))


def test_the_same_news_give_the_same_incidents(story: Stream) -> None:
    """Doubled, shuffled within a second and cut; an incident that is another is counted."""
    under = product.rulebook(story.services)
    whole = product.run(story.lines, under).incidents
    same = checks.check(story, under, whole)
    assert (0, 0, 0, 0) == (same.doubled, same.shuffled, same.cut, same.moved)
    other = [*whole[:-1], without_its_alert(whole[-1])]
    assert 2 == checks.differing(whole, other)


def without_its_alert(incident: Mapping[str, Any]) -> Mapping[str, Any]:
    """The incident with another alert."""
    return {**incident, "alerts": [{"key": "none", "occurrence": "o"}]}


def test_an_alert_that_moved_too_late_is_seen(story: Stream) -> None:
    """The lateness window is two minutes, and counts twice."""
    under = product.rulebook(story.services)
    alert = {"key": "web1/ping", "occurrence": "o1"}

    def late(at: float) -> int:
        return checks.moved_late(story, under, [{"alerts": [{**alert, "joined_at": stamp(at)}]}])

    assert (0, 1) == (late(5 + 240), late(5 + 300))


def test_the_command_prints_a_table_for_each_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Watcher's row beside the others, and what the checks found."""
    recording(tmp_path / "t1", "pair-1")
    recording(tmp_path / "t2", "flood")
    pack(tmp_path / "t5" / "flapping.events.ndjson.gz", event(0, 0, "web1", "cpu"))
    series = {"web1/cpu": {"interval": 60, "windows": [[stamp(0), stamp(60)]]}}
    pack(tmp_path / "t5" / "flapping.truth.json.gz", {"plain": 1, "series": series})
    monkeypatch.setattr(
        sys, "argv", ["correlation", str(tmp_path), "--keep", str(tmp_path / "kept")]
    )

    assert 0 == command.main()

    said = capsys.readouterr().out
    for title in ("T1", "T2", "T5", "checks", "pair (1)", "flood (1)", "Watcher, shuffled truth"):
        assert title in said
    kept = (tmp_path / "kept" / "pair-1.ndjson").read_bytes().splitlines()
    assert 2 == len(kept)


def test_the_command_says_that_a_folder_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing measured is not a success."""
    monkeypatch.setattr(sys, "argv", ["correlation", str(tmp_path)])

    assert 1 == command.main()
    assert f"{tmp_path}: no such recordings" in capsys.readouterr().err
