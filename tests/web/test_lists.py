"""The lists of the API: names, pages, matchers, totals."""

from tests.web.world import World


def test_an_incident_has_the_agreed_fields(world: World) -> None:
    """Programs rely on these names."""
    answer = world.program().get("/api/v1/incidents", params={"limit": 1})

    assert 200 == answer.status_code, answer.text
    [item] = answer.json()["items"]
    expected = [
        "id", "number", "title", "status", "priority", "customer", "service", "hosts", "opened_at",
        "acknowledged_at", "resolved_at", "alerts", "evidence", "problem", "ticket", "url",
    ]  # fmt: skip
    assert expected == list(item)
    assert (8, 1, "http://watcher.example/incidents/8") == (
        item["id"],
        item["evidence"],
        item["url"],
    )
