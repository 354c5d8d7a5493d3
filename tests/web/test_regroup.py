"""What people change about groupings by the API."""

from typing import Any

import pytest

from tests.web.seed import ACME, ALERTS, GLOBEX, ago
from tests.web.world import World
from watcher.model.alert import Alert, Occurrence
from watcher.model.change import replace
from watcher.model.person import Role

DISK, SQL, API, PROBE = (alert.key for alert, _ in ALERTS)


@pytest.fixture
def night(world: World) -> World:
    """The night, with an alert in incident 7 and one in the other customer's incident 4."""
    with world.store.begin() as tx:
        for number, customer, key in ((7, ACME, "http"), (4, GLOBEX, "queue")):
            alert, span = _member(key, customer, number)
            tx.save_alerts([alert])
            tx.save_occurrences([span])
    return world


def _member(key: str, customer: str, number: int) -> tuple[Alert, Occurrence]:
    alert, span = ALERTS[2]
    alert = replace(alert, customer=customer, key=key, incident=number, name=f"{key} is bad")
    return alert, replace(span, customer=customer, key=key, incident=number, joined_at=ago(30))


def order(world: World, path: str, **body: object) -> Any:
    """What an operator's order is answered with."""
    answer = world.program().post(f"/api/v1/incidents/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys(incident: Any) -> list[str]:
    """Its alerts."""
    return sorted(each["key"] for each in incident["alerts"])


def test_alerts_are_split_off(night: World) -> None:
    """The answer is the new incident; both sides say who did it and why."""
    new = order(night, "8/split", alerts=[API, PROBE], reason="the probe knows nothing of disks")
    old = night.program().get("/api/v1/incidents/8").json()

    assert (9, "open", 1, sorted([API, PROBE])) == (
        new["number"], new["status"], new["firing"], keys(new),
    )  # fmt: skip
    assert (2, sorted([DISK, SQL])) == (old["firing"], keys(old))
    assert {("operator-of-all", "the probe knows nothing of disks")} == {
        (line["actor"], line["reason"]["text"])
        for line in (new["timeline"][0], *[e for e in old["timeline"] if e["kind"] == "moved"])
    }
    assert "notify" in [each["kind"] for each in new["actions"]]
    assert 1 == night.woken


def test_alerts_are_moved(night: World) -> None:
    """By key or by occurrence; the answer is the incident where they are now."""
    into = order(night, "8/move", alerts=[PROBE], into=7)

    assert (7, sorted([PROBE, "http"])) == (into["number"], keys(into))
    assert "by-hand" == next(
        each["reason"]["rule"] for each in into["alerts"] if each["key"] == PROBE
    )


def test_an_incident_is_merged_into_another(night: World) -> None:
    """The answer is the one that took it in; the same again is no error."""
    for _ in range(2):
        kept = order(night, "7/merge", into=8, reason="one disk")
    gone = night.program().get("/api/v1/incidents/7").json()

    assert (8, 5) == (kept["number"], len(kept["alerts"]))
    assert ("closed", 8, []) == (gone["status"], gone["merged_into"], gone["alerts"])
    assert 1 == sum(each["kind"] == "merged" for each in kept["timeline"])


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("8/move", {"alerts": ["x"], "into": 7}, "#8 has no alert 'x'"),
        ("8/move", {"alerts": [PROBE], "into": 2}, "#2 is closed: reopen it first"),
        ("8/merge", {"into": 8}, "#8 is the incident that they are in already"),
        ("8/merge", {"into": 4}, "incidents of different customers have nothing in common"),
    ],
)
def test_what_means_nothing_is_refused(
    night: World, path: str, body: dict[str, object], said: str
) -> None:
    """With the reason in words, and nothing is changed."""
    answer = night.program().post(f"/api/v1/incidents/{path}", json=body)

    assert (409, {"error": said}) == (answer.status_code, answer.json())
    assert 0 == night.woken


@pytest.mark.parametrize(
    ("customer", "path", "body"),
    [
        (ACME, "8/merge", {"into": 4}),
        (ACME, "4/merge", {"into": 8}),
        (GLOBEX, "8/split", {"alerts": [PROBE]}),
        (ACME, "8/move", {"alerts": [PROBE], "into": 4}),
        (GLOBEX, "4/move", {"alerts": ["queue"], "into": 8}),
        (ACME, "8/merge", {"into": 999}),
    ],
)
def test_a_strangers_incident_is_not_there(
    night: World, customer: str, path: str, body: dict[str, object]
) -> None:
    """From neither side, and no answer tells it from one that does not exist."""
    answer = night.program(customer=customer).post(f"/api/v1/incidents/{path}", json=body)

    assert 404 == answer.status_code
    assert "there is no incident" in answer.json()["error"]
    assert 0 == night.woken


def test_a_viewer_may_only_look(night: World) -> None:
    """To regroup takes an operator."""
    viewer = night.program(Role.VIEWER)
    answers = [
        viewer.post(f"/api/v1/incidents/8/{verb}", json={"alerts": [PROBE], "into": 7})
        for verb in ("merge", "split", "move")
    ]

    assert [403, 403, 403] == [each.status_code for each in answers]


def test_an_order_without_alerts_is_not_understood(night: World) -> None:
    """Nor one with a word too many."""
    program = night.program()
    bodies = [{"alerts": []}, {"alerts": [PROBE], "to": 7}, {}]

    assert {422} == {
        program.post("/api/v1/incidents/8/split", json=body).status_code for body in bodies
    }
