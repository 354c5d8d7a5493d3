"""A condition that flaps is shown to do so, with how often and for how long it is held."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.web.seed import ALERTS, ago
from tests.web.world import World
from watcher.model.alert import Alert, Occurrence, Pause
from watcher.model.person import Role

MINUTE = timedelta(minutes=1)
PAUSES = tuple(Pause(ago(60 - 7 * number), 6 * MINUTE) for number in range(8))


@pytest.fixture
def flapper(world: World) -> Alert:
    """The first alert of the night, which has come back ten times in its incident."""
    first, span = next(pair for pair in ALERTS if pair[1].incident and not pair[1].ended_at)
    alert = replace(first, pauses=PAUSES)
    past: list[Occurrence] = []
    for number in range(10):
        started = ago(90 - 7 * number)
        before = replace(span, occurrence=f"past{number}", started_at=started)
        past.append(replace(before, ended_at=started + MINUTE))
    with world.store.begin() as tx:
        tx.save_alerts([alert])
        tx.save_occurrences(past)
    return alert


def test_the_api_tells_how_a_condition_flaps(world: World, flapper: Alert) -> None:
    """The last nine spans are remembered; the incident counts all of its own."""
    program = world.program()
    asked = {"match": f'key="{flapper.key}"'}
    [listed] = program.get("/api/v1/alerts", params=asked).json()["items"]
    members = program.get(f"/api/v1/incidents/{flapper.incident}").json()["alerts"]
    [member] = [each for each in members if each["key"] == flapper.key]

    expected = {"times": 9, "since": "2026-11-22T02:08:07Z", "hold": 1080.0, "usual": 360.0}
    assert expected == listed["flapping"] == member["flapping"]
    assert (11, {1}) == (member["times"], {each["times"] for each in members} - {11})


def test_the_pages_say_so_in_words(world: World, flapper: Alert) -> None:
    """In the list of alerts and on the incident."""
    browser = world.person(Role.VIEWER)
    listed = browser.get("/alerts").text
    shown = browser.get(f"/incidents/{flapper.incident}").text

    held = "each recovery is held for up to 18 min"
    assert f"flapping: at least 9 times in 55 min; {held}" in listed
    assert f"flapping: 11 times, the last 9 in 55 min; {held}" in shown
    assert "11 times</span>" in shown
