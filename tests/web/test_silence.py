"""Alerts silenced where they come from, by the API and by the page, and who may do so."""

import re
from typing import Any

import pytest

from tests.web.seed import ACME, GLOBEX
from tests.web.world import World, form_token
from watcher.model.answer import Verb
from watcher.model.person import Role

UNTIL = {"until": "2026-11-22T06:00:00Z"}


def _silence(world: World, number: int, body: dict[str, Any], **who: Any) -> tuple[int, Any]:
    answer = world.program(**who).post(f"/api/v1/incidents/{number}/silence", json=body)
    return answer.status_code, answer.json()


def test_an_incident_is_silenced_where_its_alerts_come_from(world: World) -> None:
    """The timeline says so, and an action waits for the worker; the incident stays as it is."""
    before = world.program().get("/api/v1/incidents/8").json()
    status, after = _silence(world, 8, {**UNTIL, "text": "new disk comes"})

    line, action = after["timeline"][-1], after["actions"][-1]
    assert (200, before["status"]) == (status, after["status"])
    assert (
        "operator-of-all wants zabbix-acme to be silent until 2026-11-22 06:00 UTC; "
        "Watcher itself goes on"
    ) == line["text"]
    assert ("new disk comes", "operator-of-all") == (line["reason"]["text"], line["actor"])
    assert ("answer", "waiting") == (action["kind"], action["status"])
    assert 1 == world.woken


def test_a_time_without_a_zone_is_utc(world: World) -> None:
    """As everywhere in the API."""
    _, after = _silence(world, 8, {"until": "2026-11-22T06:00:00"})

    assert "until 2026-11-22 06:00 UTC" in after["timeline"][-1]["text"]


@pytest.mark.parametrize(
    ("role", "customer", "number", "body", "status"),
    [
        (Role.VIEWER, None, 8, UNTIL, 403),
        (Role.OPERATOR, ACME, 8, UNTIL, 200),
        (Role.MANAGER, ACME, 8, UNTIL, 200),
        (Role.ADMINISTRATOR, None, 8, UNTIL, 200),
        (Role.OPERATOR, GLOBEX, 8, UNTIL, 404),
        (Role.OPERATOR, ACME, 99, UNTIL, 404),
        (Role.OPERATOR, ACME, 1, UNTIL, 409),
        (Role.OPERATOR, ACME, 8, {"until": "2026-11-22T01:00:00Z"}, 409),
        (Role.OPERATOR, ACME, 8, {"until": "9999-12-31T23:59:59-23:00"}, 409),
        (Role.OPERATOR, ACME, 8, {}, 422),
        (Role.OPERATOR, ACME, 8, {"until": "soon"}, 422),
        (Role.OPERATOR, ACME, 8, {**UNTIL, "hours": 3}, 422),
    ],
)
def test_a_silence_is_not_anybodys_to_order(
    world: World, role: Role, customer: str | None, number: int, body: dict[str, str], status: int
) -> None:
    """Viewers and strangers have no say, nor is everything a time that can be."""
    assert status == _silence(world, number, body, role=role, customer=customer)[0]


def test_the_page_silences_an_incident(world: World) -> None:
    """The button is where it can be done, says where, and leads back to the incident."""
    olga = world.person()
    page = olga.get("/incidents/8").text
    data = {"csrf": form_token(page), "hours": "4", "text": "new disk"}
    answer = olga.post("/incidents/8/silence", data=data)
    after = olga.get("/incidents/8").text

    assert "Silence it in zabbix-acme" in page
    assert (303, "/incidents/8") == (answer.status_code, answer.headers["location"])
    assert "olga wants zabbix-acme to be silent until 2026-11-22 07:14 UTC" in after
    assert re.search(r"waiting</span> <span>Silence it in zabbix-acme for olga</span>", after)


@pytest.mark.parametrize(
    ("role", "number", "verbs"),
    [
        (Role.VIEWER, 8, frozenset(Verb)),
        (Role.OPERATOR, 1, frozenset(Verb)),
        (Role.OPERATOR, 8, frozenset({Verb.COMMENT})),
    ],
    ids=["viewer", "nothing fires", "not told"],
)
def test_there_is_no_button_where_it_cannot_be_done(
    world: World, role: Role, number: int, verbs: frozenset[Verb]
) -> None:
    """Neither for a viewer, nor for what does not fire, nor without a system that is told."""
    other = World(world.store, world.portal, listeners={"zabbix-acme": verbs})

    assert 'id="silence"' not in other.person(role).get(f"/incidents/{number}").text


@pytest.mark.parametrize(("hours", "status"), [("0", 422), ("9999", 422), ("x", 422)])
def test_a_form_that_says_no_time_is_refused(world: World, hours: str, status: int) -> None:
    """The choice on the page is what there is."""
    olga = world.person()
    data = {"csrf": form_token(olga.get("/incidents/8").text), "hours": hours}

    assert status == olga.post("/incidents/8/silence", data=data).status_code


def test_what_people_do_is_told_where_alerts_come_from(world: World) -> None:
    """The page says in words what is told, and to whom."""
    program = world.program()
    program.post("/api/v1/incidents/8/acknowledge", json={"text": "I look"})
    program.post("/api/v1/incidents/8/notes", json={"text": "the disk"})
    program.post("/api/v1/incidents/8/priority", json={"priority": "P2", "text": "so"})
    page = world.person().get("/incidents/8").text

    assert "Tell zabbix-acme that operator-of-all is on it" in page
    assert "Tell zabbix-acme what operator-of-all wrote" in page
    assert "Change the severity in zabbix-acme to high for operator-of-all" in page
