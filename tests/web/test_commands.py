"""What people do by the API: each step with its reason, its timeline and what follows."""

from typing import Any

import pytest

from tests.web.seed import ACME, ALERTS, GLOBEX, NOW, ago
from tests.web.world import World
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.person import Role
from watcher.store.people import Token
from watcher.web.auth import digest


def test_an_incident_has_all_that_belongs_to_it(world: World) -> None:
    """In the detail `alerts` and `evidence` are lists."""
    incident = world.program().get("/api/v1/incidents/8").json()

    assert ["impact", "urgency"] == [each["name"] for each in incident["terms"]]
    assert "first-to-fire" == incident["suspect"]["reason"]["rule"]
    assert 4 == len(incident["alerts"])
    assert 41.0 == incident["alerts"][0]["reason"]["gap"]
    assert "2026-11-22T02:58:43Z" == incident["alerts"][0]["joined_at"]
    assert [9] == [len(each["steps"]) for each in incident["evidence"]]
    assert "linux-first-look" == incident["evidence"][0]["runbook"]
    assert "opened" == incident["timeline"][0]["kind"]
    assert ["done", "gave_up", "done"] == [each["status"] for each in incident["actions"]]


def test_an_incident_has_its_own_spans_of_its_alerts(world: World) -> None:
    """What is over stays over there, though the condition is back in another incident."""
    alert, span = ALERTS[2]
    back = replace(span, occurrence="2", started_at=ago(1.5), heard_at=ago(1), incident=6)
    over = replace(span, severity=Severity.WARNING, ended_at=ago(5))
    with world.store.begin() as tx:
        tx.save_alerts([replace(alert, occurrence="2", incident=6, count=2, last_at=ago(1))])
        tx.save_occurrences([over, back])
    before, now = (
        [
            (each["status"], each["severity"], each["incident"], each["first_at"], each["last_at"])
            for each in world.program().get(f"/api/v1/incidents/{number}").json()["alerts"]
            if each["key"] == alert.key
        ]
        for number in (8, 6)
    )

    assert [("resolved", "warning", 8, "2026-11-22T03:00:55Z", "2026-11-22T03:09:07Z")] == before
    assert [("firing", "high", 6, "2026-11-22T03:12:37Z", "2026-11-22T03:13:07Z")] == now


def test_an_incident_goes_through_its_life(world: World) -> None:
    """Acknowledged, resolved, closed and opened again, each by somebody and for a reason."""
    program = world.program()
    verbs = ["acknowledge", "resolve", "close", "reopen"]
    after = [_do(world, f"8/{verb}", text=f"because of {verb}") for verb in verbs]

    assert ["acknowledged", "resolved", "closed", "acknowledged"] == [
        each["status"] for each in after
    ]
    assert "operator-of-all" == after[0]["acknowledged_by"]
    lines = program.get("/api/v1/incidents/8").json()["timeline"][-4:]
    assert [f"because of {verb}" for verb in verbs] == [each["reason"]["text"] for each in lines]
    assert {"operator-of-all"} == {each["actor"] for each in lines}
    assert 4 == world.woken


def test_a_body_is_not_needed(world: World) -> None:
    """A reason is welcome, not required; the timeline has one all the same."""
    answer = world.program().post("/api/v1/incidents/8/acknowledge")

    assert 200 == answer.status_code
    assert "somebody took it on" == answer.json()["timeline"][-1]["reason"]["text"]


def test_nobody_acts_as_watcher_itself(world: World) -> None:
    """A token of that name, from before it was refused, may look and not act."""
    with world.store.begin() as tx:
        tx.add_token(Token(digest("s"), "Watcher", Role.OPERATOR, None, NOW))
    client = world.client(Authorization="Bearer s")
    answer = client.post("/api/v1/incidents/8/acknowledge")

    assert 409 == answer.status_code
    assert {"error": "'Watcher' is Watcher's own name: act under another one"} == answer.json()
    assert "open" == client.get("/api/v1/incidents/8").json()["status"]


def test_news_reaches_the_outbox_in_the_same_step(world: World) -> None:
    """People are told that somebody resolved it, and so is the system that it comes from."""
    before = world.program().get("/api/v1/incidents/8").json()["actions"]
    new = _do(world, "8/resolve")["actions"][len(before) :]

    assert [("answer", "waiting"), ("notify", "waiting")] == [
        (each["kind"], each["status"]) for each in new
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("8/close", "an open incident cannot be closed"),
        ("8/reopen", "an open incident cannot be reopened"),
        ("7/acknowledge", "an acknowledged incident cannot be acknowledged"),
        ("2/resolve", "a closed incident cannot be resolved"),
    ],
)
def test_what_the_state_does_not_allow_is_refused(world: World, path: str, text: str) -> None:
    """The answer says why, and nothing changes."""
    answer = world.program().post(f"/api/v1/incidents/{path}")

    assert (409, {"error": text}) == (answer.status_code, answer.json())
    assert 0 == world.woken


def test_a_note_is_written_on_the_timeline(world: World) -> None:
    """Whatever the state is."""
    after = _do(world, "2/notes", text="The report came by mail.")

    assert "The report came by mail." == after["timeline"][-1]["text"]
    assert 422 == world.program().post("/api/v1/incidents/2/notes", json={"text": " "}).status_code


def test_an_incident_is_opened_by_hand(world: World) -> None:
    """Its priority follows from its service, its host from the inventory; its opener is told."""
    report = {
        "title": "Nobody can print invoices",
        "customer": ACME,
        "service": "billing",
        "host": "DB1.acme.example",
        "severity": "high",
        "text": "The accountant phoned.",
    }
    answer = world.program().post("/api/v1/incidents", json=report)
    incident = answer.json()

    assert (201, 9, "open", "P1") == (
        answer.status_code,
        incident["number"],
        incident["status"],
        incident["priority"],
    )
    assert (["db1"], "operator-of-all") == (incident["hosts"], incident["opened_by"])
    assert "The accountant phoned." in incident["timeline"][0]["text"]
    assert ["notify"] == [each["kind"] for each in incident["actions"]]
    assert 1 == world.woken


def test_a_host_tells_which_service_it_is_about(world: World) -> None:
    """So that the priority is right though nobody named the service."""
    report = {"title": "Slow", "customer": ACME, "host": "db1"}
    incident = world.program().post("/api/v1/incidents", json=report).json()

    assert ("billing", "P2") == (incident["service"], incident["priority"])


def test_a_host_that_the_inventory_does_not_know_keeps_its_name(world: World) -> None:
    """And without a service the criticality is assumed."""
    report = {"title": "Slow", "customer": ACME, "host": "laptop-7"}
    incident = world.program().post("/api/v1/incidents", json=report).json()

    assert (["laptop-7"], None) == (incident["hosts"], incident["service"])
    assert "no service known" in incident["terms"][0]["because"]
    noted = incident["timeline"][-1]["text"]
    assert "the host 'laptop-7' is not in the inventory" == noted


@pytest.mark.parametrize(
    ("customer", "own"), [("initech", None), (GLOBEX, ACME)], ids=["unknown", "stranger"]
)
def test_an_incident_needs_a_customer_of_ones_own(
    world: World, customer: str, own: str | None
) -> None:
    """A stranger's name and one that nobody has get the same answer."""
    program = world.program(Role.OPERATOR, own)
    answer = program.post("/api/v1/incidents", json={"title": "x", "customer": customer})

    assert (409, {"error": f"there is no customer '{customer}'"}) == (
        answer.status_code,
        answer.json(),
    )


@pytest.mark.parametrize(
    "report",
    [
        {"customer": ACME},
        {"title": " ", "customer": ACME},
        {"title": "x\ny", "customer": ACME},
        {"title": "x", "customer": ACME, "severity": "awful"},
        {"title": "x", "customer": ACME, "surprise": 1},
        {"title": "x" * 201, "customer": ACME},
        {"title": "x", "customer": ACME, "text": "\0"},
    ],
)
def test_a_report_of_the_wrong_shape_is_refused(world: World, report: dict[str, Any]) -> None:
    """The answer names the field."""
    answer = world.program().post("/api/v1/incidents", json=report)

    assert 422 == answer.status_code
    assert answer.json()["error"].startswith("body.")


def test_a_body_without_its_header_is_told_of_it(world: World) -> None:
    """As `curl -d` sends it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    content = b'{"title": "x", "customer": "acme"}'
    answer = world.program().post("/api/v1/incidents", content=content, headers=headers)
    right = world.program().post("/api/v1/incidents", json=[])

    assert 422 == answer.status_code
    assert "its header says so: `Content-Type: application/json`" in answer.json()["error"]
    assert "Content-Type" not in right.json()["error"]


def test_a_dead_delivery_is_replayed(world: World, deliveries: list[int]) -> None:
    """It is pending again, and the worker is woken for it."""
    answer = world.program().post(f"/api/v1/deliveries/{deliveries[1]}/replay")
    again = world.program().post(f"/api/v1/deliveries/{deliveries[0]}/replay")

    assert (200, "pending") == (answer.status_code, answer.json()["status"])
    assert {"error": "only a dead delivery can be replayed"} == again.json()
    assert (409, 1) == (again.status_code, world.woken)


def test_an_action_that_was_given_up_is_tried_again(world: World) -> None:
    """It waits again, and the worker is woken for it."""
    answer = world.program().post("/api/v1/actions/2/retry")
    again = world.program().post("/api/v1/actions/2/retry")

    assert (200, "waiting") == (answer.status_code, answer.json()["status"])
    assert {"error": "only an action that was given up can be tried again"} == again.json()
    assert (409, 1) == (again.status_code, world.woken)


def test_what_is_not_there_is_said_not_to_be(world: World) -> None:
    """With its number."""
    answer = world.program().get("/api/v1/incidents/99")

    assert (404, {"error": "there is no incident 99"}) == (answer.status_code, answer.json())


def test_a_priority_is_set_and_left_to_the_rules_again(world: World) -> None:
    """With who did it and why among its terms and on its timeline."""
    lower = _do(world, "8/priority", priority="P4", text="a test system")
    back = _do(world, "8/priority", priority=None, text="it is not")

    assert ("P4", "set by hand") == (lower["priority"], lower["terms"][-1]["name"])
    assert lower["terms"][-1]["because"].startswith("operator-of-all: a test system; by the rules")
    lines = [(each["kind"], each["text"]) for each in back["timeline"]]
    assert ("priority", "priority set to P4 by operator-of-all") in lines
    assert ("priority", "priority left to the rules by operator-of-all") in lines
    assert ["impact", "urgency"] == [each["name"] for each in back["terms"]]


@pytest.mark.parametrize(
    ("role", "customer", "path", "body", "status"),
    [
        (Role.VIEWER, None, "8", {"priority": "P1", "text": "now"}, 403),
        (Role.OPERATOR, GLOBEX, "8", {"priority": "P1", "text": "now"}, 404),
        (Role.OPERATOR, ACME, "2", {"priority": "P1", "text": "now"}, 409),
        (Role.OPERATOR, ACME, "8", {"priority": "P1", "text": " "}, 422),
        (Role.OPERATOR, ACME, "8", {"priority": "P9", "text": "now"}, 422),
        (Role.OPERATOR, ACME, "8", {"text": "now"}, 422),
    ],
    ids=["viewer", "stranger", "closed", "no reason", "no priority", "nothing"],
)
def test_a_priority_is_not_anybodys_to_set(
    world: World, role: Role, customer: str | None, path: str, body: dict[str, str], status: int
) -> None:
    """Nor to set without saying why."""
    client = world.program(role, customer)

    assert status == client.post(f"/api/v1/incidents/{path}/priority", json=body).status_code
    assert 0 == world.woken


def _do(world: World, path: str, **body: str | None) -> dict[str, Any]:
    answer = world.program().post(f"/api/v1/incidents/{path}", json=body)
    assert 200 == answer.status_code, answer.text
    incident: dict[str, Any] = answer.json()
    return incident
