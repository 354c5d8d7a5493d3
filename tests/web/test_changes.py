"""Changes on their page, on that of an incident, and over the API."""

from datetime import timedelta

import pytest

from tests.web.seed import ACME, GLOBEX, NOW
from tests.web.world import World
from watcher.model.deployment import Deployment, DeploymentStatus

MINUTE = timedelta(minutes=1)


@pytest.fixture
def changed(world: World) -> World:
    """Billing was released a quarter of an hour before #8 opened; something else is unknown."""
    with world.store.view() as view:
        incident = view.incident(8, None)
        assert incident is not None
        first_at = min(span.started_at or NOW for _, span in view.spans_of(8))
    release = Deployment(
        ACME, "ci", "7", "Release <7>", first_at - 20 * MINUTE, DeploymentStatus.SUCCEEDED,
        "billing", None, "production", "c0ffee", "vera", "https://ci.example/7",
        first_at - 15 * MINUTE,
    )  # fmt: skip
    strange = Deployment(
        ACME, "ci", "8", "Search", first_at - 60 * MINUTE, DeploymentStatus.FAILED, "search"
    )
    foreign = Deployment(
        GLOBEX, "ci", "9", "Secret", first_at - MINUTE, DeploymentStatus.RUNNING, "billing"
    )
    with world.store.begin() as tx:
        tx.save_deployments([release, strange, foreign])
    return world


def test_changes_are_listed_for_people(changed: World) -> None:
    """What is of nothing in the catalogue says so; text stays text, links lead out."""
    page = changed.person(customer=ACME).get("/changes").text

    assert page.index("Release &lt;7&gt;") < page.index("Search")
    assert '<a href="https://ci.example/7" rel="noreferrer noopener">' in page
    assert 1 == page.count("not in the catalogue")
    assert "took 5 min" in page
    assert "Secret" not in page


def test_an_incident_page_shows_the_changes_before_it(changed: World) -> None:
    """With the reason, and nothing of other customers."""
    page = changed.person().get("/incidents/8").text

    [section] = page.split('<section id="changes"')[1:]
    section = section.partition("</section>")[0]
    assert "Release &lt;7&gt;" in section
    assert "a change of billing was over 15 min before the first alert" in section
    assert "no other change of billing is known of the last 90 days" in section
    assert "Search" not in section
    assert "Secret" not in section


def test_an_incident_without_changes_before_it_says_nothing_of_them(world: World) -> None:
    """Nobody has to read about what did not happen."""
    assert '<section id="changes"' not in world.person().get("/incidents/8").text


def test_the_api_lists_changes(changed: World) -> None:
    """By matchers as all lists, the last begun first."""
    program = changed.program(customer=ACME)
    answer = program.get("/api/v1/changes", params={"total": True}).json()
    [failed] = program.get("/api/v1/changes", params={"match": "status=failed"}).json()["items"]

    assert ["Release <7>", "Search"] == [each["what"] for each in answer["items"]]
    assert [True, False] == [each["known"] for each in answer["items"]]
    assert (2, None) == (answer["total"], answer["next"])
    assert [
        "id", "customer", "source", "key", "what", "status", "service", "host", "known",
        "environment", "revision", "author", "url", "at", "ended_at",
    ] == list(failed)  # fmt: skip


def test_an_incident_of_the_api_has_the_changes_before_it(changed: World) -> None:
    """As suspects, with age, distance and rate."""
    [change] = changed.program().get("/api/v1/incidents/8").json()["changes"]

    assert ("Release <7>", "billing", 0, 900.0) == (
        change["what"],
        change["node"],
        change["hops"],
        change["age"],
    )
    assert (True, False) == (change["strong"], change["under_way"])
    assert {"changes": 0, "followed": 0, "within": 900.0} == change["rate"]
    assert "change-before" == change["reason"]["rule"]
