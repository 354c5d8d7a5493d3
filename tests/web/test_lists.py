"""The lists of the API: names, pages, matchers, totals."""

from typing import Any

import pytest

from tests.web.world import World

FIELDS = {
    "incidents": [
        "id", "number", "title", "status", "priority", "customer", "service", "hosts", "opened_at",
        "acknowledged_at", "resolved_at", "alerts", "evidence", "problem", "ticket",
        "ticket_url", "tracker", "url",
    ],
    "alerts": [
        "key", "occurrence", "status", "suppressed", "withheld", "severity", "name", "host",
        "service", "labels", "first_at", "last_at", "count", "incident", "flapping",
    ],
    "deliveries": ["id", "source", "received_at", "status", "reason", "size", "origin"],
    "actions": ["id", "kind", "incident", "status", "attempts", "next_at", "reason", "payload"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "fields"), FIELDS.items())
def test_items_have_the_agreed_fields(world: World, kind: str, fields: list[str]) -> None:
    """Programs rely on these names, and on there being a `next`."""
    answer = world.program().get(f"/api/v1/{kind}", params={"limit": 1}).json()

    assert ["items", "next"] == list(answer)
    assert fields == list(answer["items"][0])


def test_an_incident_says_where_it_is_seen_and_how_much_it_has(world: World) -> None:
    """In a list `alerts` and `evidence` are counts; times are UTC."""
    [item] = _items(world, "incidents", "number=8")

    expected: dict[str, Any] = {
        "id": 8,
        "number": 8,
        "title": "No space left on /var/lib/postgresql (billing on db1)",
        "status": "open",
        "priority": "P1",
        "customer": "acme",
        "service": "billing",
        "hosts": ["app1", "app2", "db1"],
        "opened_at": "2026-11-22T03:00:07Z",
        "acknowledged_at": None,
        "resolved_at": None,
        "alerts": 4,
        "evidence": 1,
        "problem": None,
        "ticket": None,
        "ticket_url": None,
        "tracker": None,
        "url": "http://watcher.example/incidents/8",
    }
    assert expected == item


def test_a_delivery_is_listed_as_its_sender_was_answered(
    world: World, deliveries: list[int]
) -> None:
    """The id is text, as in the answer of the hook, because it is too large for some readers."""
    [item] = _items(world, "deliveries", "status=dead")

    assert (str(deliveries[1]), 10) == (item["id"], item["size"])
    assert "not JSON: it ends too early, at character 11" == item["reason"]


@pytest.mark.parametrize(
    ("kind", "matchers", "expected"),
    [
        ("incidents", ["status=open"], [8, 4, 3, 1]),
        ("incidents", ["status=open", "customer!=globex"], [8, 3, 1]),
        ("incidents", ['status=~"open|acknowledged", priority=P2'], [7, 4]),
        ("incidents", ["team=payments"], [8]),
        ("incidents", ["url=http://watcher.example/incidents/8"], [8]),
        ("actions", ["status=gave_up"], [8]),
        ("alerts", ["severity=disaster"], [8]),
    ],
)
def test_matchers_narrow_a_list(
    world: World, kind: str, matchers: list[str], expected: list[int]
) -> None:
    """All of them must hold; they name fields or labels."""
    key = "number" if kind == "incidents" else "incident"

    assert expected == [each[key] for each in _items(world, kind, *matchers)]


def test_a_list_is_walked_by_its_cursor(world: World) -> None:
    """Every item comes once, whatever the size of the pages; the last page has no next."""
    program = world.program()
    seen, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = program.get("/api/v1/incidents", params=params).json()
        seen += [each["number"] for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break

    assert [8, 7, 6, 5, 4, 3, 2, 1] == seen


def test_a_total_is_counted_on_demand(world: World) -> None:
    """It is left out unless asked for, and says whether it is exact."""
    answer = world.program().get("/api/v1/incidents", params={"total": True, "limit": 1}).json()

    assert (8, True, 1) == (answer["total"], answer["total_exact"], len(answer["items"]))


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"match": "status"}, "expected =, !=, =~ or !~ (at character 7)"),
        ({"match": "labels=x"}, "name the label itself, as in team=payments, not `labels`"),
        ({"match": "host=~("}, "bad regular expression"),
        ({"cursor": "x"}, "this is no cursor"),
        ({"limit": "0"}, "query.limit: Input should be greater than or equal to 1"),
        ({"limit": "many"}, "query.limit: Input should be a valid integer"),
    ],
)
def test_a_wrong_question_is_answered_in_words(
    world: World, params: dict[str, str], text: str
) -> None:
    """The caller is told what is wrong with it."""
    answer = world.program().get("/api/v1/incidents", params=params)

    assert 422 == answer.status_code
    assert text in answer.json()["error"]


def test_a_field_that_a_list_does_not_have_is_refused(world: World) -> None:
    """Deliveries have no labels, so the names are known."""
    answer = world.program().get("/api/v1/deliveries", params={"match": "team=payments"})

    assert 422 == answer.status_code
    assert "deliveries have no 'team'" in answer.json()["error"]


def _items(world: World, kind: str, *matchers: str) -> list[dict[str, Any]]:
    answer = world.program().get(f"/api/v1/{kind}", params={"match": list(matchers)})
    assert 200 == answer.status_code, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
